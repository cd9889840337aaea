"""The proofs: what they count and say is held against the engine, one answer set at a time."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.test_oracle import some_answers
from tests.planted import (
    Trees,
    also,
    content_with,
    drop_row,
    entry,
    item,
    planted,
    when,
    written,
)
from tests.shipped import (
    EARLIER,
    TODAY,
    earlier_content,
    earlier_space,
    earlier_trees,
    shipped_content,
    shipped_space,
    small_trees,
)
from tests.visitor import publish
from triage.domain.content import Content, Item
from triage.domain.loading import check, load
from triage.domain.logic import NO, YES
from triage.domain.proof import prove as proving
from triage.domain.proof.bdd import Diagrams, Function
from triage.domain.proof.prove import by_engine, prove
from triage.domain.proof.reach import by_screens
from triage.domain.proof.space import RawAnswers, Space, codes
from triage.domain.walk import AnswerError, Answers, path_screens, read_answers, walk

pytestmark = pytest.mark.alike("contents are proved, wherever they are stored")

CONTENT = shipped_content()
# Properties that came after the content of before: each reason names this person's answers, and nothing is unread.
LATER = {"T10", "T11"}


# The diagrams

NAMES = [("choice", str(number)) for number in range(5)]
EXPRESSIONS = st.recursive(
    st.sampled_from(NAMES),
    lambda parts: st.tuples(
        st.sampled_from(["no", "both", "either", "two"]), st.lists(parts, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


def function_of(expression: Any, diagrams: Diagrams) -> Function:
    if expression in NAMES:
        return diagrams.choice(expression)
    connective, parts = expression
    functions = [function_of(part, diagrams) for part in parts]
    match connective:
        case "no":
            return diagrams.no(functions[0])
        case "both":
            return diagrams.both(*functions)
        case "either":
            return diagrams.either(functions)
    return diagrams.at_least(2, functions)


def value_of(expression: Any, chosen: tuple[Any, ...]) -> bool:
    if expression in NAMES:
        return expression in chosen
    connective, parts = expression
    values = [value_of(part, chosen) for part in parts]
    return {"no": not values[0], "both": all(values), "either": any(values), "two": sum(values) >= 2}[
        connective
    ]


@given(EXPRESSIONS)
def test_diagrams_agree_with_a_truth_table(expression: Any) -> None:
    diagrams = Diagrams()
    for name in NAMES:
        diagrams.choice(name)
    function = function_of(expression, diagrams)
    subsets = [chosen for size in range(6) for chosen in combinations(NAMES, size)]
    holding = [chosen for chosen in subsets if value_of(expression, chosen)]
    assert [chosen for chosen in subsets if diagrams.holds(function, chosen)] == holding
    assert diagrams.count(function) == len(holding)
    assert diagrams.count_each(function) == {
        name: sum(name in chosen for chosen in holding) for name in NAMES
    }
    fewest = diagrams.fewest(function)
    assert (fewest is None) == (not holding)
    assert not holding or (fewest in holding and len(fewest) == len(holding[0]))
    without = diagrams.fixed(function, {NAMES[0]: True, NAMES[2]: False})
    for chosen in subsets:
        fixed = ({*chosen} | {NAMES[0]}) - {NAMES[2]}
        assert diagrams.holds(without, chosen) == diagrams.holds(function, fixed)


# The functions and the engine


def by_functions(space: Space, answers: Answers) -> dict[str, object]:
    content = space.content
    chosen = space.chosen(answers)
    first = {rule.id: space.decides[rule.id] for rule in (*content.origin_rules, *content.root_rules)}
    urgent = {rule.id: space.matches[rule.id] for rule in content.urgency_rules}

    def holding(functions: Mapping[Any, Function]) -> list[Any]:
        return [name for name, function in functions.items() if space.diagrams.holds(function, chosen)]

    return {
        "endings": holding(space.endings),
        "rules": set(holding(first | urgent)),
        "asked": holding(space.asked),
        "present": holding({id: truths.yes for id, truths in space.signs.items()}),
        "possible": holding({id: truths.possible for id, truths in space.signs.items()}),
    }


def one_by_one(content: Content, raw: RawAnswers) -> dict[str, object]:
    walked = walk(content, read_answers(content, raw))
    outcome, rules = by_engine(content, raw)
    return {
        "endings": [outcome],
        "rules": set(rules),
        "asked": list(walked.asked),
        "present": [sign.id for sign in content.signs if sign.truth(walked.facts) is YES],
        "possible": [sign.id for sign in content.signs if sign.truth(walked.facts) is not NO],
    }


def disagreement(space: Space, count: int, content: Content = CONTENT) -> RawAnswers | None:
    """The first of `count` random answer sets that the functions and the engine read differently."""
    rng = random.Random(3)
    for _ in range(count):
        raw = some_answers(rng)
        if by_functions(space, read_answers(content, raw)) != one_by_one(content, raw):
            return raw
    return None


def test_functions_and_engine_agree() -> None:
    found = disagreement(shipped_space(), 2_000)
    assert found is None, found


@pytest.mark.parametrize(
    "fault",
    [
        lambda trees: entry(trees, "origin", "R5").update(gives="foot"),
        lambda trees: when(trees, "urgency", "S2")["any"].pop(),
        lambda trees: item(trees, "leg-sides").pop("ask-when"),
        lambda trees: when(trees, "signs", "ROW-R2")["all"][1]["any"][1].update({"at-least": 1}),
    ],
)
def test_functions_of_another_content_do_not_agree(fault: Callable[[Trees], object]) -> None:
    diagrams = shipped_space().diagrams  # so that only what the fault changes is made anew
    assert disagreement(Space(content_with(fault), diagrams), 300) is not None


# The counts


def ways(question: Item) -> int:
    """How many answers `read_answers` takes, none included."""
    if question.takes_one:
        return 1 + len(codes(question))
    return 2 ** len(question.codes - question.exclusive) + len(question.exclusive)


def test_answer_sets_are_all_that_can_be_given() -> None:
    assert shipped_space().count() == math.prod(ways(question) for question in shipped_space().items)
    for question in shipped_space().items:
        for pair in product(codes(question), repeat=2):
            raw: RawAnswers = {question.key: sorted(set(pair))}
            try:
                read_answers(CONTENT, raw)
            except AnswerError:
                assert not shipped_space().holds(shipped_space().sets, raw)
            else:
                assert shipped_space().holds(shipped_space().sets, raw)


def test_counts_are_those_of_counting_one_by_one() -> None:
    """Five questions are left open, the others answered; the functions count what the engine goes through."""
    answered: RawAnswers = {
        "safety-now": ["none"],
        "travels": "no",
        "duration": "under-2-weeks",
        "health": ["cancer"],
    }
    open_questions = ["injury", "leg-pain", "leg-sides", "heel-stand", "weak-since"]
    choices = [(None, *codes(CONTENT.items[key])) for key in open_questions]
    counted = Counter(
        by_engine(CONTENT, answered | dict(zip(open_questions, given, strict=True)))[0]
        for given in product(*choices)
    )
    settings = [
        shipped_space().exactly(question, read_answers(CONTENT, answered).get(question.key, ()))
        for question in shipped_space().items
        if question.key not in open_questions
    ]
    fixed = {name: value for setting in settings for name, value in setting.items()}
    exact = {
        outcome: shipped_space().diagrams.count(shipped_space().diagrams.fixed(function, fixed)) >> len(fixed)
        for outcome, function in shipped_space().endings.items()
    }
    assert {outcome: count for outcome, count in exact.items() if count} == counted


def test_paths_are_counted_in_screens() -> None:
    rng = random.Random(5)
    lengths = {
        len(path_screens(CONTENT, walked))
        for _ in range(2_000)
        if not (walked := walk(CONTENT, read_answers(CONTENT, some_answers(rng)))).exit
    }
    assert lengths == set(by_screens(shipped_space()))


# What is broken is shown


def test_a_broken_property_comes_with_answers_to_decide() -> None:
    content = content_with(
        lambda trees: also(trees, "urgency", "S1", {"not": {"item": "heel-stand", "is": "unable"}}),
        earlier_trees(),
    )
    what = "raising heel-stand from weak to unable takes the urgency below same-day"
    [broken] = [broken for name, broken in prove(content).broken if (name, broken.what) == ("T3", what)]
    assert [by_engine(content, answers)[0][-1] for answers in broken.examples] == ["same-day", "routine"]


def test_a_wrong_engine_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        proving, "by_engine", lambda content, answers: (("foot", "-", "routine"), tuple(answers))
    )
    assert {name for name, _broken in prove(earlier_content()).broken} == {"T8", "engine"} | LATER


# The facts that the content declares


@pytest.mark.parametrize(
    ("part", "row", "problem"),
    [
        ("towards-back", {"item": "leg-pain", "rising": [["none"], ["a-little"]]}, "does not name each code"),
        ("towards-back", {"item": "leg-pain", "adding": ["none"]}, "of kind one"),
        ("more-urgent", {"item": "health", "rising": [["none"], ["cancer"]]}, "of kind many"),
        ("more-urgent", {"item": "health", "adding": ["none"]}, "stands alone"),
        ("more-urgent", {"item": "health", "adding": ["gout"]}, "has no code 'gout'"),
        ("mirrored", {"item": "side", "codes": ["left"]}, "does not name two codes"),
        ("mirrored", {"item": "note", "codes": ["left", "right"]}, "no question with choices"),
        ("weak-support", {"item": "back", "present": ["now"], "absent": ["no"]}, "no question with choices"),
        ("emergency-signs", {"item": "safety-now"}, "'codes' is missing"),
    ],
)
def test_a_faulty_declaration_is_named(part: str, row: dict[str, object], problem: str) -> None:
    faults = check(planted(lambda trees: trees["decision"]["properties"][part].append(row)), TODAY)
    assert any(problem in str(fault) and fault.file == "decision.yaml" for fault in faults)


def test_declarations_cannot_be_left_out() -> None:
    for fault in (
        lambda trees: trees["decision"].pop("properties"),
        lambda trees: trees["decision"]["properties"].pop("mirrored"),
        lambda trees: trees["decision"]["properties"]["emergency-signs"].clear(),
    ):
        assert check(planted(fault), TODAY)


def test_every_urgent_sign_on_the_first_screen_is_declared() -> None:
    declared = {code for sign in CONTENT.properties.emergency_signs for code in sign.codes}
    assert declared == CONTENT.items["safety-now"].codes - {"none", "not-sure"}


# The command


@pytest.fixture
def held_to_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The content of before is not held to what came after it."""
    monkeypatch.setattr(
        proving, "PROPERTIES", tuple(each for each in proving.PROPERTIES if each.name not in LATER)
    )


@pytest.mark.usefixtures("held_to_its_day")
def test_prove_shows_what_holds(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("prove", str(EARLIER))
    out, err = capsys.readouterr()
    assert f"Proved over {earlier_space().count():,} answer sets: all there are, none sampled." in out
    assert "T9         emergency signs are asked of all" in out
    assert "BROKEN" not in out
    assert "… T9:" in err


def test_prove_fails_on_a_hole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faulty = planted(lambda trees: drop_row(trees, "origin", "R4"), earlier_trees())
    with pytest.raises(SystemExit, match="1"):
        call_command("prove", written(faulty, tmp_path))
    out, err = capsys.readouterr()
    assert "BROKEN in 1 of 6 facts" in out
    assert "Broken: T1" in err
    shown = json.loads(out.partition("- no origin\n")[2].splitlines()[0])
    [hole] = by_engine(load(faulty), shown)[0]
    assert hole == "none of C1, C2, R1, R2, R3, R5, R6 matches"


@pytest.mark.django_db
@pytest.mark.usefixtures("held_to_its_day")
def test_prove_takes_a_release(capsys: pytest.CaptureFixture[str]) -> None:
    release = publish(small_trees())
    call_command("prove", release.sha256[:8])
    assert "BROKEN" not in capsys.readouterr().out


@pytest.mark.django_db
def test_prove_says_what_it_does_not_find() -> None:
    with pytest.raises(CommandError, match="no release begins with 'abc'"):
        call_command("prove", "abc")
