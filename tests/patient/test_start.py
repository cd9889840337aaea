"""The first page: what this is, in a sentence, and the button, on the first screen of a phone."""

import pytest

from tests.browser import axe_finds
from tests.patient.test_result import SCREEN, WORDS
from tests.visitor import publish

pytestmark = [pytest.mark.looks, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def start(new_page, live_server):
    publish()

    def open_start(language="en-US"):
        page = new_page(viewport={"width": 390, "height": SCREEN}, locale=language)
        page.goto("/")
        return page

    return open_start


@pytest.mark.parametrize("language", ["en-US", "es-US"])
def test_it_is_short_and_its_button_is_on_the_first_screen(start, language):
    page = start(language)
    assert page.evaluate(WORDS) <= 150
    button = page.locator("main form button").bounding_box()
    assert button["y"] + button["height"] <= SCREEN


def test_the_strip_for_emergencies_opens_the_list_of_signs(start):
    page = start()
    strip = page.locator(".first")
    assert strip.bounding_box()["height"] <= 120
    strip.locator("summary").click()
    assert strip.get_by_text("chest pain").is_visible()
    assert axe_finds(page) == []
