"""Whole journeys over HTTP: every outcome, and every way to wander off and still end where one should be."""

import json

import pytest
from django.urls import reverse

from tests.shipped import shipped_content
from tests.visitor import BACK, FOOT_ONLY, Patient, publish, shown
from triage.models import Answer, TriageSession

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("the journey machine walks on both"),
]
CONTENT = shipped_content()


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def outcome(vignette):
    return (vignette.origin, vignette.root, vignette.urgency)


FIRST_OF_OUTCOME = {
    outcome(vignette): vignette for vignette in reversed(CONTENT.vignettes) if vignette.origin
}


@pytest.mark.parametrize("vignette", FIRST_OF_OUTCOME.values(), ids=lambda vignette: vignette.key)
def test_every_outcome_by_a_whole_journey(vignette):
    unknown = {key: [item.unsure] for key, item in CONTENT.items.items() if item.kind != "text"} | {
        "note": "",
        "age": "16-or-over",
    }
    page = Patient(unknown | dict(vignette.answers)).whole()

    assert page.resolver_match.url_name == "result"
    session = TriageSession.objects.get()
    assert (session.origin, session.root or None) == (vignette.origin, vignette.root)
    assert json.loads(session.record)["result"]["urgency"] == vignette.urgency
    text = page.content.decode()
    assert session.reference in text
    assert CONTENT.outcomes["origin"][vignette.origin].patient in text
    assert CONTENT.outcomes["urgency"][vignette.urgency].patient in text
    for reason in json.loads(session.record)["result"]["why_urgent"]:
        if reason["gives"] == vignette.urgency:
            assert escaped(reason["patient"]["text"]) in text


def escaped(text):
    from django.utils.html import escape

    return escape(text)


def test_each_emergency_sign_shows_the_emergency_page_at_once():
    for option in CONTENT.items["safety-now"].options:
        if option.code in ("none", "not-sure"):
            continue
        patient = Patient(FOOT_ONLY | {"safety-now": [option.code]})
        page = patient.go_on(patient.start(), until="emergency")
        assert page.resolver_match.url_name == "emergency", option.code
        assert 'href="tel:911"' in page.content.decode()
        assert TriageSession.objects.latest("pk").emergency_at


def test_an_emergency_that_shows_later_is_told_at_once_too():
    patient = Patient(FOOT_ONLY | {"health": ["diabetes"], "changes": ["black-toe"]})
    page = patient.go_on(patient.start(), until="emergency")
    assert page.resolver_match.url_name == "emergency"
    assert patient.seen[-2] == reverse("question", args=["changes"])


def test_going_on_after_the_emergency_page_ends_in_an_emergency_result():
    page = Patient(FOOT_ONLY | {"safety-now": ["cold-limb"]}).whole()
    assert TriageSession.objects.get().urgency == TriageSession.Urgency.EMERGENCY
    assert 'href="tel:911"' in page.content.decode()


def test_under_16_leaves_and_decides_nothing():
    patient = Patient(FOOT_ONLY | {"age": "under-16"})
    page = patient.go_on(patient.start())
    assert page.resolver_match.url_name == "under-16"
    assert patient.submit().resolver_match.url_name == "under-16"
    assert TriageSession.objects.get().submitted_at is None


def test_a_change_asks_again_only_what_became_open():
    patient = Patient()
    patient.go_on(patient.start())
    patient.seen.clear()
    patient.answers |= {"leg-pain": "a-good-deal"}
    page = patient.answer(patient.client.get(reverse("question", args=["leg"])))

    page = patient.go_on(page)

    assert page.resolver_match.url_name == "check"
    assert patient.seen == [reverse("question", args=["leg-where"]), reverse("check")]


def test_a_result_after_a_change_equals_a_fresh_run_with_those_answers():
    changed, fresh = Patient(FOOT_ONLY), Patient(BACK)
    changed.go_on(changed.start())
    changed.answers = dict(BACK)
    for screen in CONTENT.screens:
        page = changed.client.get(reverse("question", args=[screen.key]), follow=True)
        if page.resolver_match.url_name == "question":
            changed.answer(page)
    changed.go_on(changed.client.get(reverse("go-on"), follow=True))
    changed.submit()
    fresh.whole()
    one, other = (json.loads(session.record) for session in TriageSession.objects.order_by("pk"))
    assert one["result"] == other["result"]
    # An answer off the path is kept for the clinic and counts for nothing.
    assert (one["dropped"], other["dropped"]) == (["foot-feel"], [])


def test_a_conditional_question_on_the_same_screen_comes_back_with_it():
    patient = Patient(FOOT_ONLY | {"numb-site": ["toes"]})
    page = patient.go_on(patient.start())
    again = reverse("question", args=["numb"])
    assert patient.seen.count(again) == 2
    assert page.resolver_match.url_name == "check"
    # Closing it again on that screen needs no answer to what it closes.
    patient.client.post(again, {"numb-site": ["none"]})
    assert patient.client.get(reverse("go-on"), follow=True).resolver_match.url_name == "check"


def test_a_screen_not_on_the_path_leads_to_where_the_person_is():
    patient = Patient()
    page = patient.answer(patient.start())
    for method in (patient.client.get, patient.client.post):
        assert method(reverse("question", args=["leg-where"]), follow=True).request == page.request
    assert not Answer.objects.filter(item="leg-site").exists()
    for name in ("check", "result", "emergency", "under-16"):
        assert (
            patient.client.get(reverse(name), follow=True).request["PATH_INFO"] == page.request["PATH_INFO"]
        )
    assert patient.submit().request["PATH_INFO"] == page.request["PATH_INFO"]
    assert patient.client.get("/questions/no-such-page/").status_code == 404


def test_back_and_reload_keep_every_answer():
    patient = Patient()
    page = patient.go_on(patient.start(), until="check")
    before = sorted(Answer.objects.values_list("item", flat=True))
    for screen in CONTENT.screens:
        page = patient.client.get(reverse("question", args=[screen.key]), follow=True)
        if page.resolver_match.url_name == "question":
            given = {item.key: patient.answers[item.key] for item in page.context["form"].items}
            assert shown(page) == {
                key: [said] if isinstance(said, str) and key != "note" else said
                for key, said in given.items()
            }
    assert sorted(Answer.objects.values_list("item", flat=True)) == before


def test_nothing_chosen_is_an_error_that_says_what_to_do_and_stores_nothing():
    patient = Patient()
    patient.start()
    page = patient.client.post(reverse("question", args=["age"]), {}, follow=True)
    assert page.redirect_chain == [(reverse("question", args=["age"]), 302)]
    assert "<title>Error: " in page.content.decode()
    assert 'href="#id_age' in page.content.decode()
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    ("screen", "data"),
    [
        ("age", {"age": "17"}),
        ("safety-now", {"safety-now": ["none", "cold-limb"]}),
        ("safety-now", {"safety-now": ["no-such-code"]}),
        ("safety-now", {"safety-now": "\x00"}),
    ],
)
def test_an_answer_that_cannot_be_is_refused_with_words(screen, data):
    patient = Patient()
    page = patient.start()
    while page.context["screen"].key != screen:
        page = patient.answer(page)
    stored = Answer.objects.count()
    page = patient.client.post(reverse("question", args=[screen]), data, follow=True)
    assert page.context["form"].errors
    assert Answer.objects.count() == stored


def test_what_was_refused_is_shown_until_it_is_set_right_and_counts_for_nothing():
    patient = Patient(FOOT_ONLY | {"foot-site": ["ankle"]})
    page = patient.answer(patient.answer(patient.start()))
    path = page.request["PATH_INFO"]
    sent = [min(CONTENT.items["foot-site"].exclusive), "top"]
    patient.client.post(path, {"foot-site": [*sent, "no-such-code"]})
    for _time in range(2):
        form = patient.client.get(path).context["form"]
        assert set(form.errors) == {"side", "foot-site"}
        assert form["foot-site"].value() == sent
    assert not Answer.objects.filter(item="foot-site").exists()
    assert not patient.client.get(reverse("question", args=["age"])).context["form"].errors
    patient.answer(page)
    session = TriageSession.objects.get()
    assert (session.drafts, session.refused) == (None, "")
    assert shown(patient.client.get(path))["foot-site"] == ["ankle"]


def test_the_note_keeps_what_was_written_and_refuses_what_is_no_text():
    patient = Patient(FOOT_ONLY | {"note": "Línea uno\r\nline two <b>&</b> 🦶"})
    patient.whole()
    record = json.loads(TriageSession.objects.get().record)
    assert record["result"]["note"] == "Línea uno\nline two <b>&</b> 🦶"
    for note in ("\x00", "a\x1bb", "bad \ufffd", "x" * 1001):
        patient = Patient(FOOT_ONLY | {"note": note})
        page = patient.start()
        for _screen in range(len(CONTENT.screens) - 2):
            page = patient.answer(page) if page.resolver_match.url_name == "question" else page
        assert page.context["form"].errors, repr(note)


def test_spanish_can_be_switched_to_at_any_moment_and_loses_nothing():
    patient = Patient()
    page = patient.start()
    for _screen in range(5):
        page = patient.answer(page)
    stored = Answer.objects.count()
    path = page.request["PATH_INFO"]
    page = patient.client.post(reverse("language"), {"language": "es", "next": path}, follow=True)
    assert page.request["PATH_INFO"] == path
    assert '<html lang="es"' in page.content.decode()
    assert shipped_content("es").items[page.context["form"].items[0].key].text in page.content.decode()
    assert Answer.objects.count() == stored
    patient.go_on(page)
    page = patient.submit()
    assert json.loads(TriageSession.objects.get().record)["language"] == "es"
    assert shipped_content("es").outcomes["origin"]["foot"].patient in page.content.decode()


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org", "javascript:alert(1)", ""])
def test_switching_the_language_never_leads_elsewhere(client, back):
    answer = client.post(reverse("language"), {"language": "es", "next": back})
    assert answer.headers["Location"] == "/"


def test_leaving_forgets_the_session_on_this_device_only():
    patient = Patient()
    patient.whole()
    assert patient.client.post(reverse("leave"))["Location"] == reverse("leave")
    answer = patient.client.post(reverse("leave"), {"now": ""})
    assert "cache" in answer.headers["Clear-Site-Data"]
    assert patient.client.get(reverse("result")).status_code == 302
    assert TriageSession.objects.get().submitted_at


@pytest.mark.parametrize("name", ["start", "submit", "leave", "language"])
def test_an_old_bookmark_of_a_posting_address_leads_on(client, name):
    assert client.get(reverse(name), follow=True).resolver_match.url_name == "home"
