"""The emergency page when it is wrong, when nobody can call, and when the clinic would have to call back."""

import re

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from tests.exported import export, lines
from tests.patient.test_journeys import CONTENT
from tests.patient.test_keeping import at, button
from tests.staff import sheet, staff, text
from tests.tabs import Tab
from tests.visitor import FOOT_ONLY, publish
from triage import actions
from triage.models import Clinic, TriageSession
from triage.patient import contact, page
from triage.store.rooms import Room

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike(
        "it is about what pages say and send; numbers are stored in test_storage and the two-session machine, on both"
    ),
]
SIGNS = sorted(CONTENT.items["safety-now"].codes - {"none", "not-sure"})
MISTAKE = "I ticked that by mistake"
NUMBER = "555 0100"


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def setting(**values):
    Clinic.objects.update_or_create(pk=1, defaults=values)


def emergency(answers=FOOT_ONLY | {"safety-now": ["bladder-bowel"]}, last="safety-now"):
    """A tab at the emergency page, to which the page of that question has led."""
    tab = at(last, answers)
    tab.fill_in({name: answers[name] for name in tab.page.choices})
    tab.press(tab.onward())
    assert tab.name == "emergency"
    return tab


# A mistaken tick


@pytest.mark.parametrize("sign", SIGNS)
def test_a_mistake_leads_to_the_question_with_the_tick_in_place(sign):
    tab = emergency(FOOT_ONLY | {"safety-now": [sign]})
    tab.press(button(tab, MISTAKE))
    assert tab.path == reverse("question", args=["safety-now"])
    assert tab.filled["safety-now"] == [sign]


def test_what_was_mended_goes_on_and_staff_still_see_the_sign():
    tab = emergency()
    tab.press(button(tab, MISTAKE))
    tab.fill_in({"safety-now": ["none"]})
    tab.press(tab.onward())
    assert tab.path == reverse("question", args=["where"])
    page = text(staff("Reviewers").get(sheet(TriageSession.objects.get())))
    assert "Given, and taken back later: ask about it" in page


def test_where_several_answers_make_it_each_question_is_named():
    answers = FOOT_ONLY | {"health": ["diabetes"], "changes": ["black-toe"]}
    tab = emergency(answers, last="changes")
    words = [found.words for found in tab.page.buttons if found.words.startswith(MISTAKE)]
    assert len(words) > 1
    assert all(": " in said for said in words)
    tab.press(button(tab, words[-1]))
    assert tab.filled["changes"] == ["black-toe"]


# Who cannot call


@pytest.mark.parametrize("number", ["", "911", "0800 112 112"])
def test_who_cannot_call_is_told_what_else(number):
    setting(emergency_text=number)
    page = emergency().page.text
    assert "<summary>I cannot call</summary>" in page
    assert "Ask them to call." in page
    assert ("sms:" in page) == bool(number)
    if number:
        assert f'href="sms:{number.replace(" ", "")}"' in page


# Where the clinic can reach the person


def give(tab, number=NUMBER, words="Keep this number"):
    tab.fill_in({"contact": number})
    tab.press(button(tab, words))
    return tab


def reachable_at():
    return text(staff("Reviewers").get(sheet(TriageSession.objects.get())))


def test_the_number_is_kept_and_shown_to_staff_on_sheet_and_review():
    tab = give(emergency())
    assert tab.name == "emergency"
    assert tab.filled["contact"] == NUMBER
    assert "The clinic has this number." in tab.page.text
    page = reachable_at()
    assert f"Number to reach the patient at {NUMBER}" in page
    assert f"Reach the patient at {NUMBER}" in page


@pytest.mark.parametrize("words", ["Keep this number", "Español", MISTAKE, "I have called"])
def test_every_button_of_the_emergency_page_takes_the_number_along(words):
    give(emergency(), words=words)
    assert NUMBER in reachable_at()


@pytest.mark.parametrize("words", ["Continue", "Save", "Leave", "Español", "Back", "Privacy"])
def test_every_button_of_the_last_question_page_takes_it_along(words):
    tab = at("words")
    give(tab, words=words)
    session = TriageSession.objects.get()
    assert session.contact == NUMBER
    assert NUMBER not in tab.path


def test_it_is_shown_for_checking_and_can_be_changed():
    tab = give(at("words"), words="Continue")
    assert tab.name == "check"
    assert NUMBER in tab.page.text
    tab.press([found for found in tab.page.buttons if found.words.startswith("Change")][-1])
    assert tab.filled["contact"] == NUMBER
    give(tab, "", "Continue")
    assert TriageSession.objects.get().contact == ""


def test_it_is_asked_for_on_no_other_question_page():
    asked = []
    tab = at("age")
    for _page in range(30):
        if tab.name == "check":
            break
        if tab.asks("contact"):
            asked.append(tab.path)
        tab.fill_in({name: FOOT_ONLY[name] for name in tab.page.choices})
        tab.press(tab.onward())
    assert asked == [reverse("question", args=["words"])]


def test_a_clinic_that_does_not_want_it_asks_nowhere_and_keeps_nothing():
    setting(ask_number=False)
    tab = emergency()
    assert not tab.asks("contact")
    tab.send("/go-on/", tab.data() | {"contact": NUMBER})
    assert TriageSession.objects.get().contact == ""
    assert not at("words").asks("contact")
    assert "a number where the clinic" not in Client().get(reverse("privacy")).content.decode()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  555\t0100 ", "555 0100"),
        ("call Ann\n+1 (555) 0100", "call Ann +1 (555) 0100"),
        ("555\x000100", "555 0100"),
        ("9" * 500, "9" * contact.LONGEST),
        ("no phone", "no phone"),
    ],
)
def test_nothing_is_refused(typed, kept):
    tab = give(emergency(), typed)
    assert TriageSession.objects.get().contact == kept
    assert tab.filled["contact"] == kept
    assert ("Is this a phone number?" in tab.page.text) == (not contact.can_be_called(kept))


def take_back():
    """An older tab, in which nothing was typed, is used after a newer one."""
    older = emergency()
    newer = Tab(older.client)
    newer.open(reverse("emergency"))
    give(newer)
    older.press(button(older, "I have called"))
    return TriageSession.objects.get().contact


def test_a_page_on_which_nothing_was_changed_takes_back_no_newer_number():
    assert take_back() == NUMBER


def test_without_the_guard_it_would(monkeypatch):
    keep = contact.keep_contact

    def all_that_is_sent(request, open_visit):
        request.POST = request.POST.copy()
        request.POST.pop("contact-shown", None)
        return keep(request, open_visit)

    monkeypatch.setattr(page, "keep_contact", all_that_is_sent)
    assert take_back() == ""


def test_on_a_page_of_others_it_goes_to_its_own_questions():
    tab = emergency()
    first = TriageSession.objects.get()
    tab.client.post(reverse("leave"), {"stamp": tab.page.stamp, "now": ""})
    Tab(tab.client).send(reverse("start"), {})
    give(tab)
    assert tab.name == "not-open"
    assert dict(TriageSession.objects.values_list("reference", "contact")) == {
        first.reference: NUMBER,
        TriageSession.objects.exclude(pk=first.pk).get().reference: "",
    }


def test_it_is_sealed_for_its_session_like_a_note(settings):
    settings.NOTE_KEYS = [b"k" * 32]
    tab = give(emergency())
    session = TriageSession.objects.get()
    assert NUMBER not in session.contact
    assert tab.filled["contact"] == NUMBER
    assert NUMBER in reachable_at()
    other, _key = actions.start_session("en", session.started_at)
    TriageSession.objects.filter(pk=other.pk).update(contact=session.contact, emergency_at=F("started_at"))
    assert NUMBER not in text(staff("Managers").get(sheet(other)))


def test_it_leaves_only_where_notes_do_and_the_patients_pages_do_not_show_it():
    tab = give(at("words"), words="Continue")
    tab.press(tab.onward())
    assert tab.name == "result"
    assert NUMBER not in tab.page.text
    tab.open(reverse("copy"))
    assert NUMBER not in tab.page.text
    for what in (["csv"], ["json"], ["fhir-responses"]):
        assert NUMBER not in export(*what)[0]
        assert NUMBER in export(*what, "--with-notes")[0]
    assert lines(export("json", "--with-notes")[0])[0]["contact"] == NUMBER


def test_a_correction_has_it_too(settings):
    settings.NOTE_KEYS = [b"k" * 32]
    tab = give(at("words"), words="Continue")
    tab.press(tab.onward())
    tab.press(button(tab, "Correct"))
    assert NUMBER in tab.page.text
    assert len(set(TriageSession.objects.values_list("contact", flat=True))) == 2


def test_it_goes_with_its_session():
    give(emergency())
    session = TriageSession.objects.get()
    actions.purge_sessions([session.pk], session.started_at)
    assert not TriageSession.objects.filter(contact=NUMBER).exists()


# How long it stays


def seconds_of(tab):
    return int(re.search(r'http-equiv="refresh" content="(\d+); url=/go-on/\?ended"', tab.page.text)[1])


def in_a_room():
    """A tab in a waiting room, at the question about signs."""
    client = Client()
    client.get(reverse("start"), {"room": Room().token})
    return at("safety-now", client=client)


def tick(tab):
    tab.fill_in({"safety-now": ["bladder-bowel"]})
    return tab.press(tab.onward()).status_code


def test_in_a_waiting_room_it_stays_until_the_session_closes():
    tab = in_a_room()
    assert tick(tab) == 200
    assert 4 * 60 < seconds_of(tab) <= 5 * 60


def test_it_does_not_vanish_where_it_has_no_session_of_its_own():
    """On a page of others, a sign is told at once, and nothing is open here that could close."""
    tab = in_a_room()
    tab.client.post(reverse("leave"), {"stamp": tab.page.stamp, "now": ""})
    assert tick(tab) == 409
    assert seconds_of(tab) == 300


def test_when_it_ends_the_page_says_why_though_the_key_is_gone():
    """An earlier reply, lost on a slow line, may have taken it."""
    assert Client().get("/go-on/?ended")["Location"] == reverse("expired")
    assert Client().get("/go-on/")["Location"] == reverse("home")
