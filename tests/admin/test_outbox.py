"""The mail that tells the clinic: with what is urgent, through a real mail server, and with no answer in it."""

import contextlib
import email
import socket
import time
from datetime import timedelta
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from tests.server.test_settings import manage
from tests.staff import EMERGENCY, ROUTINE, SAME_DAY, staff, submitted, text
from tests.visitor import NOW, Patient, publish
from triage import actions
from triage.domain.walk import read_answers
from triage.models import Clinic, OutboxMail, TriageSession
from triage.server.environment import read_environment
from triage.settings import EMAIL_TIMEOUT
from triage.store import outbox, releases

pytestmark = pytest.mark.django_db
ADDRESS = "desk@clinic.example"


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def tell(about="urgent"):
    Clinic.objects.update(tell_about=about, mail=ADDRESS)


@pytest.fixture
def port(settings):
    """A free port, and Footpath set to send its mail there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mail = read_environment(
        {"EMAIL_URL": f"smtp://127.0.0.1:{port}", "EMAIL_FROM": "footpath@clinic.example"}
    )
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = mail.email_url.host, mail.email_url.port
    settings.DEFAULT_FROM_EMAIL = mail.email_from
    settings.ALLOWED_HOSTS = ["footpath.example.org", "testserver"]
    settings.HTTPS = True
    return port


class Letterbox:
    """Keeps what it is handed; refuses every receiver when `refuse` is set."""

    def __init__(self):
        self.letters, self.refuse, self.look = [], False, lambda: None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse:
            return "550 no such person here: " + address
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.letters.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@contextlib.contextmanager
def mail_server(port):
    letterbox = Letterbox()
    controller = Controller(letterbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield letterbox
    finally:
        controller.stop()


@pytest.fixture
def letterbox(port):
    with mail_server(port) as letterbox:
        yield letterbox


# Which submissions


@pytest.mark.parametrize(
    "about, told", [("nothing", 0), ("emergency", 1), ("urgent", 2)], ids=["off", "emergency", "urgent"]
)
def test_the_clinic_is_told_of_what_it_wants_to_be_told_of(about, told):
    tell(about)
    for answers in (ROUTINE, SAME_DAY, EMERGENCY):
        submitted(answers)
    assert OutboxMail.objects.count() == told


def test_it_is_off_until_somebody_turns_it_on():
    submitted(EMERGENCY)
    assert not OutboxMail.objects.exists()


def test_an_emergency_sign_that_was_taken_back_is_told_too():
    tell("emergency")
    patient = Patient(ROUTINE)
    patient.go_on(patient.start())
    TriageSession.objects.update(emergency_at=timezone.now())  # as such a sign leaves it
    patient.submit()
    assert OutboxMail.objects.get().session.urgency == TriageSession.Urgency.ROUTINE


def test_demo_submissions_are_not_told_of():
    tell()
    submitted(EMERGENCY, demo=True)
    assert not OutboxMail.objects.exists()


def test_handing_in_twice_tells_once():
    tell()
    _session, key = actions.start_session("en", NOW)
    content = releases.content(releases.current().sha256, "en")
    filled = actions.fill_in(key, content.screens, read_answers(content, EMERGENCY), "en", NOW)
    for _time in range(2):
        actions.submit(filled, NOW)
    assert OutboxMail.objects.count() == 1


def test_the_mail_is_part_of_the_submission(monkeypatch):
    """Where it cannot be put into the outbox, nothing is handed in; there is no urgent one that nobody hears of."""
    tell()
    monkeypatch.setattr(OutboxMail, "save", lambda mail, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        submitted(EMERGENCY)
    assert not TriageSession.objects.filter(submitted_at__isnull=False).exists()


def test_a_patient_waits_for_no_mail_server(settings, monkeypatch):
    tell()
    monkeypatch.setattr("smtplib.SMTP", lambda *args, **options: 1 / 0)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert Patient(SAME_DAY).whole().resolver_match.url_name == "result"
    assert OutboxMail.objects.get().tries == 0


# What it says


def test_it_is_delivered_with_reference_and_link_and_no_answer(letterbox):
    tell()
    session = submitted(EMERGENCY)
    assert actions.send_due(NOW) == (1, 0)
    (letter,) = letterbox.letters
    assert (letter["To"], letter["From"]) == (ADDRESS, "footpath@clinic.example")
    assert letter["Auto-Submitted"] == "auto-generated"
    words = letter.get_content()
    assert session.reference in words
    assert f"https://footpath.example.org/admin/triage/triagesession/{session.pk}/change/" in words
    whole = letter.as_string().lower()
    for secret in ("emergency", "urgent", "same", "numb", "saddle", "leg", "foot pain", "back", "monday"):
        assert secret not in whole.replace("footpath", ""), secret


def test_two_mails_for_two_urgencies_differ_in_nothing_but_the_reference_and_link(port):
    tell()
    first, second = plain(submitted(EMERGENCY)), plain(submitted(SAME_DAY))
    assert first == second


def plain(session):
    message = outbox.message(session.told_by)
    return message.subject, message.body.replace(session.reference, "").replace(f"/{session.pk}/", "")


def test_it_goes_out_once(letterbox):
    tell()
    submitted(EMERGENCY)
    assert [actions.send_due(NOW + timedelta(days=days)) for days in (0, 1)] == [(1, 0), (0, 0)]
    assert len(letterbox.letters) == 1
    mail = OutboxMail.objects.get()
    assert (mail.sent_at, mail.next_at, mail.last_error) == (NOW, None, "")


# When it does not go out


def test_a_server_that_is_down_is_tried_again_and_gets_it_when_it_is_up(port):
    tell()
    submitted(EMERGENCY)
    assert actions.send_due(NOW) == (0, 1)
    mail = OutboxMail.objects.get()
    assert (mail.tries, mail.last_error) == (1, "ConnectionRefusedError")
    with mail_server(port) as letterbox:
        assert actions.send_due(NOW + timedelta(seconds=59)) == (0, 0)
        assert actions.send_due(NOW + timedelta(seconds=60)) == (1, 0)
    assert len(letterbox.letters) == 1
    assert OutboxMail.objects.get().last_error == ""


def test_refused_it_is_tried_with_growing_pauses_then_given_up_and_taken_up_again(letterbox):
    tell()
    letterbox.refuse = True
    submitted(EMERGENCY)
    now, pauses = NOW, []
    while True:
        assert actions.send_due(now) == (0, 1)
        mail = OutboxMail.objects.get()
        if mail.next_at is None:
            break
        pauses.append(mail.next_at - now)
        now = mail.next_at
    assert (mail.tries, mail.last_error) == (9, "SMTPRecipientsRefused")
    assert pauses == sorted(pauses) == actions.PAUSES
    assert actions.send_due(now + timedelta(days=9)) == (0, 0)
    letterbox.refuse = False
    call_command("send_mail_outbox", "--again")
    assert len(letterbox.letters) == 1


def test_one_that_fails_does_not_keep_back_the_others(letterbox, monkeypatch):
    tell()
    bad, good = submitted(EMERGENCY), submitted(EMERGENCY)
    message = outbox.message

    def down_for_one(mail):
        if mail.session_id == bad.pk:
            raise TimeoutError
        return message(mail)

    monkeypatch.setattr(actions.mail, "message", down_for_one)
    assert actions.send_due(NOW) == (1, 1)
    assert good.reference in letterbox.letters[0].get_content()


def test_two_senders_send_it_once():
    tell()
    submitted(EMERGENCY)
    assert actions.take_mail(NOW)
    assert actions.take_mail(NOW) is None


def test_a_sender_that_died_in_between_sends_the_same_mail_again(letterbox):
    tell()
    submitted(EMERGENCY)
    outbox.message(actions.take_mail(NOW)).send()  # and here it died
    assert actions.send_due(NOW + timedelta(minutes=1)) == (1, 0)
    first, second = letterbox.letters
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_mail_server_is_talked_to(port, monkeypatch):
    """On SQLite it would make every patient wait."""
    tell()
    submitted(EMERGENCY)
    open_ones = []
    monkeypatch.setattr(
        "smtplib.SMTP.connect", lambda *args: open_ones.append(connection.in_atomic_block) or 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        actions.send_due(NOW)
    assert open_ones == [False]
    assert EMAIL_TIMEOUT <= 10


# The command


def test_without_a_mail_server_the_command_says_so():
    refused = manage("send_mail_outbox")
    assert refused.returncode == 1
    assert "EMAIL_URL is not set" in refused.stderr


def test_without_a_host_the_command_says_so(port, settings):
    settings.ALLOWED_HOSTS = []
    with pytest.raises(CommandError, match="ALLOWED_HOSTS"):
        call_command("send_mail_outbox")


def test_the_loop_outlives_a_database_that_is_away(port, monkeypatch, caplog):
    rounds = iter([(0, 0), OperationalError("secret words"), (1, 0), KeyboardInterrupt()])
    slept = []

    def send_due(now):
        outcome = next(rounds)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr(actions, "send_due", send_due)
    monkeypatch.setattr(time, "sleep", slept.append)
    with pytest.raises(KeyboardInterrupt):
        call_command("send_mail_outbox", "--every", "30")
    assert slept == [30, 30, 30]
    assert "does not answer (OperationalError)" in caplog.text
    assert "secret" not in caplog.text


# In the admin

LIST = "/admin/triage/outboxmail/"


def test_what_did_not_go_out_stands_on_the_first_page_and_in_its_list(letterbox):
    tell()
    session = submitted(EMERGENCY)
    reviewer = staff("Reviewers")
    letterbox.refuse = True
    actions.send_due(NOW)
    assert "1 mail about urgent submissions has not gone out" in text(
        reviewer.get("/admin/")
    )  # NOW is long ago
    row = text(reviewer.get(LIST))
    assert session.reference in row
    assert "SMTPRecipientsRefused" in row
    assert ADDRESS not in row
    letterbox.refuse = False
    actions.send_due(NOW + timedelta(hours=1))
    assert "not gone out" not in text(reviewer.get("/admin/"))
    assert session.reference not in text(reviewer.get(LIST))


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
    assert outbox.late(NOW + after) == count


def test_auditors_see_neither():
    tell()
    submitted(EMERGENCY)
    auditor = staff("Auditors")
    assert "not gone out" not in text(auditor.get("/admin/"))
    assert auditor.get(LIST).status_code == 403


def test_telling_needs_an_address():
    page = "/admin/triage/clinic/1/change/"
    manager = staff("Managers")
    clinic = {field.name: field.value_from_object(Clinic()) for field in Clinic._meta.fields}
    wanted = {name: value for name, value in clinic.items() if value not in (None, False)} | {
        "tell_about": "urgent"
    }
    assert "Give the address that the mails go to." in text(manager.post(page, wanted))
    assert manager.post(page, wanted | {"mail": ADDRESS}).status_code == 302
    assert Clinic.objects.get().tell_about == "urgent"
