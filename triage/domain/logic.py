"""Three-valued conditions over answers: the one small kind that routing, signs and rules share.

Kleene's strong logic. `all` is the least of its parts, `any` the greatest, `not` turns yes and no round and
leaves unsure as it is, so an unknown is never a no. Where a rule means that something is not known to be there, it
says `without`.

Facts are a mapping from item key to the codes given, for the items that are asked. An item that was asked
and not answered stands there with its unsure code; an item that is not asked is absent, and every
condition on it is NO (the question does not arise).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Facts = Mapping[str, frozenset[str]]
NOTHING_GIVEN: frozenset[str] = frozenset()


class Truth(IntEnum):
    """Ordered, so that `all` is min and `any` is max."""

    NO = 0
    UNSURE = 1
    YES = 2


NO, UNSURE, YES = Truth.NO, Truth.UNSURE, Truth.YES
OPPOSITE = (YES, UNSURE, NO)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of `codes` was given to `item`. The YAML kinds `is` and `any-of`."""

    item: str
    codes: frozenset[str]
    unsure: str

    def truth(self, facts: Facts) -> Truth:
        given = facts.get(self.item, NOTHING_GIVEN)
        if not given.isdisjoint(self.codes):
            return YES
        return UNSURE if self.unsure in given else NO

    @property
    def parts(self) -> tuple[Condition, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]

    def truth(self, facts: Facts) -> Truth:
        least = YES
        for part in self.parts:
            value = part.truth(facts)
            if value is NO:
                return NO
            if value is UNSURE:
                least = UNSURE
        return least


@dataclass(frozen=True, slots=True)
class Some:
    """The YAML kind `any`."""

    parts: tuple[Condition, ...]

    def truth(self, facts: Facts) -> Truth:
        greatest = NO
        for part in self.parts:
            value = part.truth(facts)
            if value is YES:
                return YES
            if value is UNSURE:
                greatest = UNSURE
        return greatest


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition

    def truth(self, facts: Facts) -> Truth:
        return OPPOSITE[self.part.truth(facts)]

    @property
    def parts(self) -> tuple[Condition, ...]:
        return (self.part,)


@dataclass(frozen=True, slots=True)
class Without:
    """YES unless the part is YES: what is not known to be there is not there. `Not` would leave it unsure."""

    part: Condition

    def truth(self, facts: Facts) -> Truth:
        return NO if self.part.truth(facts) is YES else YES

    @property
    def parts(self) -> tuple[Condition, ...]:
        return (self.part,)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least `count` of the parts are YES."""

    count: int
    parts: tuple[Condition, ...]

    def truth(self, facts: Facts) -> Truth:
        values = [part.truth(facts) for part in self.parts]
        if values.count(YES) >= self.count:
            return YES
        return NO if len(values) - values.count(NO) < self.count else UNSURE


PointsTo = Literal["back", "foot", "neither"]


@dataclass(frozen=True, slots=True)
class Sign:
    """A condition with a name, used wherever the same thing is meant: K1 "the pain runs in a line"."""

    id: str
    when: Condition
    points_to: PointsTo
    basis: tuple[str, ...]

    def truth(self, facts: Facts) -> Truth:
        return self.when.truth(facts)

    @property
    def parts(self) -> tuple[Condition, ...]:
        return (self.when,)


Condition = AnyOf | All | Some | Not | Without | AtLeast | Sign


def leaves(condition: Condition) -> Iterator[AnyOf]:
    """Every place where the condition reads an item."""
    if isinstance(condition, AnyOf):
        yield condition
    for part in condition.parts:
        yield from leaves(part)


def signs_in(condition: Condition) -> Iterator[Sign]:
    """The outermost signs a condition names."""
    if isinstance(condition, Sign):
        yield condition
    else:
        for part in condition.parts:
            yield from signs_in(part)


@dataclass(frozen=True, slots=True)
class Support:
    """One answer that makes a condition true, and the sign it does so through, if any."""

    item: str
    codes: tuple[str, ...]
    sign: str | None


def support(condition: Condition, facts: Facts, sign: str | None = None) -> Iterator[Support]:
    """The given answers on which a YES (or, under `not`, a NO) of `condition` rests."""
    value = condition.truth(facts)
    match condition:
        case AnyOf(item=item, codes=codes):
            given = facts.get(item, NOTHING_GIVEN)
            shown = given & codes if value is YES else given
            if shown:
                yield Support(item, tuple(sorted(shown)), sign)
        case Sign(id=id, when=when):
            yield from support(when, facts, id)
        case Without(part=part):  # what it rests on is that, and why, the part is not YES
            yield from support(part, facts, sign)
        case _:
            wanted = OPPOSITE[value] if isinstance(condition, Not) else value
            for part in condition.parts:
                if part.truth(facts) is wanted:
                    yield from support(part, facts, sign)
