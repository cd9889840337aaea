"""Handing in: the decision, its frozen record, and the record's place in the chain."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.conf import settings
from django.db import transaction

from triage.actions.arrivals import arrived
from triage.actions.codes import NO_CODE, new_code
from triage.actions.deliveries import queue_deliveries
from triage.actions.sessions import (
    AnsweredMeanwhile,
    fill_in,
    start_session,
    still_as_read,
    was_submitted,
)
from triage.domain import flags
from triage.domain.content import Content
from triage.domain.decision import decide
from triage.domain.result import Result, build
from triage.domain.walk import Answers, Walk, walk
from triage.models import Clinic, Delivery, Invitation, OutboxMail, RecordChain, TriageSession
from triage.store import chains, notes, releases, words
from triage.store.stories import why
from triage.store.visit import Visit

# 2: whose it is (invitation, appointment, demo) is in it; 3: what was said about privacy; 4: where it was filled in
RECORD_FORMAT = 4
# Of templates/privacy.html. A test asks for another one when its words change.
PRIVACY_VERSION = "2026-12-01"
URGENCY_LEVELS = {
    "routine": TriageSession.Urgency.ROUTINE,
    "same-day": TriageSession.Urgency.SAME_DAY,
    "emergency": TriageSession.Urgency.EMERGENCY,
}
TOLD: dict[str, tuple[int, ...]] = {
    Clinic.TellAbout.NOTHING: (),
    Clinic.TellAbout.EMERGENCY: (TriageSession.Urgency.EMERGENCY,),
    Clinic.TellAbout.URGENT: (TriageSession.Urgency.EMERGENCY, TriageSession.Urgency.SAME_DAY),
}


ROW = ("invitation", "appointment_at", "demo", "corrects", "behind", "crowded")


class Source(TypedDict):
    """Where a questionnaire was filled in that did not come by our pages."""

    program: str
    authored: str  # when, as that program says; "" where it says nothing


class NotComplete(Exception):
    """Some questions are still open."""


def submit(
    visit: Visit, now: datetime, key: str = "", address: str | None = None, source: Source | None = None
) -> None:
    """Hand in: decide, and freeze the record. Once and for all; a second time changes nothing.

    From then on the code of the browser with this key leads back to the result, and no code that was made before:
    on a shared device that may be in the hands of whoever began. `source`: where it was filled in, if not here.

    Raises NotComplete while a question on the path is open, or where the questions ended at an exit page, and
    AnsweredMeanwhile when another tab has answered since the visit was read.
    """
    if visit.submitted_at:
        return
    now = max(now, visit.started_at)  # the clock may have been set back meanwhile
    # All that takes time is done before anything is locked.
    frozen = _frozen(visit, now, source)
    try:
        _keep(visit, frozen, now, key, address)
    except AnsweredMeanwhile:
        if not was_submitted(visit):
            raise


def _frozen(visit: Visit, now: datetime, source: Source | None) -> dict[str, Any]:
    """The record, without its place in the chain. Raises NotComplete."""
    content = visit.content
    # As it is stored: the patient's own words stay sealed in the record too.
    given = {item: tuple(answer.given) for item, answer in visit.stored.items()}
    walked = walk(content, given)
    if not walked.complete:
        raise NotComplete
    staff_content = releases.content(visit.release, settings.LANGUAGE_CODE)
    taken_back = {item: answer.taken_back for item, answer in visit.stored.items()}
    frozen = {
        "format": RECORD_FORMAT,
        "reference": visit.reference,
        "corrects": visit.corrects or None,
        "release": {"sha256": visit.release, "version": visit.version},
        "language": content.language,
        "source": source,
        "privacy": None if source else PRIVACY_VERSION,  # what that program said, nobody here knows
        "clinic": visit.clinic.as_settings(),
        "show_roots": visit.clinic.show_roots,
        "started_at": visit.started_at.isoformat(),
        "submitted_at": now.isoformat(),
        "answers": [
            {"item": item, **answer._asdict(), "answered_at": answer.answered_at.isoformat()}
            for item, answer in visit.stored.items()
        ],
        "path": walked.asked,
        "dropped": walked.dropped,
        "taken_back": list(flags.in_words(staff_content, given, taken_back)),
        "result": _result(visit, content, walked).as_data(),
        # Where the patient read another language, the same for staff in theirs.
        "staff_result": _result(visit, staff_content, walk(staff_content, walked.answers)).as_data()
        if staff_content.language != content.language
        else None,
    }
    # What the patient will read, made from the record as it will be read back.
    main = words.result_main(notes.read(releases.canonical(frozen), visit.reference))
    return {**frozen, "words_sha256": words.words_sha256(main)}


def _result(visit: Visit, content: Content, walked: Walk) -> Result:
    return build(
        content,
        walked,
        decide(content, walked),
        visit.clinic.as_settings(visit.content.language),
        releases.passages(),
    )


@transaction.atomic
def _keep(visit: Visit, frozen: dict[str, Any], now: datetime, key: str, address: str | None) -> None:
    """Add the record to the chain and the submission to the worklist, and tell the clinic and other systems where they
    want that."""
    # First, so that nobody else waits with the chain while this session is held.
    session = still_as_read(visit).select_for_update().only(*ROW).first()
    if session is None:
        raise AnsweredMeanwhile
    chain, _created = RecordChain.objects.select_for_update().get_or_create(pk=1)
    record = releases.canonical(
        {**frozen, **_whose(session), "number": chain.number + 1, "previous": chain.sha256}
    )
    chain.number, chain.sha256 = chain.number + 1, releases.sha256(record)
    chain.seal = chains.seal_of_head(chain)
    chain.save()
    way_back = new_code(key, now + timedelta(days=visit.clinic.return_days)) if key else NO_CODE
    result = frozen["result"]
    urgency, signs = URGENCY_LEVELS[result["urgency"]], why(visit)
    TriageSession.objects.filter(pk=visit.pk).update(
        language=frozen["language"],
        submitted_at=now,
        drafts=None,
        refused="",
        **way_back,
        origin=result["origin"],
        root=result["root"] or "",
        urgency=urgency,
        **({"why": signs} if signs or not visit.emergency_at else {}),  # of a sign taken back, what it was
        record=record,
        record_sha256=chain.sha256,
        record_number=chain.number,
        # Staff may have dealt with what was there before; nobody has yet seen this.
        review_state=TriageSession.ReviewState.NEW,
    )
    if session.invitation_id and not visit.corrects:
        Invitation.objects.filter(pk=session.invitation_id, sent_at=None, revoked_at=None).update(sent_at=now)
    if visit.corrects or not visit.emergency_at:  # else it is there since the sign was given
        arrived(session, address, now)
    level = TriageSession.Urgency.EMERGENCY if visit.emergency_at else urgency
    if level in TOLD[visit.clinic.tell_about] and not visit.demo:
        # Sending it is not the patient's to wait for. Many from one place share the mail of their row.
        told = {"session_id": session.behind_id or session.pk, "why": OutboxMail.Why.HANDED_IN}
        OutboxMail.objects.bulk_create(
            [OutboxMail(**told, created_at=now, next_at=now)], ignore_conflicts=True
        )
    event = Delivery.Event.CORRECTED if visit.corrects else Delivery.Event.SUBMITTED
    queue_deliveries(session, event, now)


def _whose(session: TriageSession) -> dict[str, Any]:
    """What ties a record to a person's visit: another one's invitation set beside it is seen."""
    return {
        "invitation": session.invitation_id,
        "appointment_at": session.appointment_at and session.appointment_at.isoformat(),
        "demo": session.demo,
    }


def enter(content: Content, answers: Answers, language: str, now: datetime, *, demo: bool) -> TriageSession:
    """A whole questionnaire at once, as `create_demo` and tests need it: start, answer each screen, hand in."""
    session, key = start_session(language, now, demo=demo)
    submit(fill_in(key, content.screens, answers, language, now), now)
    session.refresh_from_db()
    return session
