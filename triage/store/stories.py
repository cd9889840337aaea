"""How submissions are told in one line: read once, from fixtures/story.yaml."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from triage.domain.story import Telling, telling
from triage.models.sessions import WHY_LENGTH
from triage.store.content_files import SHIPPED
from triage.store.plain_yaml import tree_of
from triage.store.visit import Visit


@cache
def the_telling() -> Telling:
    tree = tree_of((SHIPPED.parent / "story.yaml").read_text(encoding="utf-8"))
    return telling(cast("dict[str, Any]", tree))


def why(visit: Visit) -> str:
    """The signs it is urgent for, as they stand in its row on the worklist."""
    signs = the_telling().urgent_signs(visit.content, visit.walk, visit.decision)
    return ", ".join(signs)[:WHY_LENGTH]
