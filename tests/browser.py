"""A person at the browser. People wait until a page is there before they read it; so does everything here: right
after a click, a busy machine still shows the old page or half of the new one."""

import re
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error

AXE = Axe().axe_script
SWAPPED = "Not attached to an active page"  # Chromium is handing the page from one process to another
PATIENCE = 50  # times a tenth of a second
# A color on its way to another one is neither.
SETTLED = "Promise.allSettled(document.getAnimations().map(motion => motion.finished)).then(() => null)"
# The server has taken the answers that led to the page which is shown, and this page stays.
CAUGHT_UP = "() => typeof behind === 'undefined' || !(behind || sending)"
PAPERS = ("Letter", "A4")
PAGE = re.compile(rb"/Type\s*/Page\b")


def press(control):
    """Press a button or a link, and wait for the page it leads to, which may be there before it is asked for."""
    with control.page.expect_navigation():
        control.click()
    control.page.wait_for_function(CAUGHT_UP)


def press_key(page, key):
    """Press a key that leads to another page, and wait for that."""
    with page.expect_navigation():
        page.keyboard.press(key)
    page.wait_for_function(CAUGHT_UP)


def each_look(page, looks):
    """The page as it stands in one look after another, each a scheme of colors, a width and a height."""
    for scheme, width, height in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(SETTLED)
        yield f"{scheme} {width}"


def axe_finds(page, **options):
    """What axe finds wrong with the page as it stands, by every rule that it has, or as its options say."""
    # To tell of everything that is well takes as long as to look at it: it is not told, nor sent from the browser.
    page.evaluate(AXE)
    only = {"resultTypes": ["violations"], **options}
    return page.evaluate("options => axe.run(options).then(found => found.violations)", only)


def back(page, **options):
    return move(page.go_back, page, **options)


def forward(page, **options):
    return move(page.go_forward, page, **options)


def move(through_history, page, **options):
    """Through the browser's history, once Chromium has finished with the move before; and until the page has asked the
    server anew, where another had taken its place."""
    path = urlsplit(page.url).path
    page.evaluate("window.left = true")
    for _turn in range(PATIENCE):
        try:
            reply = through_history(**options)
            page.wait_for_function("path => !window.left || location.pathname === path", arg=path)
            return reply
        except Error as error:
            if SWAPPED not in error.message:
                raise
            page.wait_for_timeout(100)
    raise AssertionError(f"Chromium does not let go of {page.url}")


def carry_over(patient, page, url):
    """Opens in the browser what this patient has open: the cookie is all it takes."""
    key = patient.client.cookies["visit"].value
    page.context.add_cookies([{"name": "visit", "value": key, "url": url}])


def sheets(page):
    """How many sheets of each paper the page takes in print."""
    return {paper: len(PAGE.findall(page.pdf(format=paper))) for paper in PAPERS}
