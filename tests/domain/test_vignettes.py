"""The cases in patients' words: each decides as a clinician expects, and together they show every rule."""

import re
from collections import Counter
from itertools import product

import pytest

from tests.shipped import shipped_content
from triage.domain.content import ORIGINS, URGENCIES, Vignette
from triage.domain.decision import Decision, decide
from triage.domain.walk import Walk, read_answers, walk

CONTENT = shipped_content()
VIGNETTES = {vignette.key: vignette for vignette in CONTENT.vignettes}
STOPS_EARLY = "stopped-after-three-answers"


def walked(vignette: Vignette) -> Walk:
    return walk(CONTENT, read_answers(CONTENT, vignette.answers))


def decided(vignette: Vignette) -> Decision:
    return decide(CONTENT, walked(vignette))


def check(vignette: Vignette, decision: Decision) -> None:
    """Too low an urgency is said first and by its own name: it is the failure that harms."""
    if vignette.urgency and decision.urgency:
        told, due = URGENCIES.index(decision.urgency), URGENCIES.index(vignette.urgency)
        assert told >= due, (
            f"UNDER-TRIAGE of {vignette.key}: {decision.urgency}, but {vignette.urgency} is due"
        )
    found = (decision.origin, decision.root, decision.urgency)
    assert found == (vignette.origin, vignette.root, vignette.urgency), f"{vignette.key}: {vignette.why}"


@pytest.mark.parametrize("key", VIGNETTES)
def test_vignette(key: str) -> None:
    check(VIGNETTES[key], decided(VIGNETTES[key]))


def test_under_triage_of_an_emergency_fails_by_name() -> None:
    emergency, routine = VIGNETTES["sudden-cold-leg"], VIGNETTES["plantar-heel"]
    with pytest.raises(
        AssertionError, match="UNDER-TRIAGE of sudden-cold-leg: routine, but emergency is due"
    ):
        check(emergency, decided(routine))
    with pytest.raises(AssertionError, match="plantar-heel: R6"):
        check(routine, decided(emergency))


@pytest.mark.parametrize("key", VIGNETTES)
def test_answers_are_those_along_the_path(key: str) -> None:
    answered = walked(VIGNETTES[key])
    assert not answered.dropped
    assert bool(set(answered.unanswered) - {"note"}) == (key == STOPS_EARLY)


def test_every_rule_fires_in_a_vignette() -> None:
    every = {rule.id for rule in (*CONTENT.origin_rules, *CONTENT.root_rules, *CONTENT.urgency_rules)}
    decisions = [decided(vignette) for vignette in CONTENT.vignettes]
    roots = {decision.root_rule.id for decision in decisions if decision.root_rule}
    assert every == roots | {rule.id for decision in decisions for rule in decision.rules}


def test_every_urgency_rule_decides_alone_in_a_vignette() -> None:
    """So that none can be lowered or lost without a vignette being missed."""
    alone = {rules[0].id for each in CONTENT.vignettes if len(rules := decided(each).deciding_rules) == 1}
    assert {rule.id for rule in CONTENT.urgency_rules} == alone


def named(vignette: Vignette) -> set[str]:
    """The rules that its `why` speaks of; "root S1" is none."""
    return set(re.findall(r"(?<!root )\b[CRES]\d+\b", vignette.why))


@pytest.mark.parametrize("key", VIGNETTES)
def test_why_names_the_rules_that_fire(key: str) -> None:
    assert {rule.id for rule in decided(VIGNETTES[key]).rules} <= named(VIGNETTES[key])


def test_every_rule_is_shown_from_its_other_side_too() -> None:
    """A vignette names each rule that just does not match it."""
    near = {
        rule
        for vignette in CONTENT.vignettes
        for rule in named(vignette) - {rule.id for rule in decided(vignette).rules}
    }
    assert {rule.id for rule in (*CONTENT.origin_rules, *CONTENT.urgency_rules)} == near


def test_there_are_cases_of_every_outcome() -> None:
    outcomes = Counter((vignette.origin, vignette.urgency) for vignette in CONTENT.vignettes)
    assert set(outcomes) == {*product(ORIGINS, URGENCIES), (None, None)}
    assert outcomes.total() >= 80
