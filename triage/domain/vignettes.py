"""How often the rules agree with what a clinician expects of the example cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from triage.domain.content import URGENCIES, Content, Vignette
from triage.domain.decision import Decision, decide
from triage.domain.walk import read_answers, walk


@dataclass(frozen=True, slots=True)
class Judged:
    """An example case and what the rules decide for it."""

    vignette: Vignette
    decision: Decision

    @property
    def too_low(self) -> bool:
        """Under-triage: less urgent than a clinician expects."""
        return self._steps < 0

    @property
    def too_high(self) -> bool:
        return self._steps > 0

    @property
    def agrees(self) -> bool:
        """In origin, root and urgency."""
        expected = self.vignette
        decided = (self.decision.origin, self.decision.root, self.decision.urgency)
        return decided == (expected.origin, expected.root, expected.urgency)

    @property
    def _steps(self) -> int:
        return rank(self.decision.urgency) - rank(self.vignette.urgency)


def rank(urgency: str | None) -> int:
    """An exit page, with no urgency at all, stands lowest."""
    return URGENCIES.index(urgency) if urgency else -1


@dataclass(frozen=True, slots=True)
class Score:
    """Of `total` cases, in how many the urgency is that which a clinician expects, higher, or lower."""

    total: int
    exact: int
    over: int
    under: int


def judge(content: Content) -> Iterator[Judged]:
    for vignette in content.vignettes:
        yield Judged(vignette, decide(content, walk(content, read_answers(content, vignette.answers))))


def score(cases: Iterable[Judged]) -> Score:
    judged = list(cases)
    over, under = sum(case.too_high for case in judged), sum(case.too_low for case in judged)
    return Score(len(judged), len(judged) - over - under, over, under)


def scores(content: Content) -> dict[str, Score]:
    """By the urgency that is expected, the most urgent first; `exit`: an exit page is."""
    cases: dict[str, list[Judged]] = {urgency: [] for urgency in (*reversed(URGENCIES), "exit")}
    for case in judge(content):
        cases[case.vignette.urgency or "exit"].append(case)
    return {expected: score(found) for expected, found in cases.items() if found}
