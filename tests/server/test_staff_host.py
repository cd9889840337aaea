"""Staff under a name of their own, which the proxy keeps to the clinic's network; patients under another."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from tests.staff import EMERGENCY, staff, submitted
from tests.visitor import publish
from triage.models import Clinic, OutboxMail
from triage.server.environment import read_environment
from triage.store.outbox import message

pytestmark = pytest.mark.django_db
PATIENTS, STAFF = "footpath.example.org", "staff.footpath.example.org"


@pytest.fixture
def own_name(settings):
    publish()
    settings.ALLOWED_HOSTS, settings.STAFF_HOST = [PATIENTS, STAFF], STAFF


def test_the_admin_is_on_no_other_name(own_name):
    manager = staff("Managers")
    for path in ("/admin/", "/admin/login/", "/admin/triage/triagesession/"):
        assert manager.get(path, headers={"host": PATIENTS}).status_code == 404
        assert manager.get(path, headers={"host": f"{PATIENTS}:443"}).status_code == 404
        assert manager.get(path, headers={"host": STAFF}).status_code in (200, 302)
        assert manager.get(path, headers={"host": f"{STAFF}:8443"}).status_code in (200, 302)
    assert manager.get("/", headers={"host": PATIENTS}).status_code == 200


def test_without_a_name_of_their_own_it_is_on_every_name(settings):
    publish()
    settings.ALLOWED_HOSTS = [PATIENTS, STAFF]
    assert staff("Managers").get("/admin/", headers={"host": PATIENTS}).status_code == 200


def test_links_lead_patients_and_staff_each_to_their_own(own_name):
    Clinic.objects.update(tell_about="emergency", mail="desk@example.org")
    submitted(EMERGENCY)
    assert f"//{STAFF}/admin/" in message([OutboxMail.objects.get()]).body
    when = "2099-01-01 10:00"
    manager = staff("Managers")
    letter = manager.post(
        "/admin/triage/invitation/paste/", {"lines": f"A, {when}, en"}, headers={"host": STAFF}
    )
    assert letter.status_code == 200
    room = manager.post("/admin/triage/invitation/room/", {"language": "en"}, headers={"host": STAFF})
    assert f"//{PATIENTS}{reverse('start')}?room=" in room.context["link"]


def test_the_name_stands_in_allowed_hosts_and_not_first():
    hosts = {"ALLOWED_HOSTS": f"{PATIENTS},{STAFF}", "STAFF_HOST": STAFF}
    assert read_environment(hosts).staff_host == STAFF
    for wrong in (
        {**hosts, "STAFF_HOST": PATIENTS},
        {**hosts, "ALLOWED_HOSTS": PATIENTS},
        {**hosts, "STAFF_HOST": "*"},
    ):
        with pytest.raises(ImproperlyConfigured, match=r"STAFF_HOST: .*; set "):
            read_environment(wrong)


def test_other_names_are_told_nothing_of_https_unless_the_clinic_says_so():
    assert not read_environment({}).hsts_subdomains
    assert read_environment({"HSTS_SUBDOMAINS": "on"}).hsts_subdomains
