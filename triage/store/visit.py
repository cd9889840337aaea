"""A patient's session as the pages see it: found by the browser's cookie, read in one query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from operator import itemgetter
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
OWN_DEVICE = timedelta(days=1)  # a result, where the patient says that nobody else uses the device

SESSION_FIELDS = (
    "pk",
    "reference",
    "language",
    "demo",
    "started_at",
    "emergency_at",
    "submitted_at",
    "kept_open_until",
    "last_sequence",
    "drafts",
    "refused",
)
TOUCHED_FIELDS = (
    "started_at",
    "submitted_at",
    "reopened_at",
    "stayed_at",
)  # when something was done, beside answers
CLINIC_FIELDS = (
    "name",
    "phone",
    "hours",
    "emergency_number",
    "advice_line",
    "languages",
    "show_roots",
    "read_by",
    "return_days",
    "tell_about",
)


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
        *dict.fromkeys((*SESSION_FIELDS, *TOUCHED_FIELDS)),
        "release__sha256",
        "release__version",
        "corrects__reference",
        *(f"clinic__{name}" for name in CLINIC_FIELDS),
        "answers__item",
        *(f"answers__{name}" for name in Stored._fields),
    ],
)
AS_STORED = itemgetter(*(f"answers__{name}" for name in Stored._fields))
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
    last_sequence: int
    drafts: Drafts
    refused: str  # the screen whose drafts are shown with what is wrong with them
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
        quiet = min(self.last_active_at + IDLE, self.opened_at + LONGEST)
        return max(quiet, self.kept_open_until or quiet)

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
    first = rows[0]
    reference = first["reference"]
    stored = {row["answers__item"]: Stored._make(AS_STORED(row)) for row in rows if row["answers__item"]}
    touched = [first[name] for name in TOUCHED_FIELDS if first[name]]
    clinic = Clinic(pk=1, **{name: first[f"clinic__{name}"] for name in CLINIC_FIELDS})
    return Visit(
        **{name: first[name] for name in SESSION_FIELDS}
        | {"language": clinic.spoken(language), "drafts": opened(first["drafts"] or {}, reference)},
        release=first["release__sha256"],
        version=first["release__version"],
        clinic=clinic,
        stored=stored,
        answers={item: opened_texts(answer.given, reference, item) for item, answer in stored.items()},
        opened_at=first["reopened_at"] or first["started_at"],
        last_active_at=max([*touched, *[answer.answered_at for answer in stored.values()]]),
        corrects=first["corrects__reference"] or "",
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
