"""Accounts as managers see to them: a one-time link in place of a first password, and nobody raises themselves."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tests.staff import staff, text
from triage import actions
from triage.models import AccessEntry

pytestmark = [pytest.mark.django_db, pytest.mark.alike("accounts are Django's own on both")]
PAGE = "/admin/staff/"
PASSWORD = "a password of its own"


@pytest.fixture
def manager(db):
    return staff("Managers")


def invite(client, username="nurse", group="Reviewers"):
    return client.post(PAGE, {"invite": "yes", "username": username, "group": group})


def link_in(page):
    return re.search(r'id="one-time" readonly value="http://testserver([^"]+)"', page.content.decode())[1]


def choose(link, password=PASSWORD):
    browser = Client()
    page = browser.get(link, follow=True)
    path = page.request["PATH_INFO"]
    return browser.post(path, {"new_password1": password, "new_password2": password}, follow=True)


def test_an_invited_person_chooses_the_password_by_a_link_that_works_once(manager):
    page = invite(manager)
    link = link_in(page)
    nurse = User.objects.get(username="nurse")
    assert not nurse.has_usable_password()
    assert [group.name for group in nurse.groups.all()] == ["Reviewers"]
    assert "Your password is set" in text(choose(link))
    nurse.refresh_from_db()
    assert nurse.check_password(PASSWORD)
    assert "This link has been used" in text(Client().get(link, follow=True))
    assert link not in manager.get(PAGE).content.decode()
    assert AccessEntry.objects.filter(about="user nurse", detail="invited to Reviewers").exists()


def test_a_link_ends_after_a_day(manager, monkeypatch):
    link = link_in(invite(manager))
    from django.contrib.auth.tokens import PasswordResetTokenGenerator

    now = PasswordResetTokenGenerator()._now()
    monkeypatch.setattr(
        PasswordResetTokenGenerator, "_now", lambda self: now + timedelta(hours=24, seconds=5)
    )
    assert "This link has been used, or its day is over" in text(Client().get(link, follow=True))


def test_a_weak_password_is_refused(manager):
    page = choose(link_in(invite(manager)), "password1234")
    assert "too common" in text(page)
    assert not User.objects.get(username="nurse").has_usable_password()


def test_a_disabled_person_cannot_sign_in_and_can_once_enabled(manager):
    choose(link_in(invite(manager)))
    nurse = User.objects.get(username="nurse")
    for what, signs_in in (("disable", False), ("enable", True)):
        assert manager.post(PAGE, {f"{what}-{nurse.pk}": ""}).status_code == 302
        nurse.refresh_from_db()
        assert nurse.is_active is signs_in
    found = AccessEntry.objects.filter(about="user nurse", what="change").order_by("number")
    assert [entry.detail for entry in found][1:] == ["disabled", "enabled"]


def test_a_new_link_ends_the_old_password(manager):
    choose(link_in(invite(manager)))
    nurse = User.objects.get(username="nurse")
    link = link_in(manager.post(PAGE, {f"reset-{nurse.pk}": ""}))
    nurse.refresh_from_db()
    assert not nurse.check_password(PASSWORD)
    choose(link, "another password of its own")
    nurse.refresh_from_db()
    assert nurse.check_password("another password of its own")


@pytest.mark.parametrize("what", ["disable", "enable", "reset", "raise"])
def test_nobody_manages_themselves_or_a_superuser(manager, what):
    me, boss = User.objects.get(username="managers"), User.objects.create_superuser("boss")
    loose = User.objects.create_user("loose", is_staff=True)
    for user in (me, boss, loose):
        assert manager.post(PAGE, {f"{what}-{user.pk}": ""}).status_code == 403
    for user in (me, boss, loose):
        user.refresh_from_db()
        assert user.is_active


def test_nobody_gets_more_than_one_of_the_groups(manager):
    Group.objects.create(name="Everything")
    assert "Select a valid choice" in text(invite(manager, group="Everything"))
    manager.post(PAGE, {"invite": "yes", "username": "x", "group": "Reviewers", "is_superuser": "on"})
    assert not User.objects.get(username="x").is_superuser
    assert "There is an account of that name already." in text(invite(manager, username="managers"))


@pytest.mark.parametrize("kind", ["Reviewers", "Auditors"])
def test_others_manage_nobody(kind):
    client = staff(kind)
    nurse = actions.create_staff("nurse", PASSWORD, "Reviewers")
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {f"disable-{nurse.pk}": ""}).status_code == 403
    assert invite(client, "other").status_code == 403
    nurse.refresh_from_db()
    assert nurse.is_active


def test_the_groups_are_told_in_words(manager):
    page = text(manager.get(PAGE))
    assert "Auditors: read the access log, and nothing of patients" in page


# The first password


CHANGE, FIRST, OWN = "/admin/password_change/", "printed on the server", "a password of my own"


def change(client, old=FIRST, new=OWN):
    data = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(CHANGE, data, follow=True)


def signed_in(name, password):
    client = Client()
    client.post("/admin/login/", {"username": name, "password": password})
    return client


@pytest.fixture
def newcomer(db):
    actions.create_staff("new", FIRST, "Managers", first=True)
    return signed_in("new", FIRST)


def test_a_first_password_opens_nothing_but_the_page_where_one_chooses_another(newcomer):
    for address in ("/admin/", "/admin/triage/triagesession/", PAGE):
        assert newcomer.get(address)["Location"] == CHANGE
    assert newcomer.post(PAGE, {"invite": "yes", "username": "x", "group": "Managers"})["Location"] == CHANGE
    assert not User.objects.filter(username="x").exists()
    assert "Choose a password of your own first" in text(newcomer.get("/admin/", follow=True))


def test_with_a_password_of_their_own_they_work_on_in_the_same_session(newcomer):
    change(newcomer)
    assert newcomer.get("/admin/").status_code == 200
    assert AccessEntry.objects.filter(who="new", about="own password").count() == 1
    assert signed_in("new", OWN).get("/admin/").status_code == 200


def test_signing_in_once_more_does_not_make_the_first_password_theirs(newcomer):
    newcomer.post("/admin/logout/")
    assert signed_in("new", FIRST).get("/admin/")["Location"] == CHANGE


def test_the_same_password_is_no_other(newcomer):
    assert "Choose another password than the one you have." in text(change(newcomer, new=FIRST))
    assert newcomer.get("/admin/")["Location"] == CHANGE


def test_whoever_gets_a_link_in_place_of_it_chooses_once(manager):
    user = actions.create_staff("new", FIRST, "Reviewers", first=True)
    choose(link_in(manager.post(PAGE, {f"reset-{user.pk}": ""})), OWN)
    assert signed_in("new", OWN).get("/admin/").status_code == 200


def test_they_can_log_out_and_whoever_chose_already_is_asked_nothing(newcomer):
    assert newcomer.post("/admin/logout/").status_code == 200
    actions.create_staff("old", OWN, "Managers")
    assert signed_in("old", OWN).get("/admin/").status_code == 200
