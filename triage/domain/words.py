"""The content in plain English words, for people who check it: conditions, decision tables, screens and exits.

Every word comes from the content itself, save the few that join them (`JOINING`), so nothing here can drift.
Option texts and the staff's texts of signs stand in quotation marks; brackets say what belongs together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from triage.domain import examples
from triage.domain.content import CLAIM, CLINIC, Content, Item, Kind, Rule, Screen
from triage.domain.decision import emergency_signs
from triage.domain.logic import YES, All, AnyOf, AtLeast, Condition, Not, Sign, Some, Without, leaves

JOINING = ("and", "or", "not", "without", "at least", "of")
ALWAYS = "in every other case"  # the last row of a table, which has no condition


def condition(content: Content, when: Condition) -> str:
    """The condition as a reader says it: Leg pain: “Yes, a little” and (Back pain: “Yes, now” or …)."""
    match when:
        case AnyOf(item=key, codes=codes):
            item = content.items[key]
            texts = [f"“{option.text}”" for option in item.options if option.code in codes]
            return f"{item.label}: {' or '.join(texts)}"
        case Sign(id=id):
            return f"“{content.sign_texts[id].staff}”"
        case All(parts=parts):
            return " and ".join(_bracketed(content, part) for part in parts)
        case Some(parts=parts):
            return " or ".join(_bracketed(content, part, within_or=True) for part in parts)
        case Not(part=part):
            return f"not {_bracketed(content, part)}"
        case Without(part=part):
            return f"without {_bracketed(content, part)}"
        case AtLeast(count=count, parts=parts):
            return f"at least {count} of ({'; '.join(condition(content, part) for part in parts)})"


def _bracketed(content: Content, part: Condition, *, within_or: bool = False) -> str:
    """A part in brackets, unless it can be read in one way only without them."""
    one = isinstance(part, Sign | Not | Without | AtLeast) or (
        isinstance(part, All | Some) and len(part.parts) == 1
    )
    one = one or (isinstance(part, AnyOf) and (within_or or len(part.codes) == 1))
    words = condition(content, part)
    return words if one else f"({words})"


def outcome(content: Content, values: Iterable[str]) -> str:
    """Origin, root and urgency as staff call them, or the title of the exit page."""
    names = {value: each.staff for table in content.outcomes.values() for value, each in table.items()}
    exits = {key: section.title for key, section in content.sections.items()}
    return " · ".join(names.get(value) or exits.get(value, value) for value in values if value != "-")


@dataclass(frozen=True, slots=True)
class MissWords:
    """An example that the content contradicts: what it is told, and what would do, as staff call them."""

    name: str
    told: str
    due: str
    why: str


def misses(content: Content) -> tuple[MissWords, ...]:
    return tuple(
        MissWords(
            name=miss.name,
            told=outcome(content, miss.told),
            due="; ".join(" or ".join(outcome(content, [value]) for value in values) for values in miss.due),
            why=miss.why,
        )
        for miss in examples.misses(content)
    )


def answers(given: Mapping[str, object], *contents: Content) -> Iterator[str]:
    """Answers by the names of their questions, each in the words of the first content that asks it."""
    for key, codes in given.items():
        item = next(content.items[key] for content in contents if key in content.items)
        chosen = [codes] if isinstance(codes, str) else cast(list[str], codes)
        yield f"{item.label}: {' and '.join(f'“{item.option(code).text}”' for code in chosen)}"


# The decision tables


@dataclass(frozen=True, slots=True)
class RuleWords:
    """A row of a decision table: `because` is what staff read of it, `sources` what it rests on."""

    id: str
    when: str
    gives: str
    because: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignWords:
    """A sign: what it is called in conditions, and what it means."""

    id: str
    says: str
    when: str
    points_to: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    reading: str  # how its rows are read
    rows: tuple[RuleWords, ...]


def tables(content: Content) -> tuple[Table, ...]:
    """The three decision tables, row by row."""
    first = "The first row that is surely met decides."
    every = "Every row that is surely met counts; the most urgent decides. None: routine."
    return (
        Table("Origin", first, _rows(content, "origin", content.origin_rules)),
        Table("Root, looked at only with a back-related pattern", first, _rows(content, "root", content.root_rules)),
        Table("Urgency", every, _rows(content, "urgency", content.urgency_rules)),
    )  # fmt: skip


def _rows(content: Content, table: str, rules: tuple[Rule, ...]) -> tuple[RuleWords, ...]:
    return tuple(
        RuleWords(
            id=rule.id,
            when=_meant(content, rule.when),
            gives=content.outcomes[table][rule.gives].staff,
            because=rule.staff.text,
            sources=sources(content, rule.basis),
        )
        for rule in rules
    )


def _meant(content: Content, when: Condition | None) -> str:
    """A row that is nothing but a sign says what the sign means."""
    if when is None:
        return ALWAYS
    return condition(content, when.when if isinstance(when, Sign) else when)


def signs(content: Content) -> tuple[SignWords, ...]:
    """What the named conditions mean that the tables speak of."""
    return tuple(
        SignWords(
            id=sign.id,
            says=content.sign_texts[sign.id].staff,
            when=condition(content, sign.when),
            points_to=sign.points_to,
            sources=sources(content, sign.basis),
        )
        for sign in content.signs
    )


def sources(content: Content, basis: tuple[str, ...]) -> tuple[str, ...]:
    """What a text rests on, each place once: the article's passages with their claims, then documents."""
    claims: dict[str, list[str]] = {}
    for id in basis:
        if CLAIM.match(id):
            claims.setdefault(content.passages[content.claims[id].passage].locator, []).append(id)
    documents = (content.guidance[id] for id in basis if id in content.guidance)
    return (
        *(f"Article, {locator} ({', '.join(ids)})" for locator, ids in claims.items()),
        *(f"{document.publisher}: {document.title}" for document in documents),
        *(("The clinic's own text",) if CLINIC in basis else ()),
    )


# The screens


@dataclass(frozen=True, slots=True)
class Question:
    """An item. `when`: the words of its condition, or "" where it is asked of everybody on its screen."""

    label: str
    text: str
    kind: Kind
    when: str


@dataclass(frozen=True, slots=True)
class Exit:
    """A page that leads out of the questions, and the answers that lead there."""

    title: str
    urgent: bool
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScreenWords:
    """A screen. `when`: the words of its condition, or "" where everybody comes to it."""

    number: int
    title: str
    when: str
    questions: tuple[Question, ...]
    exits: tuple[Exit, ...]


def screens(content: Content) -> tuple[ScreenWords, ...]:
    """The questionnaire as a list: what the picture shows, for those who do not see it."""
    return tuple(_screen(content, number, screen) for number, screen in enumerate(content.screens, start=1))


def _screen(content: Content, number: int, screen: Screen) -> ScreenWords:
    asked = [condition(content, item.ask_when) if item.ask_when else "" for item in screen.items]
    different = list(dict.fromkeys(asked))
    one = len(different) == 1  # one condition for all its items: it is the screen's
    return ScreenWords(
        number=number,
        title=screen.title,
        when=different[0] if one else " or ".join(f"({when})" for when in different) if all(asked) else "",
        questions=tuple(
            Question(item.label, item.text, item.kind, "" if one else when)
            for item, when in zip(screen.items, asked, strict=True)
        ),
        exits=(*_leaving(content, screen), *_emergencies(content, screen)),
    )


def _leaving(content: Content, screen: Screen) -> tuple[Exit, ...]:
    return tuple(
        Exit(content.sections[option.ends].title, urgent=False, answers=(option.text,))
        for item in screen.items
        for option in item.options
        if option.ends
    )


def _emergencies(content: Content, screen: Screen) -> tuple[Exit, ...]:
    """The single signs on this screen, and the rows that take several answers, of which it has the last."""
    alone = emergency_signs(content)
    signs_here = (
        option.text
        for item in screen.items
        for option in item.options
        if any(option is sign for sign in alone)
    )
    rows_here = (
        rule.staff.text
        for rule in content.urgency_rules
        if rule.gives == "emergency" and rule.when and _last_read(content, rule.when) in screen.items
        if not _met_by_one_answer(content, rule.when)
    )
    answers = (*signs_here, *rows_here)
    return (Exit(content.outcomes["urgency"]["emergency"].patient, True, answers),) if answers else ()


def _last_read(content: Content, when: Condition) -> Item:
    read = {leaf.item for leaf in leaves(when)}
    return [item for item in content.items.values() if item.key in read][-1]


def _met_by_one_answer(content: Content, when: Condition) -> bool:
    return any(
        when.truth({item.key: frozenset((option.code,))}) is YES
        for item in content.items.values()
        if item.ask_when is None
        for option in item.options
    )
