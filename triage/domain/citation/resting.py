"""What rests on a source: the questions, signs, rules and sentences of the content that cite it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from triage.domain.content import SIGNS, Content
from triage.domain.result import ClinicSettings, say, settings_allow
from triage.domain.wording import filled, phrases


@dataclass(frozen=True, slots=True)
class Decides:
    """A rule as patients read it, and what it gives."""

    says: str
    gives: str


@dataclass(frozen=True, slots=True)
class Resting:
    """Everything that cites a source, in the words of patients; of what staff alone read, how much there is."""

    rules: tuple[Decides, ...]
    signs: tuple[str, ...]
    questions: tuple[str, ...]
    sentences: tuple[str, ...]
    for_staff: int

    @property
    def count(self) -> int:
        shown = (self.rules, self.signs, self.questions, self.sentences)
        return sum(map(len, shown)) + self.for_staff


def resting_on(content: Content, sources: Collection[str], clinic: ClinicSettings) -> Resting:
    """What rests on any of the sources (ids of claims or guidance), as this clinic's patients read it."""
    cite = set(sources)
    questions = (item.text for item in content.items.values() if not cite.isdisjoint(item.basis))
    signs = (
        part.patient
        for sign in content.signs
        if not cite.isdisjoint(sign.basis)
        for part in content.sign_texts[sign.id].parts
    )
    staff_rows = (
        row for section in content.sections.values() if section.reader == "staff" for row in section.rows
    )
    return Resting(
        rules=tuple(dict.fromkeys(_rules(content, cite))),
        signs=tuple(dict.fromkeys(sign for sign in signs if sign)),  # of some only staff read
        questions=tuple(questions),
        sentences=tuple(dict.fromkeys(_sentences(content, cite, clinic))),
        for_staff=sum(not cite.isdisjoint(row.sentence.basis) for row in staff_rows),
    )


def _rules(content: Content, cite: set[str]) -> Iterator[Decides]:
    words = {**phrases(content), SIGNS: "…"}  # which signs it lists depends on the answers
    for name, rules in (
        ("origin", content.origin_rules),
        ("root", content.root_rules),
        ("urgency", content.urgency_rules),
    ):
        for rule in rules:
            if not cite.isdisjoint(rule.basis):
                gives = content.outcomes[name][rule.gives].patient
                yield from (Decides(filled(part.patient, words), gives) for part in rule.parts)


def _sentences(content: Content, cite: set[str], clinic: ClinicSettings) -> Iterator[str]:
    for screen in content.screens:
        if not cite.isdisjoint(screen.why.basis):
            yield screen.why.text
    words = {**clinic, **phrases(content)}
    for section in content.sections.values():
        for row in section.rows if section.reader != "staff" else ():
            if not cite.isdisjoint(row.sentence.basis) and settings_allow(row, clinic):
                yield say(row.sentence, words).text
