"""How old a reader has to be for a text: a published formula for each language.

English: Flesch-Kincaid grade level (Kincaid and others, 1975), plus 5 for the age in that grade.
Spanish: Crawford's years of primary school (Crawford, 1984), plus 6 for the age at which school begins.

Both weigh two things alone, how long the sentences are and how many syllables the words have; for single words, and
for what a word means, see tests/hard_words.yaml. They are made for a page of text. Each sentence of some length is held
to the same age all the same: a page of easy sentences may not hide a hard one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d[\d.,:/]*")
END = re.compile(r"(?<=[.!?])[\"”’')]*\s+(?=[^\W_a-zñáéíóú]|[¿¡\"“(])")


@dataclass(frozen=True, slots=True)
class Size:
    """What the formulas weigh."""

    sentences: int
    words: int
    syllables: int


@dataclass(frozen=True, slots=True)
class Measure:
    formula: str
    syllables: Callable[[str], int]
    age: Callable[[Size], float]


def sentences(text: str) -> Iterator[str]:
    return (part for part in END.split(text.strip()) if WORD.search(part))


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def size(language: str, texts: Iterable[str]) -> Size:
    count = MEASURES[language].syllables
    each = [words(sentence) for text in texts for sentence in sentences(text)]
    return Size(len(each), sum(map(len, each)), sum(count(word) for found in each for word in found))


def age(language: str, texts: Iterable[str]) -> float:
    """The age from which the texts can be read, taken together."""
    return MEASURES[language].age(size(language, texts))


# English


SILENT = re.compile(
    r"(?<![aeiouy])(?<![^aeiouy]l)e$"  # came, but not: little, be
    r"|(?<![cgsxzaeiouy])(?<![cs]h)(?<![^aeiouy]l)es$"  # names, but not: places, worries
    r"|(?<![tdaeiouy])(?<![^aeiouy]l)ed$"  # called, but not: started
    r"|(?<=[aeiouy][^aeiouy])e(?=(?:ly|ty|less|ful|ment|thing|body|where|one|side|foot)s?$)"  # safely, something
)
APART = re.compile(r"(?<=[aeiouy])(?=ing)|(?<=i)(?=a(?!l$|ge$))|(?<=[^aeioutsgcqx]i)(?=o)|(?<=[^q]u)(?=al)")


def english_syllables(word: str) -> int:
    """A rule of thumb: groups of vowels, less the silent e, with the commonest pairs that are said apart."""
    spoken = APART.sub("-", SILENT.sub("", word))
    return max(1, len(re.findall("[aeiouy]+", spoken)))


def _grade(size: Size) -> float:
    return 0.39 * size.words / size.sentences + 11.8 * size.syllables / size.words - 15.59


# Spanish


VOWELS = re.compile("(?:[aeiouáéíóúü]|y(?![aeiouáéíóú]))+")
STRONG = re.compile("[aeoáéóíú]")


def spanish_syllables(word: str) -> int:
    """Two strong vowels side by side are two syllables; a weak one joins its neighbor."""
    return max(1, sum(max(1, len(STRONG.findall(group))) for group in VOWELS.findall(word)))


def _years_of_school(size: Size) -> float:
    return 0.049 * 100 * size.syllables / size.words - 0.205 * 100 * size.sentences / size.words - 3.407


MEASURES = {
    "en": Measure("Flesch-Kincaid", english_syllables, lambda size: _grade(size) + 5),
    "es": Measure("Crawford", spanish_syllables, lambda size: _years_of_school(size) + 6),
}
