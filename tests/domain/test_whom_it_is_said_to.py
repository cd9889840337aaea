"""Nobody is told of a pain they do not have, nor to call later than the headline says, nor of a "you" who is another.

What can be shown is worked out from the conditions themselves: for each sentence, answers that bring it about.
"""

import re
from dataclasses import replace

import pytest

from tests.shipped import shipped_content
from triage.domain.cases import ALWAYS, either, table_of
from triage.domain.citation.ledger import ALL_SET, FEW_SET
from triage.domain.content import SIGNS, Content
from triage.domain.logic import All, AnyOf, Not
from triage.domain.walk import walk
from triage.domain.wording import cautions, filled, phrases, worded

LANGUAGES = ("en", "es")
APART = ("how", "under-16")  # sections of other pages

# Somebody whose foot does not hurt; and somebody of whom nothing hurts.
PAINFUL = {
    "changes": {"night-rest-pain", "night-pain", "walk-stop", "rash-blisters", "constant-pain"},
    "safety-now": {"tight-swelling", "chest-breathing", "crash-back-pain", "belly-back-faint"},
    "travels": {"yes", "part", "not-sure"},
    "back-pain": {"now"},
    "foot-feel": {"first-steps", "sore-spot", "tight-shoes", "activity"},
}
FOOT_PAIN = {
    "en": "foot pain|pain (?:in|under) the foot|sore (?:foot|side)",
    "es": r"dolor (?:de|del) pie\b|dolor debajo del pie|(?:pie|lado) que duele",
}
THE_PAIN = {"en": "the pain|your pain", "es": "(?:el|su) dolor(?! de (?:pierna|espalda))"}

A_NEW_THING = "a danger sign: the pain that it names would be new"
THEY_SAID_SO = "this person has ticked that very pain, among the changes"
WHAT_THE_ARTICLE_IS_ABOUT = "says that the article speaks of foot pain, and so less of this person"
EXCUSED = {
    "row.net-injury": A_NEW_THING,
    "row.net-night": A_NEW_THING,
    "row.net-weight": A_NEW_THING,
    "row.watch-tight": A_NEW_THING,
    "row.pattern-no-pain": WHAT_THE_ARTICLE_IS_ABOUT,
    "rule.S7": THEY_SAID_SO,
    "rule.R7": WHAT_THE_ARTICLE_IS_ABOUT,
}


def leaf(content: Content, item, codes):
    return AnyOf(item, frozenset(codes), content.items[item].unsure)


def whose_foot_does_not_hurt(content):
    return leaf(content, "foot-site", {"no-pain"})


def of_whom_nothing_hurts(content):
    free = [Not(leaf(content, item, codes)) for item, codes in PAINFUL.items()]
    return All((whose_foot_does_not_hurt(content), leaf(content, "leg-pain", {"none"}), *free))


def sentences(content):
    """Each sentence that a patient may read in a result: its key, its text, and what it takes."""
    table = table_of(content)
    for section in content.sections.values():
        for row in section.rows if section.reader == "patient" and section.key not in APART else ():
            yield f"row.{row.key}", row.sentence.text, [*shown(table, row)]
    for rules in (content.origin_rules, content.root_rules, content.urgency_rules):
        for rule in rules:
            met = table.fires(rule) if rules is content.urgency_rules else table.decides(rule, rules)
            for part in rule.parts:
                yield f"rule.{rule.id}", part.patient, [met, table.when(part.when) if part.when else ALWAYS]
    for sign in content.signs:
        for part in content.sign_texts[sign.id].parts:
            met = [table.when(sign), table.when(part.when) if part.when else ALWAYS]
            yield f"sign.{sign.id}", part.patient, met


def shown(table, row):
    if row.when:
        yield table.when(row.when)
    if row.origin:
        yield either(table.origins[name] for name in row.origin)
    if row.root:
        yield either(table.roots[name] for name in row.root)


def said_to(content, person, words):
    """The keys of sentences with these words that such a person can be shown."""
    table = table_of(content)
    for key, text, met in sentences(content):
        names = {**ALL_SET, **dict.fromkeys(content.phrases, ""), SIGNS: ""}
        if not re.search(words, filled(text, names), re.IGNORECASE) and "{" not in text:
            continue
        answers = table.example(*met, table.when(person(content)))
        if answers is None:
            continue
        facts = walk(content, answers).facts
        if re.search(words, filled(text, {**ALL_SET, **phrases(content, facts), SIGNS: ""}), re.IGNORECASE):
            yield key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_foot_that_does_not_hurt_is_not_told_of_its_pain(language):
    content = shipped_content(language)
    told = {*said_to(content, whose_foot_does_not_hurt, FOOT_PAIN[language])}
    told |= {*said_to(content, of_whom_nothing_hurts, THE_PAIN[language])}
    assert told - EXCUSED.keys() == set()


def test_each_excuse_is_needed():
    told = set()
    for language in LANGUAGES:
        content = shipped_content(language)
        told |= {*said_to(content, whose_foot_does_not_hurt, FOOT_PAIN[language])}
        told |= {*said_to(content, of_whom_nothing_hurts, THE_PAIN[language])}
    assert told == EXCUSED.keys()


def with_row(content, key, **changes):
    """The content with one row of a result changed."""
    sections = {
        name: replace(
            section,
            rows=tuple(replace(row, **changes) if row.key == key else row for row in section.rows),
        )
        for name, section in content.sections.items()
    }
    return replace(content, sections=sections)


def test_a_sentence_that_forgets_them_is_found():
    spoilt = with_row(shipped_content(), "pattern-back", when=None)
    assert "row.pattern-back" in said_to(spoilt, whose_foot_does_not_hurt, FOOT_PAIN["en"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("answering", ["self", "helper"])
def test_no_question_tells_them_of_it_either(language, answering):
    content = shipped_content(language)
    keys = list(content.items)
    facts = {"answering": frozenset({answering}), "foot-site": frozenset({"no-pain"})}
    for key in keys[keys.index("foot-site") + 1 :]:
        item = worded(content, content.items[key], facts)
        texts = [item.text, item.label, item.hint, *(option.text for option in item.options)]
        assert not [text for text in texts if re.search(FOOT_PAIN[language], text, re.IGNORECASE)], key


# When to call

LATER = {
    "en": "call the clinic the same day|in 2 weeks|at your appointment",
    "es": "llame a la clínica el mismo día|en 2 semanas|en su cita",
}
FOR_ALL = ("safety-net", "limits", *APART)  # the same for everybody, on pages without a result too


def told_to_wait(content, language):
    """Sentences for whom the headline sends to the phone today that name a later time."""
    return [
        row.key
        for section in content.sections.values()
        for row in section.rows
        if section.reader == "patient" and section.key not in FOR_ALL
        if not row.urgency or set(row.urgency) - {"routine"}
        if re.search(LATER[language], row.sentence.text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_is_to_call_today_is_told_of_no_later_time(language):
    content = shipped_content(language)
    assert told_to_wait(content, language) == []
    assert told_to_wait(with_row(content, "watch-weaker", urgency=("same-day",)), language) == [
        "watch-weaker"
    ]


# Who "you" is

YOU = re.compile(r"\b(?:you|your|yours)\b", re.IGNORECASE)
# What is said to the helper, not of the person.
THE_HELPER = {
    "heel-stand": ["with you beside"],
    "tiptoe": ["you near"],
    "note": ["you want the clinic to know", "You can leave this empty", "Your note"],
}


def of_another(content, item, facts):
    shown_item = worded(content, item, facts)
    texts = [shown_item.text, shown_item.label, shown_item.hint]
    texts += [text for option in shown_item.options for text in (option.text, option.hint)]
    texts += [caution.text for caution in cautions(content, item, facts)]
    for text in texts:
        for helper in THE_HELPER.get(item.key, []):
            text = text.replace(helper, "")
        if YOU.search(text):
            yield text


def test_who_helps_is_not_asked_about_themselves():
    content = shipped_content()
    keys = list(content.items)
    for side in ("left", "both", "not-sure"):
        facts = {
            "answering": frozenset({"helper"}),
            "side": frozenset({side}),
            "injury": frozenset({"recent"}),
            "changes": frozenset({"snap"}),
            "foot-lift": frozenset({"unable"}),
        }
        for key in keys[keys.index("answering") + 1 :]:
            assert [*of_another(content, content.items[key], facts)] == [], key


def test_a_question_that_forgets_who_helps_is_found():
    content = shipped_content()
    plain = replace(content.items["leg-pain"], variants=())
    assert [*of_another(content, plain, {"answering": frozenset({"helper"})})]


# A clinic without a number on its pages

NUMBER = {"en": "number is on|number of the clinic|clinic's number", "es": "número[^.]* está en"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_clinic_without_a_number_says_where_it_stands(language):
    content = shipped_content(language)
    for key in ("now", "safety-net", "under-16"):
        rows = content.sections[key].rows
        where = [row for row in rows if row.unless_set == "clinic_phone"]
        assert where, key
        assert all(re.search(NUMBER[language], row.sentence.text) for row in where), key
        assert not any(FEW_SET.get(name) for row in where for name in row.sentence.settings)
