"""Mails to the clinic that do not go out at once, and the command that sends them."""

import time
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from tests.letterbox import SECOND, mail_server, minutes, tell
from tests.server.test_settings import manage
from tests.staff import EMERGENCY, submitted
from tests.visitor import NOW, publish
from triage import actions
from triage.models import Clinic, OutboxMail
from triage.settings import EMAIL_TIMEOUT
from triage.store import outbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


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
    call_command("send_outbox", "--again")
    assert len(letterbox.letters) == 1


def test_one_receiver_that_fails_does_not_keep_back_the_other(letterbox, monkeypatch):
    tell()
    Clinic.objects.update(second_mail=SECOND)
    submitted(EMERGENCY)
    message = outbox.message

    def down_for_the_first(mails):
        if mails[0].why != OutboxMail.Why.UNANSWERED:
            raise TimeoutError
        return message(mails)

    monkeypatch.setattr(outbox, "message", down_for_the_first)
    assert actions.send_due(minutes(30)) == (1, 1)
    assert letterbox.letters[0]["To"] == SECOND


def test_two_senders_send_it_once():
    tell()
    submitted(EMERGENCY)
    assert actions.take_mails(outbox.FIRST, NOW)
    assert actions.take_mails(outbox.FIRST, NOW) == []


def test_a_sender_that_died_in_between_sends_the_same_mail_again(letterbox):
    tell()
    submitted(EMERGENCY)
    outbox.message(actions.take_mails(outbox.FIRST, NOW)).send()  # and here it died
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
    refused = manage("send_outbox")
    assert refused.returncode == 1
    assert "EMAIL_URL is not set" in refused.stderr


def test_without_a_host_the_command_says_so(port, settings):
    settings.ALLOWED_HOSTS = []
    with pytest.raises(CommandError, match="ALLOWED_HOSTS"):
        call_command("send_outbox")


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
        call_command("send_outbox", "--every", "30")
    assert slept == [30, 30, 30]
    assert "does not answer (OperationalError)" in caplog.text
    assert "secret" not in caplog.text
