"""Faults to plant in content, the shipped or that of before, each as a change of its trees; and what they make."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.shipped import shipped_trees
from triage.domain.content import Content
from triage.domain.loading import load

Trees = dict[str, Any]
WRITTEN: set[str] = (
    set()
)  # files of this process, which the tests read as what they are, JSON, and that is sooner


def planted(fault: Callable[[Trees], object], trees: Mapping[str, Any] | None = None) -> Trees:
    """Into the shipped content, unless another is named."""
    changed: Trees = pickle.loads(
        pickle.dumps(dict(trees or shipped_trees()))
    )  # a copy, made sooner than by `copy`
    fault(changed)
    return changed


def content_with(fault: Callable[[Trees], object], trees: Mapping[str, Any] | None = None) -> Content:
    return load(planted(fault, trees))


def written(trees: Trees, directory: Path) -> str:
    """The trees as a content directory."""
    for name, tree in trees.items():
        text = json.dumps(tree)  # JSON is YAML
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")
        WRITTEN.add(text)
    return str(directory)


# Places in the trees


def entry(trees: Trees, part: str, name: str) -> dict[str, Any]:
    return next(row for row in trees["decision"][part] if row["id"] == name)


def when(trees: Trees, part: str, name: str) -> dict[str, Any]:
    return entry(trees, part, name)["when"]


def item(trees: Trees, key: str) -> dict[str, Any]:
    screens = trees["questionnaire"]["screens"]
    return next(item for screen in screens for item in screen["items"] if item["key"] == key)


def result_row(trees: Trees, section: str, key: str) -> dict[str, Any]:
    return next(row for row in trees["results"]["sections"][section]["rows"] if row["key"] == key)


# Changes


def without_examples(trees: Trees) -> None:
    """Its rules may be changed without contradicting any vignette or published case."""
    trees["vignettes"]["vignettes"] = []
    trees.pop("cases", None)


def drop_row(trees: Trees, part: str, name: str) -> None:
    trees["decision"][part].remove(entry(trees, part, name))
    del trees["results"]["rules"][name]


def move_first(trees: Trees, part: str, name: str) -> None:
    trees["decision"][part].sort(key=lambda row: row["id"] != name)


def negate(trees: Trees, part: str, name: str) -> None:
    entry(trees, part, name)["when"] = {"not": when(trees, part, name)}


def also(trees: Trees, part: str, name: str, condition: dict[str, Any]) -> None:
    """The row asks for one thing more."""
    entry(trees, part, name)["when"] = {"all": [when(trees, part, name), condition]}


def ask_later(trees: Trees, key: str) -> None:
    """The screen comes last."""
    trees["questionnaire"]["screens"].sort(key=lambda screen: screen["key"] == key)
