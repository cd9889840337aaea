"""Deleting what was kept as long as the clinic decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from triage.actions.access import note_access
from triage.models import (
    AccessEntry,
    DailyCount,
    Purge,
    PurgedRecord,
    TriageSession,
)
from triage.store import records
from triage.store.retention import Due, invitations_due
from triage.store.visit import LONGEST


@transaction.atomic
def purge_sessions(pks: Iterable[int], now: datetime) -> None:
    """Delete these sessions with all that hangs on them; what stays of a record is its link and its day's count.

    Raises RecordAltered, and deletes none of them, when a record is not what was handed in.
    """
    sessions = TriageSession.objects.select_for_update(of=("self",)).filter(pk__in=list(pks))
    outcomes: Counter[tuple[date, int, str]] = Counter()
    for session in sessions:
        if session.record_number and session.urgency:
            PurgedRecord.objects.create(
                record_number=session.record_number,
                record_sha256=session.record_sha256,
                previous=records.open_record(session)["previous"],
                purged_at=now,
            )
            if not session.demo:
                outcomes[timezone.localdate(session.submitted_at), session.urgency, session.origin] += 1
    for (day, urgency, origin), count in outcomes.items():
        daily, _created = DailyCount.objects.get_or_create(day=day, urgency=urgency, origin=origin)
        DailyCount.objects.filter(pk=daily.pk).update(count=F("count") + count)
    sessions.delete()


@transaction.atomic
def finish_purge(due: Due, now: datetime) -> None:
    """After the last of the sessions: invitations and refused forms that nobody needs any more, and that this ran."""
    invitations_due(due.before).delete()
    closed = TriageSession.objects.alias(opened_at=Coalesce("reopened_at", "started_at")).filter(
        opened_at__lt=now - LONGEST
    )
    closed.filter(refused__isnull=False).update(refused=None)
    Purge.objects.create(at=now, sessions=due.sessions)
    note_access(
        AccessEntry.What.CHANGE, "", now, "purge", f"{due.sessions} sessions before {due.before:%Y-%m-%d}"
    )
