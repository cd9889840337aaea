"""Deleting what was kept as long as the clinic decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from triage.actions.access import note_access
from triage.models import (
    AccessEntry,
    DailyCount,
    KeptForm,
    Purge,
    PurgedRecord,
    TriageSession,
    WrongCodes,
)
from triage.store import chains, records
from triage.store.retention import Due, batches, invitations_due, unstarted
from triage.store.visit import LONGEST

GUESSES_KEPT = timedelta(days=1)  # the lock itself ends much sooner
LONGEST_HOUR = timedelta(hours=1)  # after its hour nothing asks for a count of wrong codes
FORMS_KEPT = timedelta(days=7)  # what staff had typed and never came back for


@transaction.atomic
def purge_sessions(pks: Iterable[int], now: datetime) -> list[str]:
    """Delete these sessions with all that hangs on them; what stays of a record is its link and its day's count.

    One whose record is not what was handed in stays, so that it is looked into; returns the references of those.
    """
    sessions = list(TriageSession.objects.select_for_update(of=("self",)).filter(pk__in=list(pks)))
    altered = [
        session for session in sessions if session.record_number and not records.is_as_submitted(session)
    ]
    going = [session for session in sessions if session not in altered]
    for session in going:
        if session.record_number:
            _keep_link(session, session.record_number, now)
    _count_by_day(going)
    TriageSession.objects.filter(pk__in=[session.pk for session in going]).delete()
    run, _created = Purge.objects.get_or_create(at=now, refused="", defaults={"sessions": 0})
    Purge.objects.filter(pk=run.pk).update(
        sessions=F("sessions") + len(going), altered=F("altered") + len(altered)
    )
    return [session.reference for session in altered]


def _keep_link(session: TriageSession, number: int, now: datetime) -> None:
    link = PurgedRecord(
        record_number=number,
        record_sha256=session.record_sha256,
        previous=records.open_record(session)["previous"],
        purged_at=now,
    )
    link.seal = chains.seal_of_purged(link)
    link.save(force_insert=True)


def _count_by_day(sessions: Iterable[TriageSession]) -> None:
    outcomes: Counter[tuple[date, int, str]] = Counter(
        (timezone.localdate(session.submitted_at), session.urgency, session.origin)
        for session in sessions
        if session.urgency and not session.demo
    )
    for (day, urgency, origin), count in outcomes.items():
        daily, _created = DailyCount.objects.get_or_create(day=day, urgency=urgency, origin=origin)
        DailyCount.objects.filter(pk=daily.pk).update(count=F("count") + count)


@transaction.atomic
def finish_purge(due: Due, now: datetime) -> None:
    """After the last of the sessions: invitations that nobody needs any more, and that this ran."""
    invitations_due(due.before).delete()
    run, _created = Purge.objects.get_or_create(at=now, refused="", defaults={"sessions": 0})
    note_access(
        AccessEntry.What.CHANGE, "", now, "purge", f"{run.sessions} sessions before {due.before:%Y-%m-%d}"
    )


def refuse_purge(kind: str, now: datetime) -> None:
    """That a purge was due and did not run: staff see it, and a clock that goes on steadily is believed in the end."""
    Purge.objects.create(at=now, sessions=0, refused=kind)


def tidy(now: datetime) -> int:
    """What nobody decides about and nobody misses: returns how many unstarted sessions went.

    Whatever else a purge finds, this is done: staff's sessions that have ended and what was typed in them,
    guesses at passwords and codes, drafts that nobody can reach any more, and sessions in which nothing was ever
    answered.
    """
    Session.objects.filter(expire_date__lt=now).delete()
    AccessAttempt.objects.filter(attempt_time__lt=now - GUESSES_KEPT).delete()
    WrongCodes.objects.filter(hour__lt=now - LONGEST_HOUR).delete()
    KeptForm.objects.filter(kept_at__lt=now - FORMS_KEPT).delete()
    closed = TriageSession.objects.alias(opened_at=Coalesce("reopened_at", "started_at")).filter(
        opened_at__lt=now - LONGEST
    )
    # Who has a way back finds what was on the page.
    reachable = Q(return_until__gt=now) | Q(invitation__expires_at__gt=now)
    closed.filter(drafts__isnull=False).exclude(reachable).update(drafts=None)
    gone = 0
    for pks in batches(unstarted(now)):
        # Asked for once more: somebody may have begun meanwhile.
        gone += unstarted(now).filter(pk__in=pks).delete()[1].get("triage.TriageSession", 0)
    return gone
