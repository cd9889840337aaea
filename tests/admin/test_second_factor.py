"""Staff sign in with a password and a code from their own device; nothing of the admin opens before both are given."""

import re
from base64 import b32decode
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from tests.addresses import World, outcome, routes
from tests.browser import axe_finds, each_look, press
from tests.staff import WORKLIST, statements, text
from tests.visitor import publish
from triage import actions
from triage.admin import sign_in
from triage.models import AccessEntry, FirstPassword

pytestmark = [pytest.mark.django_db, pytest.mark.alike("codes are checked by django-otp, in Python")]
PASSWORD = "a password of its own"
LOGIN, CODE, SET_UP = "/admin/login/", "/admin/second-factor/", "/admin/second-factor/set-up/"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def required(settings):
    settings.STAFF_SECOND_FACTOR = True


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=NOW)
    monkeypatch.setattr("django.utils.timezone.now", lambda: clock.now)
    monkeypatch.setattr("axes.handlers.proxy.now", lambda: clock.now)
    phone_time = SimpleNamespace(time=lambda: clock.now.timestamp())
    monkeypatch.setattr("django_otp.plugins.otp_totp.models.time", phone_time)
    return clock


@pytest.fixture
def anna(clock):
    return Member("anna", clock)


class Member:
    """A staff member with a browser and, once it is set up, an app that shows codes."""

    def __init__(self, name, clock, group="Managers"):
        self.name, self.clock, self.client = name, clock, Client()
        actions.create_staff(name, PASSWORD, group)

    def password(self, follow=True, address=LOGIN):
        return self.client.post(address, {"username": self.name, "password": PASSWORD}, follow=follow)

    def code(self, key="", after=30):
        """What the app shows half a minute later, since each code works once."""
        self.clock.now += timedelta(seconds=after)
        key = key or TOTPDevice.objects.get(user__username=self.name).key
        totp = TOTP(bytes.fromhex(key))
        totp.time = self.clock.now.timestamp()
        return f"{totp.token():06}"

    def type(self, code, address=CODE, follow=True):
        return self.client.post(address, {"code": code}, follow=follow)

    def set_up(self):
        """From the password to the ten recovery codes."""
        self.password()
        return self.type(self.code(self.client.session[sign_in.HALF_IN]["key"]), SET_UP).context["codes"]

    def log_out(self):
        self.client.post("/admin/logout/")

    def is_in(self):
        return self.client.get("/admin/").status_code == 200


# Setting up


def test_the_first_sign_in_leads_to_the_set_up_page_and_ends_with_ten_codes(anna):
    page = anna.password()
    assert page.redirect_chain[-1][0] == SET_UP
    key = page.context["key"]
    assert key in text(page)
    assert "<svg" in page.content.decode()
    assert f"secret={key.replace(' ', '')}" in page.context["link"]
    assert not anna.is_in()
    codes = anna.set_up()
    assert len(set(codes)) == 10
    assert anna.is_in()
    again = anna.type("000000", SET_UP)  # a reload of the page with the codes
    assert again.redirect_chain[-1][0] == "/admin/"
    assert codes[0][:4] not in text(again)


def test_the_code_comes_first_and_then_a_password_of_ones_own(clock):
    bea = Member("bea", clock)
    FirstPassword.objects.create(user=User.objects.get(username="bea"))
    bea.set_up()
    assert bea.client.get("/admin/")["Location"] == "/admin/password_change/"
    own = "another of her own"
    data = {"old_password": PASSWORD, "new_password1": own, "new_password2": own}
    assert bea.client.post("/admin/password_change/", data).status_code == 302
    assert bea.is_in()


def test_a_wrong_code_sets_nothing_up(anna):
    anna.password()
    assert "That is not the code" in text(anna.type("123456", SET_UP))
    assert not TOTPDevice.objects.exists()
    assert not anna.is_in()


def test_the_set_up_page_closes_once_there_is_a_device(anna):
    anna.set_up()
    anna.log_out()
    anna.password()
    assert anna.client.get(SET_UP)["Location"] == CODE
    key = anna.client.session[sign_in.HALF_IN]["key"]
    assert anna.type(anna.code(key), SET_UP, follow=False)["Location"] == CODE
    assert TOTPDevice.objects.count() == 1
    with pytest.raises(actions.WrongCode):
        actions.set_up_second_factor(User.objects.get(), key, anna.code(key), anna.clock.now)


def test_half_way_in_ends_with_a_change_of_the_password(anna):
    anna.password()
    assert anna.client.get(SET_UP).status_code == 200
    user = User.objects.get()
    user.set_password("another one of their own")
    user.save()
    assert anna.client.get(SET_UP)["Location"] == LOGIN


def test_nothing_that_opens_the_account_is_stored_as_it_is_typed(anna):
    codes = anna.set_up()
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert len(stored) == 10
    assert not stored & set(codes)
    assert not stored & {code.lower() for code in codes}


# Signing in


@pytest.fixture
def known(anna):
    """Anna, with a device and recovery codes, logged out."""
    anna.codes = anna.set_up()
    anna.log_out()
    return anna


def test_the_code_is_asked_after_the_password_and_leads_to_what_was_asked_for(known):
    page = known.password(address=f"{LOGIN}?next=/admin/triage/release/")
    assert page.redirect_chain[-1][0] == CODE
    assert not known.is_in()
    opened = known.type(known.code())
    assert opened.redirect_chain[-1][0] == "/admin/triage/release/"
    assert known.is_in()


def test_no_address_elsewhere_is_led_to(known):
    known.password(address=f"{LOGIN}?next=https://elsewhere.example/")
    assert known.type(known.code(), follow=False)["Location"] == "/admin/"


def test_a_code_works_once(known):
    code = known.code()
    known.password()
    known.type(code)
    known.log_out()
    known.password()
    assert "That is not the code" in text(known.type(code))
    assert not known.is_in()


def test_a_recovery_code_works_once_and_says_how_many_are_left(known):
    known.password()
    shown = known.codes[3]
    page = known.type(f" {shown[:4].lower()}-{shown[4:]} ")
    assert "9 of 10 are left" in text(page)
    assert AccessEntry.objects.filter(what="login").latest("number").detail == "with a recovery code"
    known.log_out()
    known.password()
    known.type(shown)
    assert not known.is_in()


def test_a_code_of_somebody_else_opens_nothing(known, clock):
    rob = Member("rob", clock)
    rob.set_up()
    known.password()
    known.type(rob.code())
    assert not known.is_in()


def test_after_wrong_codes_even_the_right_one_has_to_wait(known):
    known.password()
    known.clock.now += timedelta(seconds=30)
    for pause in (1, 2):  # a third would lock the name
        known.type("000000")
        right = known.code(after=pause - 0.5)
        known.type(right)
        assert not known.is_in()
        known.clock.now += SECOND
    known.type(right)
    assert known.is_in()


def test_the_password_holds_for_ten_minutes(known):
    for late, held in ((timedelta(0), True), (SECOND, False)):
        known.password()
        known.clock.now += sign_in.PASSWORD_HOLDS + late
        assert (known.client.get(CODE).status_code == 200) is held


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_who_is_dismissed_between_password_and_code_does_not_come_in(known, change):
    known.password()
    code = known.code()
    User.objects.update(**change)
    known.type(code)
    assert "_auth_user_id" not in known.client.session


def test_the_session_key_is_new_after_the_password_and_after_the_code(known):
    known.client.get(LOGIN)
    known.client.session["planted"] = "x"
    keys = [known.client.session.session_key]
    known.password()
    keys.append(known.client.session.session_key)
    known.type(known.code())
    keys.append(known.client.session.session_key)
    assert len(set(keys)) == 3
    assert "planted" not in known.client.session


def test_only_who_has_given_both_is_noted_as_logged_in(known):
    entries = AccessEntry.objects.filter(what="login")
    before = entries.count()
    known.password()
    assert entries.count() == before
    known.type("000000")
    assert AccessEntry.objects.latest("number").what == "failed-login"
    known.type(known.code())
    assert entries.count() == before + 1


# Nothing opens without it

# What everybody sees: where one signs in, and that a link which is none opens nothing.
OPEN = {"/admin/login/": "200", "/admin/welcome/MQ/no-such-token/": "200"}


@pytest.fixture
def half_in_world(db):
    """Sessions of a superuser: one by password alone, and one that somehow is signed in without a code."""
    world = World()
    User.objects.create_superuser("half", password=PASSWORD)
    world.clients["password"] = Client()
    world.clients["password"].post(LOGIN, {"username": "half", "password": PASSWORD})
    return world


def opened(world):
    """The admin's addresses that give such a person anything but the way to the log-in page."""
    found = {}
    for route in routes():
        path = world.path(route)
        for kind in ("password", "superuser"):
            for method in ("GET", "POST"):
                got = outcome(world.call(kind, method, path)) if path.startswith("/admin/") else "login"
                between = (path, got) in (
                    (CODE, "second_factor_set_up"),
                    (SET_UP, "200"),
                    ("/admin/logout/", "index"),
                    ("/admin/session/", "200"),  # which says that there is none
                )
                closed = got in ("404", "405")
                if got != "login" and not closed and not between and OPEN.get(path) != got:
                    found[method, path, kind] = got
    return found


def test_no_address_of_the_admin_opens_without_the_code(half_in_world):
    assert opened(half_in_world) == {}


def test_an_address_that_did_open_would_be_found(half_in_world, settings):
    settings.STAFF_SECOND_FACTOR = False
    assert len(opened(half_in_world)) > 30


# Losing the device


def test_a_reset_ends_the_sessions_and_leads_to_a_new_set_up(known, capsys):
    known.password()
    known.type(known.code())
    call_command("reset_second_factor", "anna")
    page = known.client.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0].startswith(LOGIN)
    assert "You have been signed out" in text(page)
    assert known.password().redirect_chain[-1][0] == SET_UP
    assert known.type(known.codes[0]).redirect_chain[-1][0] != "/admin/"
    entry = AccessEntry.objects.filter(what="change").latest("number")
    assert (entry.who, entry.about, entry.detail) == ("manage.py", "user anna", "second factor reset")
    with pytest.raises(CommandError, match="no account 'nobody'"):
        call_command("reset_second_factor", "nobody")


def test_a_superuser_resets_it_on_the_account_page(known, clock):
    boss = Member("boss", clock)
    User.objects.filter(username="boss").update(is_superuser=True)
    boss.set_up()
    user = User.objects.get(username="anna")
    page = f"/admin/auth/user/{user.pk}/change/"
    form = boss.client.get(page).context["adminform"].form
    kept = {"username": "anna", "is_active": "on", "is_staff": "on", "groups": user.groups.get().pk}
    kept |= {
        "last_login_0": "2026-11-22",
        "last_login_1": "09:00",
        "date_joined_0": "2026-11-22",
        "date_joined_1": "09:00",
    }
    assert "forget_device" in form.fields
    assert boss.client.post(page, kept)["Location"] == "/admin/auth/user/"
    assert TOTPDevice.objects.filter(user=user).exists()
    boss.client.post(page, kept | {"forget_device": "on"})
    assert not TOTPDevice.objects.filter(user=user).exists()
    assert AccessEntry.objects.filter(who="boss", about="user anna", detail="second factor reset").exists()


def test_no_page_shows_a_devices_key(known, half_in_world):
    assert not [route for route in routes() if "otp" in route or "axes" in route]


LOSSES = {
    "deleted": lambda devices: devices.delete(),
    "not confirmed any more": lambda devices: devices.update(confirmed=False),
    "somebody else's": lambda devices: devices.update(user=actions.create_staff("rob", PASSWORD, "Managers")),
}


@pytest.mark.parametrize("how", LOSSES)
def test_a_session_ends_with_its_device(anna, how):
    anna.set_up()
    assert anna.is_in()
    LOSSES[how](TOTPDevice.objects.all())
    assert not anna.is_in()


def test_the_device_of_a_session_is_its_users_own(anna, clock):
    anna.set_up()
    rob = Member("rob", clock)
    rob.set_up()
    session = anna.client.session
    session[DEVICE_ID_SESSION_KEY] = rob.client.session[DEVICE_ID_SESSION_KEY]
    session.save()
    assert rob.is_in()
    assert not anna.is_in()


def test_the_second_factor_asks_the_database_once_more(anna):
    """Than a list and a search do without it, see `test_worklist_searches.py`."""
    anna.set_up()
    publish()
    assert [len(statements(anna.client, WORKLIST + query)) for query in ("", "?q=BCD")] == [11, 12]


# How long a session lasts


@pytest.mark.parametrize("second_factor", [True, False])
@pytest.mark.parametrize("late, still_in", [(-SECOND, True), (timedelta(0), True), (SECOND, False)])
def test_idle_for_fifteen_minutes(clock, settings, second_factor, late, still_in):
    settings.STAFF_SECOND_FACTOR = second_factor
    anna = Member("anna", clock)
    anna.set_up() if second_factor else anna.password()
    for _visit in range(3):  # each look begins the time anew
        clock.now += sign_in.IDLE
        assert anna.is_in()
    clock.now += sign_in.IDLE + late
    assert anna.is_in() is still_in


@pytest.mark.parametrize("late, still_in", [(-SECOND, True), (timedelta(0), True), (SECOND, False)])
def test_eight_hours_however_busy(anna, clock, late, still_in):
    anna.set_up()
    end = clock.now + sign_in.LONGEST
    while clock.now < end - sign_in.IDLE:
        clock.now += sign_in.IDLE
        assert anna.is_in()
    clock.now = end + late
    assert anna.is_in() is still_in


def test_a_session_without_its_times_is_over(anna):
    anna.set_up()
    session = anna.client.session
    del session["began_at"]
    session.save()
    assert not anna.is_in()


def test_looks_within_a_minute_write_nothing(anna):
    anna.set_up()
    anna.is_in()
    before = anna.client.session["seen_at"]
    anna.clock.now += timedelta(seconds=59)
    anna.is_in()
    assert anna.client.session["seen_at"] == before


# In a browser


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
def test_the_pages_have_no_fault_that_axe_knows(page, proof):
    actions.create_staff("anna", PASSWORD, "Managers")
    found, looks = [], proof.in_turn([("light", 820, 1180), ("dark", 820, 1180)])

    def look():
        for name in each_look(page, next(looks)):
            found.extend((name, page.url, fault["id"]) for fault in axe_finds(page))

    def go(button):
        press(page.locator(button).first)

    def give_password(name="anna"):
        page.goto(LOGIN)
        page.fill("#id_username", name)
        page.fill("#id_password", PASSWORD)
        go("[type=submit]")

    give_password()
    page.click("summary")
    key = re.sub(r"\s", "", page.inner_text(".key"))
    look()
    page.fill("#id_code", "123")
    go("[type=submit]")
    look()
    page.fill("#id_code", f"{TOTP(b32decode(key)).token():06}")
    go("[type=submit]")
    assert page.locator(".codes li").count() == 10
    page.get_by_role("button", name="Print").wait_for()
    code = page.locator(".codes code").first.inner_text()
    look()
    go("text=go on")
    go("#logout-form button")
    give_password()
    look()
    page.fill("#id_code", code)
    go("[type=submit]")
    assert "9 of 10" in page.inner_text(".messagelist")
    look()
    go("#logout-form button")
    for _turn in range(5):
        give_password("nobody")
    assert "Locked" in page.inner_text("h1")
    look()
    assert found == []
