"""Ordinary people, made up: so many with each condition, answering as such people do, with slips.

A rule can be right about every case it was written for and still send half of a waiting room to the telephone.
People are made by stated assumptions (population.yaml) from random numbers that come in as an argument, so that
the same numbers always make the same people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from triage.domain.content import Content, Item
from triage.domain.decision import decide
from triage.domain.logic import YES
from triage.domain.walk import Answers, in_order, walk

Draw = Callable[[], float]  # the next random number, at least 0 and less than 1
Chances = Mapping[str, float]  # code -> percent; of a question with one answer: its weight among the others
AnswersOf = Mapping[str, Chances]  # item -> chances of its codes


@dataclass(frozen=True, slots=True)
class Also:
    """Whoever ticks this code may tick others more often."""

    item: str
    code: str
    ticks: AnswersOf


@dataclass(frozen=True, slots=True)
class Condition:
    """What people come with, how many of 100 (or of any sum) do, and how they answer where they differ from others."""

    key: str
    name: str
    share: float
    answers: AnswersOf


@dataclass(frozen=True, slots=True)
class Noise:
    """How often, in percent, a question is answered not sure, or by another code; an option is ticked by mistake, or
    a tick left out."""

    unsure: float
    other: float
    tick: float
    miss: float


@dataclass(frozen=True)
class Population:
    anybody: AnswersOf
    also: tuple[Also, ...]
    conditions: tuple[Condition, ...]
    noise: Mapping[str, Noise]  # by name, the least first


@dataclass(frozen=True, slots=True)
class Person:
    condition: Condition
    answers: Answers


# Making people


def people(
    content: Content, population: Population, number: int, noise: Noise, draw: Draw
) -> Iterator[Person]:
    """So many people, by condition: each condition's share, to the nearest person."""
    for condition, count in _by_share(population.conditions, number):
        maker = _Maker(content, population, condition, noise, draw)
        for _ in range(count):
            yield Person(condition, maker.answers())


def _by_share(conditions: tuple[Condition, ...], number: int) -> Iterator[tuple[Condition, int]]:
    """The number, parted by share without a rest."""
    whole, passed, given = sum(condition.share for condition in conditions), 0.0, 0
    for condition in conditions:
        passed += condition.share
        upto = round(number * passed / whole)
        yield condition, upto - given
        given = upto


class _Maker:
    """Makes the answers of people with one condition."""

    def __init__(
        self, content: Content, population: Population, condition: Condition, noise: Noise, draw: Draw
    ) -> None:
        self.items = [item for item in content.items.values() if item.kind != "text"]
        self.also, self.noise, self.draw = population.also, noise, draw
        self.first = [content.items[key] for key in dict.fromkeys(also.item for also in population.also)]
        self.chances = {item.key: _chances(item, population, condition) for item in self.items}
        self.mistaken = {item.key: _mistaken(item) for item in self.items}

    def answers(self) -> Answers:
        """One person's: along the path, as somebody who means what is true of them and now and then slips."""
        true = {item.key: self._true(item, self.chances[item.key]) for item in self.first}
        more: dict[str, Chances] = {}
        for also in self.also:
            if also.code in true[also.item]:
                for key, ticks in also.ticks.items():
                    more[key] = _either(more.get(key, self.chances[key]), ticks)
        given: dict[str, tuple[str, ...]] = {}
        facts: dict[str, frozenset[str]] = {}
        for item in self.items:
            if item.ask_when is not None and item.ask_when.truth(facts) is not YES:
                continue
            codes = true.get(item.key) or self._true(item, more.get(item.key, self.chances[item.key]))
            given[item.key] = said = codes if item.exits else self._said(item, codes)
            facts[item.key] = frozenset(said)
        return given

    def _true(self, item: Item, chances: Chances) -> tuple[str, ...]:
        if item.kind != "many":
            return (_one(chances, self.draw),)
        ticked = [code for code, chance in chances.items() if self.draw() * 100 < chance]
        alone = item.exclusive.intersection(ticked)
        return (min(alone),) if alone else tuple(ticked) or (_nothing(item, chances),)

    def _said(self, item: Item, codes: tuple[str, ...]) -> tuple[str, ...]:
        """What becomes of the true answer."""
        slip = self.draw() * 100
        if slip < self.noise.unsure:
            return (item.unsure,)
        if item.kind != "many":
            other = slip < self.noise.unsure + self.noise.other
            return (_one(dict.fromkeys(sorted(item.codes), 1.0), self.draw),) if other else codes
        kept = [code for code in codes if code in item.exclusive or self.draw() * 100 >= self.noise.miss]
        if wrong := self._by_mistake(item):
            kept = [code for code in kept if code not in item.exclusive] + wrong
        if not kept:
            kept = [_nothing(item, self.chances[item.key])]
        return codes if tuple(kept) == codes else in_order(item, kept)

    def _by_mistake(self, item: Item) -> list[str]:
        """Ticks that were not meant: one draw tells whether there is any, since mostly there is none."""
        options = self.mistaken[item.key]
        none_of_them = (1 - self.noise.tick / 100) ** len(options)
        if self.draw() < none_of_them:
            return []
        return [code for code in options if self.draw() * 100 < self.noise.tick] or [
            options[int(self.draw() * len(options))]
        ]


def _mistaken(item: Item) -> list[str]:
    """What can be ticked beside something else."""
    return [each.code for each in item.options if not each.exclusive and each.code != item.unsure]


def _either(chances: Chances, more: Chances) -> Chances:
    """The chance that at least one of two reasons makes a person tick a code."""
    added = {
        code: chances.get(code, 0) + chance * (1 - chances.get(code, 0) / 100)
        for code, chance in more.items()
    }
    return {**chances, **added}


def _chances(item: Item, population: Population, condition: Condition) -> Chances:
    """A question with one answer takes the condition's chances alone, a check-list those beside anybody's."""
    own, common = condition.answers.get(item.key, {}), population.anybody.get(item.key, {})
    return {**common, **own} if item.kind == "many" else own or common


def _one(weights: Chances, draw: Draw) -> str:
    at = draw() * sum(weights.values())
    for code, weight in weights.items():
        at -= weight
        if at < 0:
            return code
    return code


def _nothing(item: Item, chances: Chances) -> str:
    """What is answered when nothing was ticked: none, or where that is no answer the likeliest."""
    return "none" if "none" in item.codes else max(chances, key=lambda code: chances[code])


# Counting what they are told

EVERYBODY = ""  # among the keys of conditions


@dataclass
class Tally:
    """What some people were told: how many by urgency, by origin, and by the rule that decided it."""

    people: int = 0
    urgencies: Counter[str] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)  # among those that gave the urgency
    alone: Counter[str] = field(default_factory=Counter)  # the one rule that gave it

    def share(self, count: int) -> float:
        """In percent."""
        return 100 * count / self.people if self.people else 0.0


Tallies = dict[str, Tally]  # by the key of the condition, EVERYBODY first


def tell(content: Content, person: Person, tallies: Tallies) -> None:
    """Decide for the person, and count it."""
    decision = decide(content, walk(content, _known(content, person.answers)))
    deciding = [rule.id for rule in decision.deciding_rules]
    for key in (EVERYBODY, person.condition.key):
        tally = tallies.setdefault(key, Tally())
        tally.people += 1
        tally.urgencies[decision.urgency or "exit"] += 1
        tally.origins[decision.origin or "exit"] += 1
        tally.rules.update(deciding)
        if len(deciding) == 1:
            tally.alone.update(deciding)


def _known(content: Content, answers: Answers) -> Answers:
    """The answers that this content can take: people made for one content may be asked by an older one."""
    known = {}
    for key, codes in answers.items():
        item = content.items.get(key)
        left = tuple(code for code in codes if item and code in (item.codes | {item.unsure}))
        if left:
            known[key] = left
    return known
