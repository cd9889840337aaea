"""Every answer set at once: what is asked and what is decided, as exact functions of the codes given.

`walk` and `decide` read one answer set; here the same rules are read for all of them together. There is a yes/no
choice for each code of each question, and one for whether it was left out. An answer set is anything `read_answers`
takes: each question left out, answered with one code, or (check-list) with any ticks that may stand together; answers
to questions that are not asked are in it too. Free text is left out, since no condition can read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple, cast

from triage.domain.content import ORIGINS, ROOTS, URGENCIES, Content, Item, Rule
from triage.domain.logic import All, AnyOf, AtLeast, Condition, Not, Sign, Some, Without, leaves
from triage.domain.proof.bdd import ALWAYS, NEVER, Choice, Diagrams, Function

RawAnswers = dict[str, object]  # as `read_answers` takes it and `manage.py decide` reads it
Setting = Mapping[Choice, bool]  # some codes, and whether they were given
NOTHING_SET: Setting = {}
Outcome = tuple[str, ...]  # (origin, root or "-", urgency), or (exit page,)
LEFT_OUT = ""  # in place of a code: the question was not answered


class Truths(NamedTuple):
    """A three-valued condition: where it is YES, and where it is YES or UNSURE."""

    yes: Function
    possible: Function


class Space:
    """What the content asks and decides. Two contents can share `diagrams`, and then be compared."""

    def __init__(self, content: Content, diagrams: Diagrams | None = None) -> None:
        self.content = content
        self.items = tuple(item for item in content.items.values() if item.kind != "text")
        self.diagrams = diagrams or Diagrams()
        # Diagrams stay small where choices that are read together stand together; known ones have their place.
        known = all(self.diagrams.knows((item.key, code)) for item in self.items for code in codes(item))
        order = [item.key for item in self.items] if known else near_each_other(content)
        takes = [self._takes(content.items[key]) for key in order]
        self.sets = self.diagrams.both(*takes[::-1])
        self.asked: dict[str, Function] = {}
        self.exits: dict[str, Function] = {}
        self.signs: dict[str, Truths] = {}
        self._walk()
        self.decided = self.diagrams.no(self.diagrams.either(self.exits.values()))
        for sign in content.signs:
            self.signs[sign.id] = self.truths(sign.when)
        self.matches: dict[str, Function] = {}  # by rule id: its condition is met
        self.decides: dict[
            str, Function
        ] = {}  # by rule id: it gives the origin or root, or is among the most urgent
        self._decide()

    # The answers

    def code(self, item: Item, code: str) -> Function:
        """The code was given."""
        return self.diagrams.choice((item.key, code))

    def given(self, item: Item, wanted: Iterable[str]) -> Function:
        """One of the codes was given; no answer at all is the same as not being sure."""
        chosen = [self.code(item, code) for code in wanted]
        return self.diagrams.either([*chosen, self.missing(item)] if item.unsure in wanted else chosen)

    def missing(self, item: Item) -> Function:
        return self.diagrams.choice((item.key, LEFT_OUT), free=True)

    def _takes(self, item: Item) -> Function:
        """The answers that the item can take."""
        diagrams = self.diagrams
        chosen = {code: self.code(item, code) for code in codes(item)}
        alone = chosen if item.takes_one else item.exclusive
        pairs = ((chosen[code], chosen[other]) for code in alone for other in chosen if other != code)
        apart = diagrams.no(diagrams.either(diagrams.both(*pair) for pair in pairs))
        return diagrams.both(apart, diagrams.differ(self.missing(item), diagrams.either(chosen.values())))

    def chosen(self, raw: Mapping[str, object]) -> set[Choice]:
        """The choices to which an answer set says yes."""
        found = set()
        for item in self.items:
            given = raw.get(item.key) or ()
            ticked = [given] if isinstance(given, str) else cast(Iterable[str], given)
            found |= {(item.key, code) for code in ticked}
            if not given:
                found.add((item.key, LEFT_OUT))
        return found

    def exactly(self, item: Item, given: Iterable[str]) -> Setting:
        """The item answered with these codes and no other (none: not answered)."""
        wanted = tuple(given) or (LEFT_OUT,)
        return {(item.key, code): code in wanted for code in (*codes(item), LEFT_OUT)}

    def adding(self, item: Item, code: str) -> Setting:
        """The code ticked beside the others; what stands alone is taken away."""
        return {(item.key, alone): False for alone in (*item.exclusive, LEFT_OUT)} | {(item.key, code): True}

    # What is asked

    def _walk(self) -> None:
        for item in self.content.items.values():
            going = self.diagrams.no(self.diagrams.either(self.exits.values()))
            when = self.truths(item.ask_when).yes if item.ask_when else ALWAYS
            self.asked[item.key] = asked = self.diagrams.both(going, when)
            for option in item.options:
                if option.ends:
                    leaves = self.diagrams.both(asked, self.code(item, option.code))
                    before = self.exits.get(option.ends, NEVER)
                    self.exits[option.ends] = self.diagrams.either((before, leaves))

    def truths(self, condition: Condition) -> Truths:
        match condition:
            case AnyOf(item=key, codes=wanted):
                item = self.content.items[key]
                yes = self.diagrams.both(self.asked[key], self.given(item, wanted))
                unsure = self.diagrams.both(self.asked[key], self.given(item, (item.unsure,)))
                return Truths(yes, self.diagrams.either((yes, unsure)))
            case Sign(id=id, when=when):
                return self.signs[id] if id in self.signs else self.truths(when)
            case Not(part=part):
                turned = self.truths(part)
                return Truths(self.diagrams.no(turned.possible), self.diagrams.no(turned.yes))
            case Without(part=part):
                there = self.diagrams.no(self.truths(part).yes)
                return Truths(there, there)
        parts = [self.truths(part) for part in condition.parts]
        yes_of, possible_of = [part.yes for part in parts], [part.possible for part in parts]
        match condition:
            case All():
                return Truths(self.diagrams.both(*yes_of), self.diagrams.both(*possible_of))
            case Some():
                return Truths(self.diagrams.either(yes_of), self.diagrams.either(possible_of))
            case AtLeast(count=count):
                return Truths(
                    self.diagrams.at_least(count, yes_of), self.diagrams.at_least(count, possible_of)
                )

    def met(self, condition: Condition | None) -> Function:
        """Where a condition is surely met; none always is."""
        return self.truths(condition).yes if condition else ALWAYS

    # What is decided

    def _decide(self) -> None:
        self._first_match(self.content.origin_rules, self.decided)
        self.origins = self._given_by(self.content.origin_rules, ORIGINS)
        self._first_match(self.content.root_rules, self.origins["back"])
        self.roots = self._given_by(self.content.root_rules, ROOTS)
        self.urgencies: dict[str, Function] = {}
        self._highest(self.content.urgency_rules)

    def _first_match(self, rules: Iterable[Rule], open_yet: Function) -> None:
        where = open_yet
        for rule in rules:
            self.matches[rule.id] = self.diagrams.both(where, self.met(rule.when))
            self.decides[rule.id] = self.diagrams.both(open_yet, self.matches[rule.id])
            open_yet = self.diagrams.without(open_yet, self.decides[rule.id])

    def _given_by(self, rules: Iterable[Rule], values: Iterable[str]) -> dict[str, Function]:
        return {
            value: self.diagrams.either(self.decides[rule.id] for rule in rules if rule.gives == value)
            for value in values
        }

    def _highest(self, rules: tuple[Rule, ...]) -> None:
        for rule in rules:
            self.matches[rule.id] = (
                self.diagrams.both(self.decided, self.met(rule.when)) if rule.when else NEVER
            )
        open_yet = self.decided
        for urgency in reversed(URGENCIES[1:]):
            matches = self.diagrams.either(self.matches[rule.id] for rule in rules if rule.gives == urgency)
            self.urgencies[urgency] = self.diagrams.both(open_yet, matches)
            open_yet = self.diagrams.without(open_yet, matches)
        self.urgencies[URGENCIES[0]] = open_yet
        for rule in rules:
            self.decides[rule.id] = self.diagrams.both(self.matches[rule.id], self.urgencies[rule.gives])

    @cached_property
    def endings(self) -> dict[Outcome, Function]:
        """Every way the questions can end, and the answer sets that end so: together all of them, each once."""
        return dict(self._endings())

    def _endings(self) -> Iterator[tuple[Outcome, Function]]:
        for page, function in self.exits.items():
            yield (page,), self.diagrams.both(self.sets, function)
        for origin in ORIGINS:
            for root in ROOTS if origin == "back" else ("-",):
                met = self.diagrams.both(self.sets, self.origins[origin], self.roots.get(root, ALWAYS))
                for urgency in reversed(URGENCIES):
                    ending = self.diagrams.both(met, self.urgencies[urgency])
                    if ending != NEVER:
                        yield (origin, root, urgency), ending

    # Counts and examples

    def holds(self, function: Function, raw: RawAnswers) -> bool:
        """Whether the function holds for one answer set."""
        return self.diagrams.holds(function, self.chosen(raw))

    def count(self, function: Function = ALWAYS) -> int:
        """The answer sets for which the function holds: exact."""
        return self.diagrams.count(self.diagrams.both(self.sets, function))

    def example(self, function: Function, setting: Setting = NOTHING_SET) -> RawAnswers | None:
        """A smallest answer set (fewest codes given) for which the function holds; None if there is none.

        With `setting`: that answer set, changed so.
        """
        fewest = self.diagrams.fewest(self.diagrams.both(self.sets, function))
        if fewest is None:
            return None
        chosen = dict.fromkeys(fewest, True) | dict(setting)
        return {
            item.key: given if item.kind == "many" else given[0]
            for item in self.items
            if (given := [code for code in codes(item) if chosen.get((item.key, code))])
        }


def codes(item: Item) -> tuple[str, ...]:
    """What may be given to an item of choices: "not sure" also where the page does not offer it."""
    listed = tuple(option.code for option in item.options)
    return listed if item.unsure in listed or not listed else (*listed, item.unsure)


def named(outcome: Outcome) -> str:
    return " · ".join(outcome)


def near_each_other(content: Content) -> tuple[str, ...]:
    """The items in an order in which those that are read together are not far apart.

    From the order of the questions, item by item is moved to where all parts of the conditions then span least.
    """
    order = [item.key for item in content.items.values() if item.kind != "text"]
    rules = (*content.urgency_rules, *content.origin_rules, *content.root_rules)
    parts = (part for rule in rules if rule.when for part in parts_of(rule.when))
    together = {keys for part in parts if len(keys := read_together(content, part)) > 1}
    least, moving = _span(order, together), True
    while moving:
        moving = False
        for key in tuple(order):
            rest = [other for other in order if other != key]
            for place, span in enumerate(_spans(rest, key, together)):
                if span < least:
                    order, least, moving = [*rest[:place], key, *rest[place:]], span, True
    return tuple(order)


def parts_of(condition: Condition) -> Iterator[Condition]:
    """The condition, and all that it is made of."""
    yield condition
    for part in condition.parts:
        yield from parts_of(part)


def read_together(content: Content, condition: Condition) -> frozenset[str]:
    """The items that the condition depends on, those behind their `ask_when` included."""
    found: set[str] = set()
    waiting = [leaf.item for leaf in leaves(condition)]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            ask_when = content.items[key].ask_when
            waiting += [leaf.item for leaf in leaves(ask_when)] if ask_when else []
    return frozenset(found)


def _span(order: list[str], together: set[frozenset[str]]) -> int:
    places = {key: place for place, key in enumerate(order)}
    spans = ([places[key] for key in keys] for keys in together)
    return sum(max(span) - min(span) for span in spans)


def _spans(rest: list[str], key: str, together: set[frozenset[str]]) -> list[int]:
    """What `_span` would be with the key at each place among the rest."""
    places = {other: place for place, other in enumerate(rest)}
    spans = [0] * (len(rest) + 1)
    for keys in together:
        others = [places[other] for other in keys if other != key]
        first, last = min(others), max(others)
        for place in range(len(spans)):
            if key in keys:
                spans[place] += max(place, last + 1) - min(place, first)
            else:
                spans[place] += last - first + (first < place <= last)
    return spans
