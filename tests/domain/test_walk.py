"""The walk: what a page asks now, and what waits for an answer on the same page."""

import pytest

from tests.shipped import shipped_content
from triage.domain.walk import next_screen, walk

CONTENT = shipped_content()
INJURY = CONTENT.screen_by_key["injury"]


def asked_on_the_page(answers):
    return [item.key for item in walk(CONTENT, answers).asks(INJURY)]


def test_what_an_answer_on_the_page_may_open_waits_for_it():
    """Nobody who was not hurt is asked about four steps; a missing answer counts as not sure, and would ask."""
    assert asked_on_the_page({}) == ["injury"]
    assert "injury-steps" in walk(CONTENT, {}).asked


@pytest.mark.parametrize(
    ("injury", "opened"),
    [("no", []), ("older", ["injury-steps"]), ("recent", ["injury-steps", "injury-bone"])],
)
def test_it_opens_once_the_answer_is_there(injury, opened):
    assert asked_on_the_page({"injury": (injury,)}) == ["injury", *opened]


def test_not_sure_opens_it_too_and_the_person_is_led_back_to_the_page():
    given = {"age": ("16-or-over",), "answering": ("self",), "safety-now": ("none",)}
    where = {"side": ("left",), "foot-site": ("top",), "injury": ("not-sure",)}
    walked = walk(CONTENT, given | where)
    assert next_screen(CONTENT, walked) == INJURY
    assert [item.key for item in walked.asks(INJURY)] == ["injury", "injury-steps", "injury-bone"]
