"""An upgrade loses nothing: from each earlier state of the database, and back to it, with data in place."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from django.urls import reverse
from django.utils import timezone

from tests.visitor import BACK, NOW, Patient, publish
from triage import actions
from triage.models import Answer, TriageSession

pytestmark = pytest.mark.django_db(transaction=True)
EARLIER = sorted(name for app, name in MigrationLoader(None).disk_migrations if app == "triage")[:-1]


@pytest.fixture
def in_use():
    """A patient at the result, one midway, and a member of staff who reviewed."""
    publish()
    submitted, midway = Patient(BACK | {"note": "It began on Monday."}), Patient(BACK)
    submitted.whole()
    midway.go_on(midway.start(), until="question")
    session = TriageSession.objects.get(submitted_at__isnull=False)
    reviewer = actions.create_staff("reviewer", "a password of its own", "Reviewers")
    invited(reviewer)
    actions.review(session.pk, session.mark, reviewer, TriageSession.ReviewState.ACKNOWLEDGED, "", NOW)
    yield submitted, midway
    call_command("migrate", verbosity=0)  # whatever became of the test


def invited(reviewer):
    """One has handed in, one has begun, one has not opened the letter."""
    now = timezone.now()
    wanted = [
        {"label": label, "appointment_at": now + timedelta(days=1), "language": "en"} for label in "ABC"
    ]
    (_first, sent), (_second, begun), _third = actions.invite(wanted, reviewer, now)
    for code, until in ((sent, "check"), (begun, "question")):
        patient = Patient(BACK)
        patient.client.post(reverse("return"), {"code": code})
        patient.go_on(patient.client.get(reverse("go-on"), follow=True), until)
        patient.submit()


# Going back past 0014, the access log is chained anew as that version does; `verify_access_log` shows that it holds.
CHAINED = {
    "triage.AccessEntry": {"sha256", "salt", "commitment", "mark"},
    "triage.AccessChain": {"sha256"},
}


def everything():
    """Every row of every table, as the models of today read it; counts of an hour begin anew."""
    return {
        model._meta.label: sorted(
            model.objects.values(*_kept(model)), key=lambda row: str(row[model._meta.pk.attname])
        )
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and model._meta.label not in ("contenttypes.ContentType", "triage.Arrivals")
    }


def _kept(model):
    left_out = CHAINED.get(model._meta.label, ())
    return [field.attname for field in model._meta.concrete_fields if field.name not in left_out]


def go_back_and_forth(earlier, meanwhile=lambda: None):
    call_command("migrate", "triage", earlier, verbosity=0)
    meanwhile()
    call_command("migrate", verbosity=0)


def test_there_is_something_to_upgrade_from():
    assert EARLIER[0] == "0001_first"


def test_every_row_is_as_before_and_everybody_goes_on(in_use, proof):
    """Who goes back to the first goes through all: from each in its turn in the long form."""
    before = everything()
    for earlier in proof.size((EARLIER[-1], EARLIER[0]), reversed(EARLIER)):
        go_back_and_forth(earlier)
        assert everything() == before, earlier
    assert before["triage.Answer"]
    assert before["triage.AccessEntry"]
    invitations = sorted(before["triage.Invitation"], key=lambda row: row["id"])
    assert [bool(row["sent_at"]) for row in invitations] == [True, False, False]
    call_command("verify_store")
    call_command("verify_access_log")
    submitted, midway = in_use
    assert submitted.client.get(reverse("result")).status_code == 200
    assert midway.go_on(midway.client.get(reverse("go-on"), follow=True)).resolver_match.url_name == "check"


def test_a_lost_row_would_be_told(in_use):
    before = everything()
    go_back_and_forth(EARLIER[-1], Answer.objects.order_by("pk").last().delete)
    assert everything() != before
