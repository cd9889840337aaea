"""How strongly a sentence speaks: a small lexicon for each language, open to argument line by line.

Four strengths: 1 it can be so, 2 it is often so, 3 it is usually so, 4 it is always so. A sentence that cites the
article may not be stronger than the article's own word for how sure it is, and never speaks without such a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

SURE = 4  # nothing in the article is


@dataclass(frozen=True)
class Lexicon:
    """Words as patterns. `strengths` is read in order: what an earlier pattern took is not read again."""

    strengths: Mapping[str, int]
    links: tuple[str, ...]  # words that tie one thing to another, and so need a hedge beside them
    never: Mapping[str, str]  # what no sentence may say, and why

    def strengths_in(self, text: str) -> Iterator[tuple[str, int]]:
        """The words that say how sure, with their strength; 0 for those that only look like one."""
        names = list(self.strengths.values())
        pattern = "|".join(rf"(\b(?:{words})\b)" for words in self.strengths)
        for found in re.finditer(pattern, text.lower()):
            assert found.lastindex
            yield found.group(), names[found.lastindex - 1]

    def strength(self, text: str) -> int:
        return max((strength for _word, strength in self.strengths_in(text)), default=0)

    def unhedged(self, text: str) -> Iterator[str]:
        """The clauses that tie one thing to another with no word for how sure that is."""
        links = re.compile(rf"\b(?:{'|'.join(self.links)})\b")
        for clause in re.split(r"[.;:]\s", text.lower()):
            if links.search(clause) and not self.strength(clause):
                yield clause.strip(" .")

    def forbidden(self, text: str) -> Iterator[str]:
        for words, why in self.never.items():
            if re.search(rf"\b(?:{words})\b", text.lower()):
                yield why


ENGLISH = Lexicon(
    strengths={
        "not (?:proof|rule out|settle)|at all": 0,
        "not (?:all|always|necessarily|stated?|say)|may or may not|need not": 1,
        "always|never|certain(?:ly)?|definite(?:ly)?|surely|no doubt|prove[sdn]?|must|every(?: time)?|all foot pain": 4,
        "rules? out|(?:is|are) (?:only )?(?:caused by|due to)|without exception|the only|guaranteed?": 4,
        "generally|usual(?:ly)?|typically|mostly|very rare(?:ly)?|as a rule": 3,
        "often|common(?:ly)?|frequent(?:ly)?": 2,
        "may|might|can|could|possibl[ey]|possibility|sometimes|unclear": 1,
        "fits?|patterns?|descri(?:bes?|ptions?)": 1,  # a pattern that fits claims no more than that it fits
    },
    links=(
        "comes? (?:from|with)",
        "starts? (?:at|in)",
        "causes?|caused by|due to|because of",
        "linked to|depends? on|leads? to|points? to",
        "means?|is affected|occurs?|source of",
    ),
    never={
        "you have|you've": "asserts a disease",
        "(?:un)?likely|probabl[ey]|probability": "speaks of likelihood",
        "nothing (?:serious|to worry about)|not serious|harmless": "reassures",
    },
)

SPANISH = Lexicon(
    strengths={
        "no (?:descarta|decide|es una prueba)|nada de": 0,
        "no (?:todo|todos|siempre|necesariamente|dice)|no tienen? que|puede o no": 1,
        "siempre|nunca|jamás|sin duda|seguro que|seguramente|ciertamente|demuestran?|prueban? que|debe ser": 4,
        "(?:es|son|está|están) (?:causad|provocad)[oa]s? por|descartan?|todo dolor|todos los|el único|la única": 4,
        "por lo general|generalmente|normalmente|habitualmente|suelen?|muy rar[oa]|rara vez": 3,
        "a menudo|comunes|común|con frecuencia|frecuentes?": 2,
        "pueden?|podrían?|posibles?|a veces|no est[áa] claro": 1,
        "encaj\\w+|patrón|describe|descripciones|apunta a los dos": 1,
    },
    links=(
        "vienen? (?:de|del|con)|venir (?:de|del|con)",
        "empiezan? en",
        "causan?|causad[oa]s?|se deben? a|deberse a|por culpa de",
        "relación con|dependen? de|depender de|llevan? a",
        "significan?|indican?|está afectad[oa]|el origen",
    ),
    never={
        "usted tiene|ustedes tienen|tienes|usted (?:padece|sufre)|padece de": "asserts a disease",
        "(?:im)?probable(?:s|mente)?|probabilidad": "speaks of likelihood",
        "nada (?:grave|serio)|no es (?:grave|serio)|inofensiv[oa]": "reassures",
    },
)

LEXICONS: Mapping[str, Lexicon] = {"en": ENGLISH, "es": SPANISH}


def overstatements(lexicon: Lexicon, text: str, hedges: Iterable[str]) -> Iterator[str]:
    """Why the text says more than claims with these words for how sure they are."""
    allowed = max(lexicon.strength(hedge) for hedge in hedges)
    for word, strength in lexicon.strengths_in(text):
        if strength > allowed:
            yield f"{word!r} is stronger than what it cites"
    if not lexicon.strength(text):
        yield "no word says how sure this is"
    for clause in lexicon.unhedged(text):
        yield f"no word says how sure this is: {clause!r}"
