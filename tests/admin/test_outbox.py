"""The mail that tells the clinic: with what is urgent, through a real mail server, and with no answer in it."""

import contextlib
import email
import re
import time
from datetime import timedelta
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from proofs.servers import free_port
from tests.server.test_settings import manage
from tests.staff import (
    DEFAULTS,
    EMERGENCY,
    ROUTINE,
    SAME_DAY,
    WORKLIST,
    State,
    given,
    sheet,
    staff,
    step,
    submitted,
    text,
)
from tests.visitor import BACK, NOW, Patient, publish
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
    port = free_port()
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
    monkeypatch.setattr(OutboxMail.objects, "bulk_create", lambda mails, **options: 1 / 0)
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
    assert page_of(session) in words
    whole = letter.as_string().lower()
    for secret in ("numb", "saddle", "leg", "foot pain", "back", "monday"):
        assert secret not in whole.replace("footpath", ""), secret


def page_of(session):
    return f"https://footpath.example.org/admin/triage/triagesession/{session.pk}/change/"


def test_two_mails_of_one_urgency_differ_in_nothing_but_the_reference_and_link(port):
    tell()
    first, second = plain(submitted(EMERGENCY)), plain(submitted(WEAK_LEG))
    assert first == second
    assert first != plain(submitted(SAME_DAY))


WEAK_LEG = BACK | {"safety-now": ["cold-limb"]}


def plain(session):
    message = outbox.message([session.told_by.get()])
    return re.sub(r"\d unseen", "", message.subject), message.body.replace(session.reference, "").replace(
        f"/{session.pk}/", ""
    )


def test_the_subject_tells_an_emergency_from_a_same_day_need_and_counts_what_nobody_has_seen(letterbox):
    tell()
    seen = submitted(EMERGENCY)
    step(seen, staff_user(), State.ACKNOWLEDGED)
    now = NOW
    for answers, subject in (
        (EMERGENCY, "Footpath: emergency (1 unseen)"),
        (SAME_DAY, "Footpath: same day (1 unseen)"),
        (EMERGENCY, "Footpath: emergency (2 unseen)"),
    ):
        submitted(answers)
        now += timedelta(minutes=1)
        assert actions.send_due(now) == (1, 0)
        assert letterbox.letters[-1]["Subject"] == subject


def test_what_was_acknowledged_before_its_mail_went_out_needs_none(letterbox):
    tell()
    seen, waiting = submitted(EMERGENCY), submitted(EMERGENCY)
    step(seen, staff_user(), State.ACKNOWLEDGED)
    assert actions.send_due(NOW) == (1, 0)
    assert seen.reference not in letterbox.letters[0].get_content()
    assert waiting.reference in letterbox.letters[0].get_content()
    assert OutboxMail.objects.count() == 1


def staff_user():
    return User.objects.filter(username="nurse").first() or actions.create_staff("nurse", "a b", "Reviewers")


# Several within a minute


def test_the_first_goes_out_at_once_and_what_comes_within_a_minute_is_one_mail(letterbox):
    tell()
    first = submitted(EMERGENCY)
    assert actions.send_due(NOW) == (1, 0)
    later = [submitted(answers) for answers in (SAME_DAY, EMERGENCY, EMERGENCY)]
    assert actions.send_due(NOW + timedelta(seconds=59)) == (0, 0)
    assert actions.send_due(NOW + timedelta(seconds=60)) == (1, 0)
    one, many = letterbox.letters
    assert one["Subject"] == "Footpath: emergency (1 unseen)"
    assert many["Subject"] == "Footpath: emergency (3 unseen), same day (1 unseen)"
    words = many.get_content()
    assert first.reference not in words
    # The most urgent first.
    assert [words.index(session.reference) for session in later[1:] + later[:1]] == sorted(
        words.index(session.reference) for session in later
    )


def test_a_mail_names_so_many_and_counts_the_rest(letterbox, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_NAMED", 2)
    tell()
    for _turn in range(3):
        submitted(EMERGENCY)
    actions.send_due(NOW)
    assert letterbox.letters[0].get_content().count("/change/") == 2
    assert "and 1 more on the worklist" in letterbox.letters[0].get_content()


def test_a_clock_that_was_set_back_keeps_no_mail_back(letterbox):
    tell()
    submitted(EMERGENCY)
    actions.send_due(NOW + timedelta(hours=1))
    submitted(EMERGENCY)
    assert actions.send_due(NOW) == (1, 0)


# An emergency sign, and the page was left


def left(demo=False):
    session = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)})
    TriageSession.objects.filter(pk=session.pk).update(demo=demo)
    return session


def minutes(count):
    return NOW + timedelta(minutes=count)


def test_an_emergency_that_was_never_handed_in_is_told_after_the_minutes_that_the_clinic_set(letterbox):
    tell("emergency")
    session = left()
    assert actions.send_due(minutes(3) - timedelta(seconds=1)) == (0, 0)
    assert actions.send_due(minutes(3)) == (1, 0)
    (letter,) = letterbox.letters
    assert letter["Subject"] == "Footpath: emergency (1 unseen)"
    assert f"{session.reference} (emergency, not finished)" in letter.get_content()
    assert page_of(session) in letter.get_content()
    assert "cold" not in letter.as_string()
    for count in (4, 5, 90):
        assert actions.send_due(minutes(count)) == (0, 0)  # once


def test_the_clinic_sets_how_long_it_waits_for_the_rest(letterbox):
    tell("emergency")
    Clinic.objects.update(tell_after=10)
    left()
    assert [actions.send_due(minutes(count)) for count in (9, 10)] == [(0, 0), (1, 0)]


@pytest.mark.parametrize("why", ["acknowledged", "demo", "nobody asked", "no sign", "handed in"])
def test_no_mail_tells_of_what_needs_none(letterbox, why):
    tell("nothing" if why == "nobody asked" else "emergency")
    if why == "no sign":
        given({"age": ("16-or-over",)}, {"safety-now": ("none",)})
    elif why == "handed in":
        submitted(EMERGENCY)
        assert actions.send_due(NOW) == (1, 0)
    else:
        session = left(demo=why == "demo")
        if why == "acknowledged":
            step(session, staff_user(), State.ACKNOWLEDGED)
    assert actions.send_due(minutes(20)) == (0, 0)
    if why == "acknowledged":  # so the step is what kept it back
        TriageSession.objects.update(review_state=State.NEW)
        assert actions.send_due(minutes(20)) == (1, 0)


def test_a_sign_that_was_taken_back_and_left_is_told_too(letterbox):
    tell("emergency")
    given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)}, {"safety-now": ("none",)})
    assert actions.send_due(minutes(3)) == (1, 0)


def test_handed_in_after_all_it_is_told_again(letterbox):
    tell("emergency")
    patient = Patient(EMERGENCY)
    patient.go_on(patient.start())
    assert actions.send_due(timezone.now() + timedelta(minutes=4)) == (1, 0)
    patient.submit()
    assert actions.send_due(timezone.now() + timedelta(minutes=5)) == (1, 0)
    assert [letter.get_content().count("not finished") for letter in letterbox.letters] == [1, 0]


# Nobody acknowledged it

SECOND = "chief@clinic.example"


@pytest.mark.parametrize("finished", [True, False])
def test_a_second_receiver_is_told_when_nobody_acknowledged_in_time(letterbox, finished):
    tell("emergency")
    Clinic.objects.update(second_mail=SECOND)
    session = submitted(EMERGENCY) if finished else left()
    actions.send_due(minutes(3))
    assert actions.send_due(minutes(30) - timedelta(seconds=1)) == (0, 0)
    assert actions.send_due(minutes(30)) == (1, 0)
    first, second = letterbox.letters
    assert (first["To"], second["To"]) == (ADDRESS, SECOND)
    assert second["Subject"] == "Footpath: emergency not acknowledged (1 unseen)"
    assert "Nobody has acknowledged it for 30 minutes." in second.get_content()
    assert page_of(session) in second.get_content()
    assert actions.send_due(minutes(200)) == (0, 0)  # once


def test_time_counts_from_the_sign_and_not_from_the_hand_in(letterbox):
    tell("emergency")
    Clinic.objects.update(second_mail=SECOND)
    session = submitted(EMERGENCY)
    TriageSession.objects.filter(pk=session.pk).update(started_at=minutes(-21), emergency_at=minutes(-20))
    assert actions.send_due(minutes(9)) == (1, 0)
    assert actions.send_due(minutes(10)) == (1, 0)
    assert letterbox.letters[-1]["To"] == SECOND


@pytest.mark.parametrize("why", ["acknowledged", "same day", "no second"])
def test_the_second_receiver_is_left_in_peace(letterbox, why):
    tell()
    Clinic.objects.update(second_mail="" if why == "no second" else SECOND)
    session = submitted(SAME_DAY if why == "same day" else EMERGENCY)
    actions.send_due(NOW)
    if why == "acknowledged":
        step(session, staff_user(), State.ACKNOWLEDGED)
    assert actions.send_due(minutes(60)) == (0, 0)


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
    assert outbox.late(Clinic.objects.get(), minutes(18) - timedelta(seconds=1)) == 0
    assert outbox.late(Clinic.objects.get(), minutes(18)) == 1
    actions.note_untold(minutes(18))
    assert outbox.late(Clinic.objects.get(), minutes(18)) == 0  # it waits in the outbox, as any other


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
    assert outbox.late(Clinic.objects.get(), NOW + after) == count


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
