"""Our conditions as FHIR's: plain `enableWhen` where it can say the same, else a FHIRPath expression.

`enableWhen` is a flat list of which any or all hold. It says all that the shipped content asks for; one of several
codes, where all of a list has to hold, is said as "answered, and with none of the others". It knows no
"unsure", so that an item that was asked and not answered, which counts as unsure here, is written as one more
test: no answer exists. Exits are not looked at here: what reads an item stands in groups that wait for the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from triage.domain.content import Content, Item
from triage.domain.logic import All, AnyOf, AtLeast, Condition, Not, Sign, Some, Without
from triage.exports.fhir import Json, system

Tests = list[Json]


def plain(content: Content, condition: Condition) -> Json | None:
    """The fields `enableWhen` and `enableBehavior`, or None where these cannot say it."""
    found = _flat(content, condition)
    return {"enableWhen": found[1], "enableBehavior": found[0]} if found else None


def _flat(content: Content, condition: Condition) -> tuple[str, Tests] | None:
    match condition:
        case Sign(when=when):
            return _flat(content, when)
        case AnyOf():
            tests = _any_of(content, condition)
            return ("any", tests) if tests else None
        case Some(parts=parts):
            return _joined(content, "any", parts)
        case All(parts=parts):
            return _joined(content, "all", parts)
    return None


def _joined(content: Content, behavior: str, parts: tuple[Condition, ...]) -> tuple[str, Tests] | None:
    tests: Tests = []
    for part in parts:
        found = _flat(content, part)
        if found and found[0] != behavior and len(found[1]) > 1:
            found = _none_of_the_others(content, part)
        if found is None:
            return None
        tests += found[1]
    return behavior, tests


def _none_of_the_others(content: Content, condition: Condition) -> tuple[str, Tests] | None:
    """Among tests that all have to hold: one of several codes, said as answered, and with no other code."""
    while isinstance(condition, Sign):
        condition = condition.when
    if not isinstance(condition, AnyOf) or condition.unsure in condition.codes:
        return None
    item = content.items[condition.item]
    if not item.takes_one:
        return None
    others = [option.code for option in item.options if option.code not in condition.codes]
    answered = {"question": item.key, "operator": "exists", "answerBoolean": True}
    return "all", [answered, *(_test(content, item, "!=", code) for code in others)]


def _any_of(content: Content, condition: AnyOf) -> Tests:
    """[]: the item may be off the path, and whether no answer means "unsure" then depends on that."""
    item = content.items[condition.item]
    may_be_missing = condition.unsure in condition.codes
    if may_be_missing and item.ask_when is not None:
        return []
    codes = [option.code for option in item.options if option.code in condition.codes]
    tests: Tests = [_test(content, item, "=", code) for code in codes]
    if may_be_missing:
        tests.append({"question": item.key, "operator": "exists", "answerBoolean": False})
    return tests


def _test(content: Content, item: Item, operator: str, code: str) -> Json:
    coding = {"system": system(content.key, item.key), "code": code}
    return {"question": item.key, "operator": operator, "answerCoding": coding}


# FHIRPath


def expression(content: Content, condition: Condition) -> str:
    """Is true when the condition is YES."""
    return _Path(content).yes(condition)


class _Path:
    """YES and NO of a condition, each as an expression of its own; where neither is true it is UNSURE."""

    def __init__(self, content: Content) -> None:
        self.content = content

    def yes(self, condition: Condition) -> str:
        match condition:
            case AnyOf(item=item, codes=codes, unsure=unsure):
                given = _given(item, codes)
                return (
                    _or([given, f"({self._asked(item)} and {_missing(item)})"]) if unsure in codes else given
                )
            case All(parts=parts):
                return _and(map(self.yes, parts))
            case Some(parts=parts):
                return _or(map(self.yes, parts))
            case Not(part=part):
                return self.no(part)
            case Without(part=part):
                return f"{self.yes(part)}.not()"
            case AtLeast(count=count, parts=parts):
                return f"({_number(parts, self.yes)} >= {count})"
            case Sign(when=when):
                return self.yes(when)

    def no(self, condition: Condition) -> str:
        match condition:
            case AnyOf(item=item, codes=codes, unsure=unsure):
                answered = f"({_missing(item)} and {self._asked(item)}).not()"
                return _and([f"{_given(item, codes | {unsure})}.not()", answered])
            case All(parts=parts):
                return _or(map(self.no, parts))
            case Some(parts=parts):
                return _and(map(self.no, parts))
            case Not(part=part) | Without(part=part):
                return self.yes(part)
            case AtLeast(count=count, parts=parts):
                return f"({_number(parts, self.no)} > {len(parts) - count})"
            case Sign(when=when):
                return self.no(when)

    def _asked(self, item: str) -> str:
        when = self.content.items[item].ask_when
        return self.yes(when) if when else "true"


def _answer(item: str) -> str:
    return f"%resource.repeat(item).where(linkId = '{item}').answer"


def _given(item: str, codes: frozenset[str]) -> str:
    wanted = " or ".join(f"code = '{code}'" for code in sorted(codes))
    return f"{_answer(item)}.value.where({wanted}).exists()"


def _missing(item: str) -> str:
    return f"{_answer(item)}.empty()"


def _and(parts: Iterable[str]) -> str:
    return f"({' and '.join(parts)})"


def _or(parts: Iterable[str]) -> str:
    return f"({' or '.join(parts)})"


def _number(parts: tuple[Condition, ...], truth: Callable[[Condition], str]) -> str:
    """How many of the parts are so."""
    return f"({' + '.join(f'iif({truth(part)}, 1, 0)' for part in parts)})"
