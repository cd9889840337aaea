"""Reading what belongs together as of one moment, while others write on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_moment() -> Iterator[None]:
    """All that is read within is as it was when the first of it was read. Nobody waits for it, and it writes nothing.

    Without it a check compares rows with a head that has moved on meanwhile, and cries of tampering where there is
    none; and rows that are fetched some at a time cannot pass a pooler that keeps a connection for one transaction.
    Within a transaction of the caller's, that is the moment.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with _reading_on_sqlite():
            yield
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


@contextmanager
def _reading_on_sqlite() -> Iterator[None]:
    """Django would begin IMMEDIATE, for which every writer waits."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
