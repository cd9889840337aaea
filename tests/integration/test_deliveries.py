"""What other systems hear of submissions: put down with the event itself, told until it has arrived, once."""

import base64
import hashlib
import hmac
import io
import json
import logging
import threading
import time
from datetime import timedelta
from uuid import UUID

import pytest
import requests
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from proofs.listener import LONG, after, listening, saying
from tests.server.test_settings import manage
from tests.staff import EMERGENCY, ROUTINE, State, given, sheet, staff, step, submitted, text
from tests.visitor import NOW, Patient, publish
from triage import actions
from triage.actions import deliveries as outbox
from triage.integration import asking, sending, webhook
from triage.models import AccessEntry, Clinic, Delivery, TriageSession
from triage.server.environment import read_environment
from triage.server.other_systems import Webhook
from triage.store.deliveries import Receiver

pytestmark = pytest.mark.django_db
KEY, FORMER = b"k" * 32, b"f" * 24


@pytest.fixture(autouse=True)
def release(db):
    return publish()


@pytest.fixture
def listener(settings):
    with listening() as listener:
        settings.WEBHOOK = Webhook(f"{listener.url}/footpath", (KEY,))
        yield listener


@pytest.fixture
def away(settings):
    """Nobody is at the address."""
    with listening() as listener:
        url = listener.url
    settings.WEBHOOK = Webhook(url, (KEY,))


def send(now=NOW):
    return sending.send_deliveries(Receiver.WEBHOOK, lambda: now)


def told(listener):
    return [json.loads(asked.body) for asked in listener.asked]


def nurse():
    return User.objects.filter(username="nurse").first() or actions.create_staff("nurse", "a b", "Reviewers")


# What is told


def test_nobody_is_told_until_somebody_is_set():
    step(submitted(EMERGENCY), nurse(), State.REVIEWED)
    assert not Delivery.objects.exists()


def test_a_submission_and_each_step_of_its_review_are_told(listener):
    session = submitted(EMERGENCY)
    for state in (State.ACKNOWLEDGED, State.REVIEWED, State.CLOSED):
        step(session, nurse(), state)
    assert send() == (4, 0)
    assert [said["type"] for said in told(listener)] == [
        f"submission.{event}" for event in ("submitted", "acknowledged", "reviewed", "closed")
    ]
    assert {said["data"]["reference"] for said in told(listener)} == {session.reference}
    assert len({UUID(said["id"]) for said in told(listener)}) == 4
    assert send() == (0, 0)  # once


def test_a_correction_is_an_event_of_its_own_and_a_review_of_it_one_of_both(listener):
    person = Patient(EMERGENCY)
    person.whole()
    first = TriageSession.objects.get()
    person.client.post("/correct/")
    person.submit()
    second = TriageSession.objects.get(corrects=first)
    step(second, nurse(), State.REVIEWED)
    assert send(NOW + timedelta(days=4000)) == (4, 0)
    assert {(said["type"], said["data"]["reference"]) for said in told(listener)} == {
        ("submission.submitted", first.reference),
        ("submission.corrected", second.reference),
        ("submission.reviewed", first.reference),
        ("submission.reviewed", second.reference),
    }


def test_what_is_made_up_or_not_handed_in_is_nobodys_to_hear(listener):
    submitted(EMERGENCY, demo=True)
    left = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)})
    step(left, nurse(), State.ACKNOWLEDGED)
    assert not Delivery.objects.exists()


def test_a_delivery_is_part_of_its_event(listener, monkeypatch):
    """Where it cannot be put down, nothing is handed in, and no step is kept."""
    session = submitted(EMERGENCY)
    monkeypatch.setattr(Delivery.objects, "bulk_create", lambda rows, **options: list(rows) and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        submitted(EMERGENCY)
    with pytest.raises(ZeroDivisionError):
        step(session, nurse(), State.REVIEWED)
    assert TriageSession.objects.exclude(submitted_at=None).count() == 1
    assert not session.reviews.exists()
    assert not listener.asked  # and neither waits for anybody


def test_it_has_no_answer_and_no_urgency(listener):
    session = submitted(EMERGENCY)
    step(session, nurse(), State.REVIEWED)
    submitted(ROUTINE)
    send()
    whole = " ".join(
        f"{asked.path} {asked.headers} {asked.body.decode()}" for asked in listener.asked
    ).lower()
    for secret in ("emergency", "routine", "saddle", "numb", "back", "monday", "nurse"):
        assert secret not in whole, secret
    first, _step, other = told(listener)
    assert {name: type(value) for name, value in first.items()} == {
        name: type(value) for name, value in other.items()
    }
    assert set(first) == {"id", "type", "timestamp", "data"}


# Signed


def verified(asked, key):
    """As the libraries of Standard Webhooks do it."""
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{right}" in asked.headers["webhook-signature"].split()


def test_it_is_signed_over_id_time_and_body_by_each_key(listener, settings):
    settings.WEBHOOK = Webhook(listener.url, (KEY, FORMER))
    submitted()
    send()
    (asked,) = listener.asked
    assert asked.headers["webhook-id"] == json.loads(asked.body)["id"]
    assert asked.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert verified(asked, KEY)
    assert verified(asked, FORMER)
    assert not verified(asked, b"x" * 32)
    for part in ("webhook-id", "webhook-timestamp"):
        assert not verified(asked._replace(headers=asked.headers | {part: "1"}), KEY), part
    assert not verified(asked._replace(body=asked.body + b" "), KEY)


def test_the_signature_is_that_of_the_standards_own_example():
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = webhook.signatures("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [key])
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "variables, said",
    [
        ({"WEBHOOK_URL": "http://hooks.example.org", "WEBHOOK_KEY": "whsec_" + "A" * 32}, "https://"),
        ({"WEBHOOK_URL": "https://a:b@hooks.example.org", "WEBHOOK_KEY": "whsec_" + "A" * 32}, "https://"),
        ({"WEBHOOK_URL": "https://hooks.example.org", "WEBHOOK_KEY": "A" * 32}, "these are no keys"),
        ({"WEBHOOK_URL": "https://hooks.example.org", "WEBHOOK_KEY": "whsec_AAAA"}, "these are no keys"),
        ({"WEBHOOK_URL": "https://hooks.example.org"}, "WEBHOOK_KEY: a webhook needs an address and a key"),
        ({"WEBHOOK_KEY": "whsec_" + "A" * 32}, "WEBHOOK_URL: a webhook needs an address and a key"),
    ],
    ids=["http", "a name in it", "no prefix", "short", "no key", "no address"],
)
def test_a_webhook_that_cannot_be_is_refused_and_no_key_is_repeated(variables, said):
    with pytest.raises(Exception, match=said) as refused:
        read_environment(variables)
    assert "AAAA" not in str(refused.value)
    assert ":b@" not in str(refused.value)


def test_a_webhook_is_read_and_its_keys_are_in_no_text():
    key = "whsec_" + base64.b64encode(KEY).decode()
    read = read_environment({"WEBHOOK_URL": "https://hooks.example.org/x", "WEBHOOK_KEY": f"{key}, {key}"})
    assert read.webhook == Webhook("https://hooks.example.org/x", (KEY, KEY))
    assert "kkk" not in repr(read.webhook)


# When it does not arrive


MENDED = {
    "401": 401,
    "404": 404,
    "412": 412,
    "503": 503,
    "302": saying(302, Location="https://elsewhere.example"),
    "ConnectionError": lambda asked: None,
}


@pytest.mark.parametrize("said", MENDED)
def test_what_may_be_mended_is_tried_again_and_arrives(listener, said):
    session = submitted()
    listener.answers = [MENDED[said]]
    assert send() == (0, 1)
    delivery = Delivery.objects.get()
    assert (delivery.tries, delivery.last_outcome) == (1, said)
    assert timedelta(seconds=15) <= delivery.next_at - NOW <= timedelta(seconds=30)
    assert send(NOW + timedelta(seconds=14)) == (0, 0)
    assert send(NOW + timedelta(seconds=30)) == (1, 0)
    first, second = listener.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert (Delivery.objects.get().last_outcome, Delivery.objects.get().next_at) == ("204", None)
    assert [entry.detail for entry in AccessEntry.objects.filter(about=session.reference)] == [
        "handed in: sent to the webhook at 127.0.0.1"
    ]


@pytest.mark.parametrize("status", [400, 410, 422])
def test_what_would_be_refused_again_waits_for_somebody_and_keeps_back_no_other(listener, status):
    submitted()
    submitted()
    listener.answers = [status]
    assert send() == (1, 1)
    assert send(NOW + timedelta(days=1)) == (0, 0)
    refused = Delivery.objects.get(sent_at=None)
    assert (refused.last_outcome, refused.next_at) == (str(status), None)


def test_pauses_grow_to_two_hours_and_after_a_week_it_is_given_up(away):
    submitted()
    assert send() == (0, 1)
    row = Delivery.objects.get()
    assert row.last_outcome == "ConnectionError"
    now, pauses = NOW, [row.next_at - NOW]
    while row.next_at:
        now, row.tries = row.next_at, row.tries + 1
        actions.put_off([row], "ConnectionError", now)
        pauses += [row.next_at - now] if row.next_at else []
    longest = [min(outbox.FIRST_PAUSE * 2 ** min(n, 20), outbox.LONGEST_PAUSE) for n in range(len(pauses))]
    assert all(whole / 2 <= pause <= whole for pause, whole in zip(pauses, longest, strict=True))
    assert len(set(pauses[10:])) > 20  # by chance
    assert timedelta(days=6, hours=22) < now - NOW <= timedelta(days=7)
    assert Delivery.objects.get().next_at is None
    assert send(now + timedelta(days=9)) == (0, 0)


@pytest.mark.parametrize(
    "asked, hours",
    [("3600", 1), ("Sun, 22 Nov 2026 12:00:00 GMT", 3), ("99999999", 6), ("soon", 0), ("-5", 0), ("", 0)],
)
def test_how_long_a_receiver_asks_for(asked, hours):
    assert asking.wait_asked_for(asked, NOW) == timedelta(hours=hours)


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_time_is_left_in_peace_altogether(listener, status):
    submitted()
    submitted()
    listener.answers = [saying(status, Retry_After="3600")]
    assert send() == (0, 1)
    assert send(NOW + timedelta(hours=1, seconds=-1)) == (0, 0)
    assert len(listener.asked) == 1
    assert send(NOW + timedelta(hours=1)) == (2, 0)


def test_one_that_is_down_is_asked_once_in_a_turn(listener):
    for _each in range(3):
        submitted()
    listener.usual = 500
    assert [send(NOW + timedelta(seconds=second)) for second in range(4)] == [(0, 1)] * 3 + [(0, 0)]
    assert len({asked.headers["webhook-id"] for asked in listener.asked}) == 3  # another one each time


def test_a_slow_one_is_given_up_in_time(listener, monkeypatch):
    monkeypatch.setattr(asking, "READ", 0.1)
    submitted()
    listener.answers = [after(0.5, 204)]
    assert send() == (0, 1)
    assert Delivery.objects.get().last_outcome == "ReadTimeout"


def drip(asked):
    return 200, {"Content-Length": "1000000"}, b"x"


@pytest.mark.parametrize(
    "answer, said",
    [(saying(200, LONG), "TooLong"), (drip, "ProtocolError"), (saying(200, b"x" * 9), "TooSlow")],
    ids=["long", "broken off", "endless"],
)
def test_a_reply_is_read_up_to_a_length_and_a_time(listener, monkeypatch, answer, said):
    if said == "TooSlow":
        monkeypatch.setattr(asking, "WHOLE", -1)
    listener.usual = answer
    with pytest.raises(asking.NoReply, match=said):
        asking.ask("GET", listener.url, NOW)


def test_where_certificates_do_not_fit_nothing_is_sent(listener, settings):
    settings.WEBHOOK = Webhook(listener.url.replace("http:", "https:"), (KEY,))
    submitted()
    assert send() == (0, 1)
    assert Delivery.objects.get().last_outcome == "SSLError"
    assert not listener.asked


def test_a_password_in_the_machines_own_files_is_not_sent(listener, monkeypatch, tmp_path):
    """The library would; that it would is the control."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login us password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    requests.post(listener.url, timeout=5).close()
    submitted()
    send()
    careless, ours = listener.asked
    assert "authorization" in careless.headers
    assert "authorization" not in ours.headers


def test_what_cannot_be_made_keeps_back_no_other(listener, monkeypatch, caplog):
    broken, whole = submitted(), submitted()
    message = webhook.message

    def failing(delivery):
        if delivery.session_id == broken.pk:
            raise KeyError("an answer")
        return message(delivery)

    monkeypatch.setattr(webhook, "message", failing)
    assert send() == (0, 1)
    assert send() == (1, 0)
    assert told(listener)[0]["data"]["reference"] == whole.reference
    assert Delivery.objects.get(session=broken).last_outcome == "KeyError"


# Two senders, and one that dies


def take(now=NOW, together=False):
    return actions.take_deliveries(Receiver.WEBHOOK, "the webhook", now, together=together)


def test_two_senders_send_it_once_and_of_one_submission_one_thing_at_a_time(listener):
    session = submitted()
    step(session, nurse(), State.REVIEWED)
    assert len(take()) == 1
    assert take() == []
    other = submitted()
    assert [row.session_id for row in take()] == [other.pk]


def test_a_sender_that_died_in_between_sends_it_again_and_it_is_entered_once(listener):
    session = submitted()
    (row,) = take()
    webhook.send([row], NOW)  # and here it died
    assert send(NOW + outbox.LEASE - timedelta(seconds=1)) == (0, 0)
    assert send(NOW + outbox.LEASE) == (1, 0)
    first, second = told(listener)
    assert first == second  # which is how the other side knows
    assert AccessEntry.objects.filter(about=session.reference, what="export").count() == 1


def test_together_all_of_one_submission_goes_at_once_and_what_was_refused_with_it(listener):
    session = submitted()
    actions.refused(take(together=True), "422")
    step(session, nurse(), State.REVIEWED)
    rows = take(together=True)
    assert len(rows) == 2
    actions.put_off(rows, "500", NOW)
    assert [row.next_at is None for row in Delivery.objects.order_by("pk")] == [True, False]
    rows = take(NOW + timedelta(minutes=1), together=True)
    actions.delivered(rows, "200", NOW)
    assert Delivery.objects.filter(sent_at=NOW, next_at=None).count() == 2


def test_a_submission_that_is_erased_takes_its_deliveries_along_also_midway(listener):
    session = submitted()
    rows = take()
    actions.erase(session.reference, "boss", "asked for it", NOW)
    actions.put_off(rows, "500", NOW)
    actions.delivered(rows, "200", NOW)
    assert not Delivery.objects.exists()


def test_it_is_in_the_access_log_before_anything_leaves(listener, monkeypatch):
    session = submitted()
    entered = []

    def look(asked):
        entered.append(
            list(AccessEntry.objects.filter(about=session.reference).values_list("what", flat=True))
        )
        raise asking.NoReply("x")

    monkeypatch.setattr(webhook, "ask", lambda *args, **options: look(args))
    send()
    assert entered == [["export"]]


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_receiver_is_talked_to(listener, monkeypatch):
    submitted()
    found = []
    monkeypatch.setattr(
        webhook, "ask", lambda *args, **options: found.append(connection.in_atomic_block) or 1 / 0
    )
    send()
    assert found == [False]


# The sender


@pytest.mark.django_db(transaction=True)
def test_one_that_is_slow_keeps_back_no_mail(listener, settings, monkeypatch):
    """Each outbox has a thread of its own: the mails go on while the webhook hangs."""
    settings.EMAIL_HOST, settings.ALLOWED_HOSTS = "mail.example.org", ["footpath.example.org"]
    hung, mails, enough = threading.Event(), [], threading.Event()

    def send_mails(now):
        mails.append(now)
        if len(mails) == 3:
            enough.set()
            raise KeyboardInterrupt
        hung.wait(10)
        return 0, 0

    def hang(receiver, clock):
        hung.set()
        enough.wait(10)
        raise SystemExit

    monkeypatch.setattr(actions, "send_due", send_mails)
    monkeypatch.setattr("triage.management.commands.send_outbox.send_deliveries", hang)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    ended = threading.Event()
    monkeypatch.setattr("os._exit", lambda status: ended.set())  # as a thread that ends ends the whole
    with pytest.raises(KeyboardInterrupt):
        call_command("send_outbox", "--every", "1")
    assert len(mails) == 3
    assert ended.wait(10)


def test_the_sender_says_what_went_out(listener, capsys):
    submitted()
    call_command("send_outbox")
    assert capsys.readouterr().out == "webhook: 1 sent, 0 not sent.\n"


def test_the_database_that_is_away_is_not_the_deliverys_fault(listener, monkeypatch):
    submitted()

    def away(rows, now):
        raise OperationalError

    monkeypatch.setitem(sending.WAYS, Receiver.WEBHOOK, sending.WAYS[Receiver.WEBHOOK]._replace(send=away))
    with pytest.raises(OperationalError):
        send()


def test_where_nobody_is_told_the_sender_says_so():
    refused = manage("send_outbox")
    assert refused.returncode == 1
    assert "EMAIL_URL is not set, nor FHIR_SERVER, nor WEBHOOK_URL" in refused.stderr
    with pytest.raises(CommandError, match="tells nobody"):
        call_command("send_outbox")


def test_the_log_has_a_status_and_no_address(listener, caplog):
    listener.usual = saying(500, b"the patient's answer")
    submitted()
    with caplog.at_level(logging.DEBUG):
        send()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("triage")]
    assert ours == ["The webhook was not told (500)."]
    assert "patient's answer" not in caplog.text
    assert "answer" not in str(list(Delivery.objects.values()))


# What watches over it


def doctored():
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("doctor", stdout=said, no_color=True)
    return [line for line in said.getvalue().splitlines() if "deliveries:" in line]


def test_the_doctor_and_the_metrics_say_what_was_given_up_and_that_nobody_sends(
    listener, capsys, monkeypatch
):
    assert doctored() == ["ok  deliveries: 0 wait for their next try"]
    submitted()
    session = submitted()
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(minutes=31))
    assert doctored() == ["DO  deliveries: 2 wait and nobody sends them"]
    call_command("metrics")
    said = capsys.readouterr().out
    assert "footpath_deliveries_waiting 2\n" in said
    assert "footpath_delivery_seconds 1860\n" in said
    listener.answers = [500]
    send(NOW + timedelta(minutes=31))
    assert doctored() == ["ok  deliveries: 2 wait for their next try"]  # one by one, while it is down
    Delivery.objects.filter(session=session).update(next_at=None)
    assert doctored() == ["DO  deliveries: 1 were given up"]
    call_command("metrics")
    assert "footpath_deliveries_given_up 1\n" in capsys.readouterr().out


# In the admin

LIST = "/admin/triage/delivery/"


def test_staff_see_what_did_not_arrive_and_a_manager_sends_it_again(listener):
    session = submitted(EMERGENCY)
    listener.answers = [422]
    send()
    reviewer, manager = staff("Reviewers"), staff("Managers")
    for page in ("/admin/", sheet(session), LIST):
        assert "1 delivery to other systems has not arrived" in text(reviewer.get(page)), page
    row = text(reviewer.get(LIST))
    assert session.reference in row
    assert "given up 422" in row
    assert listener.url not in row
    delivery = Delivery.objects.get()
    page, again = f"{LIST}{delivery.pk}/change/", f"{LIST}{delivery.pk}/send-again/"
    assert "Send again" not in text(reviewer.get(page))
    assert reviewer.post(again).status_code == 403
    assert "Send again" in text(manager.get(page))
    assert f"{session.reference} is sent again" in text(manager.post(again, follow=True))
    entry = AccessEntry.objects.filter(about=session.reference).latest("number")
    assert (entry.who, entry.what) == ("managers", "change")
    assert entry.detail == "handed in: to be sent again to the webhook"
    later = Delivery.objects.get().next_at
    assert send(later) == (1, 0)
    assert "not arrived" not in text(reviewer.get("/admin/"))
    first, second = told(listener)
    assert first == second
    assert AccessEntry.objects.filter(about=session.reference, what="export").count() == 2


def test_the_list_is_chosen_from_by_state(listener):
    arrived, refused = submitted(), submitted()
    listener.answers = [204, 422]
    send()
    waiting = submitted()
    manager = staff("Managers")
    for state, session in (("arrived", arrived), ("given-up", refused), ("waiting", waiting)):
        page = manager.get(LIST, {"state": state})
        assert [row.session_id for row in page.context["cl"].result_list] == [session.pk], state
    assert staff("Auditors").get(LIST).status_code == 403


@pytest.mark.parametrize(
    "after, fields, count",
    [
        (timedelta(hours=1), {}, 0),
        (timedelta(hours=1, seconds=1), {}, 1),
        (timedelta(0), {"next_at": None}, 1),
        (timedelta(days=9), {"next_at": None, "sent_at": NOW}, 0),
    ],
    ids=["waiting", "nobody sends", "given up", "sent"],
)
def test_late_is_what_was_given_up_or_waits_too_long(listener, settings, after, fields, count):
    from triage.store.outbox import late

    submitted()
    Delivery.objects.update(**fields)
    assert late(Clinic.objects.get(), NOW + after).deliveries == count
    settings.WEBHOOK = None  # nobody waits for it any more
    assert late(Clinic.objects.get(), NOW + after).deliveries == 0


def test_deliveries_are_no_entry_of_the_first_page_where_there_are_no_other_systems():
    assert "Deliver" not in text(staff("Managers").get("/admin/"))
