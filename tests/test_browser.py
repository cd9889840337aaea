"""The browser the other tests use: it is a phone's, and it tells on a page that talks to strangers."""

import contextlib

import pytest
from playwright.sync_api import Error

from tests.browser import PAPERS, SWAPPED, each_look, move, press, sheets
from tests.conftest import PHONE, watched_pages, wipe

pytestmark = pytest.mark.looks


def test_a_page_of_ours_raises_no_complaint(page):
    assert page.goto("/admin/login/").ok
    assert page.viewport_size == PHONE


@pytest.mark.parametrize(
    "misdeed, seen_as, complaint",
    [
        ("location = 'http://elsewhere.example/'", "request", "request to http://elsewhere.example/"),
        ("fetch('http://elsewhere.example/')", "console", "Content Security Policy"),
        ("document.body.setAttribute('style', 'color: red')", "console", "Content Security Policy"),
        ("setTimeout(() => { throw Error('broken') })", "weberror", "broken"),
    ],
)
def test_a_misdeed_fails_the_test(browser, live_server, misdeed, seen_as, complaint):
    with pytest.raises(AssertionError, match=complaint), watched_pages(browser, live_server.url) as open_page:  # noqa: PT012
        page = open_page()
        page.goto("/admin/login/")
        # What the first page asked for may be told late.
        elsewhere = (lambda request: "elsewhere" in request.url) if seen_as == "request" else None
        with page.context.expect_event(seen_as, predicate=elsewhere):
            page.evaluate("() => {" + misdeed + "}")


def leave_traces(page):
    page.context.add_cookies([{"name": "trace", "value": "x", "url": page.url}])
    page.context.set_offline(True)
    page.context.route("**", lambda route: route.abort())
    page.evaluate("localStorage.trace = sessionStorage.trace = open('about:blank').name = 'x'")


def test_a_phone_that_is_handed_on_bears_no_trace_of_the_test_before(phone, live_server):
    for wiped in (False, True):
        page = phone.new_page()
        if not wiped:
            page.goto("/admin/login/")
            leave_traces(page)
        else:
            assert page.goto("/admin/login/").ok
            assert page.evaluate("localStorage.trace || sessionStorage.trace || 'none'") == "none"
            assert {cookie["name"] for cookie in phone.cookies()} <= {"staff-csrf"}
            assert len(phone.pages) == 2
        wipe(phone, live_server.url)


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


def test_a_page_that_asks_to_be_printed_is_left_to_the_test(page):
    page.goto("/admin/login/")
    page.evaluate("print(); print()")
    assert sheets(page) == dict.fromkeys(PAPERS, 1)
    assert page.evaluate("asked_to_print") == 2


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
