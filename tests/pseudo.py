"""A language nobody speaks, made from the English: longer, accented, and written from right to left.

What is still plain English on a page in this language can be translated by nobody, and what does not fit will not
fit in German or Arabic either.
"""

import copy
import re

import polib

from tests.interface import PLACEHOLDER, texts

CODE, NAME = "he", "Pseudo"  # a language of Django's own that is written from right to left
LEFT_ALONE = re.compile(rf"{PLACEHOLDER.pattern}|\{{\w*\}}|&\w+;")
ACCENTS = str.maketrans("aeiounycAEIOUNYC", "áéíóúñýçÁÉÍÓÚÑÝÇ")
LETTERS = "אבגדהוזחטיכלמנסעפצקרשת"
LONGER = 0.4


def pseudo(text):
    """Said in the language: names in braces, tags and entities stay as they are."""
    kept = LEFT_ALONE.findall(text)
    accented = [part.translate(ACCENTS) for part in LEFT_ALONE.split(text)]
    said = "".join(part + left for part, left in zip(accented, [*kept, ""], strict=True))
    more = max(2, round(len(text) * LONGER))
    letters = (LETTERS * (more // len(LETTERS) + 1))[:more]
    return f"{' '.join(re.findall('.{1,7}', letters))} {said}"


def with_pseudo(trees):
    """The trees with one more language, made as a translator makes it: the same keys, each with its text."""
    added = copy.deepcopy(dict(trees))
    overlay = next(tree for tree in added.values() if "language-name" in tree and tree["language"] == "es")
    said = {key: pseudo(text) for key, text in overlay["texts"].items()}
    return added | {CODE: {"language": CODE, "language-name": NAME, "texts": said}}


def write_interface(folder):
    """The pages' own texts, as gettext reads them."""
    path = folder / CODE / "LC_MESSAGES" / "django.mo"
    path.parent.mkdir(parents=True)
    catalog = polib.POFile()
    catalog.metadata = {"Content-Type": "text/plain; charset=utf-8"}
    for context, text in texts():
        catalog.append(polib.POEntry(msgctxt=context or None, msgid=text, msgstr=pseudo(text)))
    catalog.save_as_mofile(str(path))
