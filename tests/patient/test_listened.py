"""Pages that read themselves aloud, with a stand-in for the browser's voice: it says each sentence at once."""

import pytest
from playwright.sync_api import expect

from tests.browser import axe_finds
from tests.visitor import publish

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
    text = " ".join(page.locator("main").inner_text().split())
    assert all(" ".join(words.split()) in text for words, _lang, _rate in said(page))
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


def test_it_speaks_the_language_of_the_page(start):
    page = start(locale="es-US")
    page.locator(LISTEN).click()
    expect(page.locator(LISTEN)).to_have_text("Detener")
    assert said(page)[0][1] == "es"


def test_without_a_voice_nothing_is_offered(start):
    page = start("Object.defineProperty(window, 'speechSynthesis', { value: undefined })")
    assert page.locator(LISTEN).is_hidden()
