"""Two people's letters are opened in one browser: a page speaks for the one it was made for, and for nobody else."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.patient.test_keeping import button
from tests.tabs import Tab
from tests.visitor import FOOT_ONLY, NOW, publish
from triage import actions
from triage.models import Answer, TriageSession
from triage.patient import page
from triage.store import releases, visit

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("whose page it is, the two-session machine tries on both"),
]
BLADDER = FOOT_ONLY | {"safety-now": ["bladder-bowel"]}
CHECKED = "check"


@pytest.fixture(autouse=True)
def release(db):
    return publish()


@pytest.fixture
def letters():
    """The codes of two letters."""
    who = actions.create_staff("manager", "a password of its own", actions.MANAGERS)
    wanted = [
        {"label": label, "appointment_at": actions.end_of_day(NOW).replace(year=2036), "language": "en"}
        for label in ("A. A.", "B. B.")
    ]
    return [code for _invitation, code in actions.invite(wanted, who, NOW)]


def opened(client, code, answers, until):
    """A tab in which this letter was opened and answered up to the page of that name, or that question."""
    tab = Tab(client)
    tab.open(reverse("return"))
    tab.fill_in({"code": code})
    for _page in range(40):
        if tab.name == until or tab.path == f"/questions/{until}/":
            return tab
        tab.press(tab.onward())
        tab.fill_in({name: answers[name] for name in [*tab.page.choices, *tab.page.texts] if name in answers})
    raise AssertionError(tab.path)


def both(letters, first_until, first=BLADDER, second_until=CHECKED, second=FOOT_ONLY):
    """Two tabs of one browser: the first person's, and then the second's."""
    client = Client()
    return opened(client, letters[0], first, first_until), opened(client, letters[1], second, second_until)


def everything():
    """But the first person's drafts: what stood on the page."""
    sessions = list(TriageSession.objects.order_by("pk").values())
    del sessions[0]["drafts"]
    return sessions, list(Answer.objects.order_by("pk").values())


def test_send_hands_in_nothing_of_another(letters):
    first, second = both(letters, CHECKED)
    before = everything()
    first.press(first.onward())
    assert everything() == before
    assert first.name == "not-open"
    assert "This page belongs to questions that are no longer open in this browser." in first.page.text
    assert first.page.text.count("They were begun (") == 2  # those of that page, and those that are open
    second.press(second.onward())
    assert second.name == "result"
    assert TriageSession.objects.get(submitted_at__isnull=False).invitation.label == "B. B."
    again = opened(first.client, letters[0], BLADDER, "emergency")
    again.press(again.onward())
    assert again.name == CHECKED
    again.press(again.onward())
    assert "Get help now" in again.page.text


def test_an_older_tab_takes_back_no_emergency_of_another(letters):
    first, _second = both(letters, "safety-now", FOOT_ONLY, "emergency", BLADDER)
    first.fill_in({"safety-now": ["none"]})
    first.press(first.onward())
    assert first.name == "not-open"
    second = TriageSession.objects.get(invitation__label="B. B.")
    assert second.answers.get(item="safety-now").given == ["bladder-bowel"]
    assert second.emergency_at


def test_what_was_chosen_on_that_page_is_there_when_its_letter_is_opened_again(letters):
    first, _second = both(letters, "where")
    first.fill_in({"side": "left", "foot-site": ["top"]})
    first.press(first.onward())
    assert not Answer.objects.filter(session__invitation__label="A. A.", item="side").exists()
    again = opened(first.client, letters[0], {}, "where")
    assert (again.filled["side"], again.filled["foot-site"]) == (["left"], ["top"])
    again.press(again.onward())
    assert Answer.objects.filter(session__invitation__label="A. A.", item="side").exists()


@pytest.mark.parametrize("words", ["Continue", "Save", "Leave", "Español"])
def test_an_emergency_sign_is_told_at_once_also_on_a_page_of_others(letters, words):
    first, second = both(letters, "safety-now")
    kept = everything()[1]
    first.fill_in({"safety-now": ["bladder-bowel"]})
    answer = first.press(button(first, words))
    assert answer.status_code == 409
    assert 'href="tel:911"' in first.page.text
    assert "Get help now" in first.page.text
    assert everything()[1] == kept
    first.press(first.onward())
    assert first.name == "not-open"
    second.press(second.onward())
    assert second.name == "result"


@pytest.mark.parametrize("words", ["Leave", "Save", "Español", "Back", "The clinic"])
def test_no_button_of_that_page_does_anything_here(letters, words):
    first, second = both(letters, "where")
    key, before = first.client.cookies["visit"].value, everything()
    first.press(button(first, words))
    assert first.name == "not-open"
    assert first.client.cookies["visit"].value == key
    assert everything() == before
    assert '<html lang="en"' in first.page.text
    second.press(second.onward())
    assert second.name == "result"


@pytest.mark.parametrize(
    "words", ["Correct", "Show it as text", "Keep my result", "Close and clear", "The same as a link"]
)
def test_no_button_of_a_result_does_anything_to_another(letters, words):
    first, _second = both(letters, "result", FOOT_ONLY)
    before = everything()
    first.press(button(first, words))
    assert first.name == "not-open"
    assert everything() == before
    main = first.page.text.partition("<main")[2]
    assert TriageSession.objects.get(invitation__label="B. B.").reference not in main


def test_when_the_time_is_up_on_one_page_it_does_not_lead_into_anothers(letters):
    first, second = both(letters, "where")
    answer = first.client.post(reverse("go-on"), {"stamp": first.page.stamp})
    assert answer["Location"].partition("?")[0] == reverse("not-open")
    assert first.client.post(reverse("stay"), first.data())["Location"] == answer["Location"]
    assert first.client.post(reverse("go-on"), {"stamp": second.page.stamp})["Location"] == reverse("check")


def test_going_on_with_what_is_open_is_a_choice(letters):
    first, _second = both(letters, "where")
    first.press(button(first, "Save"))
    first.press(button(first, "Go on with these"))
    assert first.name == CHECKED


def test_a_letter_that_is_opened_twice_has_one_session_and_its_pages_go_on(letters):
    """Its key is another then; it is the same person's page."""
    client = Client()
    first = opened(client, letters[0], FOOT_ONLY, "where")
    opened(client, letters[0], FOOT_ONLY, "where")
    first.fill_in({"side": "left", "foot-site": ["top"]})
    first.press(first.onward())
    assert first.path == reverse("question", args=["injury"])


def test_what_was_chosen_is_kept_where_the_session_went_to_another_browser(letters):
    old, new = Client(), Client()
    first = opened(old, letters[0], FOOT_ONLY, "where")
    opened(new, letters[0], FOOT_ONLY, "where")
    first.fill_in({"side": "left", "foot-site": ["top"]})
    first.press(first.onward())
    assert first.name == "elsewhere"
    tab = Tab(new)
    tab.open(reverse("question", args=["where"]))
    assert tab.filled["side"] == ["left"]


def test_what_was_chosen_is_kept_though_the_time_was_up(letters, clock):
    client = Client()
    first = opened(client, letters[0], FOOT_ONLY, "where")
    first.fill_in({"side": "left", "foot-site": ["top"]})
    clock(minutes=31)
    first.press(first.onward())
    assert first.name == "expired"
    again = opened(client, letters[0], {}, "where")
    assert again.filled["foot-site"] == ["top"]


def test_what_is_handed_in_takes_no_draft(letters):
    first, _second = both(letters, "where", FOOT_ONLY)
    sent = opened(Client(), letters[0], FOOT_ONLY, "result")
    first.fill_in({"side": "right"})
    first.press(first.onward())
    assert first.name == "not-open"
    assert TriageSession.objects.get(invitation__label="A. A.").drafts is None
    assert sent.name == "result"


# The stamp


def test_the_stamp_opens_nothing_and_stands_in_no_address(letters):
    first, _second = both(letters, "where")
    stamp, key = first.page.stamp, first.client.cookies["visit"].value
    session = visit.stamped(stamp, "en")
    assert key not in stamp
    assert releases.sha256(key) not in stamp
    stranger = Client()
    stranger.cookies["visit"] = stamp
    assert stranger.get(reverse("go-on"))["Location"] == reverse("expired")
    for address in re.findall(r'(?:href|action|formaction|src)="([^"]*)"', first.page.text):
        assert stamp not in address
        assert session.reference not in address


@pytest.mark.parametrize(
    "stamp", [None, "", "x", "BCD-FGH", "BCD-FGH:x", ":", "\x00", "é:é", "x" * 5000, "another's"]
)
def test_a_stamp_that_was_not_given_to_this_page_changes_nothing(letters, stamp):
    first, second = both(letters, "where")
    if stamp == "another's":
        stamp = second.page.stamp[:8] + first.page.stamp[8:]
    before = everything()
    data = {name: said for name, said in second.data().items() if name != "stamp"}
    answer = first.client.post(reverse("submit"), data | ({} if stamp is None else {"stamp": stamp}))
    assert answer["Location"] == reverse("not-open")
    assert everything() == before


@pytest.mark.parametrize("begun", ["", "x", "2026-02-30T10:00Z", "2026-11-29T10:00Z"])
def test_the_page_that_says_so_takes_any_address(letters, begun):
    first, _second = both(letters, "where")
    text = first.client.get(reverse("not-open"), {"begun": begun}).content.decode()
    assert text.count("They were begun (") == (2 if begun.startswith("2026-11") else 1)


def test_without_the_guard_the_answers_of_another_would_be_sent(letters, monkeypatch):
    monkeypatch.setattr(page, "made_for", lambda request, found: found is not None)
    first, _second = both(letters, CHECKED)
    first.press(first.onward())
    assert first.name == "result"
    assert TriageSession.objects.get(submitted_at__isnull=False).invitation.label == "B. B."
