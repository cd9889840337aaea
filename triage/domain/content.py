"""The frozen types of the content: what a release of the questionnaire is made of.

Built only by `load.load`, which names every fault; nothing here is ever half-filled. Texts are already in the
language the content was loaded for.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from triage.domain.logic import YES, AnyOf, Condition, Facts, Sign

Kind = Literal["one", "many", "scale", "text"]
Reader = Literal["patient", "staff", "exit"]
Origin = Literal["back", "foot", "unclear"]
Root = Literal["L5", "S1", "unspecified"]
Urgency = Literal["emergency", "same-day", "routine"]

ORIGINS: tuple[Origin, ...] = ("back", "foot", "unclear")
ROOTS: tuple[Root, ...] = ("L5", "S1", "unspecified")
URGENCIES: tuple[Urgency, ...] = ("routine", "same-day", "emergency")  # from least to most urgent
OUTCOMES: dict[str, tuple[str, ...]] = {"origin": ORIGINS, "root": ROOTS, "urgency": URGENCIES}

# What can be drawn beside a question: places of the body to tap, or how to do what it asks.
MAPS = ("foot", "leg", "lower-leg-and-foot")
PICTURES = (*MAPS, "sitting", "on-heels", "on-tiptoe", "sore-bones")
# What can be drawn beside an answer, where a glance tells more than its words.
SIGNS_DRAWN = ("seat", "both-legs", "cold-foot", "swollen-leg", "face")

# The sections that every content has, and who reads them: the patient, staff (the clinic alone, in the
# questionnaire's own language), or whom an answer leads out of the questions. A content may have more.
SECTIONS: dict[str, Reader] = {
    "now": "patient",
    "pattern": "patient",
    "learn": "patient",
    "meanwhile": "patient",
    "tell": "patient",
    "safety-net": "patient",
    "limits": "patient",
    "contradictions": "staff",
    "examine": "staff",
    "caution": "staff",
    "under-16": "exit",
    "how": "patient",
}

# What a sentence may name in braces, beside the phrases of the content.
SIGNS = "signs"  # in the wording of a rule: the signs that are present and point to the back
CLINIC_SETTINGS = ("clinic_name", "clinic_phone", "clinic_hours", "emergency_number", "advice_line")

NOT_SURE, NOT_TRIED = "not-sure", "not-tried"
CLINIC = "clinic"  # the basis of a sentence that is the clinic's own text
CLAIM = re.compile(r"P\d+\.[a-z]\Z")


def cited(basis: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(source for source in basis if source != CLINIC)


def named_in(text: str) -> Iterator[str]:
    """The names in braces: settings of the clinic, phrases, and `signs`."""
    return (name for _text, name, _format, _as in string.Formatter().parse(text) if name)


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
        return tuple(name for name in named_in(self.text) if name in CLINIC_SETTINGS)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of an item. `ends` names the exit page that choosing it leads to, `group` what it stands under,
    `picture` the small drawing beside it.
    """

    code: str
    text: str
    hint: str = ""
    exclusive: bool = False
    ends: str = ""
    group: str = ""
    picture: str = ""

    @property
    def drawing(self) -> str:
        """The template of its picture."""
        return f"pictures/signs/{self.picture}.html"


@dataclass(frozen=True, slots=True)
class Group:
    """A heading above some options of an item. It is only looks."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Caution:
    """A sentence above a question, shown when the condition on items above it is met. It closes nothing."""

    key: str
    when: Condition
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Phrase:
    """A piece of wording that texts name in braces: the first variant whose condition is met, else `text`."""

    key: str
    text: str
    variants: tuple[tuple[Condition, str], ...]

    def said(self, facts: Facts) -> str:
        return next((text for when, text in self.variants if when.truth(facts) is YES), self.text)


@dataclass(frozen=True, slots=True)
class Variant:
    """An item's wording under a condition: `text`, `label`, `hint`, or an option's code -> its text."""

    key: str
    when: Condition
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Item:
    """One question. `label` is its short name for lists; `ask_when` reads only items above it.

    `picture` names the drawing beside it, made for a left leg; `mirror_when` says when it is the right.
    Its texts are those for anybody; `variants`, and `phrased` (the same names -> texts that name phrases),
    make those for one person (`wording.worded`).
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
    groups: tuple[Group, ...] = ()
    cautions: tuple[Caution, ...] = ()
    variants: tuple[Variant, ...] = ()
    phrased: Mapping[str, str] = field(default_factory=dict)

    def mirrored(self, facts: Facts) -> bool:
        return self.mirror_when is not None and self.mirror_when.truth(facts) is YES

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(option.code for option in self.options)

    @property
    def takes_one(self) -> bool:
        """Whether its codes stand alone: a scale is one row of options."""
        return self.kind in ("one", "scale")

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
class Part:
    """What a rule or a sign says to each reader of some of its answers; `when` None: of all of them.

    `name` and `staff_name`: a few words for a sign, to stand in a list.
    """

    key: str
    when: Condition | None
    patient: str
    staff: str
    name: str = ""
    staff_name: str = ""

    def fits(self, facts: Facts) -> bool:
        return self.when is None or self.when.truth(facts) is YES


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of a decision table: when it holds, what it gives, what it rests on, what it says (at least one part)."""

    id: str
    gives: str
    when: Condition | None  # None: the last row, which always holds
    basis: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def patient(self) -> Sentence:
        """All that it can say."""
        return Sentence(" ".join(part.patient for part in self.parts), self.basis)

    @property
    def staff(self) -> Sentence:
        return Sentence(" ".join(part.staff for part in self.parts), self.basis)


@dataclass(frozen=True, slots=True)
class SignText:
    """What a sign says when it is present, in parts, and to the patient when it is not known."""

    unsure: str
    parts: tuple[Part, ...]

    @property
    def patient(self) -> str:
        """All that it can say."""
        return " ".join(part.patient for part in self.parts)

    @property
    def staff(self) -> str:
        return " ".join(part.staff for part in self.parts)


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
    reader: Reader
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class NeverTogether:
    """Rows that must not stand on one result, since they say things that disagree."""

    rows: tuple[str, ...]
    why: str


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
class PublishedCase:
    """A person others have written about, in our words: the answers they could have given, and what of the decision
    a clinician would accept; the best is part of it. `known_miss`: why the rules are known not to reach it, or "".
    """

    id: str
    title: str
    url: str
    summary: str
    assumed: str
    answers: Mapping[str, object]
    diagnosis: str
    ground: str
    acceptable_origins: tuple[str, ...]
    best_origin: tuple[str, ...]
    acceptable_urgencies: tuple[str, ...]
    best_urgency: tuple[str, ...]
    known_miss: str


@dataclass(frozen=True, slots=True)
class Codes:
    """Some codes of one item."""

    item: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Excused:
    """Codes of one item that a property leaves out, and why."""

    item: str
    codes: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class ExcusedRules:
    """Rules that a property leaves out, and why."""

    rules: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Rise:
    """What makes an answer weigh more: for kind one a code of a later level, for a check-list one more tick."""

    item: str
    levels: tuple[tuple[str, ...], ...]  # where one code is taken: every code, from least to most
    ticks: tuple[str, ...]  # kind many
    apart: tuple[str, ...] = ()  # answers that say another thing, to which no tick is added


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
    unread: tuple[Excused, ...] = ()  # codes that no rule and no sentence for staff reads
    on_our_word: tuple[ExcusedRules, ...] = ()  # rules that rest on the clinic's own word alone
    one_sentence: tuple[
        ExcusedRules, ...
    ] = ()  # rules with an "or" whose one sentence is true whichever fired


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
    phrases: Mapping[str, Phrase]
    never_together: tuple[NeverTogether, ...]
    conjunction: Mapping[str, str]  # by reader (patient, staff): the word before the last of a list
    article: Article
    guidance: Mapping[str, Guidance]
    vignettes: tuple[Vignette, ...]
    published_cases: tuple[PublishedCase, ...]

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
