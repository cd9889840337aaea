"""A patient's session from start to submission, and its correction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from triage import notes, pages, records, releases
from triage.actions.keys import new_key, signs
from triage.domain import flags
from triage.domain.content import Content, Screen
from triage.domain.decision import decide, emergencies
from triage.domain.flags import TakenBack
from triage.domain.loading import ContentError
from triage.domain.result import Result, build
from triage.domain.walk import Answers, Walk, walk
from triage.models import (
    Answer,
    Clinic,
    Invitation,
    OutboxMail,
    RecordChain,
    Release,
    TriageSession,
)
from triage.visit import Visit

RECORD_FORMAT = 1
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


class AlreadySubmitted(Exception):
    """The questionnaire has been handed in; its answers no longer change."""


class AnsweredMeanwhile(Exception):
    """Another tab has answered since these answers were read."""


class NotComplete(Exception):
    """Some questions are still open."""


@transaction.atomic
def start_session(
    language: str, now: datetime, *, demo: bool = False, invitation: Invitation | None = None
) -> tuple[TriageSession, str]:
    """A new session on the published release, and the key that opens it (stored nowhere)."""
    key = new_key()
    if invitation:
        invitation.opened_at = now
        invitation.save(update_fields=["opened_at"])
    clinic, _created = Clinic.objects.get_or_create(pk=1)
    session = TriageSession(
        key_hash=releases.sha256(key),
        reference=_free_reference(),
        clinic=clinic,
        release=releases.current(),
        language=language,
        started_at=now,
        demo=demo,
        invitation=invitation,
        appointment_at=invitation.appointment_at if invitation else None,
    )
    session.save(force_insert=True)
    return session, key


def _free_reference() -> str:
    while True:
        reference = f"{signs(3)}-{signs(3)}"
        if not TriageSession.objects.filter(reference=reference).exists():
            return reference


@transaction.atomic
def record_answers(visit: Visit, given: Answers, now: datetime) -> None:
    """Store the answers of one screen.

    Raises AlreadySubmitted when the questionnaire has been handed in, AnsweredMeanwhile when another tab has
    answered since the visit was read: together the two may make an emergency that neither makes alone.
    """
    walked = walk(visit.content, {**visit.answers, **given})
    emergency = emergencies(visit.content, walked)
    taken_back = flags.taken_back(visit.content, visit.walk, given, walked)
    # The update comes first: it takes the session's lock, and finds nothing when another tab was quicker.
    still_so = TriageSession.objects.filter(pk=visit.pk, submitted_at=None, last_sequence=visit.last_sequence)
    changed = still_so.update(
        last_sequence=F("last_sequence") + len(given),
        refused=None,
        **({"emergency_at": Coalesce("emergency_at", now)} if emergency else {}),
    )
    if not changed:
        submitted = TriageSession.objects.filter(pk=visit.pk, submitted_at__isnull=False).exists()
        raise AlreadySubmitted if submitted else AnsweredMeanwhile
    rows = [
        Answer(
            session_id=visit.pk,
            item=item,
            given=_stored(visit.content, item, codes, visit.reference),
            sequence=number,
            answered_at=now,
            taken_back=_taken_back(visit, item, taken_back.get(item, ()), now),
        )
        for number, (item, codes) in enumerate(given.items(), start=visit.last_sequence + 1)
    ]
    Answer.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["session", "item"],
        update_fields=["given", "sequence", "answered_at", "taken_back"],
    )


def _stored(content: Content, item: str, given: Iterable[str], reference: str) -> list[str]:
    """An answer as it is stored: the patient's own words sealed, where the clinic wants that."""
    if content.items[item].kind != "text":
        return list(given)
    return [notes.sealed(text, reference, item) for text in given]


def _taken_back(visit: Visit, item: str, codes: tuple[str, ...], now: datetime) -> TakenBack:
    """What was taken back of this item so far, and these codes now."""
    before = visit.taken_back.get(item, {})
    new = {
        code: {
            "given_at": before.get(code, {}).get("given_at") or visit.answered_at[item].isoformat(),
            "taken_back_at": now.isoformat(),
        }
        for code in codes
    }
    return {**before, **new}


def keep_refused(visit: Visit, screen: str, sent: Mapping[str, list[str]]) -> None:
    """Keep what was sent for a screen and could not be taken, until the next answers are."""
    kept = {key: _stored(visit.content, key, texts, visit.reference) for key, texts in sent.items()}
    TriageSession.objects.filter(pk=visit.pk, submitted_at=None).update(refused={screen: kept})


def speak(visit: Visit, language: str) -> None:
    """The person changed the language of the pages."""
    TriageSession.objects.filter(pk=visit.pk, submitted_at=None).update(language=language)


def stay(pk: int, now: datetime) -> None:
    """The person is still there."""
    TriageSession.objects.filter(pk=pk).update(stayed_at=now)


@transaction.atomic
def correct(pk: int, language: str, now: datetime) -> str:
    """Begin a correction of a submission with a copy of its answers, or take up the one begun before: its key.

    The submission stays as it is. An emergency sign given there counts as given here too, so that staff see it
    also where the correction takes it back. Raises RecordAltered when the submission is not what was handed in.
    """
    old = TriageSession.objects.select_for_update(of=("self",)).select_related("release").get(pk=pk)
    key = new_key()
    if TriageSession.objects.filter(corrects=old).update(key_hash=releases.sha256(key), reopened_at=now):
        return key
    record = records.open_record(old)
    release = _loadable(old.release)
    content = releases.content(release.sha256, language)
    known = records.known(content, record)
    new = TriageSession(
        key_hash=releases.sha256(key),
        reference=_free_reference(),
        clinic_id=old.clinic_id,
        release=release,
        language=language,
        started_at=now,
        demo=old.demo,
        corrects=old,
        invitation_id=old.invitation_id,
        appointment_at=old.appointment_at,
        emergency_at=old.emergency_at,
        last_sequence=old.last_sequence,
    )
    new.save(force_insert=True)
    Answer.objects.bulk_create(
        Answer(
            session=new, **{**row, "given": _stored(content, row["item"], known[row["item"]], new.reference)}
        )
        for row in record["answers"]
        # An answer of which this release knows nothing is asked for again.
        if row["item"] in known and (known[row["item"]] or not row["given"])
    )
    return key


def _loadable(release: Release) -> Release:
    """The release itself, or the newest where the code of today no longer reads it."""
    try:
        releases.content(release.sha256, settings.LANGUAGE_CODE)
    except ContentError:
        return releases.current()
    return release


@transaction.atomic
def submit(pk: int, language: str, now: datetime) -> TriageSession:
    """Hand in: decide, and freeze the record. Once and for all; a second call changes nothing.

    Raises NotComplete while a question on the path is open, or where the questions ended at an exit page.
    """
    session = (
        TriageSession.objects.select_for_update(of=("self",))
        .select_related("clinic", "release", "corrects")
        .get(pk=pk)
    )
    if session.submitted_at:
        return session
    now = max(now, session.started_at)  # the clock may have been set back meanwhile
    rows = list(session.answers.all())
    content = releases.content(session.release.sha256, language)
    given = {row.item: tuple(row.given) for row in rows}
    walked = walk(content, given)
    if not walked.complete:
        raise NotComplete
    result = _result(session, content, walked)
    staff_content = releases.content(session.release.sha256, settings.LANGUAGE_CODE)
    frozen = {
        "format": RECORD_FORMAT,
        "reference": session.reference,
        "corrects": session.corrects.reference if session.corrects else None,
        "release": {"sha256": session.release.sha256, "version": session.release.version},
        "language": content.language,
        "clinic": session.clinic.as_settings(),
        "show_roots": session.clinic.show_roots,
        "started_at": session.started_at.isoformat(),
        "submitted_at": now.isoformat(),
        "answers": [_answer_data(row) for row in rows],
        "path": walked.asked,
        "dropped": walked.dropped,
        "taken_back": list(flags.in_words(staff_content, given, {row.item: row.taken_back for row in rows})),
        "result": result.as_data(),
        # Where the patient read another language, the same for staff in theirs.
        "staff_result": _result(session, staff_content, walk(staff_content, walked.answers)).as_data()
        if staff_content.language != content.language
        else None,
    }
    # What the patient will read, made from the record as it will be read back.
    main = pages.result_main(notes.read(releases.canonical(frozen), session.reference))
    frozen["words_sha256"] = pages.words_sha256(main)
    chain, _created = RecordChain.objects.select_for_update().get_or_create(pk=1)
    record = releases.canonical({**frozen, "number": chain.number + 1, "previous": chain.sha256})
    chain.number, chain.sha256 = chain.number + 1, releases.sha256(record)
    chain.save()
    session.language = content.language
    session.submitted_at, session.refused = now, None
    session.origin, session.root = result.origin, result.root or ""
    session.urgency = URGENCY_LEVELS[result.urgency]
    session.record, session.record_sha256, session.record_number = record, chain.sha256, chain.number
    # Staff may have dealt with what was there before; nobody has yet seen this.
    session.review_state = TriageSession.ReviewState.NEW
    session.save()
    _tell_the_clinic(session, now)
    return session


def _tell_the_clinic(session: TriageSession, now: datetime) -> None:
    """Put a mail into the outbox if the clinic wants one. Sending it is not the patient's to wait for."""
    level = TriageSession.Urgency.EMERGENCY if session.emergency_at else session.urgency
    if level in TOLD[session.clinic.tell_about] and not session.demo:
        OutboxMail(session=session, created_at=now, next_at=now).save(force_insert=True)


def _result(session: TriageSession, content: Content, walked: Walk) -> Result:
    return build(content, walked, decide(content, walked), session.clinic.as_settings(), releases.passages())


def _answer_data(row: Answer) -> Mapping[str, Any]:
    return {
        "item": row.item,
        "given": row.given,
        "sequence": row.sequence,
        "answered_at": row.answered_at.isoformat(),
        "taken_back": row.taken_back,
    }


def enter(content: Content, answers: Answers, language: str, now: datetime, *, demo: bool) -> TriageSession:
    """A whole questionnaire at once, as `create_demo` and tests need it: start, answer each screen, hand in."""
    session, key = start_session(language, now, demo=demo)
    fill_in(key, content.screens, answers, language, now)
    return submit(session.pk, language, now)


def fill_in(key: str, screens: Iterable[Screen], answers: Answers, language: str, now: datetime) -> None:
    """Answer what is open of these screens; with "not sure" what `answers` does not say."""
    from triage.visit import find  # the same reading as the pages

    for screen in screens:
        visit = find(key, language)
        assert visit is not None
        while open_items := [item for item in visit.walk.asks(screen) if item.key not in visit.answers]:
            unknown = {item.key: () if item.kind == "text" else (item.unsure,) for item in open_items}
            record_answers(visit, {key: answers.get(key, none) for key, none in unknown.items()}, now)
            visit = find(key, language)
            assert visit is not None
