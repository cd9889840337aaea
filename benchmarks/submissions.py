"""Many submissions in a short time, written by the database itself: what lists sort, filter and search by is there,
and a record that cannot be opened. The few that are opened are made beforehand, as patients make them."""

from __future__ import annotations

from django.db import connection
from django.db.models import Max

from triage.models import Clinic, Release, TriageSession

SIGNS = "23456789BCDFGHJKMNPQRSTVWXZ"  # of a reference
SPREAD = 104_729  # a prime, so that references are no sequence and none comes twice

# n-th minute since 2020, in each database's words.
TIME = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', '2020-01-01', '+' || (n % 3000000) || ' minutes')",
    "postgresql": "timestamptz '2020-01-01 00:00Z' + (n % 3000000) * interval '1 minute'",
}
ROWS = """
INSERT INTO triage_triagesession (
    key_hash, reference, clinic_id, release_id, language, demo, started_at, submitted_at, last_sequence,
    origin, root, urgency, record, record_sha256, record_number, review_state, refused
)
WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}),
    spread (n, r) AS (SELECT n, CAST(n AS bigint) * {spread} % 387420489 FROM numbers)
SELECT 'made-' || n, {reference}, {clinic}, {release}, CASE n % 5 WHEN 0 THEN 'es' ELSE 'en' END, n % 1000 = 7,
    {time}, {time}, 20,
    CASE n % 10 WHEN 0 THEN 'unclear' WHEN 1 THEN 'foot' WHEN 2 THEN 'foot' WHEN 3 THEN 'foot' ELSE 'back' END, '',
    CASE WHEN n % 10 = 0 THEN 3 WHEN n % 20 = 1 THEN 2 ELSE 1 END,
    '{{"made": ' || n || '}}', 'made', n, CASE WHEN n > {last} - 200 THEN n % 3 + 1 ELSE 4 END, ''
FROM spread WHERE true
ON CONFLICT (reference) DO NOTHING
"""


def _reference() -> str:
    """The signs of `r` in base 27, with the hyphen."""
    signs = [f"substr('{SIGNS}', CAST(r / {27**place} % 27 AS integer) + 1, 1)" for place in range(6)]
    return " || ".join([*signs[:3], "'-'", *signs[3:]])


def grow_to(count: int) -> None:
    """Until there are so many submissions; then the database counts what it has, as it does by itself in time."""
    there = TriageSession.objects.aggregate(last=Max("record_number"))["last"] or 0
    insert = ROWS.format(
        first=there + 1,
        last=count,
        spread=SPREAD,
        reference=_reference(),
        clinic=Clinic.objects.get().pk,
        release=Release.objects.get(state=Release.State.PUBLISHED).pk,
        time=TIME[connection.vendor],
    )
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA cache_size = -1000000")  # KiB: the indexes grow at all their ends at once
        cursor.execute(insert)
        cursor.execute("ANALYZE")
    connection.close()  # the next is as patients and staff get it
