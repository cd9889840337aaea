"""A patient's session as the pages see it: found by the browser's cookie, read in one query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

from triage.domain.content import Content
from triage.domain.decision import Decision, decide, emergencies
from triage.domain.flags import TakenBack
from triage.domain.walk import Answers, Walk, walk
from triage.models import Clinic, TriageSession
from triage.store import releases
from triage.store.notes import opened, opened_texts
from triage.store.prepared import Prepared

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
ROOM_IDLE = timedelta(minutes=5)  # on a device in a waiting room, where the next person is waiting
ROOM_RESULT = timedelta(minutes=3)
OWN_DEVICE = timedelta(days=1)  # a result, where the patient says that nobody else uses the device
CLINIC = "clinic__"
CONTACT = "contact"  # the place that it is sealed for

# What stands on a page and is no answer, by item: codes, or one text.
Drafts = Mapping[str, list[str]]


class Stored(NamedTuple):
    """An answer as it is stored: a text in it may be sealed."""

    given: list[str]
    sequence: int
    answered_at: datetime
    taken_back: TakenBack


BY_KEY = Prepared(
    TriageSession.objects.filter(key_hash="").order_by("answers__sequence"),
    [
        "pk",
        "reference",
        "demo",
        "started_at",
        "reopened_at",
        "stayed_at",
        "emergency_at",
        "submitted_at",
        "last_sequence",
        "kept_open_until",
        "room",
        "appointment_at",
        "drafts",
        "refused",
        "contact",
        "release__sha256",
        "release__version",
        "corrects__reference",
        *(f"{CLINIC}{field.name}" for field in Clinic._meta.fields),
        "answers__item",
        "answers__given",
        "answers__sequence",
        "answers__answered_at",
        "answers__taken_back",
    ],
)
STAMPS = Signer(salt="triage.stamp")


@dataclass(frozen=True)
class Visit:
    """One patient's session with its answers. `language` is that of the page being made."""

    pk: int
    reference: str
    language: str
    demo: bool
    started_at: datetime
    emergency_at: datetime | None  # when a sign of one was first given
    submitted_at: datetime | None
    kept_open_until: datetime | None
    room: str  # of `TriageSession.Room`
    appointment_at: datetime | None  # that it is answered for
    last_sequence: int
    drafts: Drafts
    refused: str  # the screen whose drafts are shown with what is wrong with them
    contact: str  # where the clinic can reach the person
    release: str  # the release's SHA-256
    version: str  # its name
    clinic: Clinic
    stored: Mapping[str, Stored]  # in the order they were given
    answers: Answers
    opened_at: datetime  # when this browser came to it: at its start, or with a code
    last_active_at: datetime
    corrects: str  # the reference of the submission that it corrects, or ""

    @cached_property
    def content(self) -> Content:
        return releases.content(self.release, self.language)

    @cached_property
    def walk(self) -> Walk:
        return walk(self.content, self.answers)

    @cached_property
    def decision(self) -> Decision:
        """What the answers so far would decide, missing ones counting as not sure."""
        return decide(self.content, self.walk)

    @cached_property
    def emergencies(self) -> frozenset[str]:
        return emergencies(self.content, self.walk)

    @cached_property
    def stamp(self) -> str:
        """What each of its pages carries, so that none acts on another session. It opens nothing."""
        return STAMPS.sign(self.reference)

    def with_answers(self, given: Answers) -> Visit:
        """The same session once these answers are stored."""
        return replace(self, answers={**self.answers, **given})

    @property
    def begun(self) -> bool:
        """Whether anything was given."""
        return bool(self.last_sequence or self.drafts)

    @property
    def closes_at(self) -> datetime:
        """When it closes in this browser, unless something is done before."""
        quiet = min(self.last_active_at + self._idle, self.opened_at + LONGEST)
        return max(quiet, self.kept_open_until or quiet)

    @property
    def _idle(self) -> timedelta:
        if not self.room:
            return IDLE
        return ROOM_RESULT if self.submitted_at else ROOM_IDLE

    def seconds_left(self, now: datetime) -> int:
        return int((self.closes_at - now).total_seconds())

    def expired(self, now: datetime) -> bool:
        return now > self.closes_at


def find(key: str, language: str) -> Visit | None:
    """The session this key opens, read with its answers and the clinic's settings in one query."""
    return opened_by(releases.sha256(key), language)


def taken_over(key: str) -> bool:
    """Whether another browser has taken over the session that this key opened last."""
    return TriageSession.objects.filter(former_key_hash=releases.sha256(key)).exists()


def opened_by(key_hash: str, language: str) -> Visit | None:
    """The same by the hash of the key, which is all that is stored of it."""
    rows = BY_KEY.rows(key_hash)
    if not rows:
        return None
    session = rows[0]
    reference = session["reference"]
    clinic = Clinic(
        **{name.removeprefix(CLINIC): value for name, value in session.items() if name.startswith(CLINIC)}
    )
    stored = {
        row["answers__item"]: Stored(
            given=row["answers__given"],
            sequence=row["answers__sequence"],
            answered_at=row["answers__answered_at"],
            taken_back=row["answers__taken_back"],
        )
        for row in rows
        if row["answers__item"]
    }
    touched = (session["started_at"], session["reopened_at"], session["stayed_at"], session["submitted_at"])
    return Visit(
        pk=session["pk"],
        reference=reference,
        language=clinic.spoken(language),
        demo=session["demo"],
        started_at=session["started_at"],
        emergency_at=session["emergency_at"],
        submitted_at=session["submitted_at"],
        last_sequence=session["last_sequence"],
        kept_open_until=session["kept_open_until"],
        room=session["room"],
        appointment_at=session["appointment_at"],
        drafts=opened(session["drafts"] or {}, reference),
        refused=session["refused"],
        contact=opened(session["contact"], reference, CONTACT),
        release=session["release__sha256"],
        version=session["release__version"],
        clinic=clinic,
        stored=stored,
        answers={item: opened_texts(answer.given, reference, item) for item, answer in stored.items()},
        opened_at=session["reopened_at"] or session["started_at"],
        last_active_at=max([*filter(None, touched), *(answer.answered_at for answer in stored.values())]),
        corrects=session["corrects__reference"] or "",
    )


def stamped(stamp: str, language: str) -> Visit | None:
    """The session whose pages carry this stamp, whatever the browser's key opens."""
    try:
        session = TriageSession.objects.filter(reference=STAMPS.unsign(stamp))
    except BadSignature:
        return None
    key_hash = session.values_list("key_hash", flat=True).first()
    return opened_by(key_hash, language) if key_hash else None


def remember(response: HttpResponse, key: str, until: datetime | None = None) -> None:
    """Give the browser the key to its session. It ends with the browser, or on the patient's own device in a while."""
    response.set_cookie(
        settings.VISIT_COOKIE_NAME,
        key,
        expires=until,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def forget(response: HttpResponse) -> None:
    response.delete_cookie(settings.VISIT_COOKIE_NAME, path="/", samesite="Lax")


def key_of(request: HttpRequest) -> str:
    return request.COOKIES.get(settings.VISIT_COOKIE_NAME, "")
