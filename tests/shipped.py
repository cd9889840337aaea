"""The shipped content, read once for all tests, since YAML is slow to read. Who changes trees changes a copy."""

from functools import cache

from triage.domain.content import Content
from triage.domain.loading import Trees, load
from triage.store.content_files import SHIPPED, read_trees

TODAY = "2026-11-22"  # on which content is checked


@cache
def shipped_trees() -> Trees:
    return read_trees(SHIPPED)


@cache
def shipped_content(language: str | None = None) -> Content:
    return load(shipped_trees(), language)
