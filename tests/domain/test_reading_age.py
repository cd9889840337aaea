"""Every sentence a patient may see can be read by the age of 11, by the formula and the word list of its language.

The formulas weigh each sentence of eight words or more; `manage.py reading_age` lists them, the hardest first. The
word list weighs the words of all, the short ones too.
"""

from itertools import chain
from pathlib import Path

import pytest
from django.core.management import call_command
from ruamel.yaml import YAML

from tests.shipped import shipped_content
from triage.domain import reading
from triage.management.commands.reading_age import hardest, measurable, patient_texts

OLDEST = 11
WORDS = YAML(typ="safe").load(Path(__file__).parents[1].joinpath("hard_words.yaml"))
LANGUAGES = sorted(shipped_content().languages)
TEXTS = {language: patient_texts(shipped_content(language)) for language in LANGUAGES}


def words(language):
    every = chain.from_iterable(TEXTS[language].values())
    return {word.replace("’", "'") for text in every for word in reading.words(text)}


def too_hard(language, text):
    return [(age, sentence) for age, sentence in hardest(language, [text]) if age > OLDEST]


def long_words(language, said):
    long = {word for word in said if reading.MEASURES[language].syllables(word) >= WORDS[language]["long"]}
    kept = chain.from_iterable(WORDS[language]["kept"].values())
    return long ^ set(kept)  # of both kinds: one nobody gave a reason for, a reason without its word


def to_say_otherwise(language, said):
    return {word: instead for word, instead in WORDS[language]["instead"].items() if word in said}


# The texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reader_of_eleven_can_read_every_part(language):
    ages = {part: reading.age(language, measurable(texts)) for part, texts in TEXTS[language].items()}
    assert set(ages) == {"Questions", "Results", "Sources", "Pages"}
    assert {part: age for part, age in ages.items() if age > OLDEST} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reader_of_eleven_can_read_every_sentence_of_some_length(language):
    every = chain.from_iterable(TEXTS[language].values())
    assert [fault for text in every for fault in too_hard(language, text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_long_word_has_a_reason_in_hard_words_yaml(language):
    assert long_words(language, words(language)) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_has_a_simpler_one(language):
    assert to_say_otherwise(language, words(language)) == {}


# That each of these would tell


HARD = {
    "en": "Radiating paresthesia and considerable bilateral weakness necessitate immediate medical assessment.",
    "es": "Las parestesias irradiadas y una debilidad bilateral considerable requieren evaluación inmediata.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hard_text_is_told(language):
    said = reading.words(HARD[language])
    assert reading.age(language, [HARD[language]]) > OLDEST
    assert too_hard(language, HARD[language])
    assert long_words(language, words(language) | set(said))
    assert to_say_otherwise(language, said)


A_LITTLE_TOO_HARD = {
    "en": "If you cannot call, ask someone to take you to the nearest emergency room.",
    "es": "Pregunte si el pie necesita hoy una radiografía.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_a_little_too_hard_is_told(language):
    assert [age < OLDEST + 1 for age, _ in too_hard(language, A_LITTLE_TOO_HARD[language])] == [True]


def test_a_reason_without_its_word_is_told():
    assert long_words("en", words("en") - {"emergency"}) == {"emergency"}


# The formulas


SPOKEN = {
    "en": [
        "came named breathe worse hot",
        "tingly heavy safely places being",
        "usual infection",
        "emergency",
    ],
    "es": ["pie hoy bien muy", "causa cuesta vaya", "ahora oído caída", "todavía teléfono", "radiografía"],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_syllables(language):
    count = reading.MEASURES[language].syllables
    counted = [{count(word) for word in row.split()} for row in SPOKEN[language]]
    assert counted == [{number} for number in range(1, len(counted) + 1)]


def test_the_formulas_give_what_they_give_by_hand():
    # 2 sentences, 10 words, 12 syllables: 0.39 * 5 + 11.8 * 1.2 - 15.59 + 5.
    assert reading.size("en", ["My foot hurts today. It is worse after walking."]) == reading.Size(2, 9, 12)
    assert reading.MEASURES["en"].age(reading.Size(2, 10, 12)) == pytest.approx(5.52)
    # 0.049 * 180 - 0.205 * 20 - 3.407 + 6
    assert reading.MEASURES["es"].age(reading.Size(2, 10, 18)) == pytest.approx(7.313)


def test_a_sentence_ends_where_it_ends():
    text = "Call 911. If it is 0.5 or more, wait? “No.” Then go! ¿Sí? ¡Ya!"
    assert len(list(reading.sentences(text))) == 6


def test_the_command_prints_a_table_for_each_language(capsys):
    call_command("reading_age", hardest=1)
    said = capsys.readouterr().out
    assert "English (Flesch-Kincaid)" in said
    assert "Español (Crawford)" in said
