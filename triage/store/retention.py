"""How long submissions are kept: what is due to be purged, and when a purge must not run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce

from triage.models import AccessEntry, Invitation, Purge, TriageSession, the_clinic

# More than this share of what was handed in is not deleted unless somebody says so; but a few always are: in a small
# clinic one is soon a tenth.
MOST_AT_ONCE, FEW = 0.10, 20
CLOCK_MAY_DIFFER = timedelta(days=1)
# A clock that no event bears out is believed once a purge has refused it, and it has gone on steadily since.
STEADY = (timedelta(hours=6), timedelta(days=3))
UNSTARTED = timedelta(hours=1)
BATCH = 200


class NotNow(Exception):
    """Why nothing may be purged; the message says what to do. `kind` is what `Purge.refused` keeps of it."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Due:
    """What has been kept long enough. What was left unsent is counted apart: nobody misses it."""

    before: datetime
    submitted: int
    abandoned: int
    of_submitted: int  # all that are kept

    @property
    def sessions(self) -> int:
        return self.submitted + self.abandoned

    @property
    def many(self) -> bool:
        return self.submitted > max(FEW, self.of_submitted * MOST_AT_ONCE)


def due(now: datetime) -> Due:
    """Raises NotNow when the clock cannot be right."""
    newest = newest_event()
    if newest and abs(now - newest) > CLOCK_MAY_DIFFER and not went_on_steadily(now):
        raise NotNow(
            "clock",
            f"the clock says {now:%Y-%m-%d %H:%M} and the newest event is of {newest:%Y-%m-%d %H:%M}; set the "
            f"clock right. If it is right and nobody was here, the next purge that runs "
            f"{STEADY[0] // timedelta(hours=1)} hours or more from now deletes.",
        )
    before = now - timedelta(days=the_clinic().retention_days)
    sessions, handed_in = sessions_due(before), Q(record_number__isnull=False)
    return Due(
        before=before,
        submitted=sessions.filter(handed_in).count(),
        abandoned=sessions.exclude(handed_in).count(),
        of_submitted=TriageSession.objects.filter(handed_in).count(),
    )


def newest_event() -> datetime | None:
    times = [
        TriageSession.objects.aggregate(newest=Max(Coalesce("submitted_at", "started_at")))["newest"],
        AccessEntry.objects.aggregate(newest=Max("at"))["newest"],
        Purge.objects.filter(refused="", kind=Purge.Kind.DUE).aggregate(newest=Max("at"))["newest"],
    ]
    return max(filter(None, times), default=None)


def went_on_steadily(now: datetime) -> bool:
    """Whether a purge refused this clock some time ago, and the clock has gone on from there."""
    shortest, longest = STEADY
    return Purge.objects.filter(refused="clock", at__range=(now - longest, now - shortest)).exists()


def last_purge() -> Purge | None:
    """The newest that ran."""
    return Purge.objects.filter(refused="", kind=Purge.Kind.DUE).first()


def refused_since() -> int:
    """How many purges have refused since one ran."""
    ran = last_purge()
    return Purge.objects.filter(pk__gt=ran.pk if ran else 0).exclude(refused="").count()


def sessions_due(before: datetime) -> QuerySet[TriageSession]:
    """Handed in before that time, or begun before and left; none that somebody came back to since."""
    since = Q(reopened_at__gte=before) | Q(stayed_at__gte=before) | Q(return_until__gte=before)
    return (
        TriageSession.objects.alias(last=Coalesce("submitted_at", "started_at"))
        .filter(last__lt=before)
        .exclude(since)
        .order_by("pk")
    )


def unstarted(now: datetime) -> QuerySet[TriageSession]:
    """Begun some time ago, and nothing was ever answered: of no use to anybody, and anybody can make them."""
    return TriageSession.objects.filter(
        Q(reopened_at=None) | Q(reopened_at__lt=now - UNSTARTED),
        Q(return_until=None) | Q(return_until__lt=now),
        started_at__lt=now - UNSTARTED,
        last_sequence=0,
        drafts__isnull=True,
        submitted_at=None,
        corrects=None,
        invitation=None,
        demo=False,
    )


def batches(sessions: QuerySet[TriageSession]) -> Iterator[list[int]]:
    """Their keys, some at a time, each once: what could not be deleted does not come again."""
    last = 0
    while pks := list(sessions.order_by("pk").filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        yield pks
        last = pks[-1]


def invitations_due(before: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(expires_at__lt=before, sessions=None)


def forget_on_disk() -> None:
    """SQLite overwrites what is deleted (secure_delete); this takes it out of its log too."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
