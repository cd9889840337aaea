"""Questionnaires of any length, made for the engine alone: they ask, they branch, and they mean nothing."""

from __future__ import annotations

from dataclasses import replace

from triage.domain.content import Content, Item, Option, Part, Rule, Screen, Sentence
from triage.domain.logic import All, AnyOf, Some

NOTHING = Sentence("", ("clinic",))
SILENT = (Part("", None, "", ""),)
CODES = ("yes", "no", "not-sure")
RULE_EVERY = 10  # so many items, one row of each decision table


def generated(shipped: Content, size: int) -> Content:
    """So many items, a screen for each; every third is asked only when the one above it was answered yes."""
    items = [_item(number) for number in range(size)]
    screens = tuple(Screen(item.key, "", NOTHING, (item,)) for item in items)
    rows = [items[start : start + RULE_EVERY] for start in range(0, size, RULE_EVERY)]
    urgent = tuple(
        Rule(f"U{number}", "same-day", All(tuple(_yes(item) for item in row)), (), SILENT)
        for number, row in enumerate(rows)
    )
    origins = tuple(
        Rule(f"O{number}", "back", Some((All(tuple(_yes(item) for item in row)),)), (), SILENT)
        for number, row in enumerate(rows)
    )
    last = Rule("LAST", "foot", None, (), SILENT)
    root = Rule("ROOT", "unspecified", None, (), SILENT)
    return replace(
        shipped,
        screens=screens,
        signs=(),
        origin_rules=(*origins, last),
        root_rules=(root,),
        urgency_rules=urgent,
    )


def _item(number: int) -> Item:
    ask_when = AnyOf(_key(number - 1), frozenset({"yes"}), "not-sure") if number % 3 == 2 else None
    options = tuple(Option(code, code) for code in CODES)
    return Item(_key(number), "one", "", "", "", options, ask_when, ())


def _key(number: int) -> str:
    return f"item-{number}"


def _yes(item: Item) -> AnyOf:
    return AnyOf(item.key, frozenset({"yes"}), "not-sure")
