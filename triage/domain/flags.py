"""Flags: the answers on which an urgency rests. One that the patient takes back stays known to the clinic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from triage.domain.content import URGENCIES, Content, Urgency
from triage.domain.decision import reasons, urgency_rules
from triage.domain.result import answer_words
from triage.domain.walk import Answers, Walk

# Of one item: code -> {"given_at": when first, "taken_back_at": when last}, as ISO texts.
TakenBack = Mapping[str, Mapping[str, str]]


def taken_back(content: Content, before: Walk, given: Answers, after: Walk) -> dict[str, tuple[str, ...]]:
    """The codes that raised the urgency of the answers `before`, and that `given` no longer has, by item.

    A tick counts by itself. Of codes that stand alone one replaces the other: it counts where the item then
    makes things less urgent than before.
    """
    if all(set(before.answers.get(item, ())) <= set(codes) for item, codes in given.items()):
        return {}  # as nearly always: nothing was taken back at all
    was, still = _raised(content, before), _raised(content, after)
    lost: dict[str, tuple[str, ...]] = {}
    for (key, code), urgency in was.items():
        item = content.items[key]
        if code in given.get(key, (code,)):
            continue
        alone = item.takes_one or code in item.exclusive or code == item.unsure
        if alone and any(other == key and level >= urgency for (other, _code), level in still.items()):
            continue
        lost[key] = (*lost.get(key, ()), code)
    return lost


def _raised(content: Content, walked: Walk) -> dict[tuple[str, str], int]:
    """The given codes on which an urgency rests, and how urgent they make it."""
    found: dict[tuple[str, str], int] = {}
    for rule in urgency_rules(content, walked.facts):  # the most urgent first
        for reason in reasons(rule, walked):
            for code in reason.codes:
                if code in walked.answers.get(reason.item, ()):
                    found.setdefault((reason.item, code), URGENCIES.index(cast(Urgency, rule.gives)))
    return found


def in_words(
    content: Content, given: Answers, taken_back: Mapping[str, TakenBack]
) -> Iterator[dict[str, Any]]:
    """What was taken back, for staff, in the order of the questions; `again`: and given once more."""
    for item in content.items.values():
        for code, times in taken_back.get(item.key, {}).items():
            yield {
                "item": item.key,
                "question": item.text,
                "code": code,
                "answer": answer_words(content, item.key, [code]),
                **times,
                "again": code in given.get(item.key, ()),
            }
