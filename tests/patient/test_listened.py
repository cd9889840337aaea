"""Pages that read themselves aloud, with a stand-in for the browser's voice: it says each sentence at once."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser import axe_finds, carry_over
from tests.visitor import BACK, Patient, publish

pytestmark = [pytest.mark.looks, pytest.mark.django_db(transaction=True)]
# Says a sentence when the test tells it to.
VOICE = """
    window.heard = [];
    const voice = {
        speak: (said) => window.heard.push(said),
        cancel: () => window.heard.at(-1)?.onend?.(),
    };
    Object.defineProperty(window, "speechSynthesis", { value: voice });
    window.marked = () => [...CSS.highlights.get("heard") ?? []].join("");
"""
LISTEN = "#listen"


@pytest.fixture
def start(new_page, live_server):
    publish()

    def open_start(script=VOICE, **options):
        page = new_page(**options)
        page.add_init_script(script)
        page.goto("/")
        return page

    return open_start


def said(page):
    return page.evaluate(
        "window.heard.map(({ text, lang, rate }) => [text, lang, Math.round(rate * 10) / 10])"
    )


def tight(words):
    """Without spaces: what stands beside what is not asked, and a number to call is said digit by digit."""
    return re.sub(r"\s", "", words).lower()


def go_on(page):
    page.evaluate("window.heard.at(-1).onend()")


def test_a_page_is_read_sentence_by_sentence_each_marked(start):
    page = start()
    page.locator(LISTEN).click()
    expect(page.locator(LISTEN)).to_have_text("Stop")
    first = page.locator("main h2").first.inner_text().partition("?")[0] + "?"
    assert said(page) == [[first, "en", 1]]
    assert page.evaluate("window.marked()").strip() == first
    for _sentence in range(3):
        go_on(page)
    assert len(said(page)) == 4
    text = tight(page.locator("main").inner_text())
    assert all(tight(words) in text for words, _lang, _rate in said(page))
    assert page.evaluate("window.marked()").strip() == said(page)[-1][0]
    assert axe_finds(page) == []


def test_it_can_be_stopped_and_slowed(start):
    page = start()
    page.locator(LISTEN).click()
    page.locator("#slower").click()
    go_on(page)
    assert [rate for _text, _lang, rate in said(page)] == [1, 0.7]
    page.locator(LISTEN).click()
    expect(page.locator(LISTEN)).to_have_text("Listen")
    assert page.evaluate("window.marked()") == ""
    go_on(page)
    assert len(said(page)) == 2
    assert page.locator("#slower").is_hidden()


AT_ONCE = "setInterval(() => heard.at(-1)?.onend(), 0);"
SHOWN = """() => {
    for (const mark of document.querySelectorAll("main sup")) mark.hidden = true;
    const blocks = [...document.querySelectorAll("main :is(h1, h2, legend, label, li, dd)")];
    return [document.querySelector("main").innerText, ...blocks.map(each => each.innerText)];
}"""


def listen(page):
    """To the end."""
    page.locator(LISTEN).click()
    page.wait_for_function("() => window.heard.length && document.getElementById('slower').hidden")


def listened_to(page, language):
    """All that was said, once it has been: what is shown, and nothing else."""
    listen(page)
    whole, *blocks = map(tight, page.evaluate(SHOWN))
    heard = [tight(words) for words, _lang, _rate in said(page)]
    assert {lang for _words, lang, _rate in said(page)} == {language}
    assert [words for words in heard if words not in whole] == []
    assert [block for block in blocks if block not in "".join(heard)] == []
    page.evaluate("window.heard.length = 0")
    return "".join(heard)


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_journey_is_heard_as_it_is_shown(new_page, live_server, language):
    publish()
    patient = Patient(BACK | {"safety-now": ["cold-limb"]})
    patient.client.post(reverse("language"), {"language": language})
    patient.go_on(patient.start(), until="emergency")
    page = new_page(locale=language, has_touch=True, is_mobile=True)
    page.add_init_script(VOICE + AT_ONCE)
    carry_over(patient, page, live_server.url)
    page.goto(reverse("emergency"))
    listen(page)
    assert any("9 1 1" in words for words, _lang, _rate in said(page))
    for path in (reverse("emergency"), reverse("question", args=["where"])):
        page.goto(path)
        listened_to(page, language)
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    patient.submit()
    page.goto(reverse("result"))
    folded = listened_to(page, language)
    page.evaluate("for (const part of document.querySelectorAll('main details')) part.open = true")
    assert len(listened_to(page, language)) > 5 * len(folded)


def test_without_a_voice_nothing_is_offered(start):
    page = start("Object.defineProperty(window, 'speechSynthesis', { value: undefined })")
    assert page.locator(LISTEN).is_hidden()
