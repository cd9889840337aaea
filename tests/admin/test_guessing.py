"""Guesses at staff's passwords: slow at one name wherever they come from, in nobody's way on a device of their own, and
never so many that patients have to wait."""

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.contrib.auth.models import User
from django.test import Client

from tests.admin.test_second_factor import Member
from tests.staff import text
from tests.visitor import NOW, publish
from triage import actions
from triage.actions.guesses import FREE_GUESSES
from triage.admin import known_devices
from triage.models import AccessEntry
from triage.server import guessing, hashing

pytestmark = pytest.mark.django_db
LOGIN, PASSWORD = "/admin/login/", "a password of its own"
QUEUED = ["triage.server.hashing.QueuedPBKDF2"]


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    monkeypatch.setattr("django.utils.timezone.now", lambda: clock.now)
    monkeypatch.setattr("axes.handlers.proxy.now", lambda: clock.now)
    return clock


@pytest.fixture
def anna(clock):
    return actions.create_staff("anna", PASSWORD, "Managers")


def guess(number, password="wrong", client=None):
    """From another address each time."""
    form = {"username": "anna", "password": password}
    return (client or Client()).post(LOGIN, form, REMOTE_ADDR=f"198.51.{number // 250}.{number % 250 + 1}")


# At one name, from everywhere


def test_guesses_at_one_name_from_many_addresses_are_slow(anna, clock):
    reached = 0
    for number in range(600):  # one every five seconds
        clock.now = NOW + timedelta(seconds=5 * number)
        reached += guess(number).status_code == 200
    assert reached <= FREE_GUESSES + 10
    held = guess(601, PASSWORD)
    assert held.status_code == 429
    assert "on a device on which you have signed in before" in text(held)
    clock.now += actions.pause_for_name("anna", clock.now)
    assert guess(602, PASSWORD).status_code == 302  # and a right one gets in after the pause


def test_without_the_limit_each_of_them_is_looked_at(anna, monkeypatch):
    monkeypatch.setattr(actions, "pause_for_name", lambda name, now: timedelta(0))
    assert sum(guess(number).status_code == 200 for number in range(60)) == 60


def test_the_lock_is_entered_once_with_a_count(anna):
    for number in range(FREE_GUESSES + 25):
        guess(number)
    details = list(AccessEntry.objects.filter(what="failed-login").values_list("detail", flat=True))
    assert len(details) == FREE_GUESSES + 2
    assert set(details) == {
        "",
        "locked: 10 refused unseen within this hour",
        "locked: 1 refused unseen within this hour",
    }


def test_what_names_nobody_is_entered_a_few_times_alone(clock):
    for number in range(120):
        Client().post(LOGIN, {"username": f"x{number}", "password": "y"}, REMOTE_ADDR=f"198.51.100.{number}")
    details = list(AccessEntry.objects.filter(what="failed-login").values_list("detail", flat=True))
    assert sorted(details) == [*[""] * 5, "10 within this hour", "100 within this hour"]


# On a device of one's own


@pytest.fixture
def own(anna):
    """A browser in which Anna has signed in before."""
    browser = Client(REMOTE_ADDR="198.51.100.1")
    browser.post(LOGIN, {"username": "anna", "password": PASSWORD})
    browser.post("/admin/logout/")
    return browser


def here(client, password):
    return client.post(LOGIN, {"username": "anna", "password": password})


def test_others_do_not_lock_somebody_out_of_a_known_device(own):
    for _each in range(3):
        for _other in range(6):  # at the same, shared address
            here(Client(REMOTE_ADDR="198.51.100.1"), "wrong")
        assert here(Client(REMOTE_ADDR="198.51.100.1"), PASSWORD).status_code == 429
        assert here(own, PASSWORD).status_code == 302
        own.post("/admin/logout/")
    for number in range(FREE_GUESSES + 5):
        guess(number)
    assert here(own, PASSWORD).status_code == 302


def test_a_known_device_is_locked_by_its_own_guesses(own):
    assert [here(own, "wrong").status_code for _each in range(6)][-1] == 429
    assert here(own, PASSWORD).status_code == 429


def test_a_device_is_known_to_whom_it_says_and_nobody_forges_it(own, clock):
    cookie = own.cookies["device"]
    assert cookie["httponly"]
    assert "anna" not in cookie.value
    other = actions.create_staff("bob", PASSWORD, "Managers")
    request = SimpleNamespace(COOKIES={"device": cookie.value})
    assert known_devices.knows(request, User.objects.get(username="anna"))
    assert not known_devices.knows(request, other)
    for forged in (cookie.value[:-1] + "x", "", "x"):
        assert not known_devices.knows(
            SimpleNamespace(COOKIES={"device": forged}), User.objects.get(username="anna")
        )


def test_a_device_is_known_once_the_code_was_right_too(settings, clock, monkeypatch):
    settings.STAFF_SECOND_FACTOR = True
    phone = SimpleNamespace(time=lambda: clock.now.timestamp())
    monkeypatch.setattr("django_otp.plugins.otp_totp.models.time", phone)
    member = Member("bella", clock)
    member.password()
    assert "device" not in member.client.cookies
    member.set_up()
    assert "device" in member.client.cookies
    fresh = Client()
    fresh.cookies.clear()
    member.client.cookies.pop("device")
    member.log_out()
    member.password()
    member.type(member.code())
    assert "device" in member.client.cookies


# Before and in the hasher


def test_many_guesses_from_one_address_are_turned_away_before_anything_is_hashed(anna, settings, monkeypatch):
    settings.GUESSES_A_MINUTE = 3
    monkeypatch.setattr("triage.admin.sign_in.guesses", guessing.Guesses())
    looked = []
    monkeypatch.setattr("django.contrib.auth.authenticate", lambda *args, **kwargs: looked.append(1))
    monkeypatch.setattr(
        "django.contrib.auth.forms.authenticate", lambda *args, **kwargs: looked.append(1) or None
    )
    answers = [here(Client(), f"wrong {number}") for number in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 5
    assert answers[-1]["Retry-After"] == "60"
    assert len(looked) == 3


def test_the_count_of_a_minute_ends_and_does_not_grow_for_ever(monkeypatch, settings):
    settings.GUESSES_A_MINUTE = 1
    monkeypatch.setattr(guessing, "MOST_ADDRESSES", 3)
    at = [0.0]
    monkeypatch.setattr(guessing.time, "monotonic", lambda: at[0])
    guesses = guessing.Guesses()
    assert [guesses.too_many("a"), guesses.too_many("a")] == [False, True]
    for address in "bcdef":
        guesses.too_many(address)
    assert len(guesses.times) <= 3
    at[0] = 61.0
    assert not guesses.too_many("a")


# A crowd at the log-in page


@pytest.fixture
def crowded(settings, monkeypatch, own):
    """Strangers ask for the log-in page, each from another address; within one second, as far as Footpath sees."""
    settings.LOG_INS_A_SECOND = 4
    at = SimpleNamespace(now=0.0)
    monkeypatch.setattr(guessing.time, "monotonic", lambda: at.now)
    monkeypatch.setattr("triage.admin.sign_in.crowd", guessing.Crowd())
    return at


def test_a_crowd_gets_a_page_that_asks_nothing_of_the_database(crowded, django_assert_num_queries):
    assert [guess(number).status_code for number in range(6)] == [200] * 4 + [429] * 2
    with django_assert_num_queries(0):
        page = Client().get(LOGIN)
    assert (page.status_code, page["Retry-After"]) == (429, "2")
    assert "Wait two seconds and try again." in text(page)
    assert "no-store" in page["Cache-Control"]
    assert not page.cookies
    crowded.now = 1.0
    assert guess(8, PASSWORD).status_code == 302  # the next second is a new one


def test_who_is_crowded_out_has_made_no_wrong_guess(anna, crowded):
    entered = AccessEntry.objects.count()
    for number in range(40):
        guess(number)
    assert AccessEntry.objects.count() == entered + 4


def test_a_known_device_comes_in_through_a_crowd(own, crowded):
    for number in range(40):
        guess(number)
    assert own.get(LOGIN).status_code == 200
    assert here(own, PASSWORD).status_code == 302


def test_a_known_device_that_is_copied_crowds_itself_alone(own, crowded):
    copies = [Client() for _each in range(10)]
    for copy in copies:
        copy.cookies["device"] = own.cookies["device"].value
    answers = [copy.get(LOGIN).status_code for copy in copies]
    assert answers == [200] * 4 + [429] * 6
    assert Client().get(LOGIN).status_code == 200


def test_a_forged_device_is_in_the_crowd(crowded):
    answers = []
    for number in range(6):
        client = Client()
        client.cookies["device"] = f"forged:{number}"
        answers.append(client.get(LOGIN).status_code)
    assert answers == [200] * 4 + [429] * 2


@pytest.mark.parametrize("path", ["/admin/second-factor/", "/admin/second-factor/set-up/"])
def test_whoever_crowds_one_page_of_the_sign_in_does_not_crowd_the_others(crowded, path):
    assert [Client().get(path).status_code for _time in range(6)] == [302] * 4 + [429] * 2
    assert Client().get(LOGIN).status_code == 200


def test_patients_pages_are_never_crowded(crowded):
    publish()
    assert {Client().get("/").status_code for _time in range(20)} == {200}


def test_a_crowd_is_counted_and_fills_no_log(crowded, caplog, monkeypatch):
    counted = []
    monkeypatch.setattr("triage.admin.sign_in.meters", SimpleNamespace(went_wrong=counted.append))
    for number in range(7):
        guess(number)
    assert counted == ["crowd"] * 3
    assert not [record for record in caplog.records if "Too Many" in record.getMessage()]


def test_without_the_limit_all_are_looked_at(crowded, settings):
    settings.LOG_INS_A_SECOND = 1000
    assert {guess(number).status_code for number in range(15)} == {200}


def test_one_hash_at_a_time_one_waits_and_the_rest_are_told_at_once():
    begun, go_on, said = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        go_on.wait(10)
        return "done"

    def ask():
        try:
            said.append(hashing.one_at_a_time(slow))
        except hashing.Busy:
            said.append("busy")

    first, second = threading.Thread(target=ask), threading.Thread(target=ask)
    first.start()
    begun.wait(10)
    second.start()
    while hashing.places.acquire(blocking=False):  # until the second waits
        hashing.places.release()
    for _other in range(10):
        ask()
    assert said == ["busy"] * 10
    go_on.set()
    first.join()
    second.join()
    assert said[10:] == ["done", "done"]


def test_a_busy_hasher_is_a_page_that_says_try_again(anna, settings, monkeypatch):
    settings.PASSWORD_HASHERS = QUEUED

    def busy(work):
        raise hashing.Busy

    monkeypatch.setattr(hashing, "one_at_a_time", busy)
    page = Client().post(LOGIN, {"username": "nobody", "password": "x"})
    assert (page.status_code, page["Retry-After"]) == (503, "2")
    assert "Try again in 2 seconds." in text(page)


def test_what_django_hashed_before_still_opens(settings, monkeypatch):
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1000)  # a million take seconds
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    stored = make_password("a password")
    settings.PASSWORD_HASHERS = QUEUED
    assert check_password("a password", stored)
    assert not check_password("another", stored)
    assert make_password("x").startswith("pbkdf2_sha256$")
