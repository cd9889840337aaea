"""The staff's first page: the day in numbers, the next visits, what the system wants, and what a new clinic settles."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.staff import EMERGENCY, SAME_DAY, State, staff, step, submitted, text
from tests.visitor import publish
from triage import actions
from triage.apps import warn_of_what_is_missing
from triage.models import Clinic, TriageSession

pytestmark = [pytest.mark.django_db, pytest.mark.alike("it is about what a page says")]
HOME = "/admin/"


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def test_the_day_in_numbers_each_leads_to_its_tab(reviewer):
    for answers in (EMERGENCY, SAME_DAY):
        submitted(answers)
    step(submitted(), User.objects.get(username="reviewers"), State.ACKNOWLEDGED)
    page = reviewer.get(HOME)
    assert "2 Unseen" in text(page)
    assert "1 To review" in text(page)
    assert 'href="/admin/triage/triagesession/?tab=to-review"' in page.content.decode()


def test_the_next_visits_say_what_is_missing(reviewer):
    user, now = User.objects.get(username="reviewers"), timezone.now()
    labels = ("not opened", "begun", "to review", "done", "far away")
    wanted = [
        {"label": label, "appointment_at": now + timedelta(hours=2), "language": "en"} for label in labels
    ]
    wanted[-1]["appointment_at"] = now + timedelta(days=3)
    made = [invitation for invitation, _code in actions.invite(wanted, user, now)]
    for invitation in made[1:4]:
        actions.start_session("en", now, invitation=invitation)
    for invitation in made[2:4]:
        session = submitted(now=now)
        TriageSession.objects.filter(invitation=invitation).delete()
        TriageSession.objects.filter(pk=session.pk).update(
            invitation=invitation, appointment_at=invitation.appointment_at
        )
        invitation.sent_at = now
        invitation.save()
    step(TriageSession.objects.get(invitation=made[3]), user, State.REVIEWED)
    page = reviewer.get(HOME)
    assert [visit["missing"] for visit in page.context["visits"]] == [
        "not opened",
        "begun, not handed in",
        "to review",
        "",
    ]
    assert "far away" not in text(page)


def test_a_new_clinic_is_told_what_to_settle_and_sees_what_is_done():
    manager = staff("Managers")
    page = text(manager.get(HOME))
    assert "8 of 9 steps are left" in page
    Clinic.objects.update(name="Hillside Feet", phone="555 0100", signed_off="Dr. Rivera, Nov 30")
    page = text(manager.get(HOME))
    assert "5 of 9 steps are left" in page
    assert "Have a clinician sign the decisions of docs/clinical-safety.md done" in page
    assert "steps are left" not in text(staff("Reviewers").get(HOME))


def test_the_list_is_gone_once_all_is_settled(settings):
    settings.EMAIL_HOST = "mail.example"
    manager = staff("Managers")
    actions.create_staff("second", "a password of its own", "Managers")
    Clinic.objects.update(
        name="Hillside Feet",
        phone="555 0100",
        hours="9 to 5",
        languages=["en"],
        retention_days=365,
        tell_about="urgent",
        mail="desk@clinic.example",
        second_mail="chief@clinic.example",
        signed_off="Dr. Rivera",
    )
    assert "1 of 9 steps are left" in text(manager.get(HOME))
    actions.attach_passages(["A passage."], timezone.now())
    assert "steps are left" not in text(manager.get(HOME))


def test_what_the_system_wants_stands_there(settings):
    settings.STAFF_SECOND_FACTOR = False
    manager = staff("Managers")
    assert "No number is set for patients to call." in text(manager.get(HOME))
    Clinic.objects.update(phone="555 0100")
    assert "Wants looking after" not in text(manager.get(HOME))


def test_whoever_deploys_is_warned_of_the_same():
    told = [warning.msg for warning in warn_of_what_is_missing()]
    assert len(told) == 8
    Clinic.objects.update(phone="555 0100")
    assert len(warn_of_what_is_missing()) == 7
