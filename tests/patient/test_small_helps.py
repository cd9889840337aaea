"""Small things that keep people from getting lost: the visit in the calendar, a whole copy, a whole note."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser import carry_over, press
from tests.invited import invite, open_code, when
from tests.staff import text
from tests.visitor import FOOT_ONLY, Browser, Patient, publish, shown
from triage.models import Clinic, TriageSession
from triage.patient.calendar import LINE


@pytest.fixture
def release(db):
    return publish()


def entry(reviewer, **clinic):
    Clinic.objects.update_or_create(pk=1, defaults=clinic)
    browser = Browser()
    open_code(invite(reviewer), browser)
    return browser, browser.get(reverse("calendar"))


@pytest.mark.alike("it is about what a file says")
def test_the_visit_can_be_put_in_the_calendar_and_no_answer_is_in_it(release, reviewer):
    browser, reply = entry(reviewer, name="Feet; backs, and more", phone="555 0100")
    said = reply.content.decode()
    assert reply["Content-Type"].startswith("text/calendar")
    assert f"DTSTART:{when().astimezone(tz=None).strftime('%Y')}" in said
    assert r"SUMMARY:Feet\; backs\, and more" in said
    assert said.count("\r\n") == said.count("\n")
    patient = Patient(client=browser)
    page = patient.go_on(browser.get(reverse("go-on"), follow=True))
    assert page.resolver_match.url_name == "check"
    assert reverse("calendar") in patient.submit().content.decode()
    again = browser.get(reverse("calendar")).content.decode()
    assert re.findall("UID:.*", again) == re.findall("UID:.*", said)
    assert TriageSession.objects.get().reference not in again


@pytest.mark.alike("it is about what a file says")
def test_a_long_name_is_folded_as_calendars_want_it(release, reviewer):
    _browser, reply = entry(reviewer, name="é" * 100)
    lines = reply.content.split(b"\r\n")
    assert max(map(len, lines)) <= LINE
    assert "é" * 100 in reply.content.replace(b"\r\n ", b"").decode()


@pytest.mark.alike("it is about what a file says")
def test_without_a_visit_there_is_no_entry(release):
    patient = Patient()
    patient.whole()
    assert patient.client.get(reverse("calendar"), follow=True).resolver_match.url_name == "result"


@pytest.mark.alike("it is about what is sent")
def test_search_engines_are_shown_the_first_page_alone(release, client):
    assert client.get("/")["X-Robots-Tag"] == "all"
    assert client.get(reverse("privacy"))["X-Robots-Tag"] == "noindex"
    assert "Disallow: /\n" in client.get("/robots.txt").content.decode()


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scripts", [True, False])
def test_no_button_stands_there_dead(new_page, live_server, scripts):
    publish()
    patient = Patient()
    patient.whole()
    page = new_page(java_script_enabled=scripts)
    carry_over(patient, page, live_server.url)
    for address in (reverse("result"), reverse("copy")):
        page.goto(address)
        for summary in page.locator("summary").all():
            if summary.is_visible():
                summary.click()
        assert page.locator("[hidden]:visible").count() == 0


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
def test_the_copy_for_the_clinic_prints_whole(new_page, live_server):
    publish()
    patient = Patient(FOOT_ONLY | {"note": "the last words"})
    patient.whole()
    page = new_page()
    carry_over(patient, page, live_server.url)
    page.goto(reverse("copy"))
    page.emulate_media(media="print")
    text = page.locator("#text")
    assert "the last words" in text.inner_text()
    assert text.evaluate("text => text.scrollHeight <= text.clientHeight + 1")


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
def test_a_note_that_is_too_long_is_told_and_not_cut(new_page, live_server):
    publish()
    patient = Patient()
    page = patient.start()
    while page.context["screen"].key != "words":
        page = patient.answer(page)
    browser = new_page()
    carry_over(patient, browser, live_server.url)
    browser.goto(reverse("question", args=["words"]))
    browser.locator("textarea").fill("x" * 1200)
    browser.get_by_role("button", name="Continue").click()
    browser.get_by_role("alert").wait_for()
    assert len(browser.locator("textarea").input_value()) == 1200


@pytest.mark.alike("it is about what a page says")
def test_what_is_missing_is_asked_for_without_steering_to_not_sure(release):
    patient = Patient()
    page = patient.answer(patient.start())
    assert page.context["screen"].key == "safety-now"
    told = patient.client.post(page.request["PATH_INFO"], follow=True).content.decode()
    assert "Tick any that fit, or “None of these”." in told
    page = patient.answer(page)
    told = patient.client.post(page.request["PATH_INFO"], follow=True).content.decode()
    assert "Tick any that fit." in told
    assert "Choose the answer that fits best." in told


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["where", "leg-where", "lifting"])
def test_an_error_on_a_page_with_a_drawing_leads_to_its_question(new_page, live_server, key):
    publish()
    patient = Patient(FOOT_ONLY | {"leg-pain": "a-little"})
    page = patient.start()
    while page.context["screen"].key != key:
        page = patient.answer(page)
    browser = new_page(viewport={"width": 390, "height": 844})
    carry_over(patient, browser, live_server.url)
    browser.goto(reverse("question", args=[key]))
    browser.get_by_role("button", name="Continue").click()
    link = browser.get_by_role("alert").locator("a").last
    link.click()
    question = browser.locator(link.get_attribute("href"))
    expect(question).to_be_focused()
    legend = browser.locator("fieldset:has(:focus), fieldset:focus").locator("legend")
    assert 0 <= legend.bounding_box()["y"] < 844


@pytest.mark.alike("it is about where a page leads")
def test_a_change_leads_back_to_its_row(release):
    patient = Patient()
    patient.go_on(patient.start())
    patient.answers |= {"travels": "part"}
    reply = patient.client.post(reverse("question", args=["back"]), {"back-pain": "no", "travels": "part"})
    assert reply["Location"] == reverse("check") + "#row-travels"
    assert 'id="row-travels"' in patient.client.get(reply["Location"]).content.decode()


@pytest.mark.alike("it is about what a page says")
def test_answers_are_read_through_in_the_words_they_were_asked_in(release):
    """A foot that does not hurt was asked about as the right one, and is not the sore one here."""
    patient = Patient(FOOT_ONLY | {"answering": "helper", "side": "right", "foot-site": ["no-pain"]})
    page, asked = patient.start(), []
    while page.resolver_match.url_name == "question":
        asked += [item.text for item in page.context["form"].items]
        page = patient.answer(page)
    read = text(page)
    assert [words for words in asked if words not in read] == []
    assert "the right foot lift" in read


@pytest.mark.alike("it is about what a page says")
def test_old_answers_that_count_again_are_shown_as_such(release):
    patient = Patient(FOOT_ONLY | {"injury": "older"})
    patient.go_on(patient.start())
    path = reverse("question", args=["injury"])
    again = "You answered this before. Is it still right?"
    assert patient.client.post(path, {"injury": "no"})["Location"].startswith(reverse("check"))
    page = patient.client.post(path, {"injury": "older"}, follow=True)
    assert page.request["PATH_INFO"] == path
    assert again in page.content.decode()
    assert shown(page)["injury-steps"] == ["yes"]
    page = patient.answer(page)
    assert page.resolver_match.url_name == "check"
    assert again not in patient.client.get(path).content.decode()


@pytest.mark.alike("it is about what a page says")
def test_hours_and_a_clinic_without_a_name_are_told_in_the_page_s_language(release):
    Clinic.objects.update_or_create(pk=1, defaults={"hours": "Mon–Fri 8–5 | es: lun–vie 8–17"})
    told = {}
    for language in ("en", "es"):
        patient = Patient()
        patient.client.post(reverse("language"), {"language": language})
        told[language] = patient.whole().content.decode()
    assert "Mon–Fri 8–5" in told["en"]
    assert "The clinic got your answers" in told["en"]
    assert "lun–vie 8–17" in told["es"]
    assert "La clínica recibió" in told["es"]
    assert not [word for word in ("The clinic", "Mon–Fri") if word in told["es"]]
    patient.client.post(reverse("language"), {"language": "en"})
    assert "The clinic got your answers" in patient.client.get(reverse("result")).content.decode()


# What is said at the moment it is true


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
def test_an_error_goes_when_its_question_is_answered(page):
    publish()
    page.goto("/")
    press(page.get_by_role("button", name="Start now"))
    press(page.get_by_role("button", name="Continue"))
    expect(page.get_by_role("alert")).to_be_visible()
    below = page.locator("#submit-id-go-on").bounding_box()
    page.check("#id_age_16-or-over")
    expect(page.locator("#id_answering_error")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_visible()  # the other question is still to be answered
    expect(page.get_by_text("Problem: Choose one answer.")).to_be_hidden()
    page.check("#id_answering_self")
    expect(page.locator(".problem")).to_be_hidden()
    assert page.locator("[aria-invalid=true]").count() == 0
    assert page.locator("#submit-id-go-on").bounding_box()["y"] == below["y"]  # nothing moved


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
def test_the_pdf_says_that_it_is_being_saved_and_has_a_readable_name(page, live_server):
    publish()
    patient = Patient()
    patient.whole()
    carry_over(patient, page, live_server.url)
    page.goto(reverse("result"))
    page.get_by_text("Keep this page").click()
    assert page.locator("#saved").inner_text() == ""
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PDF").click()
    expect(page.locator("#saved")).to_have_text("Your PDF is being saved. Look in your downloads.")
    reference = TriageSession.objects.get().reference
    assert download.value.suggested_filename == f"your-result-{reference}.pdf"
