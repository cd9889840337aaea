"""The engine against a second reading of the clinical contract (oracle.py), over answers of every shape."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import oracle
from tests.cases import CONTENT, PLAIN, Answers, by_engine, case
from tests.planted import Trees, content_with, entry, item, move_first, when
from triage.domain.content import Content, Rule
from triage.domain.logic import Not, leaves
from triage.domain.walk import read_answers, walk

# Answers drawn by chance

RULES = [
    rule for rules in (CONTENT.origin_rules, CONTENT.root_rules, CONTENT.urgency_rules) for rule in rules
]


def some_answers(rng: random.Random) -> Answers:
    """Answers in any order, some missing, some off the path, some with "not sure" beside ticks. Most take a part of
    what some rule reads, since hardly anybody meets a rule by chance."""
    answers: Answers = {}
    for key in rng.sample(list(oracle.CODES), len(oracle.CODES)):
        codes = oracle.CODES[key]
        if not codes:
            answers[key] = rng.choice(["", "It hurts."])
        elif rng.random() < 0.12:
            answers[key] = rng.choice([None, []])
        elif key == "age" and rng.random() < 0.95:
            answers[key] = "16-or-over"
        elif key in oracle.MANY and "none" in codes and rng.random() < 0.4:
            answers[key] = ["none"]
        elif key in oracle.MANY and rng.random() < 0.7:
            ticks = [code for code in codes if code not in oracle.ALONE]
            answers[key] = rng.sample(ticks, rng.choice([1, 2, 2, 3]))
        else:
            answers[key] = rng.choice(codes)
    for rule in rng.choices(RULES, k=rng.choice([0, 1, 1, 2])):
        _towards(answers, rule, rng)
    return {key: codes for key, codes in answers.items() if rng.random() < 0.97}


def _towards(answers: Answers, rule: Rule, rng: random.Random) -> None:
    """Answer with codes that the rule reads, here and there."""
    for leaf in leaves(rule.when) if rule.when else ():
        if rng.random() < 0.5:
            code = rng.choice(sorted(leaf.codes))
            ticked = answers.get(leaf.item)
            beside = leaf.item in oracle.MANY and code not in oracle.ALONE and isinstance(ticked, list)
            others = [other for other in ticked or [] if other not in oracle.ALONE] if beside else []
            answers[leaf.item] = [*others, code] if leaf.item in oracle.MANY else code


def differs(content: Content, answers: Answers) -> bool:
    return by_engine(answers, content) != oracle.decide(answers)


def disagreement(content: Content, count: int, seed: int = 2) -> Answers | None:
    """The first of `count` random answer sets that the two read differently, made as small as it goes."""
    rng = random.Random(seed)
    found = next((answers for _ in range(count) if differs(content, answers := some_answers(rng))), None)
    for key in list(found or ()):
        smaller = {other: codes for other, codes in found.items() if other != key}
        if differs(content, smaller):
            found = smaller
    return found


def told(answers: Answers) -> str:
    return f"{answers}\nengine: {by_engine(answers)}\noracle: {oracle.decide(answers)}"


def test_engine_and_oracle_agree() -> None:
    found = disagreement(CONTENT, 20_000)
    assert found is None, told(found)


def _given(key: str) -> st.SearchStrategy[Any]:
    """Every answer that one question takes."""
    codes = oracle.CODES[key]
    if not codes:
        return st.text(max_size=20)
    if key not in oracle.MANY:
        return st.sampled_from(codes)
    ticks = [code for code in codes if code not in oracle.ALONE]
    alone = [[code] for code in codes if code in oracle.ALONE]
    return st.one_of(*map(st.just, alone), st.lists(st.sampled_from(ticks), unique=True, max_size=4))


@given(st.fixed_dictionaries({}, optional={key: _given(key) for key in oracle.CODES if key != "age"}))
@settings(max_examples=1_000)
def test_engine_and_oracle_agree_on_whatever_hypothesis_finds(answers: Answers) -> None:
    assert by_engine(answers) == oracle.decide(answers)


def test_random_answers_reach_every_result() -> None:
    """What the comparison never visits it cannot compare."""
    rng = random.Random(2)
    decided = [oracle.decide(some_answers(rng)) for _ in range(5_000)]
    assert {each["origin_rule"] for each in decided} == {None, *(rule.id for rule in CONTENT.origin_rules)}
    assert {each["root"] for each in decided} == {None, "L5", "S1", "unspecified"}
    fired = {rule for each in decided for rule in each["urgency_rules"]}
    assert fired == {rule.id for rule in CONTENT.urgency_rules}


# Every answer set that lies one or two answers away from some people

SCIATICA = (
    "leg-pain=a-good-deal leg-site=buttock,back-calf foot-site=sole back-pain=now travels=yes course=worse"
)
PEOPLE = {
    "a sore foot": PLAIN,
    "sciatica": case(SCIATICA),
    "sciatica in both legs, newly weak": case(
        f"{SCIATICA} side=both leg-sides=both foot-lift=weak weak-since=recent duration=2-to-6-weeks"
    ),
    "a sudden drop": case(
        "foot-site=no-pain foot-lift=unable foot-heavy=drags weak-since=sudden duration=under-2-weeks"
    ),
    "newly numb feet": case(
        "side=both numb-site=both-feet-socks numb-since=under-2-weeks duration=under-2-weeks"
    ),
    "a twisted ankle": case("injury=recent injury-steps=yes injury-bone=no tiptoe=weak weak-since=recent"),
    "a cold foot": case("leg-pain=a-little leg-site=inner-calf changes=foot-colder duration=2-to-6-weeks"),
    "many illnesses": case(
        "leg-pain=a-little leg-site=back-thigh health=diabetes,cancer,poor-circulation,weak-immunity numb-site=toes"
        " numb-since=2-to-6-weeks"
    ),
}
UNREAD = {"age", "answering", "worse-place", "pain-level", "impact", "foot-feel", "note"}  # by any rule


@cache
def changes() -> list[tuple[str, str | None]]:
    """Every item that a rule reads, answered with each of its codes or not at all."""
    return [
        (key, code) for key, codes in oracle.CODES.items() if key not in UNREAD for code in (*codes, None)
    ]


def _changed(answers: Answers, key: str, code: str | None) -> Answers:
    """Ticked beside what is ticked, where that can be; else in its place."""
    ticked = answers.get(key)
    if key not in oracle.MANY or code in (None, *oracle.ALONE):
        return answers | {key: code}
    others = [ticked] if isinstance(ticked, str) else ticked or []
    return answers | {key: [other for other in others if other not in (*oracle.ALONE, code)] + [code]}


def neighbours(answers: Answers) -> Iterator[Answers]:
    for change in changes():
        yield _changed(answers, *change)
    for one, other in combinations(changes(), 2):
        if one[0] != other[0] or one[0] in oracle.MANY:
            yield _changed(_changed(answers, *one), *other)


@pytest.mark.parametrize("person", PEOPLE)
def test_engine_and_oracle_agree_one_and_two_answers_away(person: str, proof: Any) -> None:
    """Every fifth of them; all in the long form."""
    for answers in islice(neighbours(PEOPLE[person]), 0, None, proof.size(5, 1)):
        assert not differs(CONTENT, answers), told(answers)


# Negative controls: the comparison finds a fault planted in the content

FAULTS: dict[str, Callable[[Trees], object]] = {
    "row without effect": lambda trees: when(trees, "origin", "C2")["all"].append({"not": {"sign": "X"}}),
    "rows swapped": lambda trees: move_first(trees, "origin", "R3"),
    "root rows swapped": lambda trees: move_first(trees, "root", "ROOT-S1"),
    "emergency lowered": lambda trees: entry(trees, "urgency", "E5").update(gives="same-day"),
    "origin changed": lambda trees: entry(trees, "origin", "R5").update(gives="foot"),
    "code forgotten": lambda trees: when(trees, "signs", "K4")["any-of"].remove("outer-edge"),
    "code too many": lambda trees: when(trees, "signs", "K3")["any-of"].append("sore"),
    "question hidden": lambda trees: item(trees, "safety-now").update(
        {"ask-when": {"item": "age", "is": "16-or-over"}}
    ),
    "question always asked": lambda trees: item(trees, "leg-sides").pop("ask-when"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    assert disagreement(content_with(FAULTS[fault]), 5_000) is not None


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if rule.when])
def test_a_negated_row_is_found(rule: str) -> None:
    assert disagreement(negated(CONTENT, rule), 5_000) is not None


def negated(content: Content, name: str) -> Content:
    """The content with one row saying the opposite; a last row sees to it that every table still decides."""

    def turned(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(replace(rule, when=Not(rule.when)) if rule.id == name else rule for rule in rules)

    return replace(
        content,
        origin_rules=(*turned(content.origin_rules), replace(content.origin_rules[-1], id="LAST", when=None)),
        root_rules=turned(content.root_rules),
        urgency_rules=turned(content.urgency_rules),
    )


# What must not matter


def test_order_of_answers_and_ticks_does_not_matter() -> None:
    rng = random.Random(8)
    for _ in range(500):
        answers = some_answers(rng)
        shuffled = {key: answers[key] for key in rng.sample(list(answers), len(answers))}
        shuffled = {key: codes[::-1] if isinstance(codes, list) else codes for key, codes in shuffled.items()}
        assert walk(CONTENT, read_answers(CONTENT, shuffled)) == walk(CONTENT, read_answers(CONTENT, answers))


def test_side_decides_nothing() -> None:
    """Left or right: with both feet some rules look further."""
    rng = random.Random(6)
    for _ in range(300):
        answers = some_answers(rng)
        results = [by_engine(answers | {"side": side}) for side in ("left", "right")]
        assert results[0] == results[1]
