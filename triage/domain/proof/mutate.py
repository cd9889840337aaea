"""Is every part of the decision held by something? Plant every small fault, and see who notices.

A mutant is the content with one condition or row changed. A vignette that is missed, the golden table or a broken
property kills it. One that nobody notices must decide every answer set as the content does: it is equivalent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import Any

from triage.domain.content import ORIGINS, ROOTS, URGENCIES, Content, Rule, Section, Vignette
from triage.domain.decision import NoRuleMatches, decide
from triage.domain.logic import All, AnyOf, AtLeast, Condition, Not, Sign, Some, Without
from triage.domain.proof.golden import NUMBERS
from triage.domain.proof.prove import PROPERTIES
from triage.domain.proof.space import Space
from triage.domain.walk import read_answers, walk

MOST_FUNCTIONS = 1_200_000  # beside those of the content: keeps a hunt within a gigabyte
TABLES = {"origin_rules": ORIGINS, "root_rules": ROOTS, "urgency_rules": URGENCIES[1:]}


@dataclass(frozen=True, slots=True)
class Mutant:
    """`where`: the sign, question or row that was changed; `what`: how."""

    where: str
    what: str
    content: Content


def mutants(content: Content) -> Iterator[Mutant]:
    for sign in content.signs:
        for what, when in changed(sign.when, content):
            yield Mutant(sign.id, what, with_sign(content, replace(sign, when=when)))
    for table, values in TABLES.items():
        yield from of_table(content, table, values)


def of_table(content: Content, table: str, values: tuple[str, ...]) -> Iterator[Mutant]:
    rules: tuple[Rule, ...] = getattr(content, table)

    def mutant(where: str, what: str, *mutated: Rule) -> Mutant:
        return Mutant(where, what, with_rules(content, {table: mutated}))

    for place, rule in enumerate(rules):
        before, after = rules[:place], rules[place + 1 :]
        yield mutant(rule.id, "row dropped", *before, *after)
        for value in values:
            if value != rule.gives:
                yield mutant(rule.id, f"gives {value}", *before, replace(rule, gives=value), *after)
        for what, when in changed(rule.when, content) if rule.when else ():
            yield mutant(rule.id, what, *before, replace(rule, when=when), *after)
    for place, (first, second) in enumerate(pairwise(rules)):
        yield mutant(
            f"{first.id}, {second.id}", "rows swapped", *rules[:place], second, first, *rules[place + 2 :]
        )


def changed(condition: Condition, content: Content, at: str = "") -> Iterator[tuple[str, Condition]]:
    """Every condition that differs from this one in one place; what a sign means is changed at the sign."""
    yield f"{at or 'all of it'} negated", Not(condition)
    match condition:
        case AnyOf():
            yield from other_codes(condition, content, at)
        case Not(part=part):
            yield f"{at or 'all of it'} without its not", part
        case Without(part=part):
            yield f"{at or 'all of it'} not, for without", Not(part)
            yield from (
                (what, Without(other)) for what, other in changed(part, content, f"{at} without".strip())
            )
        case All() | Some() | AtLeast():
            yield from other_parts(condition, content, at)


def other_codes(leaf: AnyOf, content: Content, at: str) -> Iterator[tuple[str, Condition]]:
    for code in sorted(content.items[leaf.item].codes ^ leaf.codes):
        yield f"{at} {leaf.item} with {code} too".strip(), replace(leaf, codes=leaf.codes | {code})
    for code in sorted(leaf.codes) if len(leaf.codes) > 1 else ():
        yield f"{at} {leaf.item} without {code}".strip(), replace(leaf, codes=leaf.codes - {code})


def other_parts(
    condition: All | Some | AtLeast, content: Content, at: str
) -> Iterator[tuple[str, Condition]]:
    parts = condition.parts
    for place, part in enumerate(parts):
        before, after = parts[:place], parts[place + 1 :]
        here = f"{at} part {place + 1}".strip()
        if len(parts) > 1:
            yield f"{here} dropped", replace(condition, parts=(*before, *after))
        for what, other in changed(part, content, here):
            yield what, replace(condition, parts=(*before, other, *after))
    match condition:
        case All():
            yield f"{at} any for all".strip(), Some(parts)
        case Some():
            yield f"{at} all for any".strip(), All(parts)
        case AtLeast(count=count):
            for other_count in (count - 1, count + 1):
                if 1 <= other_count <= len(parts):
                    yield f"{at} at least {other_count}".strip(), replace(condition, count=other_count)


# A sign is a part of every condition that names it


def with_sign(content: Content, mutated: Sign) -> Content:
    signs: dict[str, Sign] = {}
    for sign in content.signs:
        signs[sign.id] = mutated if sign.id == mutated.id else replace(sign, when=renewed(sign.when, signs))
    sections = {key: with_section_signs(section, signs) for key, section in content.sections.items()}
    changed_signs = replace(content, signs=tuple(signs.values()), sections=sections)
    rules = {table: tuple(with_signs(rule, signs) for rule in getattr(content, table)) for table in TABLES}
    return with_rules(changed_signs, rules)


def with_rules(content: Content, tables: Mapping[str, Any]) -> Content:
    return replace(content, **tables)


def with_signs(rule: Rule, signs: dict[str, Sign]) -> Rule:
    return replace(rule, when=renewed(rule.when, signs)) if rule.when else rule


def with_section_signs(section: Section, signs: dict[str, Sign]) -> Section:
    return replace(
        section,
        rows=tuple(replace(row, when=renewed(row.when, signs)) if row.when else row for row in section.rows),
    )


def renewed(condition: Condition, signs: dict[str, Sign]) -> Condition:
    match condition:
        case Sign(id=id):
            return signs[id]
        case Not(part=part):
            return Not(renewed(part, signs))
        case Without(part=part):
            return Without(renewed(part, signs))
        case All() | Some() | AtLeast():
            return replace(condition, parts=tuple(renewed(part, signs) for part in condition.parts))
        case AnyOf():
            return condition


# Who notices


class Hunt:
    """The content that mutants are held against. They share its diagrams, and so most of the work."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self._begin()

    def _begin(self) -> None:
        self.space = Space(self.content)
        self.most = len(self.space.diagrams) + MOST_FUNCTIONS
        self.numbers: dict[str, dict[tuple[str, ...], tuple[int, ...]]] = {}

    def noticed_by(self, mutant: Mutant) -> str:
        """Who notices the mutant, the quickest to ask first: a vignette, the golden table, a property; "" is nobody."""
        for each in mutant.content.vignettes:
            if missed(mutant, each):
                return f"vignette {each.key}"
        if self.equivalent(mutant):
            return ""
        space = self._space(mutant)
        changed = (f"golden table {name}" for name in self._changed(space))
        broken = (f"property {each.name}" for each in PROPERTIES if any(each.facts(space)))
        return next(chain(changed, broken), "")

    def equivalent(self, mutant: Mutant) -> bool:
        """Whether it decides every answer set as the content does: in shared diagrams equal functions are the same."""
        return self._space(mutant).endings == self.space.endings

    def _space(self, mutant: Mutant) -> Space:
        if len(self.space.diagrams) > self.most:
            self._begin()
        return Space(mutant.content, self.space.diagrams)

    def _changed(self, space: Space) -> Iterator[str]:
        """The places where the golden table differs."""
        for table, counted in NUMBERS.items():
            if table not in self.numbers:
                self.numbers[table] = {each.name: each.counts for each in counted(self.space)}
            gone = dict(self.numbers[table])
            for each in counted(space):
                if gone.pop(each.name, None) != each.counts:
                    yield " ".join(each.name)
            yield from (" ".join(name) for name in gone)


def missed(mutant: Mutant, vignette: Vignette) -> bool:
    """Whether the mutant decides the case otherwise than a clinician expects."""
    try:
        decision = decide(
            mutant.content, walk(mutant.content, read_answers(mutant.content, vignette.answers))
        )
    except NoRuleMatches:
        return True
    decided = (decision.origin, decision.root, decision.urgency)
    return decided != (vignette.origin, vignette.root, vignette.urgency)
