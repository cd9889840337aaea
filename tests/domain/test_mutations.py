"""Faults planted in the shipped content: each is caught, and by the property that is there to catch it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache

import pytest

from tests.planted import (
    Trees,
    also,
    ask_later,
    content_with,
    drop_row,
    entry,
    item,
    move_first,
    negate,
    result_row,
    when,
)
from tests.shipped import earlier_content, earlier_trees, shipped_content, shipped_space
from triage.domain.decision import NoRuleMatches
from triage.domain.examples import misses
from triage.domain.logic import All, AnyOf
from triage.domain.proof import mutate
from triage.domain.proof.broken import Broken
from triage.domain.proof.mutate import Hunt, Mutant, mutants
from triage.domain.proof.prove import PROPERTIES
from triage.domain.proof.space import Space

# The content of before: its rules are of the same kinds, and proved in a tenth of the time.
CONTENT = earlier_content()
SHIPPED = shipped_content()
RECENT = {"item": "injury", "is": "recent"}
UNABLE = {"item": "heel-stand", "is": "unable"}
FEVER = {"item": "changes", "is": "fever"}


def hide_urgent_signs(trees: Trees) -> None:
    item(trees, "safety-now")["ask-when"] = {"item": "age", "is": "16-or-over"}


def weak_only_with_pain(trees: Trees) -> None:
    """ "Sore" where "weak" is meant."""
    when(trees, "signs", "K2")["any"][0]["any-of"] = ["weak", "sore"]


def forget_that_it_is_hard(trees: Trees) -> None:
    """Nothing reads what is hard any more, and the question still says it is there for a claim."""
    trees["results"]["sections"]["tell"]["rows"].remove(result_row(trees, "tell", "tell-hard"))


def ask_twice(trees: Trees) -> None:
    """The last screens come a second time, under other keys."""
    for screen in [dict(screen) for screen in trees["questionnaire"]["screens"][-6:-2]]:
        renamed = [{**old, "key": f"{old['key']}-again", "basis": ["clinic"]} for old in screen["items"]]
        trees["questionnaire"]["screens"].append(
            {**screen, "key": f"{screen['key']}-again", "items": renamed}
        )


FAULTS: dict[str, tuple[str, Callable[[Trees], object]]] = {
    "row dropped": ("T1", lambda trees: drop_row(trees, "origin", "R4")),
    "last row negated": ("T1", lambda trees: negate(trees, "origin", "R6")),
    "rows swapped": ("rows", lambda trees: move_first(trees, "origin", "R3")),
    "origin turned round": ("T2", lambda trees: entry(trees, "origin", "R6").update(gives="back")),
    "more pain, less back": (
        "T2",
        lambda trees: when(trees, "signs", "ROW-R1")["all"].append({"sign": "LP-LITTLE"}),
    ),
    "one sign takes another away": ("T2", lambda trees: also(trees, "origin", "R5", {"not": {"sign": "N"}})),
    "fever makes a black toe less urgent": (
        "T3",
        lambda trees: also(trees, "urgency", "E11", {"not": FEVER}),
    ),
    "unable is less than weak": ("T3", lambda trees: also(trees, "urgency", "S1", {"not": UNABLE})),
    "back pain decides alone": (
        "T4",
        lambda trees: when(trees, "origin", "R5")["all"][1]["any"].append({"sign": "K6"}),
    ),
    "no back pain is a sign": ("T4", lambda trees: when(trees, "signs", "K6").update({"is": "no"})),
    "the left foot counts": (
        "T6",
        lambda trees: also(trees, "urgency", "S4", {"item": "side", "is": "left"}),
    ),
    "not sure is no": (
        "T7",
        lambda trees: when(trees, "urgency", "S10")["all"][3]["any-of"].remove("not-sure"),
    ),
    "not sure of urgent signs is routine": ("T7", lambda trees: drop_row(trees, "urgency", "S11")),
    "not sure is both feet well": ("T7", lambda trees: entry(trees, "origin", "R4").update(gives="back")),
    "urgent signs behind a question": ("T9", hide_urgent_signs),
    "urgent signs last": ("T9", lambda trees: ask_later(trees, "safety-now")),
    "emergency lowered": ("T9", lambda trees: entry(trees, "urgency", "E5").update(gives="same-day")),
    "emergency only with an injury": ("T9", lambda trees: also(trees, "urgency", "E6", RECENT)),
    "sentence for nobody": (
        "texts",
        lambda trees: result_row(trees, "pattern", "pattern-foot").update(when={"sign": "K1"}),
    ),
    "idle question": ("necessary", forget_that_it_is_hard),
    "too many screens": ("length", ask_twice),
}


def broken(name: str, space: Space) -> list[Broken]:
    [facts] = [each.facts for each in PROPERTIES if each.name == name]
    return [fact for fact in facts(space) if fact]


@cache
def unbroken() -> Space:
    return Space(CONTENT)


@cache
def broken_unplanted(name: str) -> list[Broken]:
    return broken(name, unbroken())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_breaks_its_property(fault: str) -> None:
    name, plant = FAULTS[fault]
    diagrams = unbroken().diagrams  # so that only what the fault changes is made anew
    assert broken(name, Space(content_with(plant, earlier_trees()), diagrams))
    assert not broken_unplanted(name)


def test_faults_are_planted_for_every_property() -> None:
    """T5, questions, T10 and T11: below; what stands together: test_ledger; conditions: test_conditions. T8 and engine
    are about the code, see test_prove."""
    planted = {name for name, _plant in FAULTS.values()}
    elsewhere = {"T5", "questions", "T10", "T11", "together", "conditions", "T8", "engine"}
    assert planted | elsewhere == {each.name for each in PROPERTIES}


# The shipped content: what it must keep that the content of before had not yet


def one_sentence_for_all(trees: Trees) -> None:
    """Somebody with a sore would read of a black toe."""
    rules = trees["results"]["rules"]
    first, *_others = rules["S7"].pop("parts")
    rules["S7"] |= {"patient": first["patient"], "staff": first["staff"]}


def a_reason_less(trees: Trees) -> None:
    """Somebody whose toe is black would read no reason."""
    trees["results"]["rules"]["S7"]["parts"] = [
        part for part in trees["results"]["rules"]["S7"]["parts"] if part["key"] != "black-toe"
    ]


def an_excuse_less(trees: Trees) -> None:
    trees["decision"]["properties"]["unread"].pop()


def nobody_hears(trees: Trees) -> None:
    """Cramp that comes with walking is for the clinic alone: no rule reads it."""
    for section in trees["results"]["sections"].values():
        section["rows"] = [row for row in section["rows"] if "walk-stop" not in str(row.get("when"))]


@pytest.mark.parametrize(
    ("name", "fault", "told"),
    [
        ("T11", one_sentence_for_all, "S7 has an “or”, and one sentence for all of it"),
        ("T11", a_reason_less, "the reason S7"),
        ("T10", an_excuse_less, "and no list says why"),
        ("T10", nobody_hears, "nothing reads changes walk-stop"),
    ],
)
def test_a_fault_in_the_shipped_content_is_told(
    name: str, fault: Callable[[Trees], object], told: str
) -> None:
    planted = Space(content_with(fault), shipped_space().diagrams)
    assert any(told in each.what for each in broken(name, planted))


RULES = [
    rule.id for rule in (*SHIPPED.origin_rules, *SHIPPED.root_rules, *SHIPPED.urgency_rules) if rule.when
]


@pytest.mark.parametrize("id", RULES)
def test_no_rule_can_go_without_an_example_that_says_so(id: str) -> None:
    """Publishing runs the examples: whoever drops or loses a rule is told by a vignette or a published case."""
    tables = {
        table: tuple(rule for rule in getattr(SHIPPED, table) if rule.id != id)
        for table in ("origin_rules", "root_rules", "urgency_rules")
    }
    lacking = replace(SHIPPED, **tables)  # type: ignore[arg-type]
    with suppress(NoRuleMatches):  # noticed too
        assert next(misses(lacking), None), id


# Faults that the loader would not let through


def test_a_reason_without_a_source_breaks_t5() -> None:
    unsourced = replace(CONTENT.urgency_rules[0], basis=("clinic",))
    assert broken("T5", Space(replace(CONTENT, urgency_rules=(unsourced, *CONTENT.urgency_rules[1:]))))


def test_a_question_for_nobody_is_found() -> None:
    never = All(
        (AnyOf("injury", frozenset({"no"}), "not-sure"), AnyOf("injury", frozenset({"recent"}), "not-sure"))
    )
    injury = CONTENT.screen_by_key["injury"]
    unasked = replace(injury, items=(*injury.items[:2], replace(injury.items[2], ask_when=never)))
    screens = tuple(unasked if screen is injury else screen for screen in CONTENT.screens)
    [nobody, *codes] = broken("questions", Space(replace(CONTENT, screens=screens)))
    assert nobody.what == "injury-bone is never asked"
    assert [code.what for code in codes] == [
        f"injury-bone {code} never counts" for code in ("yes", "no", "not-sure")
    ]


# Every small fault


@pytest.fixture(scope="module")
def every() -> list[Mutant]:
    return list(mutants(CONTENT))


def test_every_condition_is_mutated(every: list[Mutant]) -> None:
    assert len({(mutant.where, mutant.what) for mutant in every}) == len(every) > 800
    rules = {rule.id for rule in (*CONTENT.origin_rules, *CONTENT.root_rules, *CONTENT.urgency_rules)}
    places = {sign.id for sign in CONTENT.signs} | rules
    assert {mutant.where for mutant in every if "," not in mutant.where} == places


def test_a_sample_of_mutants_is_killed_or_equivalent(every: list[Mutant]) -> None:
    """`manage.py mutate` goes through all of them."""
    hunt = Hunt(CONTENT)
    for mutant in every[::20]:
        assert hunt.noticed_by(mutant) or hunt.equivalent(mutant), f"{mutant.where}: {mutant.what}"


def test_a_mutant_that_nobody_notices_would_be_told(
    every: list[Mutant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutate, "PROPERTIES", ())
    monkeypatch.setattr(mutate, "NUMBERS", {})
    blind = replace(CONTENT, vignettes=())
    dropped = next(
        mutant for mutant in mutants(blind) if (mutant.where, mutant.what) == ("E5", "row dropped")
    )
    hunt = Hunt(blind)
    assert not hunt.noticed_by(dropped)
    assert not hunt.equivalent(dropped)
