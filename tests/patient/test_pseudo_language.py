"""Any language will do: a made-up one decides as English does, leaves no English on a page, and fits a small phone."""

import re

import pytest
from django.conf import settings as django_settings
from django.urls import reverse

from tests.browser import press
from tests.patient.test_phone import fill_in, violations
from tests.pseudo import CODE, LETTERS, NAME, with_pseudo, write_interface
from tests.shipped import TODAY
from tests.visitor import BACK, publish, shipped_trees
from triage.domain.cases import CaseTable
from triage.domain.decision import decide
from triage.domain.loading import check, load
from triage.domain.walk import read_answers, walk

TREES = with_pseudo(shipped_trees())
ENGLISH, PSEUDO = load(TREES), load(TREES, CODE)
SOURCES = (ENGLISH.article, *ENGLISH.guidance.values())
NAMES = {name for source in SOURCES for name in (source.title, source.publisher)}  # cited as they are called
NAMES |= {"The clinic", *ENGLISH.languages.values()}
SIGNS = re.compile(f"[{LETTERS}]")
SMALL = {"width": 320, "height": 640}
EVERYTHING = BACK | {
    "safety-now": ["saddle-numbness"],
    "injury": "recent",
    "heel-stand": "weak",
    "weak-since": "recent",
    "numb-site": ["top-or-big-toe", "sole-or-heel"],
    "health": ["diabetes"],
    "changes": ["fever"],
}


# Decisions


def test_the_language_is_complete():
    assert check(TREES, TODAY) == []
    assert PSEUDO.languages[CODE] == NAME


def test_it_decides_alike_in_all_cases():
    """Not on samples: the cases of every origin, root and urgency, which between them are every path there is."""
    ours, theirs = CaseTable(ENGLISH), CaseTable(PSEUDO)
    assert theirs.origins == ours.origins
    assert theirs.roots == ours.roots
    assert theirs.at_least == ours.at_least


def test_it_walks_alike():
    for case in ENGLISH.vignettes:
        ours, theirs = (walk(content, read_answers(content, case.answers)) for content in (ENGLISH, PSEUDO))
        assert theirs == ours
        assert rows(decide(PSEUDO, theirs)) == rows(decide(ENGLISH, ours))


def rows(decision):
    deciding = (decision.origin_rule, decision.root_rule, *decision.urgency_rules)
    return decision.origin, decision.root, decision.urgency, [rule and rule.id for rule in deciding]


# Pages


@pytest.fixture
def published(transactional_db, settings, tmp_path):
    write_interface(tmp_path)
    settings.LANGUAGES = [*django_settings.LANGUAGES, (CODE, NAME)]
    settings.LOCALE_PATHS = [tmp_path, *django_settings.LOCALE_PATHS]
    return publish(TREES)


def left_in_english(page):
    """What of a page's words, shown or only said, comes from no translation and is no name."""
    shown = page.locator("body").inner_text().split("\n")
    said = page.evaluate("[...document.querySelectorAll('[aria-label]')].map(element => element.ariaLabel)")
    plain = {text for text in (*shown, *said, page.title()) if not SIGNS.search(text)}
    names = re.compile("|".join(map(re.escape, sorted(NAMES, key=len, reverse=True))))
    return {text for text in plain if re.search("[a-z]{3}", names.sub("", text))}


def overflowing(page):
    """What sticks out of the page, if anything does."""
    return page.evaluate("""() => document.documentElement.scrollWidth <= innerWidth ? [] :
      [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().left < 0 ||
        e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 80))""")


@pytest.mark.looks
def test_a_whole_journey_from_right_to_left(page, published, proof):
    """In short, axe sees every third page; it has seen all of them from left to right in test_every_page.py."""
    page.set_viewport_size(SMALL)
    page.goto("/")
    press(page.get_by_role("button", name=NAME))
    seen, english, outside, faults = [], {}, {}, []

    def look(page):
        path = page.url.split("/", 3)[3]
        assert page.locator("html").get_attribute("dir") == "rtl"
        seen.append(path)
        english.update(dict.fromkeys(left_in_english(page), path))
        outside.update(dict.fromkeys(overflowing(page), path))
        if proof.long or len(seen) % 3 == 0:
            faults.extend(violations(page))

    fill_in(page, EVERYTHING, look)
    for name in (
        "how",
        "sources",
        "privacy",
        "accessibility",
        "return",
        "expired",
        "corrected-often",
        "elsewhere",
        "left",
    ):
        page.goto(reverse(name))
        look(page)
    assert len(seen) > 20
    assert english == {}
    assert outside == {}
    assert faults == []


@pytest.mark.looks
def test_a_word_left_in_english_and_a_line_too_long_are_told(page, published):
    page.set_viewport_size(SMALL)
    page.goto("/")
    press(page.get_by_role("button", name=NAME))
    assert not left_in_english(page)
    page.evaluate("""() => {
      document.querySelector("h1").textContent = "Foot pain";
      document.querySelector("h1").style.inlineSize = "400px";
    }""")
    assert left_in_english(page)
    assert overflowing(page)
