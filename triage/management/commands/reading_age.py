"""How old a reader has to be for the texts a patient sees, in each language, and which sentences are hardest.

Measures the content (by default the shipped one) and the texts of the pages themselves by the formula of each
language (triage/domain/reading.py). The aim is 9 to 11 years: tests/domain/test_reading_age.py holds every part, and
every sentence long enough for the formulas, to 11.
"""

import re
from collections.abc import Iterable
from gettext import translation
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from triage.domain import reading
from triage.domain.citation.ledger import entries
from triage.domain.content import Content
from triage.management.content import ContentCommand, named_content

PARTS = {
    "Questions": ("screen", "item", "phrase"),
    "Results": ("outcome", "rule", "sign", "section", "row"),
    "Sources": ("claim", "guidance"),
}
FILLED_IN = re.compile(r"%\(\w+\)s|\{\w+\}")  # a place where a page puts a name or a number
TAG = re.compile(r"<[^>]+>")
ENOUGH_WORDS = 8  # a shorter sentence, or an option of one word, is measured in name only


def patient_texts(content: Content) -> dict[str, list[str]]:
    """Every text a patient may read in the content's language, by where it stands."""
    found = {
        part: [
            entry.sentence.text
            for entry in entries(content)
            if entry.reader == "patient" and entry.key.partition(".")[0] in kinds
        ]
        for part, kinds in PARTS.items()
    }
    found["Pages"] = _pages(content)
    return {part: [_plain(text) for text in texts] for part, texts in found.items()}


def _pages(content: Content) -> list[str]:
    """The texts of the templates. In the questionnaire's own language these are what the others translate."""
    own, *others = content.languages
    language = others[0] if content.language == own else content.language
    catalog = vars(translation("django", settings.LOCALE_PATHS[0], [language]))["_catalog"]
    both = {original.rpartition("\x04")[2]: text for original, text in catalog.items() if original}
    return list(both if content.language == own else both.values())


def _plain(text: str) -> str:
    return " ".join(FILLED_IN.sub("911", TAG.sub("", text)).split())


def measurable(texts: Iterable[str]) -> set[str]:
    """The sentences that are long enough for the formulas."""
    each = {sentence for text in texts for sentence in reading.sentences(text)}
    return {sentence for sentence in each if len(reading.words(sentence)) >= ENOUGH_WORDS}


def hardest(language: str, texts: Iterable[str]) -> list[tuple[float, str]]:
    """Each measurable sentence with its age, the hardest first."""
    return sorted(
        ((reading.age(language, [sentence]), sentence) for sentence in measurable(texts)), reverse=True
    )


class Command(ContentCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--hardest", type=int, default=10, help="how many sentences to list (default: 10)"
        )

    def handle(self, *args: Any, content: str, **options: Any) -> None:
        own = named_content(content)
        for language in own.languages:
            self._language(
                own if language == own.language else named_content(content, language), options["hardest"]
            )

    def _language(self, content: Content, most: int) -> None:
        language = content.language
        if language not in reading.MEASURES:
            raise CommandError(f"No formula is known for {language!r}. Add one to domain/reading.py.")
        texts = patient_texts(content)
        texts["All"] = [text for part in texts.values() for text in part]
        self.stdout.write(f"{content.languages[language]} ({reading.MEASURES[language].formula})")
        self.stdout.write(
            f"             sentences  words   age  age, sentences of {ENOUGH_WORDS} words or more"
        )
        for part, found in texts.items():
            size = reading.size(language, found)
            self.stdout.write(
                f"  {part:<10} {size.sentences:9} {size.words:6} {reading.age(language, found):5.1f}"
                f" {reading.age(language, measurable(found)):5.1f}"
            )
        self.stdout.write("Hardest:")
        for age, sentence in hardest(language, texts["All"])[:most]:
            self.stdout.write(f"  {age:4.1f}  {sentence}")
        self.stdout.write("")
