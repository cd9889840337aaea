"""Reading the clinical facts that every release is proved against: the `properties` of decision.yaml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from triage.domain.content import Codes, Excused, ExcusedRules, Item, Properties, Rise, WeakSupport
from triage.domain.loading.tree import Node

PROPERTIES = ("towards-back", "more-urgent", "weak-support", "mirrored", "emergency-signs")
EXCUSES = ("unread", "on-our-word", "one-sentence")
Read = TypeVar("Read")


def read_properties(node: Node, items: Mapping[str, Item], rules: set[str]) -> Properties:
    parts = node.fields(PROPERTIES, EXCUSES)

    def each(name: str, read: Callable[[Node, Mapping[str, Item]], Read | None]) -> tuple[Read, ...]:
        return tuple(found for row in parts[name].rows() if (found := read(row, items)))

    properties = Properties(
        towards_back=each("towards-back", _rise),
        more_urgent=each("more-urgent", _rise),
        weak_support=each("weak-support", _weak_support),
        mirrored=each("mirrored", _mirrored),
        emergency_signs=each("emergency-signs", _codes),
        unread=each("unread", _excused),
        on_our_word=tuple(_excused_rules(row, rules) for row in parts["on-our-word"].rows()),
        one_sentence=tuple(_excused_rules(row, rules) for row in parts["one-sentence"].rows()),
    )
    if parts["emergency-signs"].given and not properties.emergency_signs:
        parts["emergency-signs"].fault("names no sign", "Name the codes that alone are an emergency")
    return properties


def _rise(node: Node, items: Mapping[str, Item]) -> Rise | None:
    fields = node.fields({"item"}, {"rising", "adding", "apart"})
    item = _item(fields["item"], items)
    if item is None:
        return None
    wanted, other = ("rising", "adding") if item.takes_one else ("adding", "rising")
    if not fields[wanted].given or fields[other].given:
        node.fault(
            f"does not fit the item {item.key!r}, of kind {item.kind}", f"Give it `{wanted}` and nothing else"
        )
        return None
    if wanted == "adding":
        ticks = _known(fields["adding"], item)
        for code in item.exclusive.intersection(ticks):
            fields["adding"].fault(f"{code!r} stands alone", "Name ticks that can stand beside others")
        return Rise(item.key, (), ticks, _known(fields["apart"], item))
    levels = tuple(_known(row, item) for row in fields["rising"].rows())
    if sorted(code for level in levels for code in level) != sorted(item.codes):
        fields["rising"].fault(f"does not name each code of {item.key!r} once", "Give every code its level")
    return Rise(item.key, levels, ())


def _weak_support(node: Node, items: Mapping[str, Item]) -> WeakSupport | None:
    fields = node.fields({"item", "present", "absent"})
    item = _item(fields["item"], items)
    if item is None:
        return None
    return WeakSupport(item.key, _known(fields["present"], item), _known(fields["absent"], item))


def _mirrored(node: Node, items: Mapping[str, Item]) -> Codes | None:
    found = _codes(node, items)
    if found and len(found.codes) != 2:
        node.fault("does not name two codes", "Name the two that make no difference")
        return None
    return found


def _codes(node: Node, items: Mapping[str, Item]) -> Codes | None:
    fields = node.fields({"item", "codes"})
    item = _item(fields["item"], items)
    return Codes(item.key, _known(fields["codes"], item)) if item else None


def _excused(node: Node, items: Mapping[str, Item]) -> Excused | None:
    fields = node.fields({"item", "codes", "why"})
    item = _item(fields["item"], items)
    return Excused(item.key, _known(fields["codes"], item), fields["why"].text()) if item else None


def _excused_rules(node: Node, known: set[str]) -> ExcusedRules:
    fields = node.fields({"rules", "why"})
    ids = fields["rules"].texts()
    for id in ids:
        if id not in known:
            node.fault(f"there is no rule {id!r}", "Mend its id, or remove it")
    return ExcusedRules(ids, fields["why"].text())


def _item(node: Node, items: Mapping[str, Item]) -> Item | None:
    item = items.get(node.text())
    if item is None or item.kind == "text":
        if node.given:
            problem = f"no question with choices is called {node.text()!r}"
            node.fault(problem, "Name the key of an item of kind one or many")
        return None
    return item


def _known(node: Node, item: Item) -> tuple[str, ...]:
    codes = node.texts()
    for code in codes:
        if code not in item.codes:
            node.fault(
                f"the item {item.key!r} has no code {code!r}", f"Use one of: {', '.join(sorted(item.codes))}"
            )
    return codes
