"""The browser the other tests use: it is a phone's, and it tells on a page that talks to strangers."""

import contextlib

import pytest
from playwright.sync_api import Error

from tests.browser import SWAPPED, each_look, move, press
from tests.conftest import PHONE, watched_pages

pytestmark = pytest.mark.looks


def test_a_page_of_ours_raises_no_complaint(page):
    assert page.goto("/admin/login/").ok
    assert page.viewport_size == PHONE


@pytest.mark.parametrize(
    "misdeed, complaint",
    [
        ("location = 'http://elsewhere.example/'", "request to http://elsewhere.example/"),
        ("fetch('http://elsewhere.example/')", "Content Security Policy"),
        ("document.body.setAttribute('style', 'color: red')", "Content Security Policy"),
        ("setTimeout(() => { throw Error('broken') })", "broken"),
    ],
)
def test_a_misdeed_fails_the_test(browser, live_server, misdeed, complaint):
    with pytest.raises(AssertionError, match=complaint), watched_pages(browser, live_server.url) as open_page:  # noqa: PT012
        page = open_page()
        page.goto("/admin/login/")
        page.evaluate("() => {" + misdeed + "}")
        page.wait_for_timeout(200)


def test_a_press_waits_for_the_page_it_leads_to(page):
    page.goto("/admin/login/")
    page.locator("[name=username]").fill("nobody")
    page.locator("[name=password]").fill("wrong")
    press(page.locator("[type=submit]"))
    assert page.title().startswith("Error: ")


def test_a_look_is_looked_at_when_its_colors_have_come(page):
    def moving():
        return page.evaluate("document.getAnimations().length")

    page.goto("/admin/login/")
    page.locator("body").evaluate("body => body.style.transition = 'background-color .3s'")
    assert [moving() for _look in each_look(page, [("dark", 390, 844), ("light", 320, 844)])] == [0, 0]
    page.locator("body").evaluate("body => body.style.transition = 'background-color 60s'")
    page.emulate_media(color_scheme="dark")
    assert moving()


@pytest.mark.parametrize("message, times", [(SWAPPED, 2), ("anything else", 1)])
def test_a_move_while_chromium_swaps_the_page_is_tried_again(page, message, times):
    tried = []

    def through_history():
        tried.append(message)
        if len(tried) < 2:
            raise Error(message)

    with contextlib.suppress(Error):
        move(through_history, page)
    assert len(tried) == times
