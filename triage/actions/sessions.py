"""A patient's session: its start, its answers, and the correction of what was handed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from triage.actions.arrivals import arrived
from triage.actions.keys import new_key, signs
from triage.domain import flags
from triage.domain.content import Content, Screen
from triage.domain.flags import TakenBack
from triage.domain.loading import ContentError
from triage.domain.walk import Answers
from triage.models import (
    Answer,
    Clinic,
    Invitation,
    Release,
    TriageSession,
    the_clinic,
)
from triage.store import notes, records, releases
from triage.store.stories import why
from triage.store.visit import CONTACT, Drafts, Visit, find


class AlreadySubmitted(Exception):
    """The questionnaire has been handed in; its answers no longer change."""


class AnsweredMeanwhile(Exception):
    """Another tab has answered since these answers were read."""


class CorrectedOften(Exception):
    """These answers were corrected so often within an hour that another correction has to wait."""


MOST_CORRECTIONS, CORRECTIONS_COUNTED = 5, timedelta(hours=1)


@transaction.atomic
def start_session(
    language: str, now: datetime, *, demo: bool = False, invitation: Invitation | None = None, room: str = ""
) -> tuple[TriageSession, str]:
    """A new session on the published release, and the key that opens it (stored nowhere).

    It is in this language where the clinic offers it and the release has it.
    """
    key = new_key()
    if invitation:
        invitation.opened_at = now
        invitation.save(update_fields=["opened_at"])
    clinic = the_clinic()
    if clinic._state.adding:  # the first session of all, before anybody saved settings
        clinic, _created = Clinic.objects.get_or_create(pk=1)
    release = releases.current()
    session = TriageSession(
        key_hash=releases.sha256(key),
        reference=_free_reference(),
        clinic=clinic,
        release=release,
        language=releases.content(release.sha256, clinic.spoken(language)).language,
        started_at=now,
        demo=demo,
        room=room,
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
def record_answers(
    visit: Visit,
    given: Answers,
    now: datetime,
    drafts: Drafts | None = None,
    refused: str = "",
    address: str | None = None,
) -> Visit:
    """Store the answers of one screen: the session with them.

    `drafts` are all that there are from now on; where they are not said, an answer ends the draft of its question.
    `refused` is the screen whose page was sent as answers and could not be taken whole. An emergency sign brings the
    session to the worklist, from this address.

    Raises AlreadySubmitted when the questionnaire has been handed in, AnsweredMeanwhile when another tab has
    answered since the visit was read: together the two may make an emergency that neither makes alone.
    """
    after = visit.with_answers(given)
    taken_back = flags.taken_back(visit.content, visit.walk, given, after.walk)
    if drafts is None:
        drafts = {item: said for item, said in visit.drafts.items() if item not in given}
    last = visit.last_sequence + len(given)
    changed = still_as_read(visit).update(
        last_sequence=last,
        drafts=_stored_drafts(visit, drafts),
        refused=refused,
        **({"emergency_at": visit.emergency_at or now, "why": why(after)} if after.emergencies else {}),
    )
    if not changed:
        raise AlreadySubmitted if was_submitted(visit) else AnsweredMeanwhile
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
    if after.emergencies - visit.emergencies and (visit.corrects or not visit.emergency_at):
        arrived(TriageSession.objects.get(pk=visit.pk), address, now)
    return replace(after, last_sequence=last, drafts=drafts, refused=refused)


def keep_drafts(visit: Visit, drafts: Drafts) -> None:
    """All that stands on pages and is no answer. Raises what `record_answers` does."""
    if not still_as_read(visit).update(drafts=_stored_drafts(visit, drafts)):
        raise AlreadySubmitted if was_submitted(visit) else AnsweredMeanwhile


def keep_contact(visit: Visit, contact: str) -> Visit:
    """Where the clinic can reach the person from now on; "" for nowhere. At any time: it is no answer."""
    stored = notes.sealed(contact, visit.reference, CONTACT) if contact else ""
    TriageSession.objects.filter(pk=visit.pk).update(contact=stored)
    return replace(visit, contact=contact)


def still_as_read(visit: Visit) -> QuerySet[TriageSession]:
    """What is updated or locked first: that waits for other tabs, and finds nothing if one was quicker."""
    return TriageSession.objects.filter(pk=visit.pk, submitted_at=None, last_sequence=visit.last_sequence)


def was_submitted(visit: Visit) -> bool:
    return TriageSession.objects.filter(pk=visit.pk, submitted_at__isnull=False).exists()


def _stored(content: Content, item: str, given: Iterable[str], reference: str) -> list[str]:
    """An answer as it is stored: the patient's own words sealed, where the clinic wants that."""
    if content.items[item].kind != "text":
        return list(given)
    return [notes.sealed(text, reference, item) for text in given]


def _stored_drafts(visit: Visit, drafts: Drafts) -> Drafts | None:
    return {
        item: _stored(visit.content, item, said, visit.reference) for item, said in drafts.items()
    } or None


def _taken_back(visit: Visit, item: str, codes: tuple[str, ...], now: datetime) -> TakenBack:
    """What was taken back of this item so far, and these codes now."""
    if item not in visit.stored:
        return {}
    answer = visit.stored[item]
    new = {
        code: {
            "given_at": answer.taken_back.get(code, {}).get("given_at") or answer.answered_at.isoformat(),
            "taken_back_at": now.isoformat(),
        }
        for code in codes
    }
    return {**answer.taken_back, **new}


def speak(visit: Visit, language: str) -> None:
    """The person changed the language of the pages."""
    TriageSession.objects.filter(pk=visit.pk, submitted_at=None).update(language=language)


def renew(visit: Visit, language: str, now: datetime, room: str = "") -> str:
    """The key for whoever now begins in a session in which nothing was given: what was made for it before ends.

    "" where something was given meanwhile.
    """
    key = new_key()
    untouched = TriageSession.objects.filter(
        pk=visit.pk, submitted_at=None, last_sequence=0, drafts__isnull=True
    )
    renewed = untouched.update(
        key_hash=releases.sha256(key),
        former_key_hash="",
        refused="",
        return_hash=None,
        return_until=None,
        language=visit.clinic.spoken(language),
        reopened_at=now,
        room=room,
    )
    return key if renewed else ""


def take_over(
    sessions: QuerySet[TriageSession], held: str, now: datetime, room: str = ""
) -> tuple[str, TriageSession] | None:
    """Move this one session to a browser that may have it: the key for it there, and the session.

    A browser that has it already, by the key it `held`, keeps that key: a form that is sent twice harms nobody. Any
    other gets a new one, and the browser before can open it no longer. None: there is no such session.
    """
    session = sessions.select_for_update(of=("self",)).order_by("pk").first()
    if session is None:
        return None
    key, moved = held, dict[str, Any]()
    if releases.sha256(held) != session.key_hash:
        key = new_key()
        moved = {
            "key_hash": releases.sha256(key),
            "former_key_hash": session.key_hash,
            "kept_open_until": None,
        }
    TriageSession.objects.filter(pk=session.pk).update(reopened_at=now, room=room, **moved)
    return key, session


@transaction.atomic
def delete_unsent(visit: Visit) -> bool:
    """Delete what was never sent, because the person wants it. False where it was sent, or an urgent sign was given:
    that, staff have to see."""
    unsent = TriageSession.objects.filter(pk=visit.pk, submitted_at=None, emergency_at=None)
    session = unsent.select_for_update(of=("self",)).first()
    if session is None:
        return False
    if session.invitation_id:  # the letter still works
        Invitation.objects.filter(pk=session.invitation_id, sent_at=None).update(opened_at=None)
    session.delete()
    return True


def stay(pk: int, now: datetime) -> None:
    """The person is still there."""
    TriageSession.objects.filter(pk=pk).update(stayed_at=now)


def keep_open(pk: int, until: datetime) -> None:
    """The result stays open in its browser until then, whatever else is done or not."""
    TriageSession.objects.filter(pk=pk, submitted_at__isnull=False).update(kept_open_until=until)


@transaction.atomic
def correct(pk: int, language: str, now: datetime) -> str:
    """Begin a correction of a submission with a copy of its answers, or take up the one begun before: its key.

    The submission stays as it is. An emergency sign given there counts as given here too, so that staff see it
    also where the correction takes it back. Raises RecordAltered when the submission is not what was handed in,
    CorrectedOften after so many corrections within an hour.
    """
    old = TriageSession.objects.select_for_update(of=("self",)).select_related("release").get(pk=pk)
    if begun := take_over(TriageSession.objects.filter(corrects=old), "", now, old.room):
        return begun[0]
    if _corrections_within(old, now - CORRECTIONS_COUNTED) >= MOST_CORRECTIONS:
        raise CorrectedOften
    key = new_key()
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
        room=old.room,
        corrects=old,
        behind=old,
        why=old.why,
        invitation_id=old.invitation_id,
        appointment_at=old.appointment_at,
        emergency_at=old.emergency_at,
        last_sequence=old.last_sequence,
    )
    if contact := notes.opened(old.contact, old.reference, CONTACT):
        new.contact = notes.sealed(contact, new.reference, CONTACT)
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


def _corrections_within(session: TriageSession, since: datetime) -> int:
    """How many corrections in a row lead to this one and were begun since then."""
    count, at = 0, session
    while at.corrects_id and at.started_at >= since and count < MOST_CORRECTIONS:
        count, at = count + 1, TriageSession.objects.only("corrects", "started_at").get(pk=at.corrects_id)
    return count


def _loadable(release: Release) -> Release:
    """The release itself, or the newest where the code of today no longer reads it."""
    try:
        releases.content(release.sha256, settings.LANGUAGE_CODE)
    except ContentError:
        return releases.current()
    return release


def fill_in(key: str, screens: Iterable[Screen], answers: Answers, language: str, now: datetime) -> Visit:
    """Answer what is open of these screens; with "not sure" what `answers` does not say. The session as it is then."""
    visit = _visit(key, language)
    for screen in screens:
        while open_items := [item for item in visit.walk.asks(screen) if item.key not in visit.answers]:
            unknown = {item.key: () if item.kind == "text" else (item.unsure,) for item in open_items}
            record_answers(visit, {key: answers.get(key, none) for key, none in unknown.items()}, now)
            visit = _visit(key, language)
    return visit


def _visit(key: str, language: str) -> Visit:
    found = find(key, language)
    assert found is not None
    return found
