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
    """`queryset` holds any values in the places of those that come with each `rows(…)`, in their order."""

    def __init__(self, queryset: QuerySet[Any], columns: list[str]) -> None:
        self.queryset, self.columns = queryset, columns

    def rows(self, *values: str | int) -> list[dict[str, Any]]:
        sql, converters = self._written
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            found = cursor.fetchall()
        read: list[list[Any]] = []
        for number, row in enumerate(found):
            read.append(list(row))
            for place, (functions, expression) in converters.items():
                # In a join most values stand in the row above already.
                if number and row[place] == found[number - 1][place]:
                    read[number][place] = read[number - 1][place]
                    continue
                for function in functions:
                    read[number][place] = function(read[number][place], expression, connection)
        return [dict(zip(self.columns, row, strict=True)) for row in read]

    @cached_property
    def _written(self) -> tuple[str, Converters]:
        compiler = self.queryset.values_list(*self.columns).query.get_compiler(connection=connection)
        sql, _values = compiler.as_sql()
        return sql, compiler.get_converters(expression for expression, _sql, _alias in compiler.select)
