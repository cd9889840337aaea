"""Which signs a text may be written in, and when two texts read alike.

What a person sees has to be what is stored: no sign turns the order of letters round, none hides, none passes for
another. Everything here is about any language; words are looked at in `texts`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

HIDDEN = {
    "Cf": "a sign that is not seen, or that turns letters round",
    "Cc": "a control sign",
    "Cs": "half a sign",
    "Co": "a sign without a meaning",
    "Cn": "a sign without a meaning",
    "Zl": "a line break of an odd kind",
    "Zp": "a line break of an odd kind",
}
SPACES = " \n\u00a0\u202f"  # the two that keep words together are in use in many languages
LOOKS_EMPTY = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
SELECTORS = re.compile("[\u180b-\u180d\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # choose another look of a sign
REPLACED = "\ufffd"
MISREAD = re.compile("\u00c3[\u0080-\u00bf]|\u00c2[\u0080-\u00bf]|\u00e2\u20ac")  # UTF-8 read as Latin-1
DISGUISES = ("<font>", "<wide>", "<narrow>", "<circle>", "<square>")  # letters that are pictures of letters
MOST_MARKS = 3  # on one letter

ACCENTS = frozenset(map(chr, range(0x300, 0x370)))

# Alphabets whose letters pass for each other's.
ALIKE_ALPHABETS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")
LOOK_ALIKES = str.maketrans(
    "авсԁеѕһіјӏкмнорԛтԝхуυοαικρνχτ" + "0135|iı",
    "abcdeshljlkmhopqtwxyuoalkpvxt" + "oleslll",
)


def strange_signs(text: str) -> Iterator[str]:
    """What is wrong with the signs of the text, each kind once."""
    if not text.isascii() or not text.replace("\n", " ").isprintable():  # the quick way for most
        yield from dict.fromkeys(_strange(text))


def _strange(text: str) -> Iterator[str]:
    for sign in dict.fromkeys(text):
        category, name = unicodedata.category(sign), f"U+{ord(sign):04X}"
        if category in HIDDEN and sign not in SPACES:
            yield f"{HIDDEN[category]} ({name})"
        elif category == "Zs" and sign not in SPACES:
            yield f"a space of an odd kind ({name})"
        elif sign in LOOKS_EMPTY or SELECTORS.match(sign):
            yield f"a sign that is not seen ({name})"
        elif unicodedata.decomposition(sign).startswith(DISGUISES):
            yield f"a sign that passes for {unicodedata.normalize('NFKC', sign)} ({name})"
    if REPLACED in text or MISREAD.search(text):
        yield "signs that were read in another encoding than they were written in"
    if not unicodedata.is_normalized("NFC", text):
        yield "letters put together from parts (not in Unicode's form NFC)"
    if _marks(text) > MOST_MARKS:
        yield "more marks on a letter than any language has"
    if mixed := _mixed_alphabets(text):
        yield f"letters of two alphabets: {mixed}"


def _marks(text: str) -> int:
    """The most marks that one letter carries."""
    most = run = 0
    for sign in text:
        run = run + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        most = max(most, run)
    return most


def _mixed_alphabets(text: str) -> str:
    """A word with letters of two alphabets that pass for each other; or a word of another than most of the text."""
    words = {word.group(): alphabets(word.group()) for word in re.finditer(r"[^\W\d_]+", text)}
    for word, found in words.items():
        if len(found) > 1:
            return word
    latin = sum(len(word) for word, found in words.items() if "LATIN" in found)
    for word, found in words.items():
        if found and "LATIN" not in found and len(word) < latin:
            return word
    return ""


def alphabets(text: str) -> set[str]:
    """The alphabets the text is written in, of those that pass for each other."""
    if text.isascii():
        return {"LATIN"} if any(map(str.isalpha, text)) else set()
    names = (unicodedata.name(letter, "").split(" ")[0] for letter in set(text))
    return {name for name in names if name in ALIKE_ALPHABETS}


def skeleton(text: str) -> str:
    """What a glance takes in: no case, no accents, no spaces and stops, look-alikes as one."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    seen = (sign for sign in parts if sign not in ACCENTS and unicodedata.category(sign)[0] in "LMNS")
    return "".join(seen).translate(LOOK_ALIKES).replace("rn", "m")
