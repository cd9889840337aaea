"""The ledger: every sentence a page may show, what it rests on, and whether it says no more than that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, cast

from triage.domain.cases import ALWAYS, Cases, CaseTable, either, table_of
from triage.domain.citation.hedges import LEXICONS, Lexicon, overstatements
from triage.domain.content import (
    ORIGINS,
    ROOTS,
    URGENCIES,
    Content,
    Row,
    Screen,
    Sentence,
    Urgency,
)
from triage.domain.decision import decide
from triage.domain.loading import Fault
from triage.domain.logic import UNSURE, YES
from triage.domain.result import ClinicSettings, Said, build, say
from triage.domain.walk import Answers, read_answers, walk

Reader = Literal["patient", "staff"]
Says = Literal[
    "claim", "finding", "words"
]  # what sources say; what was answered; questions, names and titles

PERCENTAGE = re.compile(r"\d\s*%|\bper ?cent\b|\bpor ciento\b")
WITH_PERCENTAGES = ("how",)  # the one page for patients where they stand

ALL_SET: ClinicSettings = {
    "clinic_name": "The clinic",
    "clinic_phone": "555 0100",
    "clinic_hours": "8 to 5",
    "emergency_number": "911",
    "advice_line": "555 0199",
}
FEW_SET: ClinicSettings = {**ALL_SET, "clinic_phone": "", "clinic_hours": "", "advice_line": ""}


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of the content, under the key that translations use."""

    key: str
    reader: Reader
    says: Says
    sentence: Sentence

    def file(self, content: Content) -> str:
        if content.language != next(iter(content.languages)):
            return f"{content.language}.yaml"
        kind = self.key.split(".")[0]
        return {"screen": "questionnaire.yaml", "item": "questionnaire.yaml"}.get(
            kind, "sources.yaml" if kind in ("claim", "guidance") else "results.yaml"
        )


def entries(content: Content) -> Iterator[Entry]:
    """Every text of the content that a reader may come to see."""
    for screen in content.screens:
        yield from _screen(screen)
    yield from _names(content)
    yield from _findings(content)
    for section in content.sections.values():
        reader: Reader = "staff" if section.reader == "staff" else "patient"
        yield Entry(f"section.{section.key}.title", reader, "words", Sentence(section.title, ()))
        for row in section.rows:
            yield Entry(f"row.{row.key}", reader, "claim", row.sentence)
    for claim in content.claims.values():
        yield Entry(f"claim.{claim.id}", "patient", "claim", Sentence(claim.text, (claim.id,)))
    for source in content.guidance.values():
        yield Entry(f"guidance.{source.id}", "patient", "claim", Sentence(source.fact, (source.id,)))


def _screen(screen: Screen) -> Iterator[Entry]:
    yield Entry(f"screen.{screen.key}.title", "patient", "words", Sentence(screen.title, ()))
    yield Entry(f"screen.{screen.key}.why", "patient", "claim", screen.why)
    for item in screen.items:
        texts = {"text": item.text, "label": item.label, "hint": item.hint}
        for option in item.options:
            texts |= {option.code: option.text, f"{option.code}.hint": option.hint}
        for name, text in texts.items():
            if text:
                yield Entry(f"item.{item.key}.{name}", "patient", "words", Sentence(text, item.basis))


def _names(content: Content) -> Iterator[Entry]:
    for name, outcomes in content.outcomes.items():
        for value, outcome in outcomes.items():
            yield Entry(f"outcome.{name}.{value}", "patient", "words", Sentence(outcome.patient, ()))
            yield Entry(f"outcome.{name}.{value}", "staff", "words", Sentence(outcome.staff, ()))


def _findings(content: Content) -> Iterator[Entry]:
    for rule in (*content.origin_rules, *content.root_rules, *content.urgency_rules):
        yield Entry(f"rule.{rule.id}", "patient", "claim", rule.patient)
        yield Entry(f"rule.{rule.id}", "staff", "claim", rule.staff)
    for sign in content.signs:
        text = content.sign_texts[sign.id]
        yield Entry(f"sign.{sign.id}", "patient", "finding", Sentence(text.patient, sign.basis))
        yield Entry(f"sign.{sign.id}.unsure", "patient", "finding", Sentence(text.unsure, sign.basis))
        yield Entry(f"sign.{sign.id}", "staff", "finding", Sentence(text.staff, sign.basis))


# What a sentence may say


def faults(content: Content) -> Iterator[Fault]:
    """Every text that says more than it may: each with its file, its key and what to do."""
    lexicon = LEXICONS.get(content.language)
    if lexicon is None:
        yield Fault(
            f"{content.language}.yaml",
            "language",
            "no list says how strong the words of this language are",
            "Add one to domain/citation/hedges.py",
        )
        return
    own = content.language == next(iter(content.languages))
    figures = {f"row.{row.key}" for key in WITH_PERCENTAGES for row in content.sections[key].rows}
    for entry in entries(content):
        if entry.reader == "patient" or own:  # staff read the questionnaire's own language
            for problem, remedy in _problems(content, entry, lexicon, entry.key in figures):
                yield Fault(entry.file(content), f"{entry.key} ({entry.reader})", problem, remedy)


def _problems(content: Content, entry: Entry, lexicon: Lexicon, figures: bool) -> Iterator[tuple[str, str]]:
    text = entry.sentence.text
    for why in lexicon.forbidden(text):
        yield f"it {why}: {text}", "Say what the answers fit, and no more"
    if entry.reader == "patient" and not figures and PERCENTAGE.search(text):
        yield f"a percentage: {text}", "Keep percentages for staff and for the section how"
    if entry.says == "claim" and entry.sentence.kind == "article":
        hedges = [content.claims[id].hedge for id in entry.sentence.basis if id in content.claims]
        for why in overstatements(lexicon, text, hedges):
            yield (
                f"{why} ({', '.join(sorted(set(hedges)))}): {text}",
                "Say it as carefully as the article does",
            )


def unused_claims(content: Content) -> set[str]:
    """The claims of the article that no question, sign, rule or text rests on."""
    cited = {
        id for entry in entries(content) if not entry.key.startswith("claim.") for id in entry.sentence.basis
    }
    return content.claims.keys() - cited


# What results say


@dataclass(frozen=True)
class Ledger:
    """What may stand on the results of a content, in a clinic with these settings."""

    sentences: frozenset[Said]
    words: frozenset[str]

    def unknown_in(self, data: Any) -> Iterator[str]:
        """The texts in a result's data that are in no file of the content, or under other sources than there."""
        if isinstance(data, Mapping):
            if data.keys() == {"text", "kind", "sources"}:
                said = Said(data["text"], data["kind"], tuple(data["sources"]))
                if said not in self.sentences:
                    yield said.text
                return
            data = [value for key, value in data.items() if key not in ("note", "citations")]
        if isinstance(data, list | tuple):
            for part in data:
                yield from self.unknown_in(part)
        elif isinstance(data, str) and " " in data and not self.words.issuperset(data.split("; ")):
            yield data


def ledger(content: Content, clinic: ClinicSettings) -> Ledger:
    every = list(entries(content))
    return Ledger(
        sentences=frozenset(say(entry.sentence, clinic) for entry in every if entry.says != "words"),
        words=frozenset(
            part for entry in every if entry.says == "words" for part in entry.sentence.text.split("; ")
        ),
    )


@dataclass(frozen=True, slots=True)
class Rendering:
    """What came of rendering results for every outcome and every sentence."""

    results: int
    outcomes: int
    shown: frozenset[str]  # sentences
    unknown: tuple[str, ...]


def render_all(content: Content) -> Rendering:
    """Results for answers that bring about every outcome, rule, sign and row, in clinics with all settings and few."""
    shown: set[str] = set()
    unknown: dict[str, None] = {}
    outcomes: set[tuple[str, str | None, str]] = set()
    count = 0
    books = [(clinic, ledger(content, clinic)) for clinic in (ALL_SET, FEW_SET)]
    for answers, (clinic, book) in product(answer_sets(content), books):
        walked = walk(content, answers)
        if walked.exit:
            continue
        result = build(content, walked, decide(content, walked), clinic)
        data = result.as_data()
        unknown |= dict.fromkeys(book.unknown_in(data))
        shown.update(_said(data))
        outcomes.add((result.origin, result.root, result.urgency))
        count += 1
    return Rendering(count, len(outcomes), frozenset(shown), tuple(unknown))


def _said(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        if "text" in data:
            yield data["text"]
        data = list(data.values())
    if isinstance(data, list | tuple):
        for part in data:
            yield from _said(part)


def never_shown(content: Content, rendering: Rendering) -> Iterator[Entry]:
    """The sentences that no result came to show. The words of a sign that points nowhere are for conditions alone."""
    silent = {sign.id for sign in content.signs if sign.points_to == "neither"}
    for entry in entries(content):
        kind, id = entry.key.split(".")[:2]
        filled = {say(entry.sentence, clinic).text for clinic in (ALL_SET, FEW_SET)}
        if kind in ("rule", "sign", "row") and id not in silent and not filled & rendering.shown:
            yield entry


def answer_sets(content: Content) -> Iterator[Answers]:
    """The example cases, and answers made for each outcome, rule, sign and row; each set once."""
    table = table_of(content)
    made = [table.example(*parts) for parts in _wanted(content, table)]
    cases = [read_answers(content, vignette.answers) for vignette in content.vignettes]
    yield from {
        tuple(sorted(answers.items())): answers for answers in (*cases, *made) if answers is not None
    }.values()


def _wanted(content: Content, table: CaseTable) -> Iterator[tuple[Cases, ...]]:
    for origin, urgency in product(ORIGINS, URGENCIES):
        for root in ROOTS if origin == "back" else ("",):
            yield (table.roots[root] if root else table.origins[origin], *_exactly(table, urgency))
    for rule in content.origin_rules:
        yield (table.decides(rule, content.origin_rules),)
    for rule in content.root_rules:
        yield (table.origins["back"], table.decides(rule, content.root_rules))
    for rule in content.urgency_rules:
        yield (table.fires(rule),)
    for sign in content.signs:
        yield (table.when(sign),)
        yield (table.when(sign, UNSURE), table.when(sign, YES, False))
    for section in content.sections.values():
        for row in section.rows:
            yield from _row(table, row)


def _row(table: CaseTable, row: Row) -> Iterator[tuple[Cases, ...]]:
    """What it takes for the row to be shown, by each urgency it may be shown with."""
    when = table.when(row.when) if row.when else ALWAYS
    origin = either(table.origins[name] for name in row.origin) if row.origin else ALWAYS
    root = either(table.roots[name] for name in row.root) if row.root else ALWAYS
    for urgency in row.urgency or (None,):
        yield (when, origin, root, *(_exactly(table, cast(Urgency, urgency)) if urgency else ()))


def _exactly(table: CaseTable, urgency: Urgency) -> tuple[Cases, Cases]:
    higher = URGENCIES[URGENCIES.index(urgency) + 1 :]
    return table.at_least[urgency], table.below[higher[0]] if higher else ALWAYS
