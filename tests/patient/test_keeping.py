"""Nothing given is lost: whatever is pressed, what stands on a page is there when the person comes back to it."""

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from tests.patient.test_journeys import CONTENT
from tests.tabs import Tab
from tests.visitor import FOOT_ONLY, Patient, publish, shown
from triage import actions
from triage.models import Answer, TriageSession
from triage.patient import keeping

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("it is about what buttons send; drafts are stored by the journey machine, on both"),
]
# On one page: an answer, and ticks that contradict each other.
SITES = [min(CONTENT.items["foot-site"].exclusive), "top"]  # in the order of the page
HALF = {"side": "left", "foot-site": SITES}
# The buttons of a question page that take what stands there along and lead elsewhere.
LEADING_AWAY = (
    "The clinic",
    "Español",
    "Leave",
    "Back",
    "Save and come back later",
    "How it works",
    "Sources",
    "Privacy",
    "Accessibility",
)


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def at(screen, answers=FOOT_ONLY, client=None):
    """A tab at this question page, with the pages before it answered."""
    tab = Tab(client or Client())
    tab.open("/")
    tab.press(tab.onward())
    for _page in range(20):
        if tab.path == reverse("question", args=[screen]):
            return tab
        tab.fill_in({name: answers[name] for name in [*tab.page.choices, *tab.page.texts] if name in answers})
        tab.press(tab.onward())
    raise AssertionError(tab.path)


def button(tab, words):
    return next(button for button in tab.page.buttons if button.words.strip().startswith(words))


def stored():
    return {answer.item: answer.given for answer in Answer.objects.all()}


def drafts():
    return TriageSession.objects.latest("pk").drafts


def filled(tab):
    """What the page shows, where it was opened anew."""
    other = Tab(tab.client)
    other.open(tab.path)
    return {name: said for name, said in other.filled.items() if said}


# Every button


def test_these_are_all_the_buttons_of_a_question_page():
    """But Continue, and the unseen one before all others that Enter presses."""
    words = [button.words.strip() for button in at("where").page.buttons]
    assert words[0] == ""
    named = [name for word in words[1:] for name in (*LEADING_AWAY, "Continue") if word.startswith(name)]
    assert sorted({*named}) == sorted({*LEADING_AWAY, "Continue"})
    assert len(named) == len(words[1:])


@pytest.mark.parametrize("words", LEADING_AWAY)
def test_what_stands_on_the_page_is_kept_by(words):
    tab = at("where")
    path = tab.path
    tab.fill_in(HALF)
    tab.press(button(tab, words))
    assert tab.status == 200
    assert stored()["side"] == ["left"]
    assert "foot-site" not in stored()
    tab.open(path)
    assert (tab.filled["side"], tab.filled["foot-site"]) == (["left"], SITES)
    assert "Error" not in tab.page.text  # nobody said that this is the answer


@pytest.mark.parametrize("words", LEADING_AWAY)
def test_an_emergency_sign_counts_at_once_with(words):
    tab = at("safety-now")
    tab.fill_in({"safety-now": ["bladder-bowel"]})
    tab.press(button(tab, words))
    assert tab.name == "emergency"
    assert stored()["safety-now"] == ["bladder-bowel"]
    assert TriageSession.objects.get().emergency_at


@pytest.mark.parametrize("words", LEADING_AWAY)
def test_an_emergency_sign_beside_none_of_these_is_asked_again_with(words):
    tab = at("safety-now")
    tab.fill_in({"safety-now": ["bladder-bowel", "none"]})
    tab.press(button(tab, words))
    assert tab.path == reverse("question", args=["safety-now"])
    assert (
        "<title>Error: " in tab.page.text
        or "<title>Error: " in Tab(tab.client).open(tab.path).content.decode()
    )


def test_the_emergency_page_is_in_the_language_that_was_asked_for():
    tab = at("safety-now")
    tab.fill_in({"safety-now": ["bladder-bowel"]})
    tab.press(button(tab, "Español"))
    assert tab.name == "emergency"
    assert '<html lang="es"' in tab.page.text


@pytest.mark.parametrize("words", LEADING_AWAY)
def test_an_untouched_page_is_not_answered_by(words):
    before = at("words")
    kept = stored()
    before.press(button(before, words))
    assert stored() == kept
    assert drafts() is None


def test_without_keeping_the_ticks_would_be_gone(monkeypatch):
    monkeypatch.setattr(keeping, "sent_page", lambda request, of: None)
    tab = at("where")
    tab.fill_in(HALF)
    tab.press(button(tab, "Save"))
    assert "side" not in stored()
    assert drafts() is None


def test_an_answer_that_is_unticked_stays_and_the_page_shows_what_was_left_there():
    tab = at("leg")
    tab.open(reverse("question", args=["where"]))
    tab.fill_in({"foot-site": []})
    tab.press(button(tab, "Back"))
    assert stored()["foot-site"] == FOOT_ONLY["foot-site"]
    tab.open(reverse("question", args=["where"]))
    assert not tab.filled.get("foot-site")


@pytest.mark.parametrize("away", ["emergency", "no emergency"])
def test_what_is_urgent_is_told_with_any_button_though_it_cannot_be_stored(monkeypatch, away):
    tab = at("safety-now")

    def broken(*args):
        raise OperationalError

    monkeypatch.setattr(actions, "record_answers", broken)
    tab.fill_in({"safety-now": ["bladder-bowel" if away == "emergency" else "none"]})
    answer = tab.press(button(tab, "Save"))
    if away == "emergency":
        assert answer.status_code == 503
        assert 'href="tel:911"' in tab.page.text
        assert tab.page.stamp
    else:
        assert tab.path == reverse("problem", args=["closed"])


# Continue


def test_of_a_refused_page_the_answers_that_can_be_taken_are_taken():
    tab = at("where")
    tab.fill_in(HALF)
    tab.press(tab.onward())
    assert "<title>Error: " in tab.page.text
    assert stored()["side"] == ["left"]
    assert drafts() == {"foot-site": SITES}


def test_the_draft_of_one_page_outlives_answers_to_another():
    tab = at("leg")
    tab.open(reverse("question", args=["where"]))
    tab.fill_in(HALF)
    tab.press(button(tab, "Back"))
    tab.open(reverse("question", args=["leg"]))
    tab.fill_in({"leg-pain": "none"})
    tab.press(tab.onward())
    assert drafts() == {"foot-site": SITES}


def test_what_is_no_answer_is_not_left_behind_by_sending():
    """Where all is answered, but on one page something else stands now: there the person is led."""
    patient = Patient()
    patient.go_on(patient.start())
    where = Tab(patient.client)
    where.open(reverse("question", args=["where"]))
    where.fill_in(HALF)
    where.press(button(where, "Save"))
    for name in ("go-on", "check"):
        page = patient.client.get(reverse(name), follow=True)
        assert page.request["PATH_INFO"] == reverse("question", args=["where"])
    assert patient.submit().request["PATH_INFO"] == reverse("question", args=["where"])
    patient.answer(patient.client.get(reverse("question", args=["where"])))
    assert patient.submit().resolver_match.url_name == "result"
    assert (drafts(), TriageSession.objects.get().refused) == (None, "")


# Two tabs of one person


def test_what_was_answered_later_on_another_page_stays():
    tab = at("where")
    other = Tab(tab.client)
    other.open(tab.path)
    other.fill_in({"side": "right", "foot-site": ["top"]})
    other.press(other.onward())
    tab.fill_in({"side": "left", "foot-site": ["ankle"]})
    tab.press(button(tab, "Save"))
    assert (stored()["side"], stored()["foot-site"]) == (["right"], ["top"])
    assert drafts() is None


def test_only_what_was_answered_later_is():
    tab = at("where")
    other = Tab(tab.client)
    other.open(tab.path)
    other.fill_in({"side": "right"})
    other.press(button(other, "Save"))
    tab.fill_in({"side": "left", "foot-site": ["ankle"]})
    tab.press(button(tab, "Save"))
    assert (stored()["side"], stored()["foot-site"]) == (["right"], ["ankle"])


@pytest.mark.parametrize("seen", ["", "-1", "1e9", "9" * 30, "\u0663"])
def test_a_page_that_does_not_say_what_it_knew_takes_nothing_back(seen):
    tab = at("leg")
    tab.open(reverse("question", args=["where"]))
    tab.page.fields["page"]["seen"] = seen
    tab.fill_in({"foot-site": ["ankle"]})
    tab.press(button(tab, "Save"))
    assert stored()["foot-site"] == FOOT_ONLY["foot-site"]


# With scripts: kept while it is filled in


def keep(tab, **given):
    """What the script sends, some time after a change."""
    tab.fill_in(given)
    answer = tab.client.post(reverse("stay"), tab.data())
    assert answer.status_code == 200
    return answer


def test_a_page_is_kept_while_it_is_filled_in_and_is_no_answer_yet():
    tab = at("safety-now")
    before = stored()
    keep(tab, **{"safety-now": ["bladder-bowel"]})
    assert stored() == before
    assert drafts() == {"safety-now": ["bladder-bowel"]}
    assert (
        TriageSession.objects.get().emergency_at is None
    )  # a tick that may be a slip, until a button is pressed
    assert filled(tab)["safety-now"] == ["bladder-bowel"]
    keep(tab, **{"safety-now": []})
    assert drafts() is None


def test_a_kept_page_comes_late_and_takes_nothing_back():
    tab = at("where")
    tab.fill_in({"side": "left", "foot-site": ["top"]})
    late = dict(tab.data())
    tab.fill_in({"foot-site": ["top", "ankle"]})
    tab.press(tab.onward())
    tab.client.post(reverse("stay"), late)
    assert drafts() is None
    assert stored()["foot-site"] == ["top", "ankle"]


def test_writing_counts_as_being_there(clock):
    tab = at("words")
    for minutes in range(20, 200, 20):
        clock(minutes=minutes)
        keep(tab, note=f"It began {minutes} minutes ago.")
    tab.fill_in({"foot-feel": ["none"]})
    tab.press(tab.onward())
    assert tab.name == "check"


def test_what_is_kept_is_bounded():
    tab = at("words")
    longest = CONTENT.items["note"].max_length
    keep(tab, note="x" * 50_000)
    assert len(drafts()["note"][0]) == 2 * longest
    tab = at("where")
    keep(tab, **{"foot-site": ["top", "no-such-code", *["y" * 50] * 100]})
    assert drafts() == {"foot-site": ["top"]}


def test_nothing_is_kept_of_a_page_that_is_not_open():
    tab = at("where")
    before = stored()
    for screen in ("words", "no-such-page", ""):
        tab.page.fields["page"]["screen"] = screen
        keep(tab, note="x", **HALF)
    assert (stored(), drafts()) == (before, None)


def test_a_draft_is_no_answer_anywhere_else():
    tab = at("words")
    keep(tab, note="Only a draft.")
    page = tab.client.get(reverse("check"), follow=True)
    assert page.resolver_match.url_name == "question"
    assert shown(page)["note"] == "Only a draft."


# Leaving asks once


@pytest.fixture
def midway():
    tab = at("where")
    tab.fill_in(HALF)
    tab.press(button(tab, "Leave"))
    assert tab.name == "leave"
    return tab


def test_one_press_on_leave_ends_nothing(midway):
    midway.press(button(midway, "Stay"))
    assert midway.name == "question"
    assert midway.filled["foot-site"] == SITES


def test_saving_first(midway):
    midway.press(button(midway, "Save first"))
    assert midway.name == "save"
    assert TriageSession.objects.get().return_hash


def test_leaving_now(midway):
    midway.press(button(midway, "Leave now"))
    assert midway.name == "left"
    midway.open(reverse("go-on"))
    assert midway.name == "home"


def test_starting_again_asks_once_too(midway):
    midway.open("/")
    midway.press(button(midway, "Start for somebody else"))
    assert midway.name == "start-again"
    assert TriageSession.objects.count() == 1
    midway.press(button(midway, "Stay"))
    assert midway.name == "question"
    midway.open(reverse("start-again"))
    midway.press(button(midway, "Start now"))
    assert midway.path == reverse("question", args=["age"])
    assert TriageSession.objects.count() == 2


def test_where_nothing_is_given_nothing_is_asked():
    tab = Tab(Client())
    tab.open("/")
    tab.press(tab.onward())
    answer = tab.client.post(reverse("start"))
    assert answer["Location"] == reverse("question", args=["age"])
