"""Cases in a line, and what the engine decides of them.

A case is written `key=code key=code,code`, on top of PLAIN: an adult who answers every question and has
nothing to report. `key=` takes an answer away.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.shipped import shipped_content
from triage.domain.content import Content
from triage.domain.decision import decide
from triage.domain.walk import read_answers, walk

Answers = dict[str, Any]

CONTENT = shipped_content()

PLAIN: Answers = {
    "age": "16-or-over",
    "answering": "self",
    "safety-now": "none",
    "side": "left",
    "foot-site": "ball",
    "injury": "no",
    "leg-pain": "none",
    "leg-sides": "one",
    "back-pain": "no",
    "travels": "no",
    "numb-site": "none",
    "health": "none",
    "changes": "none",
    "foot-lift": "yes",
    "heel-stand": "yes",
    "foot-heavy": "no",
    "tiptoe": "yes",
    "duration": "6-to-12-weeks",
    "course": "same",
    "pain-level": "4",
    "impact": "none",
    "foot-feel": "none",
}


def case(text: str) -> Answers:
    given = dict(pair.split("=") for pair in text.split())
    answers = PLAIN | {key: codes.split(",") if "," in codes else codes for key, codes in given.items()}
    return {key: codes for key, codes in answers.items() if codes}


def by_engine(answers: Answers, content: Content = CONTENT) -> dict[str, object]:
    walked = walk(content, read_answers(content, answers))
    decision = decide(content, walked)
    return {
        "origin": decision.origin,
        "origin_rule": decision.origin_rule.id if decision.origin_rule else None,
        "root": decision.root,
        "urgency": decision.urgency,
        "urgency_rules": {rule.id for rule in decision.urgency_rules},
        "path": list(walked.asked),
        "exit": walked.exit or None,
    }


def table(text: str) -> list[Any]:
    """Lines `expected : case` as test parameters; a comment says what the lines below it show."""
    lines = [line for line in text.strip().splitlines() if "#" not in line]
    return [pytest.param(*(part.strip() for part in line.split(":")), id=line.strip()) for line in lines]
