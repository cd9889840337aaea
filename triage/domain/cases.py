"""Conditions spelled out as cases: every way they can come about, each as what it asks of the answers.

A case is a pattern: codes that must not be given, and sets of codes of which one must be. A condition holds when
one of its cases does. What forces a decision, and what would change it, can be read off the cases.
The rules of `walk` hold here too: an answer to a question that is not asked counts for nothing, and one that is
missing is not sure. Answers that end the questions at an exit page are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, count, product

from triage.domain.content import ORIGINS, ROOTS, URGENCIES, Content, Item, Origin, Rule, Urgency
from triage.domain.logic import (
    UNSURE,
    YES,
    All,
    AnyOf,
    AtLeast,
    Condition,
    Facts,
    Not,
    Sign,
    Some,
    Truth,
    Without,
)

Bits = int  # a set of codes, of any items: one bit for each


@dataclass(frozen=True, slots=True)
class Case:
    """Holds when no code of `none_of` is given, and at least one of each set in `some_of`."""

    none_of: Bits = 0
    some_of: frozenset[Bits] = frozenset()

    def takes_in(self, other: Case) -> bool:
        """Whether this one holds wherever the other does, as far as their patterns tell."""
        if self.none_of & ~other.none_of:
            return False
        return all(any(not fewer & ~codes for fewer in other.some_of) for codes in self.some_of)


Cases = tuple[Case, ...]

ALWAYS: Cases = (Case(),)
NEVER: Cases = ()


@lru_cache(maxsize=8)
def table_of(content: Content) -> CaseTable:
    """The cases of a release in one language, each worked out once."""
    return CaseTable(content)


class CaseTable:
    """The cases of everything a content decides."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.items = {item.key: item for item in content.items.values() if item.kind != "text"}
        places = count()
        self._bits = {
            item.key: {code: 1 << next(places) for code in _codes(item)} for item in self.items.values()
        }
        self.every = {item.key: self.bits(item.key, _codes(item)) for item in self.items.values()}
        # Codes that stand alone: all of them where one answer is taken.
        self.alone = {
            item.key: self.every[item.key] if item.takes_one else self.bits(item.key, item.exclusive)
            for item in self.items.values()
        }
        self._fires: dict[tuple[str, bool], Cases] = {}
        self._known: dict[tuple[Condition, Truth, bool], Cases] = {}

    def bits(self, key: str, codes: Iterable[str]) -> Bits:
        found, bits = 0, self._bits[key]
        for code in codes:
            found |= bits.get(code, 0)
        return found

    def codes(self, key: str, bits: Bits) -> tuple[str, ...]:
        return tuple([code for code, bit in self._bits[key].items() if bit & bits])

    # When the tables give what they give

    @cached_property
    def origins(self) -> Mapping[str, Cases]:
        return {origin: self._first_match(self.content.origin_rules, origin) for origin in ORIGINS}

    @cached_property
    def roots(self) -> Mapping[str, Cases]:
        """The root table is looked at only when the origin is back."""
        rules, back = self.content.root_rules, self.origins["back"]
        return {root: self.both(back, self._first_match(rules, root)) for root in ROOTS}

    @cached_property
    def at_least(self) -> Mapping[Urgency, Cases]:
        """By urgency: when it is this or higher. The lowest is what is left when no rule is met."""
        higher = {
            urgency: either(self.fires(rule) for rule in self.rules_for(urgency)) for urgency in URGENCIES[1:]
        }
        return {URGENCIES[0]: ALWAYS, **higher}

    def rules_for(self, urgency: Urgency) -> list[Rule]:
        """The rules of which none may be met for a lower urgency. How that comes about is not spelled out as cases:
        a few for each rule are millions together. It is searched for, from the answers given."""
        enough = URGENCIES[URGENCIES.index(urgency) :]
        return [rule for rule in self.content.urgency_rules if rule.gives in enough]

    def _first_match(self, rules: tuple[Rule, ...], value: str) -> Cases:
        return either(self.decides(rule, rules) for rule in rules if rule.gives == value)

    def decides(self, rule: Rule, rules: tuple[Rule, ...]) -> Cases:
        """When a row of a first-match table holds, and none above it that gives something else."""
        above = rules[: rules.index(rule)]
        return self.both(
            self.fires(rule), *(self.fires(other, False) for other in above if other.gives != rule.gives)
        )

    def fires(self, rule: Rule, holds: bool = True) -> Cases:
        """When the rule's condition is surely met (or not `holds`: when it is not)."""
        key = (rule.id, holds)  # a whole condition is long to look up, and a search asks thousands of times
        if key not in self._fires:
            always = ALWAYS if holds else NEVER
            self._fires[key] = self.when(rule.when, YES, holds) if rule.when else always
        return self._fires[key]

    def when(self, condition: Condition, level: Truth = YES, holds: bool = True) -> Cases:
        """When the condition's truth is `level` or more (or not `holds`: when it is less)."""
        key = (condition, level, holds)
        if key not in self._known:
            self._known[key] = self._when(condition, level, holds)
        return self._known[key]

    def _when(self, condition: Condition, level: Truth, holds: bool) -> Cases:
        match condition:
            case AnyOf():
                return self._answered(condition, level, holds)
            case Sign(when=when):
                return self.when(when, level, holds)
            case Without(part=part):
                return self.when(part, YES, not holds)
            case Not(part=part):  # surely not so: where the part is not even unsure
                return self.when(part, UNSURE if level is YES else YES, not holds)
        parts = [self.when(part, level, holds) for part in condition.parts]
        match condition:
            case All():
                needed = len(parts) if holds else 1
            case Some():
                needed = 1 if holds else len(parts)
            case AtLeast(count=count):
                needed = count if holds else len(parts) - count + 1
        return either(self.both(*chosen) for chosen in combinations(parts, needed))

    def _answered(self, leaf: AnyOf, level: Truth, holds: bool) -> Cases:
        codes = self.bits(leaf.item, leaf.codes if level is YES else leaf.codes | {leaf.unsure})
        every, alone = self.every[leaf.item], self.alone[leaf.item]
        ask_when = self.content.items[leaf.item].ask_when
        if not holds:
            other = (Case(none_of=codes),) if every & ~codes else NEVER
            return either((other, self.when(ask_when, YES, False) if ask_when else NEVER))
        given = [Case(none_of=every & ~codes)] if codes & alone else []
        if codes & ~alone:
            given.append(Case(none_of=alone, some_of=frozenset((codes & ~alone,))))
        return self.both(tuple(given), self.when(ask_when) if ask_when else ALWAYS)

    # Cases together

    def both(self, *parts: Cases) -> Cases:
        """When all of the parts hold."""
        met = ALWAYS
        for part in sorted(parts, key=len):
            met = simplest(joined for case in met for other in part if (joined := self._join(case, other)))
        return met

    def _join(self, case: Case, other: Case) -> Case | None:
        """Both at once, or None where no answers give that."""
        none_of = case.none_of | other.none_of
        if any(not every & ~none_of for every in self.every.values()):
            return None
        some_of = {codes & ~none_of for codes in case.some_of | other.some_of}
        if 0 in some_of:
            return None
        return Case(
            none_of,
            frozenset(codes for codes in some_of if not any(_part(fewer, codes) for fewer in some_of)),
        )

    # Cases and one set of answers

    def given(self, facts: Facts) -> Bits:
        """The codes that count as given: a question without an answer is not sure, asked or not."""
        return sum(self.bits(key, facts.get(key) or (item.unsure,)) for key, item in self.items.items())

    def changed(self, given: Bits, answers: Iterable[tuple[str, Iterable[str]]]) -> Bits:
        """The codes that count as given once these items are answered so."""
        for key, codes in answers:
            given = given & ~self.every[key] | self.bits(key, codes)
        return given

    def origin(self, given: Bits) -> Origin:
        return next(origin for origin in ORIGINS if holds(self.origins[origin], given))

    def urgency(self, given: Bits) -> Urgency:
        return next(urgency for urgency in reversed(URGENCIES) if holds(self.at_least[urgency], given))

    def against(self, case: Case, given: Bits) -> frozenset[str]:
        """The items whose answers keep the case from holding."""
        in_the_way = case.none_of & given
        for codes in case.some_of:
            if not codes & given:
                in_the_way |= codes
        return frozenset([key for key, every in self.every.items() if every & in_the_way])

    def answers(self, case: Case, key: str, given: Bits) -> tuple[tuple[str, ...], ...]:
        """What the item would have to be answered for the case to hold, changing no more than it takes."""
        allowed, alone = self.every[key] & ~case.none_of, self.alone[key]
        wanted = [codes for codes in case.some_of if codes & allowed]
        kept = given & allowed & ~alone
        if any(not codes & kept for codes in wanted):
            kept &= ~self.bits(key, (self.items[key].unsure,))  # who ticks more is no longer unsure
        missed = [codes for codes in wanted if not codes & kept]
        if missed:
            ticked = {
                self.bits(key, codes) for codes in product(*(self.codes(key, codes) for codes in missed))
            }
            answers = [kept | codes for codes in ticked if not any(_part(fewer, codes) for fewer in ticked)]
        elif kept:
            answers = [kept]
        else:
            answers = [self.bits(key, (code,)) for code in self.codes(key, allowed & alone or allowed)]
        return tuple(self.codes(key, codes) for codes in sorted(answers))

    def joinable(self, met: Case, cases: Cases) -> list[Case]:
        """The ways in which one of the cases holds beside `met`."""
        return [joined for case in cases if (joined := self._join(met, case))]

    def as_given(self, keys: Iterable[str], given: Bits) -> Case:
        """These items answered as they are, whatever the others are."""
        answered = [(self.every[key], given & self.every[key]) for key in keys]
        bits = [
            1 << place for _every, kept in answered for place in range(kept.bit_length()) if kept >> place & 1
        ]
        return Case(sum(every & ~kept for every, kept in answered), frozenset(bits))

    def nearest(self, case: Case, given: Bits) -> Bits:
        """Answers for which the case holds, changing no more than it takes."""
        wanted = ((key, self.answers(case, key, given)[0]) for key in self.against(case, given))
        return self.changed(given, wanted)

    # Examples

    def example(self, *parts: Cases) -> Mapping[str, tuple[str, ...]] | None:
        """Answers for which all of the parts hold, with no item answered that need not be; None if there are none."""
        case = self._first(Case(), sorted(parts, key=len))
        if case is None:
            return None
        wanted = case.none_of
        for codes in case.some_of:
            wanted |= codes
        return {key: self.answers(case, key, 0)[0] for key, every in self.every.items() if every & wanted}

    def _first(self, met: Case, parts: Sequence[Cases]) -> Case | None:
        if not parts:
            return met
        joined = (self._join(met, case) for case in parts[0])
        found = (self._first(case, parts[1:]) for case in joined if case)
        return next((case for case in found if case), None)


def holds(cases: Cases, given: Bits) -> bool:
    """Whether one of the cases holds for these codes. In plain loops: it is asked for many a set of answers."""
    for case in cases:
        if case.none_of & given:
            continue
        for codes in case.some_of:
            if not codes & given:
                break
        else:
            return True
    return False


def _codes(item: Item) -> tuple[str, ...]:
    """The codes that can be given to the item while the questions go on, "not sure" among them."""
    listed = tuple(option.code for option in item.options if not option.ends)
    return listed if item.unsure in listed else (*listed, item.unsure)


def _part(fewer: Bits, codes: Bits) -> bool:
    return fewer != codes and not fewer & ~codes


def either(parts: Iterable[Cases]) -> Cases:
    """When one of the parts holds."""
    return simplest(case for part in parts for case in part)


def simplest(cases: Iterable[Case]) -> Cases:
    """The cases without those that a wider one among them takes in."""
    kept: list[Case] = []
    for case in sorted(
        set(cases), key=lambda case: (case.none_of.bit_count(), len(case.some_of), case.none_of)
    ):
        if not any(other.takes_in(case) for other in kept):
            kept.append(case)
    return tuple(kept)
