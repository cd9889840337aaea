"""The clinic's side, through HTTP as each kind of staff: who may see what, and the clinic's own settings."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tests.staff import EMERGENCY, SETTINGS, WORKLIST, State, given, send, sheet, staff, submitted, text
from tests.visitor import NOW, publish
from triage import actions
from triage.models import Clinic, TriageSession

pytestmark = [pytest.mark.django_db, pytest.mark.alike("rights are Django's own on both")]


@pytest.fixture(autouse=True)
def release(db):
    return publish()


# Who may do what

KINDS = ("anonymous", "Reviewers", "Managers", "Auditors", "superuser")
ACCESS = {
    "/admin/": (302, 200, 200, 200, 200),
    WORKLIST: (302, 200, 200, 403, 200),
    WORKLIST + "{pk}/change/": (302, 200, 200, 403, 200),
    WORKLIST + "{pk}/history/": (302, 200, 200, 403, 200),
    WORKLIST + "{pk}/delete/": (302, 403, 403, 403, 403),
    WORKLIST + "add/": (302, 403, 403, 403, 403),
    "/admin/triage/clinic/1/change/": (302, 403, 200, 403, 200),
    "/admin/triage/clinic/add/": (302, 403, 403, 403, 403),
    "/admin/triage/clinic/1/delete/": (302, 403, 403, 403, 403),
    "/admin/triage/release/": (302, 403, 200, 403, 200),
    "/admin/triage/release/{release}/change/": (302, 403, 200, 403, 200),
    "/admin/triage/release/{release}/delete/": (302, 403, 403, 403, 403),
    "/admin/triage/accessentry/": (302, 403, 403, 200, 200),
    "/admin/triage/accessentry/1/change/": (302, 403, 403, 200, 200),
    "/admin/triage/accessentry/1/delete/": (302, 403, 403, 403, 403),
    "/admin/triage/accessentry/add/": (302, 403, 403, 403, 403),
    "/admin/auth/user/": (302, 403, 403, 403, 200),
    "/admin/auth/user/add/": (302, 403, 403, 403, 200),
    "/admin/auth/group/": (302, 403, 403, 403, 200),
}


def test_each_kind_of_staff_opens_just_its_pages(release):
    pk = submitted().pk
    actions.note_access("view", "anna", NOW)
    for column, kind in enumerate(KINDS):
        client = staff(kind)
        found = {path: client.get(path.format(pk=pk, release=release.pk)).status_code for path in ACCESS}
        assert found == {path: row[column] for path, row in ACCESS.items()}, kind


def test_a_right_to_change_users_given_by_mistake_opens_nothing():
    client = staff("Managers")
    user = User.objects.get(username="managers")
    user.user_permissions.set(Permission.objects.all())
    assert client.get("/admin/auth/user/").status_code == 403
    assert client.get("/admin/triage/accessentry/").status_code == 403  # which a group opens


@pytest.mark.parametrize("kind", ["Reviewers", "Managers", "superuser"])
def test_nobody_deletes_or_changes_a_submission(kind):
    session = submitted()
    client = staff(kind)
    assert client.post(f"{WORKLIST}{session.pk}/delete/", {"post": "yes"}).status_code == 403
    assert (
        client.post(WORKLIST, {"action": "delete_selected", "_selected_action": [session.pk]}).status_code
        == 400
    )
    client.post(sheet(session), {"urgency": "1", "origin": "back", "review_state": "4"})
    assert TriageSession.objects.filter(pk=session.pk, origin="foot", review_state=State.NEW).exists()


def test_a_session_that_is_not_on_the_worklist_does_not_open(reviewer):
    quiet = given({"age": ("16-or-over",)})
    assert reviewer.get(sheet(quiet)).status_code == 404
    assert reviewer.get(f"{WORKLIST}{2**70}/change/").status_code == 404


# Clinic settings and Django's own log


def test_clinic_settings_are_shown_at_once():
    client = staff("Managers")
    assert client.get("/admin/triage/clinic/").url == "/admin/triage/clinic/1/change/"
    assert client.post("/admin/triage/clinic/1/change/", SETTINGS).status_code == 302
    start = text(Client().get(reverse("home")))
    assert "Hillside Feet" in start
    assert "999" in start
    assert "Hillside Feet" in text(client.get("/admin/"))


def test_only_the_languages_that_the_clinic_offers_are_there():
    submitted()
    client = staff("Managers")
    spanish = {"accept-language": "es"}
    assert "Español" in text(Client().get(reverse("home")))
    assert "Preguntas" in text(Client().get(reverse("home"), headers=spanish))
    client.post("/admin/triage/clinic/1/change/", SETTINGS | {"languages": ["en"]})
    assert "Español" not in text(Client().get(reverse("home")))
    assert "Preguntas" not in text(Client().get(reverse("home"), headers=spanish))
    patient = Client()
    patient.post(reverse("start"), headers=spanish)
    page = patient.get(reverse("go-on"), headers=spanish, follow=True).content.decode()
    assert '<html lang="en"' in page
    assert "es" not in client.get("/admin/triage/invitation/add/").context["form"].fields["language"].choices
    wrong = client.post("/admin/triage/clinic/1/change/", SETTINGS | {"languages": ["tlh"]})
    assert "Select a valid choice" in text(wrong)


def test_the_foot_of_the_sheet_is_the_clinics(reviewer):
    session = submitted()
    staff("Managers").post("/admin/triage/clinic/1/change/", SETTINGS | {"sheet_footer": "File in room 3."})
    assert "File in room 3." in text(reviewer.get(sheet(session)))


@pytest.mark.parametrize(
    "wrong", [{"emergency_number": ""}, {"emergency_number": "---"}, {"phone": "ring us"}, {"name": ""}]
)
def test_wrong_settings_are_refused(wrong):
    page = staff("Managers").post("/admin/triage/clinic/1/change/", SETTINGS | wrong)
    assert page.status_code == 200
    assert "Please correct the error" in text(page)
    assert Clinic.objects.get().name == "The clinic"
    with pytest.raises(ValidationError):
        actions.save_clinic(Clinic(pk=1, **SETTINGS | wrong), "anna", NOW)


def test_djangos_log_names_rows_by_opaque_codes_only(reviewer):
    session = submitted(EMERGENCY)
    assert str(session) == session.reference
    assert {str(answer) for answer in session.answers.all()} <= set(EMERGENCY)
    send(reviewer, session, State.ACKNOWLEDGED, "A note about a patient")
    staff("Managers").post("/admin/triage/clinic/1/change/", SETTINGS)
    entries = [f"{entry.object_repr} {entry.change_message}" for entry in LogEntry.objects.all()]
    assert len(entries) == 1
    assert entries[0].startswith("Clinic settings ")
    assert "555" not in entries[0]
