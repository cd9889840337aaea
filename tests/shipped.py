"""The shipped content, read once for all tests, since YAML is slow to read. Who changes trees changes a copy."""

from functools import cache
from pathlib import Path

from triage.domain.content import Content
from triage.domain.loading import Trees, load
from triage.store.content_files import SHIPPED, read_trees

EARLIER = Path(__file__).parent / "data" / "foot-pain-2026.11"
TODAY = "2026-11-22"  # on which content is checked


@cache
def shipped_trees() -> Trees:
    return read_trees(SHIPPED)


@cache
def earlier_trees() -> Trees:
    """The release that was published before: it stays readable, and answers in its codes are still decided."""
    return read_trees(EARLIER)


@cache
def shipped_content(language: str | None = None) -> Content:
    return load(shipped_trees(), language)
