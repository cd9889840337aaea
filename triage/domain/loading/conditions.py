"""Reading a condition from a tree, in one of FORMS."""

from __future__ import annotations

from triage.domain.content import Item
from triage.domain.loading.tree import Node
from triage.domain.logic import All, AnyOf, AtLeast, Condition, Not, Sign, Some, Without

FORMS = "{item, is}, {item, any-of}, {sign}, {all}, {any}, {not}, {without} or {at-least, of}"


class ConditionReader:
    """Knows the items and signs read so far: a condition may name no other, so nothing can go in circles."""

    nothing = AnyOf("", frozenset(), "")  # stands in for a condition that could not be read

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.signs: dict[str, Sign] = {}

    def read_optional(self, node: Node) -> Condition | None:
        return self.read(node) if node.given else None

    def read(self, node: Node) -> Condition:
        fields = node.mapping()
        match sorted(fields):
            case [] if not node.given:
                return self.nothing
            case ["is", "item"]:
                return self._any_of(fields["item"], (fields["is"].text(),))
            case ["any-of", "item"]:
                return self._any_of(fields["item"], fields["any-of"].texts())
            case ["sign"]:
                return self._sign(fields["sign"])
            case ["all"]:
                return All(self._parts(fields["all"]))
            case ["any"]:
                return Some(self._parts(fields["any"]))
            case ["not"]:
                return Not(self.read(fields["not"]))
            case ["without"]:
                return Without(self.read(fields["without"]))
            case ["at-least", "of"]:
                return self._at_least(fields["at-least"], fields["of"])
        node.fault(f"is not a condition (it has {', '.join(sorted(fields)) or 'nothing'})", f"Write {FORMS}")
        return self.nothing

    def _any_of(self, key: Node, codes: tuple[str, ...]) -> Condition:
        item = self.items.get(key.text())
        if item is None:
            key.fault(
                f"the item {key.text()!r} is not above this place", "Name an item that is asked earlier"
            )
            return self.nothing
        if item.kind == "text":
            key.fault(f"the item {item.key!r} is free text", "No condition may read it")
        if not codes:
            key.fault("names no code", "Name at least one")
        for code in codes:
            if code not in item.codes:
                key.fault(
                    f"the item {item.key!r} has no code {code!r}",
                    f"Use one of: {', '.join(sorted(item.codes))}",
                )
        return AnyOf(item.key, frozenset(codes), item.unsure)

    def _sign(self, node: Node) -> Condition:
        sign = self.signs.get(node.text())
        if sign is None:
            node.fault(
                f"the sign {node.text()!r} is not above this place", "Define it in decision.yaml, further up"
            )
            return self.nothing
        return sign

    def _parts(self, node: Node) -> tuple[Condition, ...]:
        parts = tuple(self.read(row) for row in node.rows())
        if not parts:
            node.fault("has no parts", "Add at least one condition")
        return parts

    def _at_least(self, count: Node, of: Node) -> Condition:
        parts = self._parts(of)
        number = count.whole_number()
        if number > len(parts):
            count.fault(f"asks for {number} of {len(parts)} parts", "Lower the number, or add parts")
        return AtLeast(number, parts)
