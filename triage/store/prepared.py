"""A query whose SQL is written once per process. Django writes it anew each time, which takes longer than asking it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

from django.db import connection
from django.db.models import JSONField, QuerySet

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
            found = [list(row) for row in cursor.fetchall()]
        for place, (functions, expression) in converters.items():
            for row, value in zip(
                found, _values([row[place] for row in found], functions, expression), strict=True
            ):
                row[place] = value
        return [dict(zip(self.columns, row, strict=True)) for row in found]

    def first(self, *values: str | int) -> Any:
        """The first row as an object, or None. The columns, in the model's order, are loaded; others when asked for."""
        for row in self.rows(*values):
            return self.queryset.model.from_db(connection.alias, list(row), list(row.values()))
        return None

    @cached_property
    def _written(self) -> tuple[str, Converters]:
        compiler = self.queryset.values_list(*self.columns).query.get_compiler(connection=connection)
        sql, _values = compiler.as_sql()
        return sql, compiler.get_converters(expression for expression, _sql, _alias in compiler.select)


def _values(column: list[Any], functions: list[Any], expression: Any) -> list[Any]:
    """A column as Python has it."""
    if isinstance(expression.output_field, JSONField):
        # Read as one text: it is the calls that cost, not what is read.
        return cast(
            list[Any], json.loads(f"[{','.join(['null' if raw is None else raw for raw in column])}]")
        )
    made: dict[Any, Any] = {}  # in a join most values come again and again
    for raw in column:
        if raw not in made:
            made[raw] = raw
            for function in functions:
                made[raw] = function(made[raw], expression, connection)
    return [made[raw] for raw in column]
