"""Five wrong passwords or codes lock a name for the place they came from, for a quarter of an hour."""

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, RequestFactory

from tests.admin.test_second_factor import CODE, LOGIN, PASSWORD, Member
from tests.staff import text
from tests.visitor import NOW, Browser, Patient, publish
from triage import actions
from triage.models import AccessEntry
from triage.server.environment import read_environment
from triage.server.gate import address_of
from triage.settings import LOGGING

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=NOW)
    monkeypatch.setattr("django.utils.timezone.now", lambda: clock.now)
    monkeypatch.setattr("axes.handlers.proxy.now", lambda: clock.now)
    monkeypatch.setattr(
        "django_otp.plugins.otp_totp.models.time", SimpleNamespace(time=lambda: clock.now.timestamp())
    )
    return clock


@pytest.fixture(autouse=True)
def anna(clock):
    return actions.create_staff("anna", PASSWORD, "Reviewers")


def attempt(password="wrong", name="anna", address=HERE, **headers):
    return Client().post(
        LOGIN, {"username": name, "password": password}, REMOTE_ADDR=address, headers=headers
    )


def fail(times, **options):
    return [attempt(**options).status_code for _turn in range(times)]


def test_the_fifth_wrong_password_locks_and_says_so():
    assert fail(4) == [200] * 4
    page = attempt()
    assert (page.status_code, page["Retry-After"]) == (429, "900")
    assert "for 15 minutes" in text(page)
    assert "Patients are not affected" in text(page)
    assert attempt(PASSWORD).status_code == 429


@pytest.mark.parametrize("late, opens", [(-SECOND, 429), (SECOND, 302)])
def test_it_lasts_fifteen_minutes_however_often_one_tries(clock, late, opens):
    fail(5)
    for _turn in range(14):
        clock.now += timedelta(minutes=1)
        assert attempt().status_code == 429
    clock.now += timedelta(minutes=1) + late
    assert attempt(PASSWORD).status_code == opens


def test_of_all_guesses_five_reach_the_password(monkeypatch, proof):
    tried = []
    monkeypatch.setattr(
        User, "check_password", lambda user, raw: tried.append(raw) or check_password(raw, user.password)
    )
    monkeypatch.setattr(actions, "note_access", lambda *args, **fields: None)  # counted elsewhere, and slow
    client = Client()
    guesses = proof.size(60, 1000)
    for number in range(guesses):
        client.post(LOGIN, {"username": "anna", "password": f"guess {number}"}, REMOTE_ADDR=HERE)
    proof.counted(guesses=guesses, reached=len(tried))
    assert len(tried) == 5


def test_without_the_guard_all_would_reach_it(settings, monkeypatch):
    settings.AXES_ENABLED = False
    tried = []
    monkeypatch.setattr(User, "check_password", lambda user, raw: bool(tried.append(raw)))
    fail(20)
    assert len(tried) == 20


def test_the_same_name_from_elsewhere_and_another_name_from_here_are_free():
    actions.create_staff("rob", PASSWORD, "Reviewers")
    fail(5)
    assert attempt(PASSWORD, address=THERE).status_code == 302
    assert attempt(PASSWORD, name="rob").status_code == 302


def test_coming_in_begins_the_count_anew():
    for _turn in range(3):
        fail(4)
        assert attempt(PASSWORD).status_code == 302


def test_another_browser_is_no_way_around():
    for number in range(5):
        attempt(user_agent=f"browser {number}")
    assert attempt(PASSWORD, user_agent="a new one").status_code == 429


def test_wrong_codes_count_too(settings, clock):
    settings.STAFF_SECOND_FACTOR = True
    rob = Member("rob", clock)
    rob.set_up()
    rob.log_out()
    rob.password()
    assert [rob.type("000000").status_code for _turn in range(5)] == [200] * 4 + [429]
    assert rob.client.get(CODE).status_code == 429
    assert rob.type(rob.code()).status_code == 429
    assert rob.password().status_code == 429


def test_the_lock_is_lifted_by_hand():
    fail(5)
    call_command("axes_reset_username", "anna")
    assert attempt(PASSWORD).status_code == 302


def test_patients_notice_nothing():
    publish()
    fail(6)
    browser = Browser(REMOTE_ADDR=HERE)
    assert Patient(client=browser).whole().resolver_match.url_name == "result"


# Where somebody comes from


def address(forwarded=None, trust="off", remote=HERE, settings=None):
    settings.ENVIRONMENT = read_environment({"TRUST_PROXY": trust})
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return address_of(RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers))


@pytest.mark.parametrize(
    "forwarded, trust, found",
    [
        (None, "off", HERE),
        ("198.51.100.7", "off", HERE),  # anybody can write that
        (None, "on", HERE),  # it came past the proxy, as the machine's own probes do
        ("198.51.100.7", "on", "198.51.100.7"),
        ("198.51.100.7:50123", "on", "198.51.100.7"),
        ("10.9.9.9, 198.51.100.7", "on", "198.51.100.7"),  # the first was written by the sender
        ("10.9.9.9,198.51.100.7 , ", "on", "198.51.100.7"),
        ("::ffff:198.51.100.7", "on", "198.51.100.7"),
        ("2001:db8:1:2::7", "on", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "on", "2001:db8:1:2::"),  # the same household
        ("2001:db8:1:3::7", "on", "2001:db8:1:3::"),  # another
        ("[2001:db8:1:2::7]", "on", "2001:db8:1:2::"),
        ("[2001:db8:1:2::7]:50123", "on", "2001:db8:1:2::"),
        ('"[2001:db8:1:2::7]:50123"', "on", "2001:db8:1:2::"),
        ("2001:db8:1:2::7%eth0", "on", "2001:db8:1:2::"),
    ],
)
def test_the_address_is_what_our_own_proxy_wrote(settings, forwarded, trust, found):
    assert address(forwarded, trust, settings=settings) == found


@pytest.mark.parametrize("rubbish", ["nonsense", "unknown", "198.51.100", "[::1]x", "198.51.100.7, -", "1:2"])
@pytest.mark.parametrize("trust, status", [("on", 400), ("off", 200)])
def test_an_address_that_cannot_be_read_is_refused_and_shuts_nobody_out(settings, rubbish, trust, status):
    publish()
    assert address(rubbish, "on", settings=settings) is None
    settings.ENVIRONMENT = read_environment({"TRUST_PROXY": trust})
    assert Client().get("/", headers={"X-Forwarded-For": rubbish}).status_code == status


def test_a_made_up_forwarded_address_neither_frees_nor_locks(settings):
    """Behind a proxy that adds to the header: the sender's part changes with each guess."""
    settings.ENVIRONMENT = read_environment({"TRUST_PROXY": "on"})
    proxy = "10.0.0.1"
    for number in range(5):
        attempt(address=proxy, x_forwarded_for=f"203.0.113.{number}, {HERE}")
    assert attempt(PASSWORD, address=proxy, x_forwarded_for=f"203.0.113.9, {HERE}").status_code == 429
    assert attempt(PASSWORD, address=proxy, x_forwarded_for=f"{HERE}, {THERE}").status_code == 302


# What is kept


def test_no_password_and_no_address_reaches_the_log(caplog):
    axes = logging.getLogger("axes")
    assert axes.level == logging.getLevelName(LOGGING["loggers"]["axes"]["level"])
    with caplog.at_level(logging.DEBUG):
        caplog.handler.setLevel(logging.DEBUG)
        fail(5, password="canary-password")
        fail(1, name="canary-password")
        attempt(PASSWORD, address=THERE)
    said = caplog.text
    assert "canary" not in said
    assert HERE not in said
    assert "AXES" not in said


def test_the_counts_hold_a_name_only_if_it_is_one_of_ours_and_no_password():
    fail(2, password="canary-password")
    fail(2, name="canary-password", password="canary-password")
    kept = [str(row) for row in AccessAttempt.objects.values()]
    assert len(kept) == 2
    assert not [row for row in kept if "canary" in row]
    assert "canary" not in str(list(AccessEntry.objects.values()))


def test_the_counts_go_when_they_no_longer_count(clock):
    fail(2)
    clock.now += timedelta(minutes=16)
    attempt(PASSWORD, address=THERE)
    assert not AccessAttempt.objects.exists()
