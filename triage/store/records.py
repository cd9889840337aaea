"""Frozen records: shown only while their hash matches, checked as a chain, and told again under other content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Any

from django.utils import timezone

from triage.domain.content import Content
from triage.domain.decision import decide
from triage.domain.result import build
from triage.domain.walk import Answers, walk
from triage.models import Purge, PurgedRecord, RecordChain, TriageSession
from triage.models.clinic import settings_in
from triage.store import chains, releases
from triage.store.notes import read
from triage.store.releases import sha256

WHOSE = 2  # from this format on a record says whose it is


class RecordAltered(RuntimeError):
    """A stored record is not what was submitted."""


def open_record(session: TriageSession) -> dict[str, Any]:
    """The record of a submitted session. Raises RecordAltered when it is not what was submitted, or another's."""
    if sha256(session.record) != session.record_sha256:
        raise RecordAltered(session.reference)
    record: dict[str, Any] = read(session.record, session.reference)
    if (record["reference"], record["number"]) != (session.reference, session.record_number):
        raise RecordAltered(session.reference)
    return record


def is_as_submitted(session: TriageSession) -> bool:
    try:
        return bool(open_record(session))
    except RecordAltered:
        return False


def submissions(**only: Any) -> Iterator[TriageSession]:
    """Every submitted session (or those with `only` these values) in the order of the chain, read one by one."""
    submitted = TriageSession.objects.exclude(record_number=None).filter(**only)
    rows = submitted.order_by("record_number").select_related("release")
    return rows.defer("release__content").iterator(chunk_size=100)


# The chain


def links() -> Iterator[TriageSession | PurgedRecord]:
    """Every link of the chain in order; of a purged record what stayed of it."""
    purged = PurgedRecord.objects.order_by("record_number").iterator()
    return merge(submissions(), purged, key=attrgetter("record_number"))


class ChainCheck:
    """Goes along the chain of records and notes what is wrong with it; holds one link at a time."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.number = 0
        self.sha256 = ""
        ran = Purge.objects.filter(refused="").values_list("at", "before")
        self.before = dict(ran)  # by purge: what was handed in earlier was due; None where that was not noted

    def add(self, link: TriageSession | PurgedRecord) -> None:
        number = link.record_number
        assert number is not None
        name = f"record {number} ({'purged' if isinstance(link, PurgedRecord) else link.reference})"
        follows = number == self.number + 1
        if isinstance(link, PurgedRecord):
            self._purged(link, name)
        if number == self.number:
            self.faults.append(f"{name}: there twice")
        elif not follows:
            self.faults.append(f"{_records(self.number + 1, number - 1)} before {name}")
        previous = link.previous if isinstance(link, PurgedRecord) else self._previous(link, name)
        if follows and previous not in (None, self.sha256):
            self.faults.append(f"{name}: does not follow record {self.number}; one of the two was replaced")
        self.number, self.sha256 = number, link.record_sha256

    def _purged(self, link: PurgedRecord, name: str) -> None:
        """What stays of a purged record comes from a purge that ran, for which it was due, and bears its seal."""
        if link.purged_at not in self.before:
            self.faults.append(f"{name}: no purge ran when it is said to have been deleted")
        elif (before := self.before[link.purged_at]) and not _was_due(link, before):
            self.faults.append(f"{name}: was not due when it is said to have been deleted")
        if fault := chains.seal_fault(link.seal, chains.seal_of_purged(link)):
            self.faults.append(f"{name}: {fault}")

    def _previous(self, session: TriageSession, name: str) -> str | None:
        """The hash that its record follows; None where the record is not to be believed."""
        try:
            record = open_record(session)
        except RecordAltered:
            self.faults.append(
                f"{name}: not what was submitted, its text does not have its hash or is another's"
            )
            return None
        self.faults += [
            f"{name}: the list shows another {column} than the record"
            for column in _differing(session, record)
        ]
        previous: str = record["previous"]
        return previous

    def end(self) -> None:
        """After the last record: it has to be the one the chain ends with."""
        newest = chains.head_of(RecordChain)
        if newest.number > self.number:
            self.faults.append(f"{_records(self.number + 1, newest.number)} at the end")
        elif (newest.number, newest.sha256) != (self.number, self.sha256):
            self.faults.append(f"record {self.number}: not the one the chain ends with")
        if newest.number and (fault := chains.seal_fault(newest.seal, chains.seal_of_head(newest))):
            self.faults.append(f"the end of the chain {fault}")


def _was_due(link: PurgedRecord, before: datetime) -> bool:
    return link.submitted_on is not None and link.submitted_on <= timezone.localdate(before)


def _records(first: int, last: int) -> str:
    return f"record {first} is missing" if first == last else f"records {first} to {last} are missing"


def _differing(session: TriageSession, record: dict[str, Any]) -> Iterator[str]:
    """The columns that lists sort and filter by, where they are not what the record says."""
    result = record["result"]
    stored: dict[str, tuple[object, object]] = {
        "origin": (session.origin, result["origin"]),
        "root": (session.root, result["root"] or ""),
        "urgency": (
            TriageSession.Urgency(session.urgency or 0).name,
            result["urgency"].replace("-", "_").upper(),
        ),
        "language": (session.language, record["language"]),
        "time": (session.submitted_at and session.submitted_at.isoformat(), record["submitted_at"]),
        "release": (session.release.sha256, record["release"]["sha256"]),
    }
    if record["format"] >= WHOSE:
        stored["invitation"] = (session.invitation_id, record["invitation"])
        stored["demo mark"] = (session.demo, record["demo"])
    return (name for name, (column, frozen) in stored.items() if column != frozen)


# Told again


@dataclass(frozen=True, slots=True)
class Told:
    """What a submission is told: origin, root and urgency (or an exit), and the rules that say so."""

    outcome: tuple[str, ...]
    rules: tuple[str, ...]


def told_otherwise(
    content: Content, sessions: Iterable[TriageSession] | None = None
) -> Iterator[tuple[TriageSession, Told, Told | None]]:
    """Every stored submission (or these) with what it was told; and what this content would tell, where that differs.

    Raises nothing for an altered record: it is left out (`verify_store` names it).
    """
    for session in submissions() if sessions is None else sessions:
        try:
            record = open_record(session)
        except RecordAltered:
            continue
        old, new = told(record), told_by(content, record)
        yield session, old, new if new != old else None


def told(record: dict[str, Any]) -> Told:
    result = record["result"]
    reasons = (result["why_origin"], result["why_root"], *result["why_urgent"])
    outcome = tuple(value for value in (result["origin"], result["root"], result["urgency"]) if value)
    return Told(outcome, tuple(reason["rule"] for reason in reasons if reason))


def told_by(content: Content, record: dict[str, Any]) -> Told:
    """What the same answers are told under another content; answers it does not know count as not given."""
    walked = walk(content, known(content, record))
    if walked.exit:
        return Told((walked.exit,), ())
    decision = decide(content, walked)
    outcome = tuple(value for value in (decision.origin, decision.root, decision.urgency) if value)
    rules = (decision.origin_rule, decision.root_rule, *decision.urgency_rules)
    return Told(outcome, tuple(rule.id for rule in rules if rule))


def in_language(record: dict[str, Any], language: str) -> dict[str, Any]:
    """The record as its release says it in another language: the record itself stays as it is.

    Itself, where that release has no such language, or this program would tell these answers something else.
    """
    if language == record["language"]:
        return record
    content = releases.content(record["release"]["sha256"], language)
    if content.language != language or told_by(content, record) != told(record):
        return record
    walked = walk(content, known(content, record))
    clinic = settings_in(record["clinic"], language)
    result = build(content, walked, decide(content, walked), clinic, releases.passages())
    return {**record, "language": language, "result": result.as_data(), "sent_in": record["language"]}


def known(content: Content, record: dict[str, Any]) -> Answers:
    """The answers of a record, without those that this content does not know."""
    answers: dict[str, tuple[str, ...]] = {}
    for answer in record["answers"]:
        item = content.items.get(answer["item"])
        if item is None:
            continue
        given = tuple(answer["given"])
        answers[item.key] = (
            given
            if item.kind == "text"
            else tuple(code for code in given if code in item.codes | {item.unsure})
        )
    return answers
