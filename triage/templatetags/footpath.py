"""Marks that tie a sentence on a page to its entry in that page's list of sources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from typing import Any, NamedTuple

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from triage.domain.story import without_numbers

register = template.Library()

LETTERS = {"article": "A", "guidance": "G", "research": "R"}
NUMBERS = {"emergency_number": "emergency_tel", "phone": "phone_tel", "advice_line": "advice_tel"}


@dataclass
class Source:
    """A passage of the article, or a document, with what this page takes from it."""

    mark: str
    citation: Mapping[str, Any]
    claims: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Its anchor on the page of all sources."""
        return place_of(self.citation["id"])


class Marked(NamedTuple):
    """A sentence as a page that names its sources shows it. No marks: the clinic's own words."""

    text: str
    marks: tuple[str, ...]


@register.filter
def part(parts: Mapping[str, Any], key: str) -> Any:
    """A part of a result whose key has a hyphen, which template syntax cannot read; older results lack some."""
    return parts.get(key)


@register.filter
def place_of(citation: str) -> str:
    """The passage of a claim (P3 for P3.a); any other source is its own place."""
    return citation.partition(".")[0]


@register.filter
def named(text: str) -> str:
    """A sentence for staff with its signs by name alone."""
    return without_numbers(text)


@register.simple_tag
def sources_of(citations: Any, *parts: Any) -> dict[str, Source]:
    """The sources that these parts of a page name, in that order: citation id -> Source.

    Claims of one passage share one Source. Without parts: all the citations.
    """
    entries = citations.values() if isinstance(citations, Mapping) else citations or ()
    known = {entry["id"]: entry for entry in map(_plain, entries)}
    places: dict[tuple[str, str, str], Source] = {}
    numbers: Counter[str] = Counter()
    found: dict[str, Source] = {}
    for id in dict.fromkeys(_named(list(map(_plain, parts)), []) if parts else known):
        entry = known[id]
        place = (entry["kind"], entry["title"], entry["locator"])
        if place not in places:
            letter = LETTERS[entry["kind"]]
            numbers[letter] += 1
            places[place] = Source(f"{letter}{numbers[letter]}", entry)
        places[place].claims.append(entry)
        found[id] = places[place]
    return found


@register.filter
def marked(said: Any, sources: Mapping[str, Source]) -> Any:
    """A sentence, or each of several, with its marks; of what has one for either reader, the patient's."""
    if isinstance(said, list | tuple):
        return tuple([marked(each, sources) for each in said])
    plain = _plain(said)
    sentence = plain.get("patient", plain)
    return Marked(sentence["text"], marks(sentence["sources"], sources))


@register.filter
def marks(ids: Iterable[str], sources: Mapping[str, Source]) -> tuple[str, ...]:
    """The marks of the sources behind these citation ids, each once."""
    return tuple(dict.fromkeys([sources[id].mark for id in ids]))


@register.inclusion_tag("parts/from.html")
def where_from(sources: Mapping[str, Source], *parts: Any) -> dict[str, list[Source]]:
    """The sources that these parts of a page name, each with what they take from it and no more."""
    here: dict[str, Source] = {}
    for id in dict.fromkeys(_named(list(map(_plain, parts)), [])):
        source = sources[id]
        claims = here.setdefault(source.mark, replace(source, claims=[])).claims
        claims += [claim for claim in source.claims if claim["id"] == id]
    return {"here": list(here.values())}


@register.filter
def dialed(text: str, clinic: Mapping[str, str]) -> SafeString:
    """The text with the numbers in it as links that call them."""
    numbers = {clinic[name]: clinic[dial] for name, dial in NUMBERS.items() if clinic[name]}
    known = "|".join(map(re.escape, sorted(numbers, key=len, reverse=True)))
    parts = re.split(rf"(?<!\d)({known})(?!\d)", text)
    return format_html_join(
        "", "{}", ((_link(part, numbers[part]) if part in numbers else part,) for part in parts)
    )


def _link(number: str, dial: str) -> SafeString:
    return format_html('<a class="tel" href="{}">{}</a>', dial, number)


@register.filter
def each_once(sources: Mapping[str, Source]) -> list[Source]:
    return list({source.mark: source for source in sources.values()}.values())


def _plain(part: Any) -> Any:
    return asdict(part) if is_dataclass(part) and not isinstance(part, type) else part


def _named(part: Any, found: list[str]) -> list[str]:
    """Every citation id in a plain part of a page, in reading order."""
    if isinstance(part, dict):
        found += part.get("sources", ())
        part = part.values()
    for each in part:
        if isinstance(each, dict | list | tuple):
            _named(each, found)
    return found
