"""A condition that is always met, or never, is found wherever it stands, and so is a part of one."""

import pytest

from tests.planted import content_with, entry, item
from tests.shipped import (
    earlier_content,
    earlier_space,
    earlier_trees,
    shipped_content,
    shipped_space,
    shipped_trees,
)
from triage.domain.proof.conditions import named_conditions, say_something
from triage.domain.proof.space import Space

LEFT, RIGHT = {"item": "side", "is": "left"}, {"item": "side", "is": "right"}
NEVER = {"all": [LEFT, RIGHT]}  # one of the two is all that can be answered
ALWAYS = {"any": [LEFT, {"without": LEFT}]}


def broken(fault, trees=earlier_trees, space=earlier_space):
    planted = Space(
        content_with(fault, trees()), space().diagrams
    )  # only what the fault changes is made anew
    return [found.what for found in say_something(planted) if found]


def a_rule(condition):
    return lambda trees: entry(trees, "urgency", "S4").update(when=condition)


def a_sign(condition):
    return lambda trees: entry(trees, "signs", "K1").update(when=condition)


def a_row(condition):
    return lambda trees: trees["results"]["sections"]["learn"]["rows"][0].update(when=condition)


def a_question(condition):
    return lambda trees: item(trees, "duration").update({"ask-when": condition})


@pytest.mark.parametrize("plant", [a_rule, a_sign, a_row, a_question])
def test_always_and_never_are_found(plant):
    assert any("is always met" in what for what in broken(plant(ALWAYS)))
    if plant is not a_question:  # one that is never asked does not even load
        assert any("is never met" in what for what in broken(plant(NEVER)))


def test_a_part_that_never_is_met_is_named_in_words():
    found = broken(a_rule({"any": [LEFT, NEVER]}))
    assert found == ["the condition of S4 is never met: Side: “Left” and Side: “Right”"]


def test_what_stands_above_a_question_or_in_a_phrase_counts():
    def never(trees):
        item(trees, "tiptoe")["cautions"][0]["when"] = NEVER
        item(trees, "tiptoe")["variants"][0]["when"] = NEVER
        trees["questionnaire"]["phrases"][0]["variants"][0]["when"] = NEVER

    found = [what for what in broken(never, shipped_trees, shipped_space) if "“" not in what]
    assert len(found) >= 3
    assert all("is never met" in what for what in found)


def test_the_releases_have_none():
    for content, space in ((earlier_content(), earlier_space()), (shipped_content(), shipped_space())):
        assert sum(1 for _ in named_conditions(content)) > 100
        assert [found for found in say_something(space) if found] == []
