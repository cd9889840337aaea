"""An invitation in the patient's hands: its code opens its own session until that is handed in or the day of the visit
is over, and says kindly when it is."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser import press
from tests.invited import LABEL, LIST, answered, invite, open_code, revoke, when
from tests.staff import WORKLIST, sheet, staff, text
from tests.store.test_storage import at_once
from tests.visitor import Browser, Patient, publish
from triage import actions
from triage.models import Invitation, TriageSession, WrongCodes

pytestmark = [pytest.mark.django_db, pytest.mark.alike("the two-session machine opens letters on both")]


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def test_the_code_starts_a_session_that_staff_find_by_its_label(reviewer):
    code = invite(reviewer, label=LABEL)
    patient, result = answered(code)
    session = TriageSession.objects.get()
    assert session.invitation.label == LABEL
    assert session.appointment_at == session.invitation.appointment_at == when()
    assert LABEL not in session.record
    assert LABEL not in result.content.decode()
    shown = (LABEL, f"{when():%b} {when().day}")
    for page in (
        reviewer.get(WORKLIST),
        reviewer.get(sheet(session)),
        reviewer.get(sheet(session) + "?print"),
    ):
        assert all(part in text(page) for part in shown)
    assert f"<title>{session.reference}, {LABEL}," in reviewer.get(sheet(session)).content.decode()
    assert session.reference in text(reviewer.get(LIST))
    patient.client.post(reverse("correct"))
    assert TriageSession.objects.get(corrects=session).invitation == session.invitation


def test_the_first_page_says_nothing_personal_and_speaks_the_letters_language(reviewer):
    client = Browser()
    page = open_code(invite(reviewer, language="es"), client, headers={"accept-language": "en"})
    assert page.resolver_match.url_name == "home"
    assert '<html lang="es"' in page.content.decode()
    assert LABEL not in page.content.decode()
    assert TriageSession.objects.get().language == "es"
    assert "<button>Empezar ahora" in page.content.decode()
    assert "Su consulta:" in text(page)
    start = client.post(reverse("start"), follow=True)
    assert start.resolver_match.url_name == "question"
    assert TriageSession.objects.get().invitation == Invitation.objects.get()  # and not one without it


def test_looking_at_the_link_opens_nothing(reviewer):
    code = invite(reviewer)
    for _look in range(3):
        assert Browser().get(reverse("return")).status_code == 200
    assert not TriageSession.objects.exists()
    assert open_code(code).status_code == 200


ENDED = {
    "sent": (lambda reviewer, code, clock: answered(code), "answers for this visit are sent"),
    "revoked": (lambda reviewer, code, clock: revoke(reviewer), "taken it back"),
    "expired": (lambda reviewer, code, clock: clock(days=8), "until the day of the visit"),
}


@pytest.mark.parametrize("state", ENDED)
def test_what_is_over_says_so_and_what_to_do_and_nothing_else(reviewer, clock, state):
    code = invite(reviewer)
    end, said = ENDED[state]
    end(reviewer, code, clock)
    before = TriageSession.objects.count()
    page = open_code(code)
    assert page.status_code == 410
    assert said in text(page)
    assert "Start without a code" in text(page)
    assert LABEL not in page.content.decode()
    assert f"{when():%Y}" not in text(page)
    assert TriageSession.objects.count() == before
    assert not WrongCodes.objects.filter(count__gt=0).exists()  # nobody who holds a letter is guessing


def begun(code, client=None):
    """A patient who has opened the letter and answered two pages."""
    patient = Patient(client=client)
    open_code(code, patient.client)
    page = patient.client.get(reverse("go-on"), follow=True)
    return patient, patient.answer(patient.answer(page))


def test_it_opens_its_own_session_again_as_often_as_needed(reviewer):
    """In the scanner's own window first, then in the browser, then on a computer."""
    code = invite(reviewer)
    patient, page = begun(code)
    for _browser in range(3):
        before, patient.client = patient.client, Browser()
        again = open_code(code, patient.client)
        assert again.request["PATH_INFO"] == page.request["PATH_INFO"]
        assert before.get(reverse("check"), follow=True).resolver_match.url_name == "elsewhere"
    assert Invitation.objects.get().state(timezone.now()) == Invitation.State.BEGUN
    patient.go_on(again)
    assert patient.submit().resolver_match.url_name == "result"
    assert TriageSession.objects.get().invitation == Invitation.objects.get()
    assert Invitation.objects.get().sent_at == TriageSession.objects.get().submitted_at
    assert open_code(code).status_code == 410


def test_somebody_interrupted_for_long_finds_letter_and_answers(reviewer, clock):
    code = invite(reviewer)
    patient, page = begun(code)
    clock(hours=13)
    assert patient.client.get(reverse("go-on"), follow=True).resolver_match.url_name == "expired"
    assert open_code(code, patient.client).request["PATH_INFO"] == page.request["PATH_INFO"]


def test_a_letter_that_was_only_looked_at_begins_with_the_first_page_again(reviewer):
    code = invite(reviewer)
    open_code(code)
    assert open_code(code).resolver_match.url_name == "home"
    assert TriageSession.objects.count() == 1


def test_the_letter_goes_on_in_the_language_that_was_chosen(reviewer):
    code = invite(reviewer, language="es")
    patient, _page = begun(code)
    patient.client.post(reverse("language"), {"language": "en", "next": "/"})
    assert '<html lang="en"' in open_code(code, headers={"accept-language": "es"}).content.decode()


def test_a_correction_is_not_opened_by_the_letter(reviewer):
    code = invite(reviewer)
    patient, _result = answered(code)
    patient.client.post(reverse("correct"))
    assert open_code(code).status_code == 410


def test_where_its_session_is_gone_it_begins_anew(reviewer):
    code = invite(reviewer)
    begun(code)
    TriageSession.objects.all().delete()
    assert open_code(code).resolver_match.url_name == "home"
    assert TriageSession.objects.get().invitation == Invitation.objects.get()


def test_what_was_begun_with_a_revoked_letter_can_still_be_sent(reviewer):
    code = invite(reviewer)
    patient, page = begun(code)
    revoke(reviewer)
    assert open_code(code).status_code == 410
    patient.go_on(page)
    assert patient.submit().resolver_match.url_name == "result"
    assert Invitation.objects.get().state(timezone.now()) == Invitation.State.REVOKED


@pytest.mark.parametrize("seconds, status", [(-1, 200), (0, 410)])
def test_it_works_until_the_end_of_the_day_of_the_visit(reviewer, monkeypatch, seconds, status):
    code = invite(reviewer)
    end = timezone.localtime(when()).replace(hour=0, minute=0) + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: end + timedelta(seconds=seconds))
    assert open_code(code).status_code == status


def test_wrong_codes_count_and_close_the_way_to_invitations_too(reviewer):
    code = invite(reviewer)
    for _try in range(actions.codes.FREE_TRIES):
        assert open_code("BCDF-GHJK-MNPQ").status_code == 200
    assert open_code(code).status_code == 429
    WrongCodes.objects.all().delete()
    assert open_code(code).status_code == 200  # so the count is what refused it


def opened_at_once(code):
    at_once(*(lambda: open_code(code) for _browser in range(6)))
    return TriageSession.objects.count()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_start_one_session():
    publish()
    assert opened_at_once(invite(staff("Reviewers"))) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_look_for_its_own_session_they_would_start_many(monkeypatch):
    publish()
    monkeypatch.setattr(actions.codes, "take_over", lambda *given: None)
    monkeypatch.setattr(QuerySet, "exists", lambda self: False)
    assert opened_at_once(invite(staff("Reviewers"))) > 1


# In Chromium


@pytest.mark.looks
def test_a_phone_carries_the_code_from_the_link_into_its_field(page, reviewer):
    publish()
    code = invite(staff("Managers")).replace("-", "")
    page.goto(f"{reverse('return')}#{code}")
    expect(page.get_by_label("Your code")).to_have_value(code)
    assert urlsplit(page.url).fragment == ""
    press(page.get_by_role("button", name="Continue"))
    press(page.get_by_role("button", name="Start now"))
    assert urlsplit(page.url).path == "/questions/age/"
