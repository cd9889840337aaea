"""What must hold of the questions' choices, and of the conditions on them, before content is published."""

from __future__ import annotations

from triage.domain.content import Content, Item
from triage.domain.loading.tree import Node

NONE = "none"  # says that none of the others is so, and so cannot stand beside one
MAY_STAND_ALONE = ("no-", "not-")  # how other codes begin that may
MOST_ITEMS = 60
MOST_OPTIONS = 40  # of one item
MOST_SCREENS = 40
MOST_RULES = 200  # of one table
TAKEN = ("csrfmiddlewaretoken", "go-on", "language", "next")  # names of other fields of the page
MOST_LETTERS = 5000  # a person may type


def note_choices(content: Content, questionnaire: Node, decision: Node) -> None:
    """Fault choices that contradict themselves, and more of anything than a person or a proof can take in."""
    for item in content.items.values():
        place = questionnaire.at(f"item {item.key}")
        if item.key in TAKEN:
            place.fault(f"the key {item.key!r} is taken by the page itself", "Give the item another key")
        if item.kind == "many":
            _note_alone(item, place)
        _note_number(len(item.options), MOST_OPTIONS, "options", place)
        _note_number(item.max_length, MOST_LETTERS, "letters to type", place)
    _note_number(len(content.screens), MOST_SCREENS, "screens", questionnaire)
    _note_number(len(content.items), MOST_ITEMS, "items", questionnaire)
    for what, rules in (
        ("signs", content.signs),
        ("origin rules", content.origin_rules),
        ("root rules", content.root_rules),
        ("urgency rules", content.urgency_rules),
    ):
        _note_number(len(rules), MOST_RULES, what, decision)


def _note_alone(item: Item, place: Node) -> None:
    for option in item.options:
        if option.code == NONE and not option.exclusive:
            place.fault("none can be ticked beside others", "Add `exclusive: true` to it")
        if option.exclusive and option.code != NONE and not option.code.startswith(MAY_STAND_ALONE):
            place.fault(
                f"nobody can tick {option.code} beside another option",
                "Take `exclusive` away, or call it none, no-… or not-…",
            )


def _note_number(number: int, most: int, what: str, place: Node) -> None:
    if number > most:
        place.fault(f"has {number:,} {what}", f"Keep to at most {most:,}")
