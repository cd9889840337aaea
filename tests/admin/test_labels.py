"""A label that says who it is warns before a letter is made."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.staff import staff, text
from tests.visitor import publish
from triage.forms.invitations import NAME
from triage.models import Invitation

pytestmark = [pytest.mark.django_db, pytest.mark.alike("it is about what a text looks like")]
ADD, PASTE = "/admin/triage/invitation/add/", "/admin/triage/invitation/paste/"


@pytest.mark.parametrize(
    "label", ["Jane Doe", "Doe, Jane", "María Pérez", "12/03/1970", "1970-3-12", "555 0100 22"]
)
def test_what_looks_like_a_person_is_known(label):
    assert NAME.search(label)


@pytest.mark.parametrize("label", ["J. D.", "JD 14", "A17", "room 3", "Mo 14:30 b", "4711", "K-22-b"])
def test_what_is_a_sign_of_the_clinics_own_is_not(label):
    assert not NAME.search(label)


def test_it_warns_once_and_makes_it_for_who_is_sure():
    publish()
    when = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
    form = {"label": "Jane Doe", "appointment_at": when, "language": "en"}
    reviewer = staff("Reviewers")
    assert "“Jane Doe” looks like a name" in text(reviewer.post(ADD, form))
    assert not Invitation.objects.exists()
    reviewer.post(ADD, {**form, "sure": "on"})
    assert Invitation.objects.get().label == "Jane Doe"
    page = text(reviewer.post(PASTE, {"lines": f"John Doe, {when}, en\nJ. D., {when}, en"}))
    assert "Look at line 1: the label looks like a name" in page
    reviewer.post(ADD, {**form, "label": "M. L."})
    assert Invitation.objects.count() == 2
