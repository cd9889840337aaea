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
from django.urls import reverse
from django.utils import timezone

from triage.actions.access import forget_references, forget_searches, note_access
from triage.actions.inviting_once import ASKED_AGAIN
from triage.domain.plain import one_line
from triage.models import (
    AccessEntry,
    DailyCount,
    Invitation,
    KeptForm,
    Purge,
    PurgedRecord,
    SentOnce,
    TriageSession,
    WrongCodes,
)
from triage.store import chains, records
from triage.store.family import family
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
    altered = _altered(sessions)
    going = [session for session in sessions if session not in altered]
    _remove(going, now)
    run, _created = Purge.objects.get_or_create(
        at=now, refused="", kind=Purge.Kind.DUE, defaults={"sessions": 0}
    )
    Purge.objects.filter(pk=run.pk).update(
        sessions=F("sessions") + len(going), altered=F("altered") + len(altered)
    )
    return [session.reference for session in altered]


@transaction.atomic
def erase(reference: str, who: str, reason: str, now: datetime) -> int:
    """Delete a patient's submission because they ask for it, with its corrections and its invitation.

    What stays of a record is its link with the reason, and its day's count. Returns how many sessions went. Raises
    LookupError where there is no such submission, RecordAltered where one is not what was handed in.
    """
    sessions = list(
        TriageSession.objects.select_for_update(of=("self",)).filter(
            pk__in=[session.pk for session in family(reference)]
        )
    )
    if not sessions:
        raise LookupError(reference)
    if altered := _altered(sessions):
        raise records.RecordAltered(altered[0].reference)
    reason = one_line(reason)[:200]
    note_access(AccessEntry.What.CHANGE, who, now, reference, f"erased: {reason}")
    _remove(sessions, now, reason)
    invitations = {session.invitation_id for session in sessions if session.invitation_id}
    Invitation.objects.filter(pk__in=invitations, sessions=None).delete()
    Purge.objects.create(at=now, sessions=len(sessions), kind=Purge.Kind.ERASED)
    return len(sessions)


def _altered(sessions: Iterable[TriageSession]) -> list[TriageSession]:
    return [session for session in sessions if session.record_number and not records.is_as_submitted(session)]


def _remove(sessions: list[TriageSession], now: datetime, erased_for: str = "") -> None:
    for session in sessions:
        if session.record_number:
            _keep_link(session, session.record_number, now, erased_for)
    _count_by_day(sessions)
    pks = [session.pk for session in sessions]
    # What staff had typed on their pages when they were signed out.
    KeptForm.objects.filter(
        path__in=[reverse("admin:triage_triagesession_change", args=[pk]) for pk in pks]
    ).delete()
    TriageSession.objects.filter(pk__in=pks).delete()
    forget_references(session.reference for session in sessions)


def _keep_link(session: TriageSession, number: int, now: datetime, erased_for: str) -> None:
    link = PurgedRecord(
        record_number=number,
        record_sha256=session.record_sha256,
        previous=records.open_record(session)["previous"],
        purged_at=now,
        submitted_on=session.submitted_at and timezone.localdate(session.submitted_at),
        erased_for=erased_for,
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
    run, _created = Purge.objects.get_or_create(
        at=now, refused="", kind=Purge.Kind.DUE, defaults={"sessions": 0}
    )
    Purge.objects.filter(pk=run.pk).update(before=due.before)
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
    SentOnce.objects.filter(at__lte=now - ASKED_AGAIN).delete()
    KeptForm.objects.filter(kept_at__lt=now - FORMS_KEPT).delete()
    closed = TriageSession.objects.alias(opened_at=Coalesce("reopened_at", "started_at")).filter(
        opened_at__lt=now - LONGEST
    )
    # Who has a way back finds what was on the page.
    reachable = Q(return_until__gt=now) | Q(invitation__expires_at__gt=now)
    closed.filter(drafts__isnull=False).exclude(reachable).update(drafts=None)
    forget_searches()
    gone = 0
    for pks in batches(unstarted(now)):
        # Asked for once more: somebody may have begun meanwhile.
        gone += unstarted(now).filter(pk__in=pks).delete()[1].get("triage.TriageSession", 0)
    return gone
