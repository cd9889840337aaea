"""How long submissions are kept: what is due to be purged, and when a purge must not run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce

from triage.models import AccessEntry, Invitation, Purge, TriageSession, the_clinic

MOST_AT_ONCE = 0.10  # of all sessions
CLOCK_MAY_DIFFER = timedelta(days=1)
BATCH = 200


class NotNow(Exception):
    """Why nothing may be purged; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Due:
    """What has been kept long enough."""

    before: datetime
    sessions: int
    submitted: int
    of: int  # all sessions there are

    @property
    def many(self) -> bool:
        return self.sessions > self.of * MOST_AT_ONCE


def due(now: datetime) -> Due:
    """Raises NotNow when nobody has said how long to keep, or the clock cannot be right."""
    days = the_clinic().retention_days
    if days is None:
        raise NotNow("nobody has set how many days submissions are kept; set it in the clinic settings.")
    newest = newest_event()
    if newest and abs(now - newest) > CLOCK_MAY_DIFFER:
        raise NotNow(
            f"the clock says {now:%Y-%m-%d %H:%M} and the newest event is of {newest:%Y-%m-%d %H:%M}; set the "
            "clock right. If it is right and nobody was here, purge again once a page was used."
        )
    before = now - timedelta(days=days)
    sessions = sessions_due(before)
    return Due(
        before=before,
        sessions=sessions.count(),
        submitted=sessions.exclude(record_number=None).count(),
        of=TriageSession.objects.count(),
    )


def newest_event() -> datetime | None:
    times = [
        TriageSession.objects.aggregate(newest=Max(Coalesce("submitted_at", "started_at")))["newest"],
        AccessEntry.objects.aggregate(newest=Max("at"))["newest"],
        Purge.objects.aggregate(newest=Max("at"))["newest"],
    ]
    return max(filter(None, times), default=None)


def sessions_due(before: datetime) -> QuerySet[TriageSession]:
    """Handed in before that time, or begun before and left; none that somebody came back to since."""
    since = Q(reopened_at__gte=before) | Q(stayed_at__gte=before) | Q(return_until__gte=before)
    return (
        TriageSession.objects.alias(last=Coalesce("submitted_at", "started_at"))
        .filter(last__lt=before)
        .exclude(since)
        .order_by("pk")
    )


def batches(before: datetime) -> Iterator[list[int]]:
    """The sessions due, some at a time, while there are any: each batch has to be gone before the next is asked."""
    while pks := list(sessions_due(before).values_list("pk", flat=True)[:BATCH]):
        yield pks


def invitations_due(before: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(expires_at__lt=before, sessions=None)


def forget_on_disk() -> None:
    """SQLite overwrites what is deleted (secure_delete); this takes it out of its log too."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
