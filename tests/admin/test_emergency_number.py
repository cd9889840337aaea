"""No manager alone sends patients to another emergency number."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.staff import SETTINGS, text
from tests.visitor import publish
from triage import actions
from triage.models import AccessEntry, Clinic

pytestmark = [pytest.mark.django_db, pytest.mark.alike("it is about who may change what")]
CLINIC, NUMBER = "/admin/triage/clinic/1/change/", "/admin/triage/clinic/number/"


@pytest.fixture(autouse=True)
def two_people(settings):
    settings.TWO_PEOPLE_PUBLISH = True
    publish()


def manager(name):
    client = Client()
    client.force_login(actions.create_staff(name, "a password of its own", "Managers"))
    return client


@pytest.fixture
def anna():
    return manager("anna")


@pytest.fixture
def bob():
    return manager("bob")


def number():
    return Clinic.objects.get().emergency_number


def test_another_manager_agrees_and_only_then_patients_are_told(anna, bob, client):
    page = anna.post(CLINIC, SETTINGS, follow=True)
    assert "Another manager has to agree to 999 first." in text(page)
    assert Clinic.objects.get().name == "Hillside Feet"  # all else is stored
    assert number() == "911"
    assert "tel:911" in client.get("/").content.decode()
    assert "anna wants patients to be told to call 999" in text(bob.get(NUMBER))
    assert "wants the emergency number to be 999" in text(bob.get("/admin/"))
    bob.post(NUMBER, {"agree": "on", "seen": "999"})
    assert "tel:999" in client.get("/").content.decode()
    assert [entry.who for entry in AccessEntry.objects.filter(detail__startswith="emergency number")] == [
        "bob"
    ]
    assert "Nobody has proposed" in text(bob.get(NUMBER))


def test_who_proposed_it_does_not_agree_to_it(anna, bob):
    anna.post(CLINIC, SETTINGS)
    assert "another manager agrees" in text(anna.get(NUMBER))
    assert "another manager agrees" in text(anna.post(NUMBER, {"agree": "on", "seen": "999"}, follow=True))
    assert number() == "911"
    anna.post(CLINIC, SETTINGS)  # nor by saying it again
    assert number() == "911"


def test_it_is_refused_or_taken_back(anna, bob):
    for refusing in (anna, bob):
        anna.post(CLINIC, SETTINGS)
        refusing.post(NUMBER, {"refuse": "on", "seen": "999"})
        assert (number(), Clinic.objects.get().proposed_number) == ("911", "")


def test_what_was_seen_is_what_is_agreed_to(anna, bob):
    anna.post(CLINIC, SETTINGS)
    anna.post(CLINIC, SETTINGS | {"emergency_number": "112"})
    assert "no longer proposed" in text(bob.post(NUMBER, {"agree": "on", "seen": "999"}, follow=True))
    assert number() == "911"
    bob.post(NUMBER, {"seen": "112"})
    assert number() == "911"


def test_a_manager_who_is_the_only_one_and_a_clinic_that_asks_for_one_are_not_held_up(anna, settings):
    anna.post(CLINIC, SETTINGS)
    assert number() == "999"
    User.objects.create_user("bob")
    settings.TWO_PEOPLE_PUBLISH = False
    manager("carol").post(CLINIC, SETTINGS | {"emergency_number": "112"})
    assert number() == "112"
