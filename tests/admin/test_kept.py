"""What staff have typed outlives their session, and what they see does not."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser import press
from tests.staff import SETTINGS, State, sheet, staff, submitted, text
from tests.visitor import publish
from triage import actions
from triage.admin import kept, sign_in
from triage.models import Clinic, KeptForm, Review
from triage.server import gate

pytestmark = pytest.mark.alike("a form that is kept is one text on both")

PASSWORD = "a password of its own"
NOTE = "Called her; she comes at noon."
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@pytest.fixture(autouse=True)
def release(db):
    return publish()


@pytest.fixture
def session():
    return submitted()


def step(session, note=NOTE, **more):
    return {"seen": session.mark, "state": f"{State.ACKNOWLEDGED:d}", "note": note, **more}


def log_in(client, name, follow_to):
    return client.post(
        f"{reverse('admin:login')}?next={follow_to}", {"username": name, "password": PASSWORD}, follow=True
    )


# A form that comes too late


def late(client, clock, path, data, **ahead):
    """The form is sent when the session has ended: where it leads."""
    clock(**(ahead or {"minutes": 16}))
    return client.post(path, data)


@pytest.mark.parametrize("ahead", [{"minutes": 16}, {"hours": 9}, {"hours": 60}])
def test_a_note_that_comes_late_is_there_after_signing_in(session, clock, ahead):
    client = staff("Reviewers")
    answer = late(client, clock, sheet(session), step(session, finding="back"), **ahead)
    assert answer["Location"] == f"{reverse('admin:login')}?next={sheet(session)}"
    assert not Review.objects.exists()
    page = log_in(client, "reviewers", sheet(session))
    form = page.context["form"]
    assert (form["note"].value(), form["finding"].value()) == (NOTE, "back")
    assert "What you typed here is not lost" in text(page)
    assert "nothing of it has been saved yet" in text(page)
    client.post(sheet(session), step(session))
    assert Review.objects.get().note == NOTE
    assert not KeptForm.objects.exists()
    assert "not lost" not in text(client.get(sheet(session)))


def test_without_keeping_it_would_be_lost(session, clock, monkeypatch):
    monkeypatch.setattr(kept, "keep", lambda request, path: None)
    client = staff("Reviewers")
    late(client, clock, sheet(session), step(session))
    assert not log_in(client, "reviewers", sheet(session)).context["form"]["note"].value()


def test_it_is_there_on_another_device_and_for_nobody_else(session, clock):
    late(staff("Reviewers"), clock, sheet(session), step(session))
    assert NOTE not in text(staff("Managers").get(sheet(session)))
    assert NOTE in log_in(Client(), "reviewers", sheet(session)).content.decode()


def test_a_step_that_is_refused_stays(session, clock):
    client = staff("Reviewers")
    late(client, clock, sheet(session), step(session))
    log_in(client, "reviewers", sheet(session))
    client.post(sheet(session), step(session, state="99"))
    assert KeptForm.objects.count() == 1


def test_it_is_sealed_like_a_note(session, clock, settings):
    settings.NOTE_KEYS = [b"k" * 32]
    client = staff("Reviewers")
    late(client, clock, sheet(session), step(session))
    assert NOTE not in KeptForm.objects.get().fields
    assert log_in(client, "reviewers", sheet(session)).context["form"]["note"].value() == NOTE
    settings.NOTE_KEYS = []
    assert client.get(sheet(session)).status_code == 200


def test_every_other_form_can_be_sent_again(clock):
    client = staff("Managers")
    path = reverse("admin:triage_clinic_change", args=[1])
    client.get(path)
    Clinic.objects.get_or_create(pk=1)
    late(client, clock, path, SETTINGS)
    page = log_in(client, "managers", path)
    assert "Hillside Feet" in text(page)
    again = dict(
        re.findall(
            r'<input type="hidden" name="(\w+)" value="([^"]*)"',
            page.content.decode().partition('id="kept"')[2],
        )
    )
    client.post(path, again)
    assert Clinic.objects.get().name == "Hillside Feet"
    assert not KeptForm.objects.exists()


def test_a_password_is_never_kept(clock):
    late(
        staff("Managers"),
        clock,
        reverse("admin:password_change"),
        {"old_password": "x", "new_password1": "y"},
    )
    assert not KeptForm.objects.exists()


def test_nothing_is_kept_for_nobody(session):
    Client().post(sheet(session), step(session))
    Client().post(reverse("admin:session"), {"kept-path": sheet(session), "note": NOTE})
    assert not KeptForm.objects.exists()


# How long there is


def left(client):
    return int(client.get(reverse("admin:session")).content)


def test_asking_for_the_time_does_not_make_it_last(clock):
    client = staff("Reviewers")
    assert 14 * 60 < left(client) <= 15 * 60
    clock(minutes=14)
    assert 0 < left(client) <= 60
    client.post(reverse("admin:session"), {"stay": ""})
    assert 14 * 60 < left(client) <= 15 * 60
    clock(minutes=30)
    assert left(client) == 0
    client.post(reverse("admin:session"), {"stay": ""})
    assert left(client) == 0


def test_nobody_stays_longer_than_the_longest(clock):
    client = staff("Reviewers")
    for minutes in range(0, 8 * 60, 14):
        clock(minutes=minutes)
        client.post(reverse("admin:session"), {"stay": ""})
    assert 0 < left(client) <= 15 * 60
    clock(hours=8, minutes=1)
    assert left(client) == 0


def test_a_session_that_is_over_opens_nothing_though_the_server_knows_it(session, clock):
    client = staff("Reviewers")
    clock(hours=9)
    assert client.get(sheet(session)).status_code == 302
    assert sign_in.seconds_left({}, timezone.now()) < 0


# Two tabs, and a patient's page in the same browser


def token(page):
    return TOKEN.search(page.content.decode())[1]


@pytest.fixture
def browser_of_both():
    actions.create_staff("reviewers", PASSWORD, "Reviewers")
    return Client(enforce_csrf_checks=True)


def signed_in(client, path="admin:index"):
    page = client.get(reverse("admin:login"))
    data = {"username": "reviewers", "password": PASSWORD, "csrfmiddlewaretoken": token(page)}
    return client.post(reverse("admin:login"), data)


def patients_page_goes_on(client):
    patient = client.get("/")
    signed_in(client)
    return (
        client.post(reverse("start"), {"csrfmiddlewaretoken": token(patient)})["Location"]
        == "/questions/age/"
    )


def test_signing_in_does_not_break_a_patients_page(browser_of_both):
    assert patients_page_goes_on(browser_of_both)


def test_with_one_token_for_both_it_would(browser_of_both, monkeypatch):
    monkeypatch.setattr(
        gate.StaffTokenMiddleware, "__call__", lambda self, request: self.get_response(request)
    )
    assert not patients_page_goes_on(browser_of_both)


def test_a_log_in_page_that_is_left_over_in_another_tab_leads_in(browser_of_both):
    other = browser_of_both.get(reverse("admin:login"))
    signed_in(browser_of_both)
    data = {"username": "reviewers", "password": PASSWORD, "csrfmiddlewaretoken": token(other)}
    answer = browser_of_both.post(reverse("admin:login"), data)
    assert answer["Location"] == reverse("admin:index")
    assert not KeptForm.objects.exists()


def test_an_old_log_in_page_says_so_in_the_staffs_words(browser_of_both):
    page = browser_of_both.post(
        f"{reverse('admin:login')}?next={reverse('admin:triage_triagesession_changelist')}",
        {"username": "reviewers", "password": PASSWORD, "csrfmiddlewaretoken": "x" * 64},
        follow=True,
    )
    assert "This page was open for a long time. Please sign in again." in text(page)
    assert "Answers you gave" not in text(page)
    assert page.redirect_chain[-1][0].endswith("?next=%2Fadmin%2Ftriage%2Ftriagesession%2F")


def test_a_note_in_a_tab_from_before_signing_in_anew_is_there(browser_of_both, session):
    signed_in(browser_of_both)
    old = token(browser_of_both.get(sheet(session)))
    browser_of_both.post(reverse("admin:logout"), {"csrfmiddlewaretoken": old})
    signed_in(browser_of_both)
    page = browser_of_both.post(sheet(session), step(session, csrfmiddlewaretoken=old), follow=True)
    assert page.context["form"]["note"].value() == NOTE
    assert "You signed in anew after this page was made" in text(page)


# With scripts


@pytest.fixture
def desk(new_page, live_server):
    """The page of a submission, open in a real browser, with a clock that can be turned."""

    def open_sheet():
        session = submitted()
        User.objects.filter(username="anna").exists() or actions.create_staff("anna", PASSWORD, "Reviewers")
        page = new_page(viewport={"width": 1280, "height": 900})
        page.clock.install()
        page.goto(reverse("admin:login"))
        page.fill("[name=username]", "anna")
        page.fill("[name=password]", PASSWORD)
        press(page.locator("[type=submit]"))
        page.goto(sheet(session))
        return page, session

    return open_sheet


def over(minutes):
    """As if staff had done nothing for that long."""
    from django.contrib.sessions.models import Session

    for row in Session.objects.all():
        data = row.get_decoded()
        data["seen_at"] -= timedelta(minutes=minutes).total_seconds()
        row.session_data = Session.get_session_store_class()().encode(data)
        row.save()


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
def test_a_warning_two_minutes_before_and_staying(desk):
    page, _session = desk()
    warning = page.get_by_role("dialog", name="Are you still there?")
    page.clock.fast_forward(12 * 60_000)
    expect(warning).to_be_hidden()
    over(13.5)
    page.clock.fast_forward(90_000)
    expect(warning).to_be_visible()
    with page.expect_response("**/admin/session/"):
        warning.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()
    page.clock.fast_forward(60_000)
    expect(warning).to_be_hidden()


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
def test_a_sheet_left_open_is_covered_and_the_note_is_kept(desk):
    page, session = desk()
    page.fill("textarea[name=note]", NOTE)
    over(16)
    page.clock.fast_forward(15 * 60_000 + 5000)
    page.wait_for_url(lambda url: "/admin/login/" in url)
    expect(page.locator("[name=username]")).to_be_visible()
    assert session.reference not in page.content()
    page.fill("[name=username]", "anna")
    page.fill("[name=password]", PASSWORD)
    press(page.locator("[type=submit]"))
    assert page.url.endswith(sheet(session))
    expect(page.locator("textarea[name=note]")).to_have_value(NOTE)


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
def test_without_a_connection_it_is_covered_all_the_same(desk):
    page, session = desk()
    page.fill("textarea[name=note]", NOTE)
    over(16)
    page.context.set_offline(True)
    page.clock.fast_forward(15 * 60_000 + 5000)
    expect(page.locator("body")).to_be_hidden()
    page.context.set_offline(False)
    page.wait_for_url(lambda url: "/admin/login/" in url)
    assert KeptForm.objects.get().path == sheet(session)
