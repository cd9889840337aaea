"""Two contents side by side: for how many answer sets they decide differently, from what to what, with an example."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from triage.domain.content import Content
from triage.domain.proof.bdd import NEVER, Diagrams, Function
from triage.domain.proof.space import Outcome, RawAnswers, Space, codes


@dataclass(frozen=True, slots=True)
class Change:
    """The answer sets that the old content decides one way and the new one another."""

    old: Outcome
    new: Outcome
    count: int
    example: RawAnswers


@dataclass(frozen=True, slots=True)
class Comparison:
    """`answer_sets`: all that both contents can take. `left_out`: what only one of them knows, in words."""

    answer_sets: int
    changes: tuple[Change, ...]
    left_out: tuple[str, ...]

    @property
    def differ(self) -> int:
        return sum(change.count for change in self.changes)


def compare(old: Content, new: Content) -> Comparison:
    """Compare the decisions (origin, root, urgency, exit) for every answer set that both can take.

    A question that only one of them asks may be answered in any way: the other does not hear it.
    """
    diagrams = Diagrams()
    # The one that asks more comes first: the other's choices then find theirs in a good order.
    made = {id(each): Space(each, diagrams) for each in sorted((old, new), key=lambda one: -len(one.items))}
    spaces = made[id(old)], made[id(new)]
    return Comparison(diagrams.count(comparable(*spaces)), tuple(changes(*spaces)), tuple(left_out(*spaces)))


def comparable(old: Space, new: Space) -> Function:
    """The answer sets that both can take."""
    diagrams = old.diagrams
    unknown = diagrams.either(diagrams.choice(code) for code in lone_codes(old, new))
    return diagrams.without(diagrams.both(old.sets, new.sets), unknown)


def changes(old: Space, new: Space) -> list[Change]:
    """Each from and to, the most frequent first."""
    diagrams = old.diagrams
    both = comparable(old, new)
    found = []
    for was, before in old.endings.items():
        for becomes, after in new.endings.items():
            differ = diagrams.both(both, before, after) if was != becomes else NEVER
            if differ != NEVER:
                example = (old.example(differ) or {}) | (new.example(differ) or {})
                found.append(Change(was, becomes, diagrams.count(differ), example))
    return sorted(found, key=lambda change: -change.count)


def lone_codes(old: Space, new: Space) -> Iterator[tuple[str, str]]:
    """The codes that only one of the two can take, of questions that both ask."""
    for item in old.items:
        other = new.content.items.get(item.key)
        if other is not None and other.kind != "text":
            for code in sorted(set(codes(item)) ^ set(codes(other))):
                yield item.key, code


def left_out(old: Space, new: Space) -> Iterator[str]:
    asked = {item.key for item in old.items}, {item.key for item in new.items}
    for key in sorted(asked[0] - asked[1]):
        yield f"{key} is asked by the old content only; its answers count as off the path of the new one"
    for key in sorted(asked[1] - asked[0]):
        yield f"{key} is asked by the new content only; its answers count as off the path of the old one"
    for key, each in groupby(lone_codes(old, new), key=lambda lone: lone[0]):
        known = ", ".join(code for _key, code in each)
        yield f"{key}: only one content knows {known}; answer sets with that are not compared"
