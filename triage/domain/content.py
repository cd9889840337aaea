"""The frozen types of the content: what a release of the questionnaire is made of.

Built only by `load.load`, which names every fault; nothing here is ever half-filled. Texts are already in the
language the content was loaded for.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from triage.domain.logic import YES, AnyOf, Condition, Facts, Sign

Kind = Literal["one", "many", "text"]
Origin = Literal["back", "foot", "unclear"]
Root = Literal["L5", "S1", "unspecified"]
Urgency = Literal["emergency", "same-day", "routine"]

ORIGINS: tuple[Origin, ...] = ("back", "foot", "unclear")
ROOTS: tuple[Root, ...] = ("L5", "S1", "unspecified")
URGENCIES: tuple[Urgency, ...] = ("routine", "same-day", "emergency")  # from least to most urgent
OUTCOMES: dict[str, tuple[str, ...]] = {"origin": ORIGINS, "root": ROOTS, "urgency": URGENCIES}

# What can be drawn beside a question: places of the body to tap, or how to do what it asks.
MAPS = ("foot", "leg", "lower-leg-and-foot")
PICTURES = (*MAPS, "on-heels", "on-tiptoe")

# Read by the clinic alone, in the questionnaire's own language.
STAFF_SECTIONS = ("contradictions", "examine", "caution")
PATIENT_SECTIONS = ("now", "pattern", "learn", "meanwhile", "tell", "safety-net", "limits", "under-16", "how")
SECTIONS = (*PATIENT_SECTIONS, *STAFF_SECTIONS)

# What a sentence of a section may name in braces.
CLINIC_SETTINGS = ("clinic_name", "clinic_phone", "clinic_hours", "emergency_number", "advice_line")

NOT_SURE, NOT_TRIED = "not-sure", "not-tried"
CLINIC = "clinic"  # the basis of a sentence that is the clinic's own text
CLAIM = re.compile(r"P\d+\.[a-z]\Z")


def cited(basis: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(source for source in basis if source != CLINIC)


@dataclass(frozen=True)
class Sentence:
    """A sentence as a reader sees it, and what it rests on: claim ids, guidance ids or the word `clinic`."""

    text: str
    basis: tuple[str, ...]

    @cached_property
    def kind(self) -> Literal["article", "guidance", "clinic"]:
        if any(CLAIM.match(source) for source in self.basis):
            return "article"
        return "clinic" if set(self.basis) <= {CLINIC} else "guidance"

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The basis without the clinic: what is cited."""
        return cited(self.basis)

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """The clinic's settings that it names."""
        return tuple(name for _text, name, _format, _as in string.Formatter().parse(self.text) if name)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of an item. `ends` names the exit page that choosing it leads to."""

    code: str
    text: str
    hint: str = ""
    exclusive: bool = False
    ends: str = ""


@dataclass(frozen=True)
class Item:
    """One question. `label` is its short name for lists; `ask_when` reads only items above it.

    `picture` names the drawing beside it, made for a left leg; `mirror_when` says when it is the right.
    """

    key: str
    kind: Kind
    text: str
    label: str
    hint: str
    options: tuple[Option, ...]
    ask_when: Condition | None
    basis: tuple[str, ...]
    max_length: int = 0
    picture: str = ""
    mirror_when: AnyOf | None = None

    def mirrored(self, facts: Facts) -> bool:
        return self.mirror_when is not None and self.mirror_when.truth(facts) is YES

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(option.code for option in self.options)

    @cached_property
    def unsure(self) -> str:
        """The code that stands for "not known", and for no answer at all."""
        return NOT_TRIED if NOT_TRIED in self.codes else NOT_SURE

    @cached_property
    def exclusive(self) -> frozenset[str]:
        return frozenset(option.code for option in self.options if option.exclusive)

    @cached_property
    def exits(self) -> tuple[tuple[str, str], ...]:
        """The codes that lead to an exit page, with that page."""
        return tuple((option.code, option.ends) for option in self.options if option.ends)

    def exit_for(self, given: tuple[str, ...]) -> str:
        """The exit page one of the given codes leads to, or ""."""
        for code, page in self.exits:
            if code in given:
                return page
        return ""

    def option(self, code: str) -> Option:
        return next(option for option in self.options if option.code == code)


@dataclass(frozen=True)
class Screen:
    """One page of the questionnaire: one to three items, and why they are asked."""

    key: str
    title: str
    why: Sentence
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of a decision table: when it holds, what it gives, what it rests on."""

    id: str
    gives: str
    when: Condition | None  # None: the last row, which always holds
    basis: tuple[str, ...]
    patient: Sentence
    staff: Sentence


@dataclass(frozen=True, slots=True)
class SignText:
    """What a sign says to each reader when it is present, and to the patient when it is not known."""

    patient: str
    unsure: str
    staff: str


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence of a result section and when it is shown (empty means always)."""

    key: str
    sentence: Sentence
    origin: tuple[str, ...]
    root: tuple[str, ...]
    urgency: tuple[str, ...]
    when: Condition | None
    unless_set: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the result: `now`, `pattern`, `learn`, `meanwhile`, `tell`, `safety-net`, `limits`, `examine`…"""

    key: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The names of one value of origin, root or urgency."""

    patient: str
    staff: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a passage says, in our words, with the passage's own strength word."""

    id: str
    passage: str
    text: str
    hedge: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A place in the article: known by locator and SHA-256 of its text, never by the text."""

    id: str
    locator: str
    sha256: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    publisher: str
    url: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Guidance:
    """A document that safety rules or limits rest on. `status`: read, copy or known (not re-read)."""

    id: str
    title: str
    publisher: str
    url: str
    status: Literal["read", "copy", "known"]
    checked: str  # the day (ISO) on which a clinician last opened it and found the fact there, or ""
    fact: str
    kind: Literal["guidance", "research"]


@dataclass(frozen=True, slots=True)
class Vignette:
    """A clinical example: a story, its answers, and the decision a clinician expects."""

    key: str
    story: str
    answers: Mapping[str, object]
    origin: str | None
    root: str | None
    urgency: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Codes:
    """Some codes of one item."""

    item: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rise:
    """What makes an answer weigh more: for kind one a code of a later level, for a check-list one more tick."""

    item: str
    levels: tuple[tuple[str, ...], ...]  # kind one: every code, from least to most
    ticks: tuple[str, ...]  # kind many


@dataclass(frozen=True, slots=True)
class WeakSupport:
    """An item whose `present` codes never end a foot result, and whose `absent` codes decide like no answer."""

    item: str
    present: tuple[str, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Properties:
    """The clinical facts that `prove` needs to know: the same tables must hold them, whatever their rows say."""

    towards_back: tuple[Rise, ...]
    more_urgent: tuple[Rise, ...]
    weak_support: tuple[WeakSupport, ...]
    mirrored: tuple[Codes, ...]  # two codes each that make no difference
    emergency_signs: tuple[Codes, ...]  # each one alone an emergency


@dataclass(frozen=True, eq=False)
class Content:
    """Everything one release asks, decides and says, in one language. Equal only to itself."""

    key: str
    title: str
    version: str
    language: str
    languages: Mapping[str, str]  # code -> the language's own name
    screens: tuple[Screen, ...]
    signs: tuple[Sign, ...]
    origin_rules: tuple[Rule, ...]
    root_rules: tuple[Rule, ...]
    urgency_rules: tuple[Rule, ...]
    properties: Properties
    sign_texts: Mapping[str, SignText]
    outcomes: Mapping[str, Mapping[str, Outcome]]  # "origin", "root", "urgency" -> value -> names
    sections: Mapping[str, Section]
    article: Article
    guidance: Mapping[str, Guidance]
    vignettes: tuple[Vignette, ...]

    @cached_property
    def items(self) -> Mapping[str, Item]:
        return {item.key: item for screen in self.screens for item in screen.items}

    @cached_property
    def screen_of(self) -> Mapping[str, Screen]:
        """Item key -> the screen it stands on."""
        return {item.key: screen for screen in self.screens for item in screen.items}

    @cached_property
    def screen_by_key(self) -> Mapping[str, Screen]:
        return {screen.key: screen for screen in self.screens}

    @cached_property
    def sign_by_id(self) -> Mapping[str, Sign]:
        return {sign.id: sign for sign in self.signs}

    @cached_property
    def claims(self) -> Mapping[str, Claim]:
        return {claim.id: claim for passage in self.article.passages for claim in passage.claims}

    @cached_property
    def passages(self) -> Mapping[str, Passage]:
        return {passage.id: passage for passage in self.article.passages}
