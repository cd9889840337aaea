"""How the rules do with people others have written about: how often is what they are told what a clinician accepts?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from triage.domain.content import Content, PublishedCase
from triage.domain.decision import Decision, decide
from triage.domain.vignettes import rank
from triage.domain.walk import read_answers, walk


@dataclass(frozen=True, slots=True)
class Tried:
    """A published case and what the rules decide for it."""

    case: PublishedCase
    decision: Decision

    @property
    def origin_accepted(self) -> bool:
        return self.decision.origin in self.case.acceptable_origins

    @property
    def urgency_accepted(self) -> bool:
        return self.decision.urgency in self.case.acceptable_urgencies

    @property
    def accepted(self) -> bool:
        return self.origin_accepted and self.urgency_accepted

    @property
    def too_low(self) -> bool:
        """Under-triage: less urgent than anything a clinician would accept."""
        return rank(self.decision.urgency) < min(map(rank, self.case.acceptable_urgencies))

    @property
    def too_high(self) -> bool:
        return not self.urgency_accepted and not self.too_low

    @property
    def stands_as_listed(self) -> bool:
        """Missed where that is known, accepted where it is not."""
        return self.accepted is not bool(self.case.known_miss)


@dataclass(frozen=True, slots=True)
class Tally:
    """Of `total` cases: in how many origin and urgency are accepted, or the best; how many urgencies are not."""

    total: int
    origins: int
    best_origins: int
    urgencies: int
    best_urgencies: int
    too_low: int
    too_high: int


def try_cases(content: Content, cases: Iterable[PublishedCase]) -> Iterator[Tried]:
    for case in cases:
        yield Tried(case, decide(content, walk(content, read_answers(content, case.answers))))


def tally(tried: Iterable[Tried]) -> Tally:
    every = list(tried)
    return Tally(
        total=len(every),
        origins=sum(each.origin_accepted for each in every),
        best_origins=sum(each.decision.origin in each.case.best_origin for each in every),
        urgencies=sum(each.urgency_accepted for each in every),
        best_urgencies=sum(each.decision.urgency in each.case.best_urgency for each in every),
        too_low=sum(each.too_low for each in every),
        too_high=sum(each.too_high for each in every),
    )


@lru_cache(maxsize=8)
def own_tally(content: Content) -> Tally | None:
    """That of the cases the content brings with it, None where it brings none."""
    return tally(try_cases(content, content.published_cases)) if content.published_cases else None
