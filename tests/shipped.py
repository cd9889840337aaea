"""The shipped content, read once for all tests, since YAML is slow to read. Who changes trees changes a copy."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

from triage.domain.content import Content
from triage.domain.loading import Trees, load
from triage.domain.proof.space import Space
from triage.store.content_files import SHIPPED, read_trees

EARLIER = Path(__file__).parent / "data" / "foot-pain-2026.11"
TODAY = "2026-11-22"  # on which content is checked


@cache
def shipped_trees() -> Trees:
    return read_trees(SHIPPED)


@cache
def earlier_trees() -> Trees:
    """The release that was published before: it stays readable, and answers in its codes are still decided.

    It is proved, compared and explained in a tenth of the time: for tests of how that is done, not of what is asked.
    """
    return read_trees(EARLIER)


@cache
def shipped_content(language: str | None = None) -> Content:
    return load(shipped_trees(), language)


@cache
def earlier_content() -> Content:
    return load(earlier_trees())


@cache
def shipped_space() -> Space:
    """Made for whoever asks for it first, and for all. Who makes another with its `diagrams` adds no choice to them:
    they would be counted."""
    return Space(shipped_content())


@cache
def earlier_space() -> Space:
    return Space(earlier_content())


def small_trees() -> dict[str, Any]:
    """The release of before, fit to be published today: proved and compared in seconds, where this is about steps."""
    trees: dict[str, Any] = copy.deepcopy(dict(earlier_trees()))
    trees["es"]["same"] = ["No", "Diabetes"]
    wales = next(source for source in trees["sources"]["guidance"] if source["id"] == "nhs-wales-sciatica")
    wales["url"] = wales["url"].replace("http://", "https://")
    trees["population"] = heels(trees["questionnaire"]["screens"])
    return trees


def few_trees() -> dict[str, Any]:
    """The same with a dozen stories, which do for what is held of each."""
    trees = small_trees()
    trees["vignettes"]["vignettes"] = trees["vignettes"]["vignettes"][:12]
    return trees


def heels(screens: list[dict[str, Any]]) -> dict[str, Any]:
    """Everybody comes with a sore heel, and answers each question in any way."""
    items = [item for screen in screens for item in screen["items"] if item["kind"] != "text"]
    anybody = {item["key"]: {option["code"]: 10 for option in item["options"]} for item in items}
    heel = {"key": "heel", "name": "Sore heel", "share": 1, "sources": ["estimate"], "answers": {}}
    noise = {"clear": {"unsure": 1, "other": 1, "tick": 1, "miss": 1}}
    return {"sources": [], "noise": noise, "anybody": anybody, "also": [], "conditions": [heel]}
