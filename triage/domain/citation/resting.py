"""What rests on a source: the questions, signs, rules and sentences of the content that cite it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from triage.domain.content import Content
from triage.domain.result import ClinicSettings, say, settings_allow
from triage.domain.wording import phrases


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
    signs = (content.sign_texts[sign.id].patient for sign in content.signs if not cite.isdisjoint(sign.basis))
    staff_rows = (
        row for section in content.sections.values() if section.reader == "staff" for row in section.rows
    )
    return Resting(
        rules=tuple(dict.fromkeys(_rules(content, cite))),
        signs=tuple(dict.fromkeys(signs)),
        questions=tuple(questions),
        sentences=tuple(dict.fromkeys(_sentences(content, cite, clinic))),
        for_staff=sum(not cite.isdisjoint(row.sentence.basis) for row in staff_rows),
    )


def _rules(content: Content, cite: set[str]) -> Iterator[Decides]:
    for name, rules in (
        ("origin", content.origin_rules),
        ("root", content.root_rules),
        ("urgency", content.urgency_rules),
    ):
        for rule in rules:
            if not cite.isdisjoint(rule.basis):
                yield Decides(rule.patient.text, content.outcomes[name][rule.gives].patient)


def _sentences(content: Content, cite: set[str], clinic: ClinicSettings) -> Iterator[str]:
    for screen in content.screens:
        if not cite.isdisjoint(screen.why.basis):
            yield screen.why.text
    words = {**clinic, **phrases(content)}
    for section in content.sections.values():
        for row in section.rows if section.reader != "staff" else ():
            if not cite.isdisjoint(row.sentence.basis) and settings_allow(row, clinic):
                yield say(row.sentence, words).text
