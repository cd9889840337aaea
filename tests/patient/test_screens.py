"""The question pages as a phone shows them: how far one scrolls in all."""

from typing import NamedTuple

import pytest
from django.urls import reverse

from tests.browser import carry_over, press
from tests.patient.test_phone import choose
from tests.patient.test_result import SCIATICA, SCREEN
from tests.visitor import FOOT_ONLY, Patient, publish

pytestmark = [pytest.mark.looks, pytest.mark.django_db(transaction=True)]
# What moves on a page by itself adds to this.
SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const { value } of list.getEntries()) window.shifted += value;
    }).observe({ type: "layout-shift", buffered: true });
"""
PAINTED = (
    "() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(window.shifted), 100)))"
)
SCREENS = 18  # in all, on the way of somebody with sciatica and a weak foot


@pytest.fixture
def questions(new_page, live_server):
    """Goes by every question page of that way, on a phone for touch."""
    publish()

    def each(**options):
        page = new_page(viewport={"width": 390, "height": SCREEN}, has_touch=True, is_mobile=True, **options)
        page.add_init_script(SHIFTS)
        page.goto("/")
        press(page.locator("main form button"))
        while "/questions/" in page.url:
            yield page
            for fold in page.locator(".listed:not([open]) > summary:visible").all():
                fold.click()
            choose(page, SCIATICA)
            page.evaluate("window.shifted = 0")
            press(page.locator("main form button"))
        assert page.url.endswith(reverse("check"))

    return each


class Seen(NamedTuple):
    address: str
    screens: float
    opened: bool  # by an answer of the page before
    focus: str | None
    moved: float


SEEN = []


@pytest.fixture
def seen(questions):
    """Every question page on the way, which is gone once for all tests that only look."""
    if not SEEN:
        SEEN[:] = [look(page) for page in questions()]
    return SEEN


def look(page):
    opened = page.locator(".note[role=status]").count() > 0
    return Seen(
        address=page.url,
        screens=page.evaluate("document.body.offsetHeight") / SCREEN,
        opened=opened,
        focus=page.locator(":focus").get_attribute("id") if opened else None,
        moved=page.evaluate(PAINTED),
    )


def test_the_questions_are_eighteen_screens_in_all(seen):
    screens = [(page.address, page.screens) for page in seen]
    for address, height in screens:
        print(f"{height:6.2f} {address}")
    print(f"{sum(height for _address, height in screens):6.2f} of {SCREENS}")
    assert sum(height for _address, height in screens) <= SCREENS


def test_nothing_jumps_on_any_question_page(seen):
    assert {page.address: page.moved for page in seen if page.moved} == {}


def test_what_jumps_would_be_noticed(questions):
    page = next(questions())
    page.evaluate("document.querySelector('h1').before(document.createElement('textarea'))")
    assert page.evaluate(PAINTED) > 0


def test_a_click_right_after_the_skip_link_counts(questions):
    page = next(questions())
    page.reload()
    page.keyboard.press("Tab")
    assert page.locator(".skip").evaluate("skip => skip === document.activeElement")
    box = page.get_by_label("Yes, 16 or over")
    before = box.bounding_box()
    page.keyboard.press("Enter")
    assert box.bounding_box() == before
    page.mouse.click(before["x"] + 5, before["y"] + 5)
    assert box.is_checked()


def test_a_question_that_an_answer_opens_has_the_focus(seen):
    assert [page.focus for page in seen if page.opened] == ["id_numb-since"]


def test_what_is_typed_is_counted_and_never_cut(page, live_server):
    publish()
    patient = Patient(FOOT_ONLY)
    patient.go_on(patient.start())
    carry_over(patient, page, live_server.url)
    page.goto(reverse("question", args=["words"]))
    note, count = page.get_by_role("textbox").first, page.locator("#count")
    assert count.inner_text() == "Up to 1000 letters."
    note.fill("x" * 990 + "👣" * 4)
    assert count.inner_text() == "Letters left: 6"
    note.fill("x" * 1200)
    assert count.inner_text() == "Letters too many: 200"
    assert len(note.input_value()) == 1200
