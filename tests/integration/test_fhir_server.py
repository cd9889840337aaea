"""Submissions go into another system's record: once, whole, up to date, and of the right patient."""

import base64
import io
import json
import logging
from datetime import timedelta

import pypdf
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse

from proofs.fhir_server import FHIR, fhir_server, lost
from proofs.listener import LONG, after, saying
from tests import fhir_rules
from tests.staff import EMERGENCY, ROUTINE, State, step, submitted
from tests.visitor import NOW, Patient, publish
from triage import actions
from triage.exports.fhir import BASE
from triage.integration import access, asking, sending
from triage.models import AccessEntry, Clinic, Delivery, TriageSession
from triage.server.environment import read_environment
from triage.server.other_systems import FhirServer
from triage.store.deliveries import Receiver

pytestmark = pytest.mark.django_db
NUMBERS = "urn:oid:1.2.36.146.595.217.0.1"
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def release(db):
    return publish()


@pytest.fixture
def server(settings):
    with fhir_server() as server:
        settings.FHIR_SERVER = FhirServer(server.base)
        yield server


def send(now=NOW):
    return sending.send_deliveries(Receiver.FHIR, lambda: now)


def nurse():
    return User.objects.filter(username="nurse").first() or actions.create_staff("nurse", "a b", "Reviewers")


def transactions(server):
    return [json.loads(asked.body) for asked in server.asked if asked.path == "/r4"]


WHOLE = {"DocumentReference": 1, "Observation": 3, "Provenance": 1, "QuestionnaireResponse": 1, "Task": 1}


# What arrives


def test_a_submission_arrives_whole_and_keeps_to_the_rules(server):
    session = submitted(EMERGENCY)
    assert send() == (1, 0)
    assert server.count() == WHOLE
    (sent,) = transactions(server)
    assert list(fhir_rules.bundle_faults(sent)) == []
    (response,) = server.all("QuestionnaireResponse")
    assert response["identifier"]["value"] == session.reference
    observations = server.all("Observation")
    assert {each["derivedFrom"][0]["reference"] for each in observations} == {
        f"QuestionnaireResponse/{response['id']}"
    }
    assert Delivery.objects.get().last_outcome == "200"
    entry = AccessEntry.objects.get(about=session.reference, what="export")
    assert entry.detail == "handed in: sent to the FHIR server at 127.0.0.1"


def test_the_page_for_the_chart_says_what_staff_read_and_the_patients_words_only_where_they_are_wanted(
    server, settings
):
    session = submitted(EMERGENCY)
    send()
    settings.FHIR_SERVER = FhirServer(server.base, notes=True)
    submitted(EMERGENCY)
    send()
    without, with_notes = server.all("DocumentReference")
    attachment = without["content"][0]["attachment"]
    page = base64.b64decode(attachment["data"])
    assert (attachment["contentType"], attachment["size"]) == ("application/pdf", len(page))
    assert session.reference in read(without)
    assert "URGENCY" in read(without)
    assert "Monday" not in json.dumps(transactions(server)[0]) + read(without)
    assert "Monday" in json.dumps(transactions(server)[1])
    assert "Monday" in read(with_notes)


def read(document):
    page = base64.b64decode(document["content"][0]["attachment"]["data"])
    return " ".join(part.extract_text() for part in pypdf.PdfReader(io.BytesIO(page)).pages)


def test_each_step_brings_it_up_to_date_and_makes_nothing_twice(server):
    session = submitted(EMERGENCY)
    send()
    seen = []
    for state in (State.ACKNOWLEDGED, State.REVIEWED, State.CLOSED):
        session.refresh_from_db()
        actions.review(session.pk, session.mark, nurse(), state, "", NOW, finding="foot", urgency=1)
        assert send() == (1, 0)
        seen.append((server.all("Task")[0]["status"], {each["status"] for each in server.all("Observation")}))
    assert seen == [
        ("accepted", {"preliminary", "final"}),
        ("completed", {"final"}),
        ("completed", {"final"}),
    ]
    assert server.count() == WHOLE | {"Observation": 5}
    response = server.all("QuestionnaireResponse")[0]
    assert server.versions["QuestionnaireResponse", response["id"]] == 1
    assert "review" not in json.dumps(response.get("extension", []))


def test_what_waited_goes_as_one_and_as_things_stand(server):
    session = submitted(EMERGENCY)
    for state in (State.ACKNOWLEDGED, State.REVIEWED):
        step(session, nurse(), state)
    assert send() == (3, 0)
    assert len(transactions(server)) == 1
    assert server.all("Task")[0]["status"] == "completed"
    assert AccessEntry.objects.filter(about=session.reference, what="export").count() == 3


def test_a_correction_stands_beside_what_it_corrects(server):
    person = Patient(ROUTINE)
    person.whole()
    person.client.post(reverse("correct"))
    person.submit()
    assert send(NOW + timedelta(days=4000)) == (2, 0)
    first, second = server.all("QuestionnaireResponse")
    assert second["extension"][0]["valueIdentifier"] == first["identifier"]


def test_the_clinics_own_base_stands_in_every_name_and_is_looked_for(server):
    Clinic.objects.update(fhir_base="https://fhir.example.org/foot")
    submitted()
    server.answers = [lost(server), 412]
    assert [send(NOW + timedelta(minutes=minute)) for minute in (0, 1)] == [(0, 1), (1, 0)]
    assert BASE not in json.dumps(transactions(server))
    assert Delivery.objects.get().last_outcome == "412, is there"


# Whose it is


def invited_patient(number="MRN, 004|217"):
    clerk = User.objects.filter(username="clerk").first() or User.objects.create_user("clerk")
    wanted = {"label": "J. D.", "appointment_at": NOW + timedelta(days=3650), "language": "en"}
    ((_invitation, code),) = actions.invite([wanted | {"patient_number": number}], clerk, NOW)
    person = Patient(ROUTINE)
    person.client.post(reverse("return"), {"code": code})
    person.go_on(person.client.get(reverse("go-on"), follow=True))
    person.submit()
    return TriageSession.objects.get()


def patients(server, *numbers):
    for place, number in enumerate(numbers):
        patient = {"resourceType": "Patient", "id": f"p{place}"}
        patient["identifier"] = [{"system": NUMBERS, "value": number}]
        server.stored.setdefault("Patient", {})[patient["id"]] = patient


def subjects(server):
    response = server.all("QuestionnaireResponse")[0]
    told = [response["subject"], response["source"], server.all("DocumentReference")[0]["subject"]]
    told += [each["subject"] for each in server.all("Observation")]
    assert all(each == told[0] for each in told)
    return told[0]


@pytest.mark.parametrize(
    "known, reference",
    [(("MRN, 004|217", "other"), "Patient/p0"), (("other",), None), (("MRN, 004|217",) * 2, None)],
    ids=["one", "none", "two"],
)
def test_the_patient_with_the_invitations_number_is_named_and_none_is_guessed(
    server, settings, known, reference
):
    settings.NOTE_KEYS = [bytes(32)]
    settings.FHIR_SERVER = FhirServer(server.base, patient_system=NUMBERS)
    patients(server, *known)
    invited_patient()
    assert send(NOW + timedelta(days=4000)) == (1, 0)
    subject = subjects(server)
    assert subject["identifier"] == {"system": NUMBERS, "value": "MRN, 004|217"}
    assert subject.get("reference") == reference
    assert not any("MRN" in asked.path for asked in server.asked)


@pytest.mark.parametrize("why", ["no system", "no number", "its key is gone"])
def test_where_no_number_can_be_read_it_is_whoever_has_the_code(server, settings, why):
    settings.NOTE_KEYS = [bytes(32)]
    settings.FHIR_SERVER = FhirServer(server.base, patient_system="" if why == "no system" else NUMBERS)
    session = invited_patient("" if why == "no number" else "MRN 1")
    if why == "its key is gone":
        settings.NOTE_KEYS = [b"x" * 32]
    assert send(NOW + timedelta(days=4000)) == (1, 0)
    assert subjects(server)["identifier"]["value"] == session.reference
    assert not [asked for asked in server.asked if "_search" in asked.path]


def test_a_patient_that_cannot_be_looked_up_is_waited_for(server, settings):
    settings.FHIR_SERVER = FhirServer(server.base, patient_system=NUMBERS)
    invited_patient()
    server.answers = [403]
    later = NOW + timedelta(days=4000)
    Delivery.objects.update(queued_at=later)
    assert send(later) == (0, 1)
    assert Delivery.objects.get().last_outcome == "Patient: 403"
    assert send(later + timedelta(minutes=1)) == (1, 0)


# Where it misbehaves


def html(asked):
    return 200, {"Content-Type": "text/html"}, b"<h1>Please log in</h1>"


def half(asked):
    entry = [{"response": {"status": "201 Created"}}, {"response": {"status": "500"}}]
    answer = {"resourceType": "Bundle", "type": "transaction-response", "entry": entry}
    return 200, {"Content-Type": FHIR}, json.dumps(answer).encode()


MISBEHAVED = {
    "401": (401, "401"),
    "409": (409, "409"),
    "412": (412, "412"),
    "429": (saying(429, Retry_After="5"), "429"),
    "500": (500, "500"),
    "a page to log in": (html, "200, not FHIR"),
    "no words": (204, "204, not FHIR"),
    "another type": (saying(200, b'{"resourceType": "Bundle"}', Content_Type="text/plain"), "200, not FHIR"),
    "half": (half, "200, not all taken"),
    "a redirect": (saying(307, Location="http://127.0.0.1:9/"), "307"),
    "far too long": (saying(200, LONG, Content_Type=FHIR), "TooLong"),
    "nested without end": (saying(200, b"[" * 500_000, Content_Type=FHIR), "RecursionError"),
    "hung up": (lambda asked: None, "ConnectionError"),
}


@pytest.mark.parametrize("case", MISBEHAVED)
def test_whatever_it_does_in_the_end_each_is_there_once(server, case):
    answer, said = MISBEHAVED[case]
    submitted(EMERGENCY)
    server.answers = [answer]
    assert send() == (0, 1)
    assert Delivery.objects.get().last_outcome == said
    assert send(NOW + timedelta(minutes=1)) == (1, 0)
    assert server.count() == WHOLE


def test_what_it_refuses_waits_for_somebody(server):
    submitted()
    server.answers = [422]
    assert send() == (0, 1)
    assert Delivery.objects.get().next_at is None
    actions.send_again(Delivery.objects.get().pk, "boss", NOW)
    assert send() == (1, 0)


def stored_late(server, seconds):
    """It is stored, and the answer comes when nobody waits for it any more."""
    return after(seconds, server.serve)


@pytest.mark.parametrize("how", ["lost", "late", "an error"])
@pytest.mark.parametrize("reviewed", [False, True])
def test_a_reply_that_is_lost_after_it_was_stored_doubles_nothing(server, monkeypatch, how, reviewed):
    monkeypatch.setattr(asking, "READ", 0.2)
    session = submitted(EMERGENCY)
    if reviewed:
        step(session, nurse(), State.REVIEWED)
    rows = 1 + reviewed
    answers = {
        "lost": lost(server),
        "late": stored_late(server, 0.4),
        "an error": lambda asked: (server.serve(asked), (502, {}, b""))[1],
    }
    server.answers = [answers[how]]
    assert send() == (0, rows)
    monkeypatch.setattr(asking, "READ", 15)
    assert send(NOW + timedelta(minutes=1)) == (rows, 0)
    assert server.count() == WHOLE


def test_without_the_conditions_a_lost_reply_would_double_all_of_it(server, monkeypatch):
    """The control: the same, and what is sent says nothing of what is there already."""
    from triage.integration import fhir_server as ours

    def careless(said, filed):
        made = ours_bundle(said, filed)
        for entry in made["entry"]:
            entry["request"] |= {"ifNoneExist": "identifier=none|none"}
        return made

    ours_bundle = ours.bundle
    monkeypatch.setattr(ours, "bundle", careless)
    submitted(EMERGENCY)
    server.answers = [lost(server)]
    assert [send(NOW + timedelta(minutes=minute)) for minute in (0, 1)] == [(0, 1), (1, 0)]
    assert server.count() == {kind: 2 * count for kind, count in WHOLE.items()}


@pytest.mark.parametrize("status", [409, 412])
def test_a_conflict_counts_as_done_only_where_it_is_there(server, status):
    submitted()
    server.answers = [lost(server), status]
    assert send() == (0, 1)
    assert send(NOW + timedelta(minutes=1)) == (1, 0)
    assert Delivery.objects.get().last_outcome == f"{status}, is there"
    other = submitted()
    server.answers = [status]
    assert send(NOW + timedelta(minutes=2)) == (0, 1)
    assert Delivery.objects.get(session=other).last_outcome == str(status)


def test_an_altered_record_goes_nowhere(server):
    session = submitted()
    record = TriageSession.objects.get(pk=session.pk).record
    TriageSession.objects.filter(pk=session.pk).update(record=record.replace("routine", "emergency"))
    assert send() == (0, 1)
    assert (Delivery.objects.get().last_outcome, Delivery.objects.get().next_at) == ("altered record", None)
    assert not server.asked


def test_one_receiver_that_is_down_does_not_hold_back_the_other(server, settings):
    from proofs.listener import listening
    from triage.server.other_systems import Webhook

    with listening() as listener:
        settings.WEBHOOK = Webhook(listener.url, (b"k" * 32,))
        session = submitted()
        server.usual = 500
        call_command("send_outbox", stdout=io.StringIO())
        assert [asked.method for asked in listener.asked] == ["POST"]
    outcomes = dict(Delivery.objects.values_list("receiver", "last_outcome"))
    assert outcomes == {"fhir": "500", "webhook": "204"}
    assert len(set(Delivery.objects.values_list("event_id", flat=True))) == 1
    assert session.reference


def test_no_answer_is_in_a_row_a_log_or_the_access_log(server, caplog):
    with caplog.at_level(logging.DEBUG):
        submitted(EMERGENCY)
        server.answers = [saying(500, b"saddle numbness"), html]
        for minute in (0, 1, 3):
            send(NOW + timedelta(minutes=minute))
    assert server.count() == WHOLE
    said = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    whole = f"{said} {list(Delivery.objects.values())} {list(AccessEntry.objects.values('detail', 'about'))}".lower()
    for secret in ("saddle", "numb", "monday", "emergency", "log in"):
        assert secret not in whole, secret


# Access


@pytest.fixture
def smart(request, server, settings, tmp_path, capsys):
    """A server that wants a token, and a key made as the documents say."""
    access._to.clear()
    file = tmp_path / "key"
    call_command("fhir_key", str(file), *getattr(request, "param", ()))
    server.keys = json.loads(capsys.readouterr().out)
    settings.FHIR_SERVER = read_environment(
        {
            "FHIR_SERVER": server.base,
            "FHIR_TOKEN_URL": f"{server.url}/token",
            "FHIR_CLIENT_ID": "footpath",
            "FHIR_CLIENT_KEY_FILE": str(file),
        }
    ).fhir_server
    yield file
    access._to.clear()


@pytest.mark.parametrize("smart", [(), ("--rsa",)], ids=["ES384", "RS384"], indirect=True)
def test_a_token_is_asked_for_once_and_kept_until_it_ends(server, smart):
    for _each in range(2):
        submitted()
    assert send() == (2, 0)
    assert server.granted == 1
    submitted()
    assert send(NOW + timedelta(seconds=server.lasts - 31)) == (1, 0)
    assert server.granted == 1
    submitted()
    assert send(NOW + timedelta(seconds=server.lasts - 29)) == (1, 0)
    assert server.granted == 2
    said = next(asked for asked in server.asked if asked.path == "/token").body.decode()
    assert "system%2FQuestionnaireResponse.cus" in said


def test_a_token_that_is_no_longer_taken_is_asked_for_anew_at_once(server, smart):
    submitted()
    assert send() == (1, 0)
    server.tokens.clear()
    submitted()
    assert send() == (1, 0)
    assert server.granted == 2


@pytest.mark.parametrize("case", ["another key", "another client", "it is down", "no JSON", "no bearer"])
def test_who_gets_no_token_sends_nothing_and_tries_again(server, smart, case):
    answers = {
        "it is down": saying(503, Retry_After="60"),
        "no JSON": saying(200, b"<html>"),
        "no bearer": saying(200, b'{"access_token": "x", "token_type": "mac"}'),
    }
    keys, server.answers = server.keys, [answers[case]] if case in answers else []
    if case == "another key":
        call = io.StringIO()
        call_command("fhir_key", str(smart.with_name("other")), stdout=call)
        server.keys = json.loads(call.getvalue())
    elif case == "another client":
        server.client = "somebody"
    submitted()
    assert send() == (0, 1)
    assert Delivery.objects.get().last_outcome.startswith("token: ")
    assert server.count() == {}
    server.keys, server.client = keys, "footpath"
    assert send(NOW + timedelta(minutes=1)) == (1, 0)


def test_no_key_and_no_token_is_in_a_row_a_log_or_a_text(server, smart, caplog):
    with caplog.at_level(logging.DEBUG):
        submitted()
        send()
        server.usual = 500
        submitted()
        send()
    secret = json.loads(smart.read_text())["d"]
    from django.conf import settings

    rows = f"{list(Delivery.objects.values())} {settings.FHIR_SERVER!r}"
    for text in (secret, "token-1"):
        assert text not in caplog.text + rows


def test_a_key_is_its_owners_alone_and_no_key_is_written_over_another(tmp_path, capsys):
    file = tmp_path / "key"
    call_command("fhir_key", str(file))
    printed = capsys.readouterr().out
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["d"] not in printed
    with pytest.raises(CommandError, match="there already"):
        call_command("fhir_key", str(file))
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("fhir_key", str(tmp_path / "nowhere" / "key"))


SET = {"FHIR_SERVER": "https://fhir.example.org/r4"}
ACCESS = {"FHIR_TOKEN_URL": "https://fhir.example.org/token", "FHIR_CLIENT_ID": "footpath"}


@pytest.mark.parametrize(
    "variables, said",
    [
        ({"FHIR_SERVER": "http://fhir.example.org"}, "FHIR_SERVER: the value is not an address"),
        ({"FHIR_SERVER": "https://a:b@fhir.example.org"}, "FHIR_SERVER: the value is not an address"),
        ({"FHIR_SERVER": "https://fhir.example.org/r4?key=s"}, "without a question mark"),
        ({"FHIR_NOTES": "on"}, "FHIR_SERVER: the other FHIR_ variables need it"),
        (SET | ACCESS, "FHIR_CLIENT_KEY_FILE: asking for access needs it"),
        (SET | {"FHIR_SCOPE": "system/*.write"}, "FHIR_TOKEN_URL: asking for access needs it"),
        (SET | {"FHIR_PATIENT_SYSTEM": "our numbers"}, "is not a URI"),
        (SET | ACCESS | {"FHIR_CLIENT_KEY_FILE": "/nowhere"}, "cannot be read as a key"),
    ],
)
def test_a_server_that_cannot_be_is_refused(variables, said):
    with pytest.raises(Exception, match=said):
        read_environment(variables)


@pytest.mark.parametrize("case", ["others may read it", "public", "no JSON", "weak"])
def test_a_key_file_that_is_none_is_refused(tmp_path, case, capsys):
    file = tmp_path / "key"
    call_command("fhir_key", str(file))
    key = json.loads(file.read_text())
    if case == "public":
        del key["d"]
    elif case == "weak":
        key["crv"] = "P-256"
    file.write_text("no" if case == "no JSON" else json.dumps(key))
    file.chmod(0o640 if case == "others may read it" else 0o600)
    said = {"others may read it": "chmod 0400", "no JSON": "cannot be read as a key"}
    with pytest.raises(Exception, match=said.get(case, "holds no private key")) as refused:
        read_environment(SET | ACCESS | {"FHIR_CLIENT_KEY_FILE": str(file)})
    assert key.get("d", "?") not in str(refused.value)


# On the server


def doctored():
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("doctor", stdout=said, no_color=True)
    return [line for line in said.getvalue().splitlines() if "FHIR:" in line]


def test_the_doctor_asks_it_and_sends_nothing_of_anybody(server, smart):
    submitted()
    assert doctored() == [f"ok  FHIR: {server.base} answers, and takes transactions"]
    assert {asked.path for asked in server.asked} == {"/token", "/r4/metadata"}
    server.tokens.clear()
    server.client = "somebody"
    assert doctored() == [f"DO  FHIR: {server.base}: token: 400"]
    server.stop()
    assert doctored() == [f"DO  FHIR: {server.base}: token: ConnectionError"]
