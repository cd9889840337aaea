"""The only module that writes. Pages, commands, the admin and tests all store through here.

Time comes in as an argument. Each action is one transaction: all of it is on disk when it returns, or none of it.
"""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from triage import access_log, pages, records, releases
from triage.domain.content import Content
from triage.domain.decision import decide
from triage.domain.load import Trees, check, load
from triage.domain.proof.prove import prove
from triage.domain.result import Result, build
from triage.domain.tree import ContentError, Fault
from triage.domain.walk import Answers, Walk, walk
from triage.models import (
    AccessChain,
    AccessEntry,
    Answer,
    AttachedPassage,
    Clinic,
    DailyCount,
    Invitation,
    OutboxMail,
    Purge,
    PurgedRecord,
    RecordChain,
    Release,
    Review,
    TriageSession,
    WrongCodes,
)
from triage.records import told_otherwise
from triage.retention import Due, invitations_due
from triage.visit import Visit

# No vowels, so that no word appears; no 0, 1, I, L, O, which are misread.
REFERENCE_SIGNS = "23456789BCDFGHJKMNPQRSTVWXZ"
CODE_SIGNS = 12  # of these: 57 bits
# Within an hour; only codes that open nothing count.
MOST_WRONG_CODES = 1000
MOST_WRONG_CODES_AT_ONE_PLACE = 20
RECORD_FORMAT = 1

URGENCY_LEVELS = {
    "routine": TriageSession.Urgency.ROUTINE,
    "same-day": TriageSession.Urgency.SAME_DAY,
    "emergency": TriageSession.Urgency.EMERGENCY,
}

INVITING = ("view_invitation", "add_invitation", "change_invitation")
TOLD: dict[str, tuple[int, ...]] = {
    Clinic.TellAbout.NOTHING: (),
    Clinic.TellAbout.EMERGENCY: (TriageSession.Urgency.EMERGENCY,),
    Clinic.TellAbout.URGENT: (TriageSession.Urgency.EMERGENCY, TriageSession.Urgency.SAME_DAY),
}
# From one try to send a mail to the next; after the last it is given up.
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30, 60, 120, 240)]

RECOVERY_CODES, RECOVERY_SIGNS = 10, 8
APP_CODE = re.compile(r"[0-9]{6}")

REVIEWERS, MANAGERS, AUDITORS = "Reviewers", "Managers", "Auditors"
GROUPS = {
    REVIEWERS: ("view_triagesession", "view_review", "add_review", "view_outboxmail", *INVITING),
    MANAGERS: (
        "view_triagesession",
        "view_review",
        "add_review",
        "view_clinic",
        "change_clinic",
        "view_release",
        "view_outboxmail",
        "export_triagesession",
        *INVITING,
    ),
    AUDITORS: ("view_accessentry",),
}


class AlreadySubmitted(Exception):
    """The questionnaire has been handed in; its answers no longer change."""


class AnsweredMeanwhile(Exception):
    """Another tab has answered since these answers were read."""


class NotComplete(Exception):
    """Some questions are still open."""


class TooManyCodes(Exception):
    """Too many codes that open nothing were typed within this hour."""


class InvitationOver(Exception):
    """The code is that of an invitation which is used, expired or revoked: its `state`."""

    def __init__(self, state: Invitation.State) -> None:
        self.state = state
        super().__init__(state.label)


class ChangedMeanwhile(Exception):
    """The submission or invitation is not as its reader saw it."""


class NotAStep(Exception):
    """This state of review cannot follow the present one."""


class WrongCode(Exception):
    """Not the code of this moment on this device, or used before."""


# Content


class NotProved(ValueError):
    """The content reads well, but a property that must hold for every answer set does not."""

    def __init__(self, broken: tuple[str, ...]) -> None:
        self.broken = broken
        super().__init__("Not proved, so not published:\n" + "\n".join(broken))


class NeedsNote(ValueError):
    """Stored submissions would now be told something else; a manager has to say why."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"{count} stored submissions would be told something else by this content")


def publish(trees: Trees, now: datetime, *, note: str = "", by: str = "") -> tuple[Release, bool]:
    """Make these trees the published release. The same trees again change nothing: returns (release, changed).

    `note` says why stored submissions may now be told something else, `by` is the user name of the manager who
    says so; both are kept with the release.

    Raises ContentError when the trees have a fault, NotProved when a safety property does not hold for every
    answer set, NeedsNote when stored submissions would be told something else and no manager has said why. None
    of these ever reaches patients.
    """
    text = releases.canonical(trees)
    sha256 = releases.sha256(text)
    release = Release.objects.filter(sha256=sha256).first()
    if release and release.state == Release.State.PUBLISHED:
        return release, False
    if faults := _faults(text):
        raise ContentError(list(faults))
    if broken := _broken_properties(text):
        raise NotProved(broken)
    signed = bool(note) and User.objects.filter(username=by, groups__name=MANAGERS, is_active=True).exists()
    if not signed and (count := _told_otherwise(trees)):
        raise NeedsNote(count)
    release = release or Release(sha256=sha256, version=load(trees).version, content=text, created_at=now)
    release.note, release.noted_by = (note, by) if signed else ("", "")
    _make_current(release, now)  # apart, since proving takes seconds in which patients go on writing
    return release, True


@transaction.atomic
def _make_current(release: Release, now: datetime) -> None:
    Release.objects.filter(state=Release.State.PUBLISHED).update(state=Release.State.RETIRED)
    release.state = Release.State.PUBLISHED
    release.published_at = now
    release.save()


def _told_otherwise(trees: Trees) -> int:
    """How many stored submissions this content would tell something else."""
    if not TriageSession.objects.exclude(record_number=None).exists():
        return 0
    return sum(1 for *_told, new in told_otherwise(load(trees)) if new)


@lru_cache(maxsize=4)
def _faults(text: str) -> tuple[Fault, ...]:
    return tuple(check(json.loads(text)))


@lru_cache(maxsize=4)
def _broken_properties(text: str) -> tuple[str, ...]:
    """The properties that this content breaks, each with answers that show it."""
    broken = prove(load(json.loads(text))).broken
    return tuple(
        f"{name}: {fault.what}: {' / '.join(json.dumps(answers) for answers in fault.examples)}"
        for name, fault in broken
    )


@transaction.atomic
def attach_passages(texts: Iterable[str], now: datetime) -> None:
    """Keep the exact texts of passages, each under its hash, so that citations can show them."""
    for text in texts:
        AttachedPassage.objects.update_or_create(
            sha256=releases.sha256(text), defaults={"text": text, "attached_at": now}
        )


# A patient's session


@transaction.atomic
def start_session(
    language: str, now: datetime, *, demo: bool = False, invitation: Invitation | None = None
) -> tuple[TriageSession, str]:
    """A new session on the published release, and the key that opens it (stored nowhere)."""
    key = _new_key()
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


def _new_key() -> str:
    return secrets.token_urlsafe(32)


def _signs(count: int) -> str:
    return "".join(secrets.choice(REFERENCE_SIGNS) for _place in range(count))


def _free_reference() -> str:
    while True:
        reference = f"{_signs(3)}-{_signs(3)}"
        if not TriageSession.objects.filter(reference=reference).exists():
            return reference


@transaction.atomic
def record_answers(visit: Visit, given: Answers, now: datetime) -> None:
    """Store the answers of one screen.

    Raises AlreadySubmitted when the questionnaire has been handed in, AnsweredMeanwhile when another tab has
    answered since the visit was read: together the two may make an emergency that neither makes alone.
    """
    answers = {**visit.answers, **given}
    emergency = decide(visit.content, walk(visit.content, answers)).urgency == "emergency"
    # The update comes first: it takes the session's lock, and finds nothing when another tab was quicker.
    still_so = TriageSession.objects.filter(pk=visit.pk, submitted_at=None, last_sequence=visit.last_sequence)
    changed = still_so.update(
        last_sequence=F("last_sequence") + len(given),
        **({"emergency_at": Coalesce("emergency_at", now)} if emergency else {}),
    )
    if not changed:
        submitted = TriageSession.objects.filter(pk=visit.pk, submitted_at__isnull=False).exists()
        raise AlreadySubmitted if submitted else AnsweredMeanwhile
    rows = [
        Answer(session_id=visit.pk, item=item, given=list(codes), sequence=number, answered_at=now)
        for number, (item, codes) in enumerate(given.items(), start=visit.last_sequence + 1)
    ]
    Answer.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["session", "item"],
        update_fields=["given", "sequence", "answered_at"],
    )


def speak(visit: Visit, language: str) -> None:
    """The person changed the language of the pages."""
    TriageSession.objects.filter(pk=visit.pk, submitted_at=None).update(language=language)


def stay(pk: int, now: datetime) -> None:
    """The person is still there."""
    TriageSession.objects.filter(pk=pk).update(stayed_at=now)


# Coming back


def save_for_later(visit: Visit, now: datetime) -> tuple[str, datetime]:
    """A code that opens the session in another browser, once, and until when. An earlier code stops working."""
    code = _signs(CODE_SIGNS)
    until = now + timedelta(days=visit.clinic.return_days)
    TriageSession.objects.filter(pk=visit.pk).update(
        return_hash=_code_hash(code), return_until=until, stayed_at=now
    )
    return code, until


def _code_hash(code: str) -> str:
    """Keyed, since so short a code could be found from a plain hash by trying."""
    return salted_hmac("triage.return", code, algorithm="sha256").hexdigest()


@dataclass(frozen=True)
class Opened:
    """What a code opens: the key for the browser; of an invitation also the language that it was written in."""

    key: str
    language: str = ""


@transaction.atomic
def open_code(code: str, address: str, now: datetime) -> Opened | None:
    """Open the saved session, or the invitation, of this code. None: it opens nothing.

    Raises InvitationOver, or TooManyCodes where too many wrong codes came before.
    """
    counts = _wrong_codes(address, now)
    if opened := _come_back(_code_hash(code), now) or _accept(_code_hash(code), now):
        return opened
    for count in counts:
        count.count += 1
        count.save(update_fields=["count"])
    return None


def _come_back(code_hash: str, now: datetime) -> Opened | None:
    """Move the session of this code to a new browser. The one it was in can open it no longer."""
    key = _new_key()
    moved = TriageSession.objects.filter(return_hash=code_hash, return_until__gt=now).update(
        key_hash=releases.sha256(key), return_hash=None, return_until=None, reopened_at=now
    )
    return Opened(key) if moved else None


def _accept(code_hash: str, now: datetime) -> Opened | None:
    """Start the session that the invitation of this code asks for."""
    invitation = Invitation.objects.select_for_update().filter(code_hash=code_hash).first()
    if invitation is None:
        return None
    if (state := invitation.state(now)) != Invitation.State.OPEN:
        raise InvitationOver(state)
    invitation.opened_at = now
    invitation.save(update_fields=["opened_at"])
    _session, key = start_session(invitation.language, now, invitation=invitation)
    return Opened(key, invitation.language)


def _wrong_codes(address: str, now: datetime) -> list[WrongCodes]:
    """This hour's counts, locked: of all wrong codes, and of those from this address."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    WrongCodes.objects.filter(hour__lt=hour).delete()
    place = salted_hmac("triage.place", f"{hour.isoformat()} {address}", algorithm="sha256").hexdigest()[:4]
    counts = []
    for where, most in (("", MOST_WRONG_CODES), (place, MOST_WRONG_CODES_AT_ONE_PLACE)):
        count, _created = WrongCodes.objects.select_for_update().get_or_create(hour=hour, place=where)
        if count.count >= most:
            raise TooManyCodes
        counts.append(count)
    return counts


@transaction.atomic
def correct(pk: int, language: str, now: datetime) -> str:
    """Begin a correction of a submission with a copy of its answers, or take up the one begun before: its key.

    The submission stays as it is. An emergency sign given there counts as given here too, so that staff see it
    also where the correction takes it back. Raises RecordAltered when the submission is not what was handed in.
    """
    old = TriageSession.objects.select_for_update(of=("self",)).select_related("release").get(pk=pk)
    key = _new_key()
    if TriageSession.objects.filter(corrects=old).update(key_hash=releases.sha256(key), reopened_at=now):
        return key
    record = records.open_record(old)
    release = _loadable(old.release)
    known = records.known(releases.content(release.sha256, language), record)
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
        Answer(session=new, **{**row, "given": list(known[row["item"]])})
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


# Handing in


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
    walked = walk(content, {row.item: tuple(row.given) for row in rows})
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
        "result": result.as_data(),
        # Where the patient read another language, the same for staff in theirs.
        "staff_result": _result(session, staff_content, walk(staff_content, walked.answers)).as_data()
        if staff_content.language != content.language
        else None,
    }
    # What the patient will read, made from the record as it will be read back.
    main = pages.result_main(json.loads(releases.canonical(frozen)))
    frozen["words_sha256"] = pages.words_sha256(main)
    chain, _created = RecordChain.objects.select_for_update().get_or_create(pk=1)
    record = releases.canonical({**frozen, "number": chain.number + 1, "previous": chain.sha256})
    chain.number, chain.sha256 = chain.number + 1, releases.sha256(record)
    chain.save()
    session.language = content.language
    session.submitted_at = now
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
    }


def enter(content: Content, answers: Answers, language: str, now: datetime, *, demo: bool) -> TriageSession:
    """A whole questionnaire at once, as `create_demo` and tests need it: start, answer each screen, hand in."""
    from triage.visit import find  # the same reading as the pages

    session, key = start_session(language, now, demo=demo)
    for screen in content.screens:
        visit = find(key, language)
        assert visit is not None
        while open_items := [item for item in visit.walk.asks(screen) if item.key not in visit.answers]:
            unknown = {item.key: () if item.kind == "text" else (item.unsure,) for item in open_items}
            record_answers(visit, {key: answers.get(key, none) for key, none in unknown.items()}, now)
            visit = find(key, language)
            assert visit is not None
    return submit(session.pk, language, now)


# Invitations


@transaction.atomic
def invite(wanted: Iterable[Mapping[str, Any]], who: User, now: datetime) -> list[tuple[Invitation, str]]:
    """Make invitations, each with the code that opens it (stored nowhere): all of them or none.

    `wanted` has the label, appointment_at and language of each. Raises IntegrityError where one of them is open
    already, by a label and time that are the same.
    """
    made = []
    for fields in wanted:
        code = _signs(CODE_SIGNS)
        expires_at = end_of_day(fields["appointment_at"])
        invitation = Invitation(
            **fields, code_hash=_code_hash(code), created_by=who, created_at=now, expires_at=expires_at
        )
        made.append((invitation, code))
    for invitation in Invitation.objects.bulk_create(invitation for invitation, _code in made):
        note_access(AccessEntry.What.CHANGE, who.get_username(), now, str(invitation), "made")
        note_access(AccessEntry.What.PRINT, who.get_username(), now, str(invitation), "letter")
    return made


def end_of_day(moment: datetime) -> datetime:
    """The midnight after it, at the clinic."""
    day = timezone.localdate(moment) + timedelta(days=1)
    return datetime.combine(day, time.min, timezone.get_current_timezone())


@transaction.atomic
def revoke(pk: int, who: User, now: datetime) -> None:
    """The invitation's code opens nothing from now on. Raises ChangedMeanwhile where it is not open."""
    invitation = Invitation.objects.select_for_update().get(pk=pk)
    if invitation.state(now) != Invitation.State.OPEN:
        raise ChangedMeanwhile
    invitation.revoked_at = now
    invitation.save(update_fields=["revoked_at"])
    note_access(AccessEntry.What.CHANGE, who.get_username(), now, str(invitation), "revoked")


@transaction.atomic
def invite_again(pk: int, who: User, now: datetime) -> list[tuple[Invitation, str]]:
    """The same invitation with a new code; the code before stops working.

    Raises ChangedMeanwhile once it has expired, IntegrityError where the same was made anew already.
    """
    old = Invitation.objects.select_for_update().get(pk=pk)
    if now >= old.expires_at:
        raise ChangedMeanwhile
    if old.state(now) == Invitation.State.OPEN:
        revoke(pk, who, now)
    same = {"label": old.label, "appointment_at": old.appointment_at, "language": old.language}
    return invite([same], who, now)


# Staff


@transaction.atomic
def review(
    pk: int, seen: str, reviewer: User, state: int, note: str, now: datetime, **found: str | int | None
) -> Review:
    """Note a staff member's step on a submission, and what they found (the fields finding, root and urgency).

    `seen` is the mark of the submission as the member saw it.

    Raises ChangedMeanwhile when it is no longer so, NotAStep when `state` cannot follow its present state.
    """
    session = TriageSession.objects.select_for_update(of=("self",)).get(pk=pk)
    if session.mark != seen:
        raise ChangedMeanwhile
    if state not in TriageSession.NEXT_STATES[TriageSession.ReviewState(session.review_state)]:
        raise NotAStep
    row = Review(session=session, reviewer=reviewer, state=state, note=note, created_at=now, **found)
    row.save(force_insert=True)
    step = f"{session.get_review_state_display()} to {row.get_state_display()}"
    session.review_state = state
    session.save(update_fields=["review_state"])
    note_access(AccessEntry.What.CHANGE, reviewer.get_username(), now, session.reference, step)
    return row


@transaction.atomic
def save_clinic(clinic: Clinic, who: str, now: datetime) -> None:
    """Store the clinic's settings; every page shows them from now on. Raises ValidationError.

    The access log keeps each setting's value before and after.
    """
    clinic.full_clean()
    before = Clinic.objects.select_for_update().filter(pk=clinic.pk).first() or Clinic()
    clinic.save()
    for field in Clinic._meta.fields:
        old, new = field.value_from_object(before), field.value_from_object(clinic)
        if old != new and not field.primary_key:
            detail = f"{field.verbose_name}: {old!r} to {new!r}"
            note_access(AccessEntry.What.CHANGE, who, now, "clinic settings", detail)


@transaction.atomic
def note_access(what: str, who: str, now: datetime, about: str = "", detail: str = "") -> AccessEntry:
    """Add an entry to the access log. Neither `about` nor `detail` may hold an answer or a note."""
    chain, _created = AccessChain.objects.select_for_update().get_or_create(pk=1)
    entry = AccessEntry(number=chain.number + 1, at=now, who=who, what=what, about=about, detail=detail)
    entry.sha256 = access_log.link(chain.sha256, entry)
    entry.save(force_insert=True)
    chain.number, chain.sha256 = entry.number, entry.sha256
    chain.save()
    return entry


def create_staff(username: str, password: str, group: str) -> User:
    """A staff account in one of the groups. Raises django.db.IntegrityError when the name is taken."""
    with transaction.atomic():
        user = User.objects.create_user(username, password=password, is_staff=True)
        user.groups.add(Group.objects.get(name=group))
    return user


@transaction.atomic
def set_up_second_factor(user: User, key: str, code: str, now: datetime) -> tuple[TOTPDevice, list[str]]:
    """Tie an account to the device that holds this key, as its code shows; the device, and ten recovery codes.

    These are stored as hashes alone. Raises WrongCode, also where the account is tied to a device already.
    """
    User.objects.select_for_update().get(pk=user.pk)  # one set-up at a time
    device = TOTPDevice(user=user, name="app", key=key)
    if TOTPDevice.objects.filter(user=user).exists() or not device.verify_token(_typed(code)):
        raise WrongCode
    codes = [_signs(RECOVERY_SIGNS) for _number in range(RECOVERY_CODES)]
    paper = StaticDevice.objects.create(user=user, name="recovery codes")
    StaticToken.objects.bulk_create(StaticToken(device=paper, token=_recovery_hash(code)) for code in codes)
    note_access(AccessEntry.What.CHANGE, user.get_username(), now, "own second factor", "set up")
    return device, codes


@transaction.atomic
def check_second_factor(user: User, code: str) -> Device | None:
    """What this code is from: the person's device or their recovery codes. Each code works once.

    After a wrong one none works for a second, after the next for two, then four, and so on.
    """
    typed = _typed(code)
    from_app = APP_CODE.fullmatch(typed)
    kind = TOTPDevice if from_app else StaticDevice
    device = kind.objects.select_for_update().filter(user=user).first()
    return device if device and device.verify_token(typed if from_app else _recovery_hash(typed)) else None


def _typed(code: str) -> str:
    return code.upper().replace("-", "").replace(" ", "")


def _recovery_hash(code: str) -> str:
    return salted_hmac("triage.recovery", code, algorithm="sha256").hexdigest()[
        :16
    ]  # django-otp keeps 16 signs


@transaction.atomic
def reset_second_factor(username: str, who: str, now: datetime) -> None:
    """Forget a person's device and recovery codes, which also ends their sessions. Raises User.DoesNotExist."""
    user = User.objects.select_for_update().get(username=username)
    for kind in (TOTPDevice, StaticDevice):
        kind.objects.filter(user=user).delete()
    note_access(AccessEntry.What.CHANGE, who, now, f"user {username}"[:150], "second factor reset")


# Mail to the clinic


@transaction.atomic
def take_mail(now: datetime) -> OutboxMail | None:
    """A mail that is due, counted as tried; it comes up again after a pause unless `mail_sent` is told."""
    due = OutboxMail.objects.select_for_update(of=("self",)).select_related("session__clinic")
    mail = due.filter(next_at__lte=now).order_by("next_at").first()
    if mail:
        mail.next_at = now + PAUSES[mail.tries] if mail.tries < len(PAUSES) else None
        mail.tries += 1
        mail.save(update_fields=["next_at", "tries"])
    return mail


def mail_sent(mail: OutboxMail, now: datetime) -> None:
    OutboxMail.objects.filter(pk=mail.pk).update(sent_at=now, next_at=None, last_error="")


def mail_failed(mail: OutboxMail, error: str) -> None:
    OutboxMail.objects.filter(pk=mail.pk).update(last_error=error)


def take_up_mails_again(now: datetime) -> None:
    """Those that were given up, from the first try on."""
    OutboxMail.objects.filter(next_at=None, sent_at=None).update(next_at=now, tries=0)


# Retention


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
            outcomes[timezone.localdate(session.submitted_at), session.urgency, session.origin] += 1
    for (day, urgency, origin), count in outcomes.items():
        daily, _created = DailyCount.objects.get_or_create(day=day, urgency=urgency, origin=origin)
        DailyCount.objects.filter(pk=daily.pk).update(count=F("count") + count)
    sessions.delete()


@transaction.atomic
def finish_purge(due: Due, now: datetime) -> None:
    """After the last of the sessions: invitations that nobody needs any more, and that this purge ran."""
    invitations_due(due.before).delete()
    Purge.objects.create(at=now, sessions=due.sessions)
    note_access(
        AccessEntry.What.CHANGE, "", now, "purge", f"{due.sessions} sessions before {due.before:%Y-%m-%d}"
    )


@transaction.atomic
def set_up_after_migration(**_signal: Any) -> None:
    """The clinic's row and the staff groups with just the rights they need."""
    from django.apps import apps
    from django.contrib.auth.management import create_permissions

    create_permissions(apps.get_app_config("triage"), verbosity=0)
    Clinic.objects.get_or_create(pk=1)
    for name, codenames in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(
            Permission.objects.filter(content_type__app_label="triage", codename__in=codenames)
        )
