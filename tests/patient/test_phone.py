"""The questionnaire in a real Chromium, as on a phone: with scripts and without, by keyboard, checked by axe."""

import json
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser import axe_finds, carry_over, each_look, press, press_key
from tests.visitor import BACK, FOOT_ONLY, Patient, publish
from triage.models import TriageSession

pytestmark = pytest.mark.django_db(transaction=True)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALL_PHONE = [("light", 320, 640), ("dark", 320, 640)]


@pytest.fixture(autouse=True)
def release(transactional_db):
    return publish()


def violations(page):
    found = axe_finds(page, runOnly=RULES)
    return [(page.url, fault["id"], fault["nodes"][0]["html"][:200]) for fault in found]


def violations_in(page, looks):
    return [(look, *fault) for look in each_look(page, looks) for fault in violations(page)]


def choose(page, answers):
    """Choose this person's answers on the page as it is."""
    there = page.locator("input:not(:checked)").evaluate_all(
        "boxes => boxes.map(({ name, value }) => [name, value])"
    )
    for key, given in answers.items():
        for code in given if isinstance(given, list) else [given]:
            if [key, code] in there:
                tap(page, page.locator(f'input[name="{key}"][value="{code}"]'))


def tap(page, box):
    """Tap the box's words, which cover the whole row."""
    page.locator(f"label[for='{box.get_attribute('id')}']").click()


def fill_in(page, answers, look=lambda page: None):
    """From the start page to the result in whatever language it is, looking at every page on the way."""
    page.goto("/")
    for _turn in range(40):
        look(page)
        if page.url.endswith("/result/"):
            return
        if "/emergency/" in page.url:
            press(page.locator(".after button"))
        else:
            choose(page, answers)
            press(page.locator("main form button"))
    raise AssertionError(f"no end, at {page.url}")


@pytest.mark.looks  # what a journey stores is tried on both databases by test_journeys.py
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_whole_journey(new_page, scripts):
    page = new_page(java_script_enabled=scripts)
    titles = []

    def look(page):
        titles.append(page.title())
        assert page.locator("h1").count() == 1
        assert page.locator("h1").inner_text().strip()

    fill_in(page, BACK | {"note": "x"}, look)
    assert len(set(titles)) == len(titles)  # every page says in its title which one it is
    session = TriageSession.objects.get()
    assert (session.origin, session.root) == ("back", "L5")
    main = page.locator("main").inner_text()
    assert "Fits a back-related pattern" in main
    assert session.reference in main
    # A citation opens place, link and our words.
    page.locator("summary", has_text="Where this comes from").first.click()
    assert page.locator("details[open] a[href^='https://princetonsjc.com']").first.is_visible()


@pytest.mark.looks
def test_axe_would_find_a_fault(page):
    page.goto("/")
    page.locator("html").evaluate("html => html.removeAttribute('lang')")
    assert violations(page)


@pytest.mark.looks
def test_axe_would_find_a_fault_of_one_look(page):
    page.goto("/")
    page.locator("h1").evaluate("h1 => h1.style.color = 'black'")
    assert [(look, fault) for look, _url, fault, _html in violations_in(page, SMALL_PHONE)] == [
        ("dark 320", "color-contrast")
    ]


@pytest.mark.looks
def test_an_error_is_told_at_the_top_and_leads_to_the_question(page):
    page.goto("/")
    press(page.get_by_role("button", name="Start now"))
    press(page.get_by_role("button", name="Continue"))
    assert page.title().startswith("Error: ")
    expect(page.get_by_role("alert")).to_be_focused()
    page.locator("[role=alert] a").first.click()
    expect(page.locator("[name=age]").first).to_be_focused()
    assert violations(page) == []


@pytest.mark.looks
def test_none_of_these_unticks_the_others(page):
    page.goto("/")
    press(page.get_by_role("button", name="Start now"))
    choose(page, FOOT_ONLY)
    press(page.get_by_role("button", name="Continue"))
    chest, none = page.get_by_label("Chest pain"), page.get_by_label("None of these")
    for tapped, other in ((chest, none), (none, chest), (chest, none)):
        tap(page, tapped)
        assert tapped.is_checked()
        assert not other.is_checked()


@pytest.mark.looks
def test_the_keyboard_alone_answers_a_question(page):
    page.goto("/")
    page.get_by_role("button", name="Start now").focus()
    press_key(page, "Enter")
    assert urlsplit(page.url).path == "/questions/age/"
    for name in ("age", "answering"):
        page.locator(f"input[name={name}]").first.focus()
        page.keyboard.press("Space")
    while page.evaluate("document.activeElement.type") != "submit":
        page.keyboard.press("Tab")
    press_key(page, "Enter")
    assert urlsplit(page.url).path == "/questions/safety-now/"


@pytest.mark.looks
def test_the_page_in_spanish_is_spanish_throughout(page):
    page.goto("/")
    press(page.get_by_role("button", name="Español"))
    assert page.locator("html").get_attribute("lang") == "es"
    press(page.locator("main form button"))
    for _screen in range(3):
        choose(page, FOOT_ONLY)
        words = page.locator("body").inner_text()
        assert not {"Continue", "Back", "Why we ask", "Leave", "Privacy", "Emergency?"} & set(
            words.split("\n")
        )
        press(page.locator("main form button"))


@pytest.mark.looks
def test_a_result_prints_with_its_language_and_reference(page, live_server):
    patient = Patient()
    patient.whole()
    carry_over(patient, page, live_server.url)
    page.goto(reverse("result"))
    pdf = page.pdf(tagged=True)
    assert b"/StructTreeRoot" in pdf
    assert b"/Lang" in pdf
    assert json.loads(TriageSession.objects.get().record)["reference"] in page.locator("main").inner_text()
