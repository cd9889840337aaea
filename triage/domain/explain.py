"""Why a decision is as it is: which answers force it, and which smallest changes of answers would alter it.

Both are exact, over every answer set there is, and both are read off the same thing: the cases in which the
decision would be another, and the answers that stand in the way of each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from triage.domain.cases import Bits, Case, CaseTable, holds, table_of
from triage.domain.content import ORIGINS, URGENCIES, Content, Rule
from triage.domain.decision import Decision
from triage.domain.walk import Walk

Part = Literal["origin", "urgency"]
Codes = tuple[str, ...]
NewAnswers = tuple[tuple[str, Codes], ...]

MOST_STEPS = 2  # a change of more answers than this is another story, not a change of this one


@dataclass(frozen=True, slots=True)
class Step:
    """One answer that would be another: any of `answers` does."""

    item: str
    answers: tuple[Codes, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A smallest change of answers that alters a part of the decision. Every step of it is needed."""

    part: Part
    to: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`enough`: the fewest answers that force the origin, and the urgency, whatever else were answered.

    `check_again`: answers each of which turns the origin by itself, for the patient to look at once more. Empty
    unless the urgency is routine and would stay so: an urgent result is not something to find a way out of.
    """

    enough: Mapping[Part, tuple[str, ...]]
    changes: tuple[Change, ...]
    check_again: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Other:
    """One way for a part of the decision to be another, and the items whose answers stand in its way."""

    part: Part
    case: Case
    items: frozenset[str]


def explain(content: Content, walked: Walk, decision: Decision) -> Explanation:
    """The explanation of a decision. The walk must not have ended at an exit."""
    assert decision.urgency  # an exit decides nothing
    table = table_of(content)
    given = table.given(walked.facts)
    origins = [
        _others(table, given, "origin", table.origins[other]) for other in ORIGINS if other != decision.origin
    ]
    higher = [
        _others(table, given, "urgency", table.at_least[urgency])
        for urgency in URGENCIES[URGENCIES.index(decision.urgency) + 1 :][:1]
    ]
    rules = table.rules_for(decision.urgency) if decision.urgency != URGENCIES[0] else []
    lower = _others(table, given, "urgency", tuple(_lower_by_few(table, given, rules)))
    turned = {
        (other.part, answers): table.changed(given, answers)
        for others in (*origins, *higher, lower)
        for other in _smallest(others)
        for answers in _new_answers(table, other, given)
    }
    return Explanation(
        enough={
            "origin": _fewest_of_each([other.items for others in origins for other in others], walked),
            "urgency": _enough_for_urgency(
                table, given, rules, [other.items for others in higher for other in others], walked
            ),
        },
        changes=tuple(_changes(table, turned)),
        check_again=_check_again(table, walked, decision, turned),
    )


def _others(table: CaseTable, given: Bits, part: Part, cases: tuple[Case, ...]) -> list[_Other]:
    return [_Other(part, case, table.against(case, given)) for case in cases]


# What forces the decision


def _enough_for_urgency(
    table: CaseTable, given: Bits, rules: list[Rule], against: list[frozenset[str]], walked: Walk
) -> tuple[str, ...]:
    """The fewest answers that leave neither a higher urgency open nor a lower one (`rules`: those it would take).

    The ways to a lower one are too many to list. One that the fewest answers found so far leave open is searched for,
    and closed; when there is none any more, these are the fewest.
    """
    while True:
        enough = _fewest_of_each(against, walked)
        open_way = _without(table, table.as_given(enough, given), given, rules) if rules else None
        if open_way is None:
            return enough
        against = [
            *against,
            frozenset(key for key, every in table.every.items() if (open_way ^ given) & every),
        ]


def _without(table: CaseTable, met: Case, given: Bits, rules: list[Rule]) -> Bits | None:
    """Answers within `met`, near to those given, for which none of the rules is met; None where there are none."""
    answers = table.nearest(met, given)
    fired = [rule for rule in rules if holds(table.fires(rule), answers)]
    if not fired:
        return answers
    ways = min((table.joinable(met, table.fires(rule, False)) for rule in fired), key=len)
    ways.sort(key=lambda case: len(table.against(case, given)))
    found = (_without(table, case, given, rules) for case in ways)
    return next((each for each in found if each is not None), None)


def _fewest_of_each(sets: Sequence[frozenset[str]], walked: Walk) -> tuple[str, ...]:
    """The fewest given answers that stand in every way: with one of them in each, none of the ways is open."""
    answered = [key for key in walked.asked if key in walked.facts]
    for size in range(len(answered) + 1):
        found = _one_of_each(sets, answered, size)
        if found is not None:
            return tuple(key for key in answered if key in found)
    raise AssertionError("the decision's own answers lead to another one")


def _one_of_each(
    sets: Sequence[frozenset[str]], answered: Sequence[str], size: int
) -> tuple[str, ...] | None:
    if not sets:
        return ()
    if not size:
        return None
    hardest = min(sets, key=len)
    for key in (key for key in answered if key in hardest):
        found = _one_of_each([other for other in sets if key not in other], answered, size - 1)
        if found is not None:
            return (key, *found)
    return None


# What would change it


def _lower_by_few(
    table: CaseTable,
    given: Bits,
    rules: list[Rule],
    met: Case = Case(),  # noqa: B008 (it is frozen)
) -> Iterator[Case]:
    """The ways in which none of the rules is met and the answers to a few items are others."""
    if not rules or len(items := table.against(met, given)) > MOST_STEPS:
        return
    tried = [
        table.changed(given, answers) for answers in _new_answers(table, _Other("urgency", met, items), given)
    ]
    fired = next(
        (rule for rule in rules if any(holds(table.fires(rule), answers) for answers in tried)), None
    )
    if fired is None:
        yield met
        return
    for case in table.joinable(met, table.fires(fired, False)):
        yield from _lower_by_few(table, given, rules, case)


def _smallest(others: list[_Other]) -> list[_Other]:
    fewest = min((len(other.items) for other in others), default=0)
    return [other for other in others if len(other.items) == fewest <= MOST_STEPS]


def _new_answers(table: CaseTable, other: _Other, given: Bits) -> Iterator[NewAnswers]:
    keys = [key for key in table.items if key in other.items]
    for answers in product(*(table.answers(other.case, key, given) for key in keys)):
        yield tuple(zip(keys, answers, strict=True))


Turned = Mapping[tuple[Part, NewAnswers], Bits]  # what would then count as given


def _changes(table: CaseTable, turned: Turned) -> Iterator[Change]:
    """The changes, with those that differ in one answer alone taken together."""
    alike: dict[tuple[Part, str, Codes], list[NewAnswers]] = {}
    for (part, answers), given in turned.items():
        to: str = table.origin(given) if part == "origin" else table.urgency(given)
        alike.setdefault((part, to, tuple(key for key, _codes in answers)), []).append(answers)
    asked = list(table.items)
    for part, to, keys in sorted(
        alike, key=lambda group: (*group[:2], [asked.index(key) for key in group[2]])
    ):
        together = alike[part, to, keys]
        together.sort(key=lambda answers: [table.bits(key, codes) for key, codes in answers])
        for steps in _steps(together):
            yield Change(part, to, steps)


def _steps(together: Sequence[NewAnswers]) -> Iterator[tuple[Step, ...]]:
    """Answer sets for the same items as steps with alternatives, each set covered once."""
    if not together[0]:
        yield ()
        return
    rests: dict[tuple[str, Codes], list[NewAnswers]] = {}
    for first, *rest in together:
        rests.setdefault(first, []).append(tuple(rest))
    firsts: dict[tuple[NewAnswers, ...], list[tuple[str, Codes]]] = {}
    for first, rest_of_it in rests.items():
        firsts.setdefault(tuple(rest_of_it), []).append(first)
    for rest_of_them, those in firsts.items():
        for steps in _steps(rest_of_them):
            yield (Step(those[0][0], tuple(codes for _key, codes in those)), *steps)


def _check_again(table: CaseTable, walked: Walk, decision: Decision, turned: Turned) -> tuple[str, ...]:
    if decision.urgency != URGENCIES[0]:
        return ()
    alone = {
        answers[0][0]
        for (part, answers), given in turned.items()
        if part == "origin" and len(answers) == 1 and table.urgency(given) == URGENCIES[0]
    }
    return tuple(key for key in walked.asked if key in alone)
