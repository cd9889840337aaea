"""What staff see of mails that did not go out, and what a manager sets and tries."""

from datetime import timedelta

import pytest

from tests.letterbox import ADDRESS, SECOND, left, minutes, tell
from tests.staff import DEFAULTS, EMERGENCY, WORKLIST, sheet, staff, submitted, text
from tests.visitor import NOW, publish
from triage import actions
from triage.models import Clinic, OutboxMail
from triage.store import outbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


# In the admin

LIST = "/admin/triage/outboxmail/"
SETTINGS_PAGE = "/admin/triage/clinic/1/change/"


def test_what_did_not_go_out_stands_on_every_page_and_in_its_list(letterbox):
    tell()
    session = submitted(EMERGENCY)
    reviewer = staff("Reviewers")
    letterbox.refuse = True
    actions.send_due(NOW)
    pages = ("/admin/", WORKLIST, sheet(session), "/admin/triage/invitation/", "/admin/password_change/")
    for page in pages:
        assert "1 mail about urgent submissions has not gone out" in text(reviewer.get(page)), page
    row = text(reviewer.get(LIST))
    assert session.reference in row
    assert "SMTPRecipientsRefused" in row
    assert ADDRESS not in row
    letterbox.refuse = False
    actions.send_due(NOW + timedelta(hours=1))
    for page in pages:
        assert "not gone out" not in text(reviewer.get(page)), page
    assert session.reference not in text(reviewer.get(LIST))


def test_an_unfinished_emergency_stands_there_too_where_nobody_runs_the_command(port):
    tell("emergency")
    left()
    assert outbox.late(Clinic.objects.get(), minutes(18) - timedelta(seconds=1)).mails == 0
    assert outbox.late(Clinic.objects.get(), minutes(18)).mails == 1
    actions.note_untold(minutes(18))
    assert outbox.late(Clinic.objects.get(), minutes(18)).mails == 0  # it waits in the outbox, as any other


@pytest.mark.parametrize(
    "after, fields, count",
    [
        (timedelta(minutes=15), {}, 0),
        (timedelta(minutes=15, seconds=1), {}, 1),
        (timedelta(0), {"next_at": None, "tries": 9}, 1),
        (timedelta(days=9), {"next_at": None, "sent_at": NOW}, 0),
    ],
    ids=["waiting", "nobody sends", "given up", "sent"],
)
def test_late_is_what_was_given_up_or_waits_too_long(after, fields, count):
    tell()
    submitted(EMERGENCY)
    OutboxMail.objects.update(**fields)
    assert outbox.late(Clinic.objects.get(), NOW + after).mails == count


def test_auditors_see_neither():
    tell()
    submitted(EMERGENCY)
    auditor = staff("Auditors")
    assert "not gone out" not in text(auditor.get("/admin/"))
    assert auditor.get(LIST).status_code == 403


def wanted(**changed):
    return DEFAULTS | {"tell_about": "urgent", "mail": ADDRESS} | changed


def test_telling_needs_an_address(port):
    manager = staff("Managers")
    assert "Give the address that the mails go to." in text(manager.post(SETTINGS_PAGE, wanted(mail="")))
    answer = manager.post(SETTINGS_PAGE, wanted())
    assert answer.status_code == 302, answer.context["errors"]
    assert Clinic.objects.get().tell_about == "urgent"


def test_telling_needs_a_mail_server(settings):
    settings.EMAIL_HOST = ""
    manager = staff("Managers")
    assert "This server sends no mail" in text(manager.post(SETTINGS_PAGE, wanted()))
    assert Clinic.objects.get().tell_about == "nothing"
    assert manager.post(SETTINGS_PAGE, wanted(tell_about="nothing")).status_code == 302


# A test mail

TEST_MAIL = "/admin/triage/clinic/test-mail/"


def test_a_manager_sees_whether_mails_arrive(letterbox):
    tell()
    Clinic.objects.update(second_mail=SECOND)
    manager = staff("Managers")
    assert "Send a test mail" in text(manager.get(SETTINGS_PAGE))
    assert f"Sent to {ADDRESS} and {SECOND}" in text(manager.post(TEST_MAIL, follow=True))
    assert [letter["To"] for letter in letterbox.letters] == [ADDRESS, SECOND]
    assert {letter["Subject"] for letter in letterbox.letters} == {"Footpath: this is a test"}


@pytest.mark.parametrize("why", ["no server", "no address", "refused"])
def test_a_test_mail_that_cannot_go_out_says_why(letterbox, settings, why):
    if why != "no address":
        tell()
    if why == "no server":
        settings.EMAIL_HOST = ""
    letterbox.refuse = why == "refused"
    said = {
        "no server": "This server sends no mail",
        "no address": "Give the address",
        "refused": "did not take it (SMTPRecipientsRefused)",
    }
    assert said[why] in text(staff("Managers").post(TEST_MAIL, follow=True))
    assert not letterbox.letters


def test_only_who_may_change_the_settings_sends_one(letterbox):
    tell()
    assert staff("Reviewers").post(TEST_MAIL).status_code == 403
    assert not letterbox.letters
