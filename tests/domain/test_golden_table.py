"""The golden table is current, and no change of the decision leaves it as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.planted import Trees, content_with, entry, when
from tests.shipped import earlier_content, earlier_trees, shipped_trees
from triage.domain.content import Content
from triage.domain.proof.golden import answers, fingerprint, table
from triage.domain.proof.space import Space
from triage.management.commands import golden_table
from triage.management.commands.golden_table import GOLDEN_TABLE, counted_from, whole_table


def changed_content(change: Callable[[Trees], object]) -> Content:
    return content_with(change, earlier_trees())


@pytest.fixture(scope="module")
def text() -> str:
    """Of the content of before: the shipped one takes most of a minute."""
    return table(earlier_content()) + "\n"


def test_the_table_is_current(proof: Any) -> None:
    """That of this content and this code; its numbers are counted anew in the long form, which takes a minute."""
    written = GOLDEN_TABLE.read_text(encoding="utf-8")
    current = (
        written == whole_table(shipped_trees())
        if proof.long
        else written.endswith(f"{counted_from(shipped_trees())}\n")
    )
    assert current, "Run `python manage.py golden_table`, and look at what changed."


def test_by_other_code_it_is_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden_table, "domain_sha256", lambda: "0" * 64)
    assert not GOLDEN_TABLE.read_text(encoding="utf-8").endswith(f"{counted_from(shipped_trees())}\n")


def test_one_command_writes_it(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.BASE_DIR = tmp_path
    monkeypatch.setattr(golden_table, "GOLDEN_TABLE", tmp_path / "golden-table.md")
    monkeypatch.setattr(golden_table, "read_trees", lambda directory: earlier_trees())
    call_command("golden_table")
    assert (tmp_path / "golden-table.md").read_text(encoding="utf-8") == text + counted_from(
        earlier_trees()
    ) + "\n"


def test_a_changed_rule_changes_the_numbers(text: str) -> None:
    changed = (
        table(changed_content(lambda trees: when(trees, "urgency", "E11")["all"][1]["any"].pop())) + "\n"
    )
    lines = set(text.splitlines())
    assert len(changed.splitlines()) == len(text.splitlines())
    assert sum(line not in lines for line in changed.splitlines()) > 100


def test_the_fingerprint_sees_what_rounding_hides() -> None:
    assert fingerprint((10**30, 1)) != fingerprint((10**30 + 1, 1))


def test_what_can_never_be_is_a_dash(text: str) -> None:
    no_leg_pain = next(line for line in text.splitlines() if line.startswith("| leg-pain | none |"))
    assert no_leg_pain.split(" | ")[2:6] == ["–", "–", "–", "1.087e29"]
    assert "| R5, R6, asks foot-feel |" in no_leg_pain


def test_a_code_names_the_rows_that_read_it() -> None:
    changed = changed_content(
        lambda trees: entry(trees, "urgency", "S6").update(when={"item": "side", "is": "left"})
    )
    words = {each.name: each.words for each in answers(Space(changed))}
    assert (words["side", "left"], words["side", "right"]) == ("S6", "")
