"""Type of twice the size on a small phone: no word breaks, nothing is wider than the screen, drawings grow along."""

import pytest

from tests.browser import press
from tests.patient.test_phone import choose
from tests.patient.test_result import SCIATICA
from tests.visitor import publish

pytestmark = [pytest.mark.looks, pytest.mark.django_db(transaction=True)]
# As a browser's own setting does it: what is measured in rem grows.
TWICE = """
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("html { font-size: 200% }");
    document.adoptedStyleSheets = [sheet];
"""
# Words of usual length that stand on more than one line, of these elements.
BROKEN = """(all) => all.flatMap((element) => {
    const broken = [], texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let text; (text = texts.nextNode()); ) {
        for (const { 0: word, index } of text.data.matchAll(/\\S+/g)) {
            const range = new Range();
            range.setStart(text, index);
            range.setEnd(text, index + word.length);
            const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
            if (word.length < 14 && lines.size > 1) broken.push(word);
        }
    }
    return broken;
})"""
NAMES = """(all) => all.filter((text) => text.checkVisibility({ visibilityProperty: true })).map((text) => {
    const { width, height } = text.getBoundingClientRect();
    return Math.max(width, height) && parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().d;
})"""
WORDS = ".view > b:visible, .option label, button:visible, legend"
WIDTHS = "all => all.map(each => each.clientWidth)"
MAPS = ("where", "leg-where", "numb")


@pytest.fixture
def questions(new_page, live_server):
    """Goes by every question page of somebody with sciatica."""
    publish()

    def each(locale="en-US", **size):
        page = new_page(viewport={"height": 640, **size}, has_touch=True, is_mobile=True, locale=locale)
        page.add_init_script(TWICE)
        page.goto("/")
        press(page.locator("main form button"))
        while "/questions/" in page.url:
            yield page.url.rstrip("/").split("/")[-1], page
            for fold in page.locator(".listed:not([open]) > summary:visible").all():
                fold.click()
            choose(page, SCIATICA)
            press(page.locator("main form button"))

    return each


@pytest.mark.parametrize("locale", ["en-US", "es-US"])
def test_twice_the_type_on_the_smallest_phone(questions, locale):
    seen = []
    for key, page in questions(locale, width=320):
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, key
        assert page.locator(WORDS).evaluate_all(BROKEN) == [], key
        assert page.locator("progress").bounding_box()["width"] >= 96, key
        assert min(page.locator(".option label").evaluate_all(WIDTHS), default=90) >= 90
        if key in MAPS and key not in seen:  # later it is folded behind its answer
            seen.append(key)
            assert page.locator(".listed").get_attribute("open") is not None
            assert min(page.locator(".shown text").evaluate_all(NAMES)) >= 15, key
    assert set(seen) == set(MAPS)


def test_a_word_that_breaks_would_be_found(questions):
    page = next(page for key, page in questions(width=320) if key == "where")
    page.locator(".views").evaluate(
        "views => { views.style.gridTemplateColumns = 'repeat(4, 1fr)'; views.style.overflowWrap = 'anywhere' }"
    )
    assert page.locator(WORDS).evaluate_all(BROKEN)


def test_in_the_usual_size_the_list_is_folded_and_names_can_be_read(questions):
    seen = []
    for key, page in questions(width=640):  # twice the type on twice the width
        if key in MAPS and key not in seen:
            seen.append(key)
            assert page.locator(".listed").get_attribute("open") is None
            assert min(page.locator(".shown text").evaluate_all(NAMES)) >= 12
