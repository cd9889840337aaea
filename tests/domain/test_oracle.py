"""The engine against a second reading of the clinical contract (oracle.py), over answers of every shape."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests import oracle
from tests.domain.test_decision import CONTENT, ORIGIN, Answers, by_engine
from tests.planted import Trees, content_with, entry, item, move_first, when
from triage.domain.content import Content, Rule
from triage.domain.logic import Not
from triage.domain.walk import read_answers, walk


def some_answers(rng: random.Random) -> Answers:
    """Answers in any order, some missing, some off the path, some with "not sure" beside ticks."""
    answers: Answers = {}
    for key in rng.sample(list(oracle.CODES), len(oracle.CODES)):
        codes = oracle.CODES[key]
        if not codes:
            answers[key] = rng.choice(["", "It hurts."])
        elif rng.random() < 0.12:
            answers[key] = rng.choice([None, []])
        elif key == "age" and rng.random() < 0.9:
            answers[key] = "16-or-over"
        elif key == "leg-pain" and rng.random() < 0.6:
            answers[key] = rng.choice(["a-little", "a-good-deal"])
        elif key in oracle.MANY and "none" in codes and rng.random() < 0.4:
            answers[key] = ["none"]
        elif key in oracle.MANY and rng.random() < 0.7:
            ticks = [code for code in codes if code not in oracle.ALONE]
            answers[key] = rng.sample(ticks, rng.choice([1, 2, 2, 3]))
        else:
            answers[key] = rng.choice(codes)
    return {key: codes for key, codes in answers.items() if rng.random() < 0.95}


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


def test_engine_and_oracle_agree() -> None:
    found = disagreement(CONTENT, 20_000)
    assert found is None, f"{found}\nengine: {by_engine(found)}\noracle: {oracle.decide(found)}"


def test_random_answers_reach_every_result() -> None:
    """What the comparison never visits it cannot compare."""
    rng = random.Random(2)
    decided = [oracle.decide(some_answers(rng)) for _ in range(5_000)]
    assert {each["origin_rule"] for each in decided} == {None, *ORIGIN}
    assert {each["root"] for each in decided} == {None, "L5", "S1", "unspecified"}
    fired = {rule for each in decided for rule in each["urgency_rules"]}
    assert fired == {rule.id for rule in CONTENT.urgency_rules}


# Negative controls: the comparison finds a fault planted in the content

FAULTS: dict[str, Callable[[Trees], object]] = {
    "row without effect": lambda trees: when(trees, "origin", "C2")["all"].append({"not": {"sign": "X"}}),
    "rows swapped": lambda trees: move_first(trees, "origin", "R3"),
    "root rows swapped": lambda trees: move_first(trees, "root", "ROOT-S1"),
    "emergency lowered": lambda trees: entry(trees, "urgency", "E5").update(gives="same-day"),
    "origin changed": lambda trees: entry(trees, "origin", "R5").update(gives="foot"),
    "code forgotten": lambda trees: when(trees, "signs", "K4")["any-of"].remove("outer-edge"),
    "code too many": lambda trees: when(trees, "signs", "K3")["any-of"].append("sore"),
    "not sure read as no": lambda trees: when(trees, "urgency", "S1")["all"][1]["any-of"].remove("not-sure"),
    "not sure read as yes": lambda trees: when(trees, "origin", "C1")["all"].pop(),
    "one sign is enough": lambda trees: when(trees, "signs", "ROW-R2")["all"][1]["any"][1].update(
        {"at-least": 1}
    ),
    "any for all": lambda trees: entry(trees, "urgency", "E11").update(
        when={"any": when(trees, "urgency", "E11")["all"]}
    ),
    "question hidden": lambda trees: item(trees, "safety-now").update(
        {"ask-when": {"item": "age", "is": "16-or-over"}}
    ),
    "question always asked": lambda trees: item(trees, "leg-sides").pop("ask-when"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    assert disagreement(content_with(FAULTS[fault]), 5_000) is not None


RULES = [
    rule for rules in (CONTENT.origin_rules, CONTENT.root_rules, CONTENT.urgency_rules) for rule in rules
]


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
    rng = random.Random(6)
    for _ in range(300):
        answers = some_answers(rng)
        results = [by_engine(answers | {"side": side}) for side in oracle.CODES["side"]]
        assert all(result == results[0] for result in results)
