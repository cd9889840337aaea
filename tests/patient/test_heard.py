"""What a screen reader says on each page, read from Chromium's accessibility tree, and a journey by the keyboard alone.

`pytest -s tests/patient/test_heard.py -k keyboard` prints that journey, key by key.
"""

import re
from typing import NamedTuple

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser import press, press_key
from tests.patient.test_phone import fill_in
from tests.shipped import shipped_content
from tests.visitor import BACK, publish
from triage.domain.content import MAPS
from triage.domain.walk import read_answers, walk
from triage.domain.wording import cautions, worded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.looks]
CONTENT = shipped_content()
# Both ways of answering, a text, and an emergency on the way; nothing that opens more questions on the same page.
ANSWERS = BACK | {"safety-now": ["saddle-numbness"], "heel-stand": "weak", "numb-site": ["none"]}
GROUPS = {"one": "radiogroup", "many": "group", "scale": "radiogroup", "text": "textbox"}
CONTROLS = {"one": "radio", "many": "checkbox", "scale": "radio"}


@pytest.fixture(autouse=True)
def release(transactional_db):
    return publish()


class Said(NamedTuple):
    role: str
    name: str
    description: str
    state: dict


def heard(page):
    """The page as a screen reader goes through it."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}

    def read(node):
        if not node["ignored"]:
            role, name, description = (
                node.get(part, {}).get("value", "") for part in ("role", "name", "description")
            )
            state = {part["name"]: part["value"].get("value") for part in node.get("properties", ())}
            yield Said(role, name, description, state)
        for child in node.get("childIds", ()):
            yield from read(by_id[child])

    return list(read(nodes[0]))


def names(said, *roles):
    return [one.name for one in said if one.role in roles]


def to_hear(screen):
    """A screen's questions as they should be heard: the question, what warns of it, its hint, and each answer with its
    own hint, under its heading."""
    walked = walk(CONTENT, read_answers(CONTENT, ANSWERS))
    for item in walked.asks(screen):
        item, warned = worded(CONTENT, item, walked.facts), cautions(CONTENT, item, walked.facts)
        yield (
            GROUPS[item.kind],
            item.text,
            " ".join(filter(None, (*(each.text for each in warned), item.hint))),
        )
        headings, before = {group.key: group.text for group in item.groups}, None
        for option in item.options:
            if option.group and option.group != before:
                yield "group", headings[option.group], ""
            before = option.group
            yield CONTROLS[item.kind], option.text, option.hint


def test_a_whole_journey_as_it_is_heard(page):
    pages = {}

    def listen(page):
        pages[page.url.split("/", 3)[3]] = said = heard(page)
        assert len([one for one in said if one.role == "heading" and one.state["level"] == 1]) == 1
        assert {"banner", "main"} <= {one.role for one in said}
        for role in ("button", "link"):
            assert all(names(said, role))  # each has a name
        if "/questions/" in page.url:
            screen = next(screen for screen in CONTENT.screens if f"/{screen.key}/" in page.url)
            questions = [
                one[:3]
                for one in said
                if one.role in ("radio", "checkbox") or (one.role in GROUPS.values() and one.name)
            ]
            contact = [
                one[:3] for one in said if one[:2] == ("textbox", "A number where the clinic can reach you")
            ]
            assert questions == [*to_hear(screen), *contact]
            assert bool(contact) == (screen == CONTENT.screens[-1])
            folds = ["Choose from a list"] * any(item.picture in MAPS for item in screen.items)
            assert names(said, "DisclosureTriangle") == [*folds, "Why we ask", "About these pages"]
            # All but the first take along what stands on the page.
            assert names(said, "link", "button")[:6] == [
                "Skip to the main part",
                "The clinic",
                "Listen",
                "Español",
                "Leave and clear my answers from this device",
                "Back",
            ]

    fill_in(page, ANSWERS, listen)
    assert len(pages) == 19  # start, 15 screens, emergency, check, result
    emergency = pages["emergency/"]
    assert names(emergency, "heading") == ["Get help now", "Why"]
    assert names(emergency, "link") == ["Skip to the main part", "Call 911", "911"]
    assert names(emergency, "button") == [
        "Listen",
        "Español",
        "Keep this number",
        "I have called. Go on for the clinic.",
        "I ticked that by mistake",
    ]
    changes = [name for name in names(pages["check/"], "button") if name.startswith("Change")]
    assert len(changes) == len(set(changes)) > 15  # each says what it changes
    result = pages["result/"]
    assert names(result, "heading")[:2] == ["Get help now", "Why"]
    assert "Call 911" in names(result, "link")


def test_an_error_is_heard_at_once_and_again_at_its_question(page):
    page.goto("/")
    press(page.locator("main form button"))
    press(page.locator("main form button"))
    expect(page.get_by_role("alert")).to_be_focused()
    said = heard(page)
    assert said[0].name.startswith("Error: ")
    alert = next(one for one in said if one.role == "alert")
    assert (alert.name, alert.state["focused"], alert.state["live"]) == (
        "There is a problem",
        True,
        "assertive",
    )
    group = next(one for one in said if one.role == "radiogroup")
    hint, problem = group.description.split(" Problem: ")
    assert (hint[:23], problem) == ("The person with foot pa", "Choose one answer.")
    assert any(problem in name for name in names(said, "link"))  # the same words at the top, leading here
    assert group.state["invalid"] == "true"


def test_who_is_told_to_choose_the_last_answer_finds_there_that_they_do_not_know():
    chosen = [item for item in CONTENT.items.values() if item.kind != "text" and item.unsure in item.codes]
    assert [item.key for item in CONTENT.items.values() if item not in chosen] == ["age", "note"]
    assert all(item.options[-1].code == item.unsure for item in chosen)


def test_what_happens_without_a_new_page_is_heard(page):
    page.goto("/")
    press(page.locator("main form button"))
    assert "alert" not in {one.role for one in heard(page)}
    page.context.set_offline(True)
    page.locator("main form button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert [one.state["live"] for one in heard(page) if one.role == "alert"] == ["assertive"]
    assert "You are offline." in page.get_by_role("alert").inner_text()


def test_a_page_without_names_would_be_told(page):
    page.goto("/")
    press(page.locator("main form button"))
    page.evaluate("document.querySelectorAll('legend, label').forEach(element => element.remove())")
    said = heard(page)
    assert set(names(said, "radio")) == {""}


# By the keyboard alone


class Keyboard:
    """Hands that know Tab, Shift, the arrows, Space and Enter, and keep a transcript."""

    def __init__(self, page):
        self.page, self.transcript = page, []

    def press(self, key, opens_a_page=False):
        (press_key if opens_a_page else type(self)._here)(self.page, key)
        at = self.page.title() if opens_a_page else self.page.locator(":focus").aria_snapshot()
        self.transcript.append(f"{key:>10}  {at}")

    @staticmethod
    def _here(page, key):
        page.keyboard.press(key)

    def at(self):
        return self.page.evaluate("(({type, name, value}) => ({type, name, value}))(document.activeElement)")

    def answer(self, answers):
        """Tab through the page once, answering on the way, up to the button or link that leads on."""
        for _stop in range(60):
            self.press("Tab")
            at = self.at()
            wanted = answers.get(at["name"], ())
            if at["type"] == "radio":
                self._choose(wanted)
            elif at["type"] == "checkbox" and at["value"] in wanted:
                self.press("Space")
            elif self.page.locator("main form button:focus, .after button:focus").count():
                return self.press("Enter", opens_a_page=True)
        raise AssertionError("\n".join(["Tab does not get on from here:", *self.transcript[-60:]]))

    def _choose(self, wanted):
        if self.at()["value"] == wanted:
            self.press("Space")
        while self.at()["value"] != wanted:
            self.press("ArrowDown")


def test_a_whole_journey_by_the_keyboard(page):
    page.goto("/")
    keyboard = Keyboard(page)
    for _page in range(20):
        keyboard.answer(ANSWERS)
        if page.url.endswith(reverse("result")):
            break
    print("\n".join(keyboard.transcript))
    keys = [line.split()[0] for line in keyboard.transcript]
    assert page.url.endswith(reverse("result"))
    assert page.locator("h1").inner_text() == "Get help now"
    assert keys.count("Enter") == 18  # one for each page, none wasted
    tabs = [line for line in keyboard.transcript if "Tab" in line]
    assert [line for line in tabs if not re.search(r'".+"|: \S', line)] == []  # every stop has a name


def stops(page, key):
    """What the key comes by, until it has left the page or begins again; a group of radio buttons is one stop."""
    found = []
    while len(found) < 40:
        page.keyboard.press(key)
        at = page.evaluate("(at => at.type === 'radio' ? at.name : at.outerHTML)(document.activeElement)")
        if at in found or at.startswith("<body"):
            return found
        found.append(at)
    return found


def test_no_place_holds_the_keyboard(page):
    """Tab gets through the page and out of it, and Shift+Tab comes back the same way."""
    page.goto("/")
    press(page.locator("main form button"))
    page.reload()  # in place of another page it begins with its main part
    there = stops(page, "Tab")
    assert 8 < len(there) < 40
    assert sorted(stops(page, "Shift+Tab")) == sorted(there)


def test_a_place_that_holds_the_keyboard_is_told(page):
    page.goto("/")
    press(page.locator("main form button"))
    page.evaluate(
        "document.querySelector('summary').addEventListener('keydown', event => event.preventDefault())"
    )
    there = stops(page, "Tab")
    assert not any("accessibility" in stop for stop in there)
