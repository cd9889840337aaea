"""What a text may be: words that a person can read, in the language they are meant to be in, none like its neighbour.

What was published before these rules stays as it is; they are looked at when content is checked (see `check`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from triage.domain.content import Content
from triage.domain.loading.files import strings
from triage.domain.loading.letters import alphabets, skeleton, strange_signs
from triage.domain.loading.translation import Texts
from triage.domain.loading.tree import Node

LONGEST = 2000  # letters, of anything at all: a story, a reason
LONGEST_WORD = 40  # letters; a longer one is wider than a small phone

# How long a text may be, by the key that translations use: the first that fits.
LONGEST_BY_KEY = tuple(
    (re.compile(keys), most)
    for keys, most in {
        r"item\.[^.]+\.label|item\..*\.variant\..*\.label|section\.[^.]+\.title|screen\.[^.]+\.title|title": 80,
        r"item\.[^.]+\.group\..*|outcome\..*|sign\..*\.name|phrase\..*": 100,
        r"item\.[^.]+\.(text|caution\..*)|.*\.hint|screen\.[^.]+\.why": 300,
        r"item\..*|sign\..*": 250,
        r".*": 700,
    }.items()
)

MARK_UP = {
    "a tag": re.compile(r"</?[A-Za-z!]"),
    "an entity": re.compile(r"&(?:#\w+|[A-Za-z]\w*);"),
    "mark-up": re.compile(r"\*\*|__|\]\(|`|^#+ |\\"),
    "a template's sign": re.compile(r"\{[{%#]|[}%#]\}"),
}
NAME_IN_BRACES = re.compile(r"\{[a-z][a-z0-9_-]*\}")
NOT_FINISHED = re.compile(r"\b(?:TODO|TBD|FIXME|XXX+)\b|\?\?\?|(?i:lorem ipsum)")
# Where a name in braces is filled in; the readers of these texts fault one that they do not know.
FILLED_IN = re.compile(r"(?!.*\.group\.)(?:item|row|rule|sign)\..*")
# The file of a text, by the first part of its key; every other is in questionnaire.yaml.
FILE_OF = {
    **dict.fromkeys(("claim", "guidance", "hedge", "locator"), "sources"),
    **dict.fromkeys(("conjunction", "outcome", "row", "rule", "section", "sign"), "results"),
}
ADDRESS = re.compile(r"\burl\Z")


def note_strings(file: Node) -> None:
    """Fault what no text may hold, whoever reads it, in any file."""
    for node in strings(file):
        text = node.value
        assert isinstance(text, str)
        for what in strange_signs(text):
            node.fault(f"holds {what}", "Type it anew, with the signs of the language alone")
        if len(text) > LONGEST:
            node.fault(f"has {len(text):,} letters", f"Say it in at most {LONGEST:,}")
        if ADDRESS.search(node.place):
            continue
        for what, pattern in MARK_UP.items():
            if found := pattern.search(text):
                node.fault(f"holds {what} ({found.group()}), which would be read as it stands", "Write words")
        if NOT_FINISHED.search(text):
            node.fault("is not finished", "Write what it should say")
        if set("{}") & set(NAME_IN_BRACES.sub("", text)):
            node.fault("has a brace that is not round a name", "Close it, or take it out")


def note_texts(texts: Texts, content: Content, file: Callable[[str], Node]) -> None:
    """Fault what the texts of one language may not be, each and beside one another. `file`: where a text stands."""

    def place(key: str) -> Node:
        return (texts.overlay or file(FILE_OF.get(key.split(".")[0], "questionnaire"))).at(key)

    for key in sorted(texts.repeated):
        place(key).fault("two texts have this key", "Give one of their codes or keys another name")
    for key, text in texts.said.items():
        _note_text(key, text, place(key))
    _note_alphabet(texts.said, place)
    _note_alike(content, place)
    if texts.overlay:
        _note_untranslated(texts, texts.overlay)


def _note_text(key: str, text: str, place: Node) -> None:
    longest = next(most for keys, most in LONGEST_BY_KEY if keys.fullmatch(key))
    if len(text) > longest:
        place.fault(f"has {len(text)} letters", f"Say it in at most {longest}")
    if not FILLED_IN.match(key) and (names := NAME_IN_BRACES.findall(text)):
        place.fault(f"names {names[0]}, which nothing fills in here", "Write words")
    if not any(sign.isalnum() for sign in text):
        place.fault("says nothing", "Write some words")
    if long := [word for word in NAME_IN_BRACES.sub(" ", text).split() if len(word) > LONGEST_WORD]:
        place.fault(f"has a word of {len(long[0])} letters", f"Use words of at most {LONGEST_WORD} letters")


def _note_alphabet(said: Mapping[str, str], place: Callable[[str], Node]) -> None:
    """Fault a text in other letters than the rest of its language: they may look like what they are not."""
    used = {key: alphabets(text) for key, text in said.items()}
    counts = Counter(alphabet for found in used.values() for alphabet in found)
    usual = max(counts, key=lambda alphabet: counts[alphabet], default="")
    for key, found in used.items():
        if found and usual not in found:
            place(key).fault(f"is in other letters than the rest: {said[key]}", "Type it anew")


def _note_alike(content: Content, place: Callable[[str], Node]) -> None:
    """Fault two choices, questions or names that nobody can tell apart."""
    items, outcomes = content.items.values(), content.outcomes
    _note_pairs(content.languages.items(), place("title"), "name of the language")
    _note_pairs(((screen.key, screen.title) for screen in content.screens), place("screen"), "title")
    _note_pairs(((item.key, item.text) for item in items), place("item"), "question")
    _note_pairs(((item.key, item.label) for item in items), place("item"), "label")
    for item in items:
        options = [(option.code, option.text) for option in item.options]
        _note_pairs(options, place(f"item.{item.key}"), "option")
    for name, named in outcomes.items():
        for reader in ("patient", "staff"):
            names = [(value, getattr(outcome, reader)) for value, outcome in named.items()]
            _note_pairs(names, place(f"outcome.{name}"), f"name for the {reader}")
    titles = ((key, section.title) for key, section in content.sections.items())
    _note_pairs(titles, place("section"), "title")


def _note_pairs(named: Iterable[tuple[str, str]], place: Node, what: str) -> None:
    seen: dict[str, str] = {}
    for name, text in named:
        first = seen.setdefault(skeleton(text), name)
        if first != name:
            place.fault(f"the {what} of {first} and that of {name} read alike: {text}", "Say how they differ")


def _note_untranslated(texts: Texts, overlay: Node) -> None:
    """Fault a text that is the same in both languages, unless the overlay lists it under `same`."""
    alike = {skeleton(text) for text in texts.same}
    met = set()
    for key, text in texts.said.items():
        read = skeleton(NAME_IN_BRACES.sub("", text))
        if read == skeleton(NAME_IN_BRACES.sub("", texts.originals[key])) and any(map(str.isalpha, text)):
            met.add(read)
            if read not in alike:
                overlay.at(key).fault(
                    f"is not translated: {text}", "Translate it, or list it under `same` if it is right so"
                )
    for text in texts.same:
        if skeleton(text) not in met:
            overlay.fault(f"no text is the same in both languages as {text!r}", "Take it out of `same`")
