"""Counting within another query, up to where it is asked for."""

from __future__ import annotations

from django.db.models import IntegerField, Subquery


class Counted(Subquery):
    """How many rows a query finds, as a value within another query."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) found)"
    output_field = IntegerField()
