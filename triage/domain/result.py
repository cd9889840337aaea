"""What a decision says: to the patient, to the clinic, and the citations behind each sentence.

A result is plain data (it is frozen as JSON when a questionnaire is submitted, and shown from that ever after).
Every sentence carries its kind and sources, so that a reader can tell the article, public guidance and the
clinic's own words apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from triage.domain import explain
from triage.domain.content import SIGNS, Content, Item, Row, Rule, Sentence, cited
from triage.domain.decision import Decision, reasons
from triage.domain.logic import UNSURE, YES, Sign, support
from triage.domain.walk import Walk
from triage.domain.wording import Words, filled, fitting, phrases, signs, worded

ClinicSettings = Mapping[str, str]  # the names in content.CLINIC_SETTINGS
Passages = Mapping[str, str]  # SHA-256 -> exact text, where the clinic has attached it

SHOW_NOTHING: Passages = {}


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence as shown. `kind`: article, guidance or clinic. `sources`: keys of `Result.citations`."""

    text: str
    kind: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """An answer in words: the question, what was chosen, and what it rests on."""

    item: str
    question: str
    answer: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that fired: what it says to each reader, and the answers it rests on."""

    rule: str
    gives: str
    patient: Said
    staff: Said
    answers: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sign: what it says to each reader, and where it points."""

    sign: str
    points_to: str  # back or foot: where it points, or would if it were known
    patient: Said
    staff: Said


@dataclass(frozen=True, slots=True)
class Instead:
    """An answer that would have to be another: any of `answers`, in words."""

    item: str
    label: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A smallest change of answers that alters the origin or the urgency (`part`): all of it together."""

    part: str
    to: str
    name: str  # of `to`, for staff
    instead: tuple[Instead, ...]


@dataclass(frozen=True, slots=True)
class Sentences:
    """A titled part of the result."""

    title: str
    sentences: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence comes from. `words` are ours; `passage` is the exact text, or "" where it is not attached."""

    id: str
    kind: str
    title: str
    locator: str
    url: str
    words: str
    hedge: str
    passage: str
    status: str
    checked: str  # the day a clinician last opened it, or ""


@dataclass(frozen=True, slots=True)
class Line:
    """One asked question: what was said, and, for the clinic, what it speaks for.

    `given`: the codes, for the places marked in `picture`.
    """

    item: str
    label: str
    question: str
    answer: str
    given: tuple[str, ...]
    known: bool
    picture: str
    mirrored: bool
    speaks_for: tuple[str, ...]  # back, foot, safety; empty: neither
    signs: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """Everything either reader sees of a decision."""

    origin: str
    root: str | None
    urgency: str
    names: Mapping[str, Mapping[str, str]]  # reader -> origin, root, urgency -> name
    why_urgent: tuple[Reason, ...]
    why_origin: Reason
    why_root: Reason | None
    points_to: Mapping[str, tuple[Evidence, ...]]  # back, foot, unknown
    sections: Mapping[str, Sentences]  # for the patient
    staff_sections: Mapping[str, Sentences]
    root_sentences: tuple[Said, ...]  # shown to a patient only where the clinic allows it
    # By origin and urgency: the fewest answers that force it, whatever else were answered.
    enough: Mapping[str, tuple[Given, ...]]
    # For the patient of a routine result: answers each of which turns the origin by itself.
    check_again: tuple[Given, ...]
    changes: tuple[Change, ...]  # for the clinic alone
    lines: tuple[Line, ...]
    note: str
    citations: Mapping[str, Citation]

    def as_data(self) -> dict[str, Any]:
        """Plain JSON data, with the citations that its sentences name and no others."""
        named: set[str] = set()

        def noted(part: dict[str, Any]) -> dict[str, Any]:
            named.update(part.get("sources", ()))
            return part

        said = {name: value for name, value in _fields(self).items() if name != "citations"}
        data: dict[str, Any] = json.loads(json.dumps(said, default=_fields), object_hook=noted)
        data["citations"] = {id: _fields(citation) for id, citation in self.citations.items() if id in named}
        return data


def _fields(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__slots__}


def build(
    content: Content,
    walked: Walk,
    decision: Decision,
    clinic: ClinicSettings,
    passages: Passages = SHOW_NOTHING,
) -> Result:
    """The result of a decision. The decision must be one (not ended by an exit)."""
    if decision.origin is None or decision.urgency is None or decision.origin_rule is None:
        raise ValueError("an exit page has no result")
    words = {**clinic, **phrases(content, walked.facts)}
    sections = {key: _section(content, key, walked, decision, clinic, words) for key in content.sections}
    staff = [section.key for section in content.sections.values() if section.reader == "staff"]
    explained = explain.explain(content, walked, decision)
    why_urgent = tuple(_reason(content, rule, walked) for rule in decision.urgency_rules)
    points = _points(content, walked, why_urgent)
    return Result(
        origin=decision.origin,
        root=decision.root,
        urgency=decision.urgency,
        names=_names(content, decision),
        why_urgent=why_urgent,
        why_origin=_reason(content, decision.origin_rule, walked),
        why_root=_reason(content, decision.root_rule, walked) if decision.root_rule else None,
        points_to=_points_to(content, walked),
        sections={key: section for key, section in sections.items() if key not in staff},
        staff_sections={key: section for key, section in sections.items() if key in staff},
        root_sentences=_said_rows(
            (row for row in content.sections["pattern"].rows if row.root), walked, decision, clinic, words
        ),
        enough={
            part: tuple(_given(content, key, walked) for key in keys)
            for part, keys in explained.enough.items()
        },
        check_again=tuple(_given(content, key, walked) for key in explained.check_again),
        changes=tuple(_change(content, change, walked) for change in explained.changes),
        lines=tuple(
            _line(content, key, walked, points) for key in walked.asked if content.items[key].kind != "text"
        ),
        note=_note(content, walked),
        citations=citations(content, passages),
    )


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do first, for a page that says nothing else."""

    name: str
    now: Sentences
    reasons: tuple[Reason, ...]


def advice(content: Content, walked: Walk, decision: Decision, clinic: ClinicSettings) -> Advice:
    """What a decision says to do first, and the rules that say so."""
    return Advice(
        name=_names(content, decision)["patient"]["urgency"],
        now=_section(content, "now", walked, decision, clinic, {**clinic, **phrases(content, walked.facts)}),
        reasons=tuple(_reason(content, rule, walked) for rule in decision.deciding_rules),
    )


def say(sentence: Sentence, words: Words) -> Said:
    """The sentence with what it names in braces filled in: settings of the clinic, phrases."""
    return Said(filled(sentence.text, words), sentence.kind, sentence.sources)


def section(content: Content, key: str, clinic: ClinicSettings) -> Sentences:
    """A section that depends on no answer, for the pages before and beside a result."""
    rows = (row for row in content.sections[key].rows if settings_allow(row, clinic))
    words = {**clinic, **phrases(content)}
    return Sentences(content.sections[key].title, tuple(say(row.sentence, words) for row in rows))


def citations(content: Content, passages: Passages = SHOW_NOTHING) -> dict[str, Citation]:
    """Every source of the content, by the id that sentences carry."""
    return {id: citation(content, id, passages) for id in (*content.claims, *content.guidance)}


def citation(content: Content, id: str, passages: Passages = SHOW_NOTHING) -> Citation:
    """One source: a claim of the article, or a guidance document."""
    if id in content.claims:
        claim, article = content.claims[id], content.article
        passage = content.passages[claim.passage]
        return Citation(
            id=id,
            kind="article",
            title=article.title,
            locator=passage.locator,
            url=article.url,
            words=claim.text,
            hedge=claim.hedge,
            passage=passages.get(passage.sha256, ""),
            status="",
            checked="",
        )
    source = content.guidance[id]
    return Citation(
        id=id,
        kind=source.kind,
        title=source.title,
        locator=source.publisher,
        url=source.url,
        words=source.fact,
        hedge="",
        passage="",
        status=source.status,
        checked=source.checked,
    )


def answer_words(content: Content, key: str, codes: Iterable[str]) -> str:
    """The chosen options in words that fit anybody."""
    return chosen_words(content.items[key], codes)


def chosen_words(item: Item, codes: Iterable[str]) -> str:
    """The chosen options in the item's words, joined for one line of text."""
    if item.kind == "text":
        return "".join(codes)
    chosen = set(codes)
    return "; ".join(option.text for option in item.options if option.code in chosen)


def _names(content: Content, decision: Decision) -> dict[str, dict[str, str]]:
    values = {"origin": decision.origin, "root": decision.root, "urgency": decision.urgency}
    named = {name: content.outcomes[name][value] for name, value in values.items() if value}
    return {
        "patient": {name: outcome.patient for name, outcome in named.items()},
        "staff": {name: outcome.staff for name, outcome in named.items()},
    }


def _reason(content: Content, rule: Rule, walked: Walk) -> Reason:
    # An answer in a safety rule rests on the rule's guidance; any other, on what its question rests on.
    basis = rule.basis if rule.gives in ("emergency", "same-day") else None
    keys = dict.fromkeys(reason.item for reason in reasons(rule, walked))
    given = tuple(_given(content, key, walked, basis) for key in keys)
    words = phrases(content, walked.facts)
    parts = fitting(rule.parts, walked.facts)
    patient, staff = (
        _joined(texts, rule.basis, {**words, SIGNS: signs(content, walked.facts, reader)})
        for reader, texts in (
            ("patient", [part.patient for part in parts]),
            ("staff", [part.staff for part in parts]),
        )
    )
    return Reason(rule.id, rule.gives, patient, staff, given)


def _joined(texts: Iterable[str], basis: tuple[str, ...], words: Words) -> Said:
    """What rests on one basis as one text, the same words once: sentences, or the names of findings."""
    said = dict.fromkeys(filled(text, words) for text in texts)
    sentences = all(text.endswith(".") for text in said)
    return say(Sentence((" " if sentences else "; ").join(said), basis), {})


def _given(content: Content, key: str, walked: Walk, basis: tuple[str, ...] | None = None) -> Given:
    item = worded(content, content.items[key], walked.facts)
    return Given(
        item=key,
        question=item.text,
        answer=chosen_words(item, walked.answers.get(key, (item.unsure,))),
        sources=cited(basis or item.basis),
    )


def _change(content: Content, change: explain.Change, walked: Walk) -> Change:
    instead = (
        Instead(
            item=step.item,
            label=item.label,
            answers=tuple(chosen_words(item, codes) for codes in step.answers),
        )
        for step in change.steps
        for item in (worded(content, content.items[step.item], walked.facts),)
    )
    return Change(change.part, change.to, content.outcomes[change.part][change.to].staff, tuple(instead))


def _points_to(content: Content, walked: Walk) -> dict[str, tuple[Evidence, ...]]:
    found: dict[str, list[Evidence]] = {"back": [], "foot": [], "unknown": []}
    words = phrases(content, walked.facts)
    for sign in content.signs:
        if sign.points_to == "neither":
            continue
        value = sign.truth(walked.facts)
        text = content.sign_texts[sign.id]
        if value is YES:
            parts = fitting(text.parts, walked.facts)
            patient = [part.patient for part in parts]
            found[sign.points_to].append(_evidence(sign, patient, [part.staff for part in parts], words))
        elif value is UNSURE:
            staff = [part.staff for part in text.parts]
            found["unknown"].append(_evidence(sign, [text.unsure], staff, words))
    return {where: tuple(evidence) for where, evidence in found.items()}


def _evidence(sign: Sign, patient: Iterable[str], staff: Iterable[str], words: Words) -> Evidence:
    return Evidence(
        sign.id,
        sign.points_to,
        _joined(patient, sign.basis, words),
        _joined(staff, sign.basis, words),
    )


def _section(
    content: Content, key: str, walked: Walk, decision: Decision, clinic: ClinicSettings, words: Words
) -> Sentences:
    # What a patient reads about the root stands apart (`root_sentences`): the clinic decides whether it is shown.
    section = content.sections[key]
    rows = (row for row in section.rows if section.reader == "staff" or not row.root)
    return Sentences(section.title, _said_rows(rows, walked, decision, clinic, words))


def _said_rows(
    rows: Iterable[Row], walked: Walk, decision: Decision, clinic: ClinicSettings, words: Words
) -> tuple[Said, ...]:
    return tuple(
        say(row.sentence, words)
        for row in rows
        if _fits(row, decision)
        and settings_allow(row, clinic)
        and (not row.when or row.when.truth(walked.facts) is YES)
    )


def _fits(row: Row, decision: Decision) -> bool:
    return (
        (not row.origin or decision.origin in row.origin)
        and (not row.root or decision.root in row.root)
        and (not row.urgency or decision.urgency in row.urgency)
    )


def settings_allow(row: Row, clinic: ClinicSettings) -> bool:
    """A sentence that names an empty setting is left out; one for want of a setting is shown only then."""
    return all(clinic[name] for name in row.sentence.settings) and not (
        row.unless_set and clinic[row.unless_set]
    )


def _line(content: Content, key: str, walked: Walk, points: Points) -> Line:
    item = worded(content, content.items[key], walked.facts)
    codes = walked.answers.get(key, (item.unsure,))
    return Line(
        item=key,
        label=item.label,
        question=item.text,
        answer=chosen_words(item, codes),
        given=codes,
        known=item.unsure not in codes,
        picture=item.picture,
        mirrored=item.mirrored(walked.facts),
        speaks_for=tuple(dict.fromkeys(where for where, _sign in points[key])),
        signs=tuple(sign for _where, sign in points[key] if sign),
        sources=cited(item.basis),
    )


# By item: where its answer points, and the sign through which ("" for safety).
Points = Mapping[str, list[tuple[str, str]]]


def _points(content: Content, walked: Walk, why_urgent: Iterable[Reason]) -> Points:
    """Where answers point, through the safety rules they set off and the signs they make true."""
    found: dict[str, list[tuple[str, str]]] = {key: [] for key in walked.asked}
    for key in {given.item for reason in why_urgent for given in reason.answers}:
        found[key].append(("safety", ""))
    for sign in content.signs:
        if sign.points_to != "neither" and sign.truth(walked.facts) is YES:
            for key in {reason.item for reason in support(sign, walked.facts)}:
                found[key].append((sign.points_to, sign.id))
    return found


def _note(content: Content, walked: Walk) -> str:
    texts = (walked.answers.get(key, ()) for key in walked.asked if content.items[key].kind == "text")
    return "\n".join(text[0] for text in texts if text)
