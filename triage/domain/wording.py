"""Texts as one person reads them: phrases filled in, and an item's own variants chosen, by the answers so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product

from triage.domain.content import Content, Item, Part, Phrase, Sentence
from triage.domain.logic import YES, Facts

Words = Mapping[str, str]  # what texts name in braces -> what is said there

NOBODY: Facts = {}  # no answers at all: every condition is NO, so a text says what fits anybody


@dataclass(frozen=True, slots=True)
class Phrased(Mapping[str, str]):
    """Phrases as one person reads them, each looked up where a text names it: most texts name none."""

    known: Mapping[str, Phrase]
    facts: Facts = field(default_factory=dict)

    def __getitem__(self, key: str) -> str:
        return self.known[key].said(self.facts)

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


def phrases(content: Content, facts: Facts = NOBODY) -> Words:
    return Phrased(content.phrases, facts)


def filled(text: str, words: Words) -> str:
    """The text with its names in braces replaced; what a phrase brings to the head of a sentence gets its capital."""
    return _capital(text.format_map(words)) if text.startswith("{") else text.format_map(words)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def worded(content: Content, item: Item, facts: Facts) -> Item:
    """The item as this person reads it."""
    variant = next((variant for variant in item.variants if variant.when.truth(facts) is YES), None)
    texts = {**item.phrased, **(variant.texts if variant else {})}
    return with_texts(item, texts, phrases(content, facts)) if texts else item


def with_texts(item: Item, texts: Mapping[str, str], words: Words) -> Item:
    """The item with some of its texts (see `texts_of`), phrases filled in."""
    own = {name: filled(text, words) for name, text in texts.items()}
    return replace(
        item,
        text=own.get("text", item.text),
        label=own.get("label", item.label),
        hint=own.get("hint", item.hint),
        options=tuple(
            replace(
                option,
                text=own.get(option.code, option.text),
                hint=own.get(f"{option.code}.hint", option.hint),
            )
            for option in item.options
        ),
    )


def wordings(content: Content, item: Item, name: str) -> list[str]:
    """The other words that some people read in place of this text of the item: by its variants and its phrases."""
    plain = texts_of(item)[name]
    written = [item.phrased.get(name, plain), *(variant.texts.get(name, "") for variant in item.variants)]
    named = [dict(zip(content.phrases, each, strict=True)) for each in _ways(content)]
    said = (filled(text, words) for text in written if text for words in named)
    return [text for text in dict.fromkeys(said) if text != plain]


def _ways(content: Content) -> Iterable[tuple[str, ...]]:
    """Every way to say the phrases, each with each."""
    return product(
        *(
            {phrase.text: None} | {text: None for _when, text in phrase.variants}
            for phrase in content.phrases.values()
        )
    )


def texts_of(item: Item) -> dict[str, str]:
    """All texts of an item and its options, by the names that translations and variants use."""
    texts = {"text": item.text, "label": item.label, "hint": item.hint}
    for option in item.options:
        texts |= {option.code: option.text, f"{option.code}.hint": option.hint}
    return {name: text for name, text in texts.items() if text}


def cautions(content: Content, item: Item, facts: Facts) -> tuple[Sentence, ...]:
    """What stands above the question for this person, the same words once."""
    words = phrases(content, facts)
    shown = (caution.sentence for caution in item.cautions if caution.when.truth(facts) is YES)
    sentences = (replace(sentence, text=filled(sentence.text, words)) for sentence in shown)
    return tuple({sentence.text: sentence for sentence in sentences}.values())


# What a rule or a sign says of the answers that are there


def fitting(parts: Iterable[Part], facts: Facts) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.fits(facts))


def signs(content: Content, facts: Facts, reader: str) -> str:
    """The signs that are present and point to the back, by their short names: "a, b and c"."""
    parts = (
        part
        for sign in content.signs
        if sign.points_to == "back" and sign.truth(facts) is YES
        for part in fitting(content.sign_texts[sign.id].parts, facts)
    )
    names = (part.name if reader == "patient" else part.staff_name for part in parts)
    return listed(list(dict.fromkeys(name for name in names if name)), content.conjunction[reader])


def listed(names: list[str], conjunction: str) -> str:
    """ "a, b and c"."""
    *most, last = names or [""]
    return f"{', '.join(most)} {conjunction} {last}" if most else last
