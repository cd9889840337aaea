"""Two contents compared: exact numbers, true examples, and nothing found where there is nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.planted import Trees, content_with, entry, item, planted, when, written
from tests.shipped import (
    EARLIER,
    earlier_content,
    earlier_space,
    earlier_trees,
    shipped_content,
    small_trees,
)
from tests.visitor import publish
from triage.domain.content import Content
from triage.domain.proof.compare import compare
from triage.domain.proof.prove import by_engine

pytestmark = pytest.mark.alike("contents are compared, wherever they are stored")

CONTENT = earlier_content()


def other(change: Callable[[Trees], object]) -> Content:
    return content_with(change, earlier_trees())


def refactored(trees: Trees) -> None:
    """The same decision in other words."""
    entry(trees, "signs", "K2")["when"] = {
        "not": {"all": [{"not": part} for part in when(trees, "signs", "K2")["any"]]}
    }
    entry(trees, "signs", "BACK-ROW")["when"] = {
        "at-least": 1,
        "of": [{"sign": "ROW-R2"}, {"sign": "ROW-R1"}],
    }


def lowered(trees: Trees) -> None:
    when(trees, "urgency", "S2")["all"][1]["any"].pop()


def test_a_refactoring_changes_nothing() -> None:
    comparison = compare(CONTENT, other(refactored))
    assert (comparison.differ, comparison.changes, comparison.left_out) == (0, (), ())
    assert comparison.answer_sets == earlier_space().count()


def test_examples_are_decided_as_told() -> None:
    new = other(lowered)
    comparison = compare(CONTENT, new)
    assert {(change.old[-1], change.new[-1]) for change in comparison.changes} == {("same-day", "routine")}
    for change in comparison.changes:
        assert by_engine(CONTENT, change.example)[0] == change.old
        assert by_engine(new, change.example)[0] == change.new


def test_the_other_way_round_is_the_same_number() -> None:
    new = other(lowered)
    there, back = compare(CONTENT, new), compare(new, CONTENT)
    assert there.differ == back.differ > 0
    assert {(change.old, change.new, change.count) for change in there.changes} == {
        (change.new, change.old, change.count) for change in back.changes
    }


def test_the_number_is_exact() -> None:
    """Where every foot result becomes unclear, as many answer sets differ as have a foot result."""
    space = earlier_space()
    comparison = compare(CONTENT, other(lambda trees: entry(trees, "origin", "R6").update(gives="unclear")))
    assert comparison.differ == space.count(space.origins["foot"])
    assert [(change.old, change.new) for change in comparison.changes] == [
        (("foot", "-", urgency), ("unclear", "-", urgency))
        for urgency in ("emergency", "same-day", "routine")
    ]


# Other questions


def with_new_question(trees: Trees) -> None:
    """One question more, which lowers nothing and sends the longer injured to the clinic today."""
    new = {**item(trees, "injury"), "key": "injury-again"}
    next(screen for screen in trees["questionnaire"]["screens"] if screen["key"] == "age")["items"].append(
        new
    )
    entry(trees, "urgency", "S3")["when"] = {"item": "injury-again", "is": "recent"}


def with_new_code(trees: Trees) -> None:
    item(trees, "injury")["options"].append({"code": "someone-else", "text": "Someone stepped on it"})
    for rise in trees["decision"]["properties"]["more-urgent"]:
        if rise["item"] == "injury":
            rise["rising"][0].append("someone-else")


def test_a_question_of_one_content_only() -> None:
    comparison = compare(CONTENT, other(with_new_question))
    assert comparison.left_out == (
        "injury-again is asked by the new content only; its answers count as off the path of the old one",
    )
    assert comparison.answer_sets == earlier_space().count() * 5
    assert any(change.example.get("injury-again") == "recent" for change in comparison.changes)
    assert comparison.differ == compare(other(with_new_question), CONTENT).differ


def test_a_code_of_one_content_only() -> None:
    comparison = compare(CONTENT, other(with_new_code))
    assert comparison.differ == 0
    assert comparison.left_out == (
        "injury: only one content knows someone-else; answer sets with that are not compared",
    )
    assert comparison.answer_sets == earlier_space().count()


# Version 1 and version 2


def test_version_1_is_compared_with_version_2() -> None:
    """Each from and to comes with an answer set that both decide so; version 1 does not hear the new questions."""
    comparison = compare(CONTENT, shipped_content())
    assert 0 < comparison.differ < comparison.answer_sets
    assert comparison.left_out[0].startswith("answering is asked by the new content only")
    assert any(line.startswith("weak-since: only one content knows sudden;") for line in comparison.left_out)
    for change in comparison.changes:
        heard = {key: given for key, given in change.example.items() if key in CONTENT.items}
        assert by_engine(CONTENT, heard)[0] == change.old
        assert by_engine(shipped_content(), change.example)[0] == change.new
    urgencies = {(change.old[-1], change.new[-1]) for change in comparison.changes}
    # What version 2 was made for, among it both legs that get worse over months.
    assert {("routine", "emergency"), ("same-day", "emergency"), ("emergency", "same-day")} <= urgencies
    assert ("emergency", "routine") in urgencies


# The command


def test_compare_prints_from_what_to_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("compare", str(EARLIER), written(planted(lowered, earlier_trees()), tmp_path))
    out = capsys.readouterr().out
    comparison = compare(CONTENT, other(lowered))
    assert f"{comparison.differ:,} of {comparison.answer_sets:,} answer sets differ." in out
    assert "unclear · - · same-day  →  unclear · - · routine" in out
    assert json.dumps(comparison.changes[0].example) in out


@pytest.mark.django_db
def test_compare_takes_releases(capsys: pytest.CaptureFixture[str]) -> None:
    release = publish(small_trees())
    call_command("compare", release.sha256[:8], str(EARLIER))
    assert "\n0 of" in f"\n{capsys.readouterr().out}"
    with pytest.raises(CommandError, match="no release begins with '0000'"):
        call_command("compare", "0000", str(EARLIER))


def test_compare_names_the_faults_of_a_directory(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Mend the content first"):
        call_command("compare", str(EARLIER), str(tmp_path))
