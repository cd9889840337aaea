"""What a submission takes in the database, how many can be handed in a second, and what deleting a month costs."""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.answers import drawn
from benchmarks.harness import Bench, start_django

SUBMISSIONS = 300
ROWS = 10_000_000  # answers, of ten months
MONTHS = 10
ZLIB_SEES = 32_768  # bytes back, and so of a dictionary
TABLES = {"record and worklist": "triage_triagesession", "answers": "triage_answer"}


def hand_in(count: int, bench: Bench) -> list[float]:
    """So many submissions, each by somebody else; for how many milliseconds each held the end of the chain."""
    from django.db import connection
    from django.utils import timezone

    from triage import actions
    from triage.domain.walk import walk
    from triage.store import releases

    content, dice = releases.content(releases.current().sha256, "en"), random.Random(1)
    held: list[float] = []
    while len(held) < count:
        answers = walk(content, drawn(content, dice)).answers
        if walk(content, answers).complete:
            lock = Lock()
            with connection.execute_wrapper(lock):
                actions.enter(content, answers, "en", timezone.now(), demo=False)
            held.append((time.perf_counter() - lock.since) * 1000)
            if not len(held) % 100:
                bench.tell(f"{len(held):,} of {count:,} handed in")
    return held


class Lock:
    """Notes since when the end of the chain of records is held; all else waits for it until the commit."""

    since = 0.0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        if "triage_recordchain" in sql and not self.since:
            self.since = time.perf_counter()
        return found


def sizes() -> Iterator[tuple[str, float]]:
    """Bytes of each table with its indexes and, of PostgreSQL, what lies beside it."""
    from django.db import connection

    with connection.cursor() as cursor:
        for name, table in TABLES.items():
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_total_relation_size(%s)", [table])
            else:
                cursor.execute(
                    "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = %s)",
                    [table],
                )
            yield name, float(cursor.fetchone()[0])


def stored(bench: Bench, count: int) -> None:
    from django.db import connection
    from django.db.models import Avg, Count, F, Func, IntegerField
    from django.db.models.functions import Length

    from triage.models import TriageSession

    before = dict(sizes())
    held = hand_in(count, bench)
    for name, after in sizes():
        bench.figure(
            f"bytes of a submission, {name}", (after - before[name]) / count, note="with its indexes"
        )
    found = TriageSession.objects.filter(record_number__isnull=False).aggregate(
        letters=Avg(Length("record")), number=Count("pk")
    )
    bench.figure("letters of a record", float(found["letters"]), note=f"of {found['number']:,}")
    if connection.vendor == "postgresql":
        size = Func(F("record"), function="pg_column_size", output_field=IntegerField())
        packed = TriageSession.objects.filter(record_number__isnull=False).aggregate(bytes=Avg(size))
        bench.figure(
            "bytes of a record as it lies there", float(packed["bytes"]), note="PostgreSQL packs it by itself"
        )
    first, second = (
        record.encode()
        for record in TriageSession.objects.filter(record_number__isnull=False).values_list(
            "record", flat=True
        )[:2]
    )
    bench.figure("bytes of a record, packed by zlib / as text", len(zlib.compress(second)) / len(second))
    with_another = zlib.compressobj(zdict=first[-ZLIB_SEES:])
    packed_too = with_another.compress(second) + with_another.flush()
    bench.figure("the same with another record as its dictionary", len(packed_too) / len(second))
    least = statistics.median(held)
    bench.figure("the end of the chain is held, ms", least, note="by one who hands in, until the commit")
    bench.figure(
        "so at most so many handed in a second",
        1000 / least,
        note="the country of below needs 56 in its busiest hour",
    )


# Answers as they come, the oldest first, of ten months.
FILL = """
INSERT INTO tried (id, session_id, item, given, sequence, answered_at, taken_back)
SELECT n, n / 20, 'an-item-' || n % 20, '["some-code"]', n % 20,
    timestamptz '2026-01-01 00:00Z' + n::float8 / {rows} * interval '304 days', '{{}}'
FROM generate_series(0, {rows} - 1) AS n
"""


def deleting(bench: Bench, rows: int) -> None:
    """The first month of ten: deleted row by row, and as a part of the table that is dropped."""
    one_table = _deleted(
        bench,
        rows,
        parted=False,
        by=("DELETE FROM tried WHERE answered_at < '2026-02-01 00:00Z'", "VACUUM tried"),
    )
    part = _deleted(bench, rows, parted=True, by=("DROP TABLE tried_1",))
    bench.figure(f"a month of {rows:,} answers deleted: one table / a table for each month", one_table / part)


def _deleted(bench: Bench, rows: int, *, parted: bool, by: tuple[str, ...]) -> float:
    """Seconds until a month is gone."""
    from django.db import connection

    bench.tell(f"{rows:,} answers in {'a table for each month' if parted else 'one table'}")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS tried")
        cursor.execute(
            f"CREATE TABLE tried (LIKE triage_answer) {'PARTITION BY RANGE (answered_at)' * parted}"
        )
        for month in range(1, MONTHS + 1) if parted else ():
            cursor.execute(
                f"CREATE TABLE tried_{month} PARTITION OF tried "
                f"FOR VALUES FROM ('2026-{month:02}-01 00:00Z') TO ('2026-{month + 1:02}-01 00:00Z')"
            )
        cursor.execute(FILL.format(rows=rows))
        # What is unique in a parted table is so within a part alone, so the month stands in it too.
        cursor.execute("CREATE UNIQUE INDEX ON tried (session_id, item, answered_at)")
        cursor.execute("CREATE INDEX ON tried (answered_at)")
        cursor.execute("VACUUM ANALYZE tried")
        began = time.perf_counter()
        for statement in by:
            cursor.execute(statement)
        took = time.perf_counter() - began
        cursor.execute("DROP TABLE tried")
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=SUBMISSIONS)
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args()
    bench = Bench("stored")
    start_django(bench)
    stored(bench, options.submissions)
    if bench.database == "PostgreSQL":
        deleting(bench, options.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
