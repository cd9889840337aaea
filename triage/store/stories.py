"""How submissions are told in one line: read once, from fixtures/story.yaml."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.conf import settings

from triage.domain.decision import decide
from triage.domain.story import Telling, telling
from triage.domain.walk import walk
from triage.store import releases
from triage.store.content_files import SHIPPED
from triage.store.plain_yaml import tree_of
from triage.store.visit import Visit

ROW = 100  # letters; the column holds twice as many


@cache
def the_telling() -> Telling:
    tree = tree_of((SHIPPED.parent / "story.yaml").read_text(encoding="utf-8"))
    return telling(cast("dict[str, Any]", tree))


def why(visit: Visit) -> str:
    """The signs it is urgent for, for staff, as they stand in its row on the worklist: as many as a row holds."""
    content = releases.content(visit.release, settings.LANGUAGE_CODE)
    walked = walk(content, visit.answers)
    signs = the_telling().urgent_signs(content, walked, decide(content, walked))
    told = ""
    for sign in signs:
        longer = f"{told}, {sign}" if told else sign
        if len(longer) > ROW:
            return f"{told or sign[:ROW]} …"
        told = longer
    return told
