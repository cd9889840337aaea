"""A submission told in one line, for staff, and the names of the signs that make it urgent; from the answers alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from triage.domain.content import Content
from triage.domain.decision import Decision, reasons
from triage.domain.walk import Walk
from triage.domain.wording import fitting, listed

SIGN_NUMBER = re.compile(r" ?\((?:K\d|INJ|N)\)")  # what the rules call a sign, behind its name
AND = "and"
Line = Mapping[str, Any]  # of a frozen result: item, given, known


@dataclass(frozen=True, slots=True)
class Part:
    """What some items say, see fixtures/story.yaml."""

    items: Mapping[str, str]
    say: Mapping[str, str] = field(default_factory=dict)
    between: str = ", "
    form: str = "{}"
    then: str = ", "


@dataclass(frozen=True, slots=True)
class Telling:
    """How answers are told."""

    words: Mapping[str, str]
    silent: frozenset[str]
    matters: tuple[tuple[Part, ...], ...]
    last: Part

    def short(self, code: str) -> str:
        return self.words.get(code, code.replace("-", " "))

    def story(self, lines: Iterable[Line], language: str = "") -> str:
        """Parts of one matter with commas, matters with semicolons; `language` where it is not the staff's."""
        given = {line["item"]: tuple(line["given"]) for line in lines if line["known"]}
        matters = [self._matter(parts, given) for parts in self.matters]
        text = "; ".join(filter(None, [*matters, language, self._said(self.last, given)]))
        return text[:1].upper() + text[1:]

    def _matter(self, parts: Iterable[Part], given: Mapping[str, tuple[str, ...]]) -> str:
        text, then = "", ""
        for part in parts:
            if said := self._said(part, given):
                text, then = text + then + said, part.then
        return text

    def _said(self, part: Part, given: Mapping[str, tuple[str, ...]]) -> str:
        if not part.say:
            codes = (code for item in part.items for code in given.get(item, ()) if code not in self.silent)
            words = part.between.join(map(self.short, codes))
            return part.form.format(words) if words else ""
        names: dict[str, list[str]] = {}
        for item, name in part.items.items():
            for code in given.get(item, ()):
                if code in part.say:
                    names.setdefault(part.say[code], []).append(name)
        return part.between.join(text.format(listed(same, AND)) for text, same in names.items())

    def urgent_signs(self, content: Content, walked: Walk, decision: Decision) -> tuple[str, ...]:
        """The signs on which the urgency rests, by name; none of what is routine."""
        return tuple(dict.fromkeys(self._signs(content, walked, decision)))

    def _signs(self, content: Content, walked: Walk, decision: Decision) -> Iterator[str]:
        for rule in decision.deciding_rules:
            for reason in reasons(rule, walked):
                item = content.items[reason.item]
                names = [self.short(code) for code in reason.codes if code != item.unsure]
                if named := _sign_names(content, reason.sign, walked):
                    yield from named
                elif item.kind == "many":
                    yield from names
                elif names:
                    yield f"{item.label[:1].lower()}{item.label[1:]}: {' or '.join(names)}"


def _sign_names(content: Content, sign: str | None, walked: Walk) -> list[str]:
    """What staff call a sign with these answers; nothing where it has no short name."""
    if sign is None or sign not in content.sign_texts:
        return []
    parts = fitting(content.sign_texts[sign].parts, walked.facts)
    return [without_numbers(part.staff_name) for part in parts if part.staff_name]


def telling(tree: Mapping[str, Any]) -> Telling:
    return Telling(
        words=tree["words"],
        silent=frozenset(tree["silent"]),
        matters=tuple(tuple(Part(**part) for part in matter) for matter in tree["matters"]),
        last=Part(**tree["last"]),
    )


def without_numbers(text: str) -> str:
    """A sentence for staff without what the rules call its signs."""
    return SIGN_NUMBER.sub("", text)
