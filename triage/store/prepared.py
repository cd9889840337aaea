"""A query whose SQL is written once per process. Django writes it anew each time, which takes longer than asking it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import QuerySet

# By column: the functions that make a database's value one of Python's, and what they are told of it.
Converters = Mapping[int, tuple[list[Any], Any]]


class Prepared:
    """`queryset` holds any value in the place of the one that comes with each `rows(…)`."""

    def __init__(self, queryset: QuerySet[Any], columns: list[str]) -> None:
        self.queryset, self.columns = queryset, columns

    def rows(self, value: str) -> list[dict[str, Any]]:
        sql, converters = self._written
        with connection.cursor() as cursor:
            cursor.execute(sql, [value])
            found = [list(row) for row in cursor.fetchall()]
        for place, (functions, expression) in converters.items():
            made: dict[Any, Any] = {}  # in a join most values come again with every row
            for row in found:
                raw = row[place]
                if raw not in made:
                    made[raw] = raw
                    for function in functions:
                        made[raw] = function(made[raw], expression, connection)
                row[place] = made[raw]
        return [dict(zip(self.columns, row, strict=True)) for row in found]

    @cached_property
    def _written(self) -> tuple[str, Converters]:
        compiler = self.queryset.values_list(*self.columns).query.get_compiler(connection=connection)
        sql, _values = compiler.as_sql()
        return sql, compiler.get_converters(expression for expression, _sql, _alias in compiler.select)
