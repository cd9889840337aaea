"""What patients have a right to: all that is held, that it goes, and that what they read about it is true."""

import hashlib
import json
import re
import stat
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from tests.staff import EMERGENCY, ROUTINE, given, sheet, staff, step, submitted, text
from tests.visitor import NOW, Patient, publish
from triage import actions
from triage.exports import disclosure
from triage.models import (
    AccessChain,
    AccessEntry,
    Clinic,
    DailyCount,
    Invitation,
    OutboxMail,
    Purge,
    PurgedRecord,
    TriageSession,
)
from triage.server.other_systems import FhirServer
from triage.settings import BASE_DIR
from triage.store import access_log, retention, visit
from triage.store.family import as_reference, family

pytestmark = pytest.mark.django_db
RIGHTS = "/admin/triage/triagesession/rights/"
WHY = ("--reason", "asked in person on 2026-11-30, passport seen", "--by", "anna")


@pytest.fixture(autouse=True)
def release(db, monkeypatch):
    publish()
    if connection.in_atomic_block:
        monkeypatch.setattr(retention, "forget_on_disk", lambda: None)


def run(*command):
    said = StringIO()
    call_command(*command, stdout=said, stderr=said)
    return said.getvalue()


def sound():
    run("verify_store")
    run("verify_access_log")


@pytest.fixture
def patient():
    """Invited, handed in with an emergency, corrected, reviewed, looked at, and told of by mail."""
    Clinic.objects.update(tell_about="emergency", mail="desk@example.org")
    clerk = User.objects.create_user("clerk")
    wanted = {"label": "J. D.", "appointment_at": NOW + timedelta(days=3650), "language": "en"}
    ((_invitation, code),) = actions.invite([wanted], clerk, NOW)
    person = Patient(EMERGENCY)
    person.client.post(reverse("return"), {"code": code})
    person.go_on(person.client.get(reverse("go-on"), follow=True))
    person.submit()
    first = TriageSession.objects.get()
    person.client.post(reverse("correct"))
    person.submit()
    step(first, clerk, 2, "Rang at noon.")
    staff("Reviewers").get(sheet(first))
    first.refresh_from_db()
    return first


# All that is held


def test_all_that_is_held_is_disclosed(patient):
    found = disclosure.held(patient.reference)
    assert [each["reference"] for each in found["sessions"]] == [
        each.reference for each in family(patient.reference)
    ]
    assert len(found["sessions"]) == 2
    first = found["sessions"][0]
    assert first["record"]["reference"] == patient.reference
    assert {row["item"] for row in first["answers"]} == {row["item"] for row in first["record"]["answers"]}
    assert [row["note"] for row in first["reviews"]] == ["Rang at noon."]
    assert first["others"]["outboxmail"][0]["created_at"]
    assert [row["label"] for row in found["invitations"]] == ["J. D."]
    assert {"viewed", "changed"} <= {row["what"] for row in found["access_log"]}
    readable = disclosure.as_text(found)
    for words in (
        "Rang at noon.",
        "J. D.",
        "It began <b>on Monday</b>.",
        "Numb",
        patient.reference,
        "viewed",
    ):
        assert words in readable, words
    assert json.loads(disclosure.as_json(found)) == found


def test_what_opens_a_session_and_who_of_the_staff_it_was_are_not_disclosed(patient):
    told = disclosure.as_json(disclosure.held(patient.reference))
    row = TriageSession.objects.get(pk=patient.pk)
    for secret in (row.key_hash, row.return_hash, Invitation.objects.get().code_hash, "clerk", "reviewers"):
        assert secret
        assert secret not in told


def test_a_table_or_column_that_is_added_is_in_it_too(patient):
    """All but what opens a session, and the rows that have places of their own there."""
    first = disclosure.held(patient.reference)["sessions"][0]
    row = TriageSession.objects.get(pk=patient.pk)
    empty = (None, "", [], {})
    columns = {
        field.name
        for field in TriageSession._meta.concrete_fields
        if not field.is_relation and field.value_from_object(row) not in empty
    }
    assert columns - disclosure.SECRET <= set(first)
    assert {name for name in columns if name.endswith("_hash")} <= disclosure.SECRET
    hanging = {relation.related_model._meta.model_name for relation in TriageSession._meta.related_objects}
    assert hanging - {"answer", "review", "triagesession"} == set(first["others"])


def test_number_and_phone_of_the_invitation_are_disclosed_and_go_with_an_erasure_and_the_purge(settings):
    settings.NOTE_KEYS = [bytes(32)]
    clerk = User.objects.create_user("clerk")
    known = {"patient_number": "MRN 004217", "patient_phone": "555 0123"}
    for label in ("erased", "purged"):
        wanted = {"label": label, "appointment_at": NOW + timedelta(days=3650), "language": "en"}
        ((_invitation, code),) = actions.invite([wanted | known], clerk, NOW)
        person = Patient(EMERGENCY)
        person.client.post(reverse("return"), {"code": code})
        person.go_on(person.client.get(reverse("go-on"), follow=True))
        person.submit()
    erased, purged = TriageSession.objects.order_by("pk")
    found = disclosure.held(erased.reference)
    assert {name: found["invitations"][0][name] for name in known} == known
    assert "number MRN 004217, phone 555 0123" in disclosure.as_text(found)
    run("erase", erased.reference, "--yes", *WHY)
    assert [row.label for row in Invitation.objects.all()] == ["purged"]
    actions.purge_sessions([purged.pk], NOW)
    actions.finish_purge(retention.Due(NOW + timedelta(days=4000), 1, 0, 1), NOW)
    assert not Invitation.objects.exists()


def test_a_note_that_is_sealed_is_disclosed_as_it_was_written(settings):
    settings.NOTE_KEYS = [b"k" * 32]
    session = submitted(ROUTINE | {"note": "Zwickmühle"})
    assert "Zwickmühle" not in session.record
    assert disclosure.as_text(disclosure.held(session.reference)).count("Zwickmühle") == 2
    assert "\x01" not in disclosure.as_json(disclosure.held(session.reference))


def test_what_was_never_sent_is_disclosed_too():
    session = given({"age": ("16-or-over",)}, {"safety-now": ("saddle-numbness",)})
    readable = disclosure.as_text(disclosure.held(session.reference))
    assert "not sent" in readable
    assert "numb" in readable.lower()


def test_the_command_writes_it_for_its_owner_alone_and_enters_it(patient, tmp_path):
    out = tmp_path / "held.json"
    typed = patient.reference.lower().replace("-", " ")
    run("disclose", typed, "--json", "--out", str(out), *WHY)
    assert json.loads(out.read_text(encoding="utf-8"))["reference"] == patient.reference
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    entry = AccessEntry.objects.latest("number")
    assert (entry.who, entry.what, entry.about) == ("anna", "export", patient.reference)
    assert entry.detail.endswith("passport seen")
    assert patient.reference in run("disclose", typed, "--reason", "x")
    assert AccessEntry.objects.latest("number").who.endswith("(on the server)")
    with pytest.raises(CommandError, match="cannot be written"):
        run("disclose", typed, "--out", str(tmp_path / "no" / "file"), *WHY)


@pytest.mark.parametrize("command", ["disclose", "erase"])
@pytest.mark.parametrize("code", ["BCD-FGH", "no code", ""])
def test_an_unknown_code_is_said(command, code):
    with pytest.raises(CommandError, match="No submission has the code"):
        run(command, code, *WHY)


# That it goes


def test_an_erased_submission_leaves_a_link_with_the_reason_and_nothing_of_what_it_said(patient):
    other = submitted()
    actions.keep_form(User.objects.get(username="clerk"), sheet(patient), {"note": ["Rang at noon"]}, NOW)
    references = [session.reference for session in family(patient.reference)]
    looked_at = AccessEntry.objects.filter(about=patient.reference).count()
    assert "Nothing was deleted" in run("erase", patient.reference, *WHY)
    assert TriageSession.objects.count() == 3
    assert run("erase", patient.reference, "--yes", *WHY) == "Deleted 2 sessions.\n"
    assert list(TriageSession.objects.values_list("pk", flat=True)) == [other.pk]
    assert not Invitation.objects.exists()
    assert not OutboxMail.objects.exists()
    assert set(PurgedRecord.objects.values_list("erased_for", flat=True)) == {WHY[1]}
    assert DailyCount.objects.get().count == 2
    assert retention.last_purge() is None
    assert Purge.objects.get().kind == "erased"
    sound()
    everything = "".join(
        json.dumps(list(model.objects.values()), default=str)
        for model in apps.get_models()
        if model._meta.managed
    )
    assert not [reference for reference in references if reference in everything]
    assert "Rang at noon" not in everything
    # Who looked, and how often, is known still, and by the code it can be found.
    found = AccessEntry.objects.filter(access_log.about_any([patient.reference]))
    assert found.count() == looked_at + 1
    assert found.latest("number").detail == f"erased: {WHY[1]}"


def test_an_altered_record_is_not_erased_but_told(patient):
    TriageSession.objects.filter(pk=patient.pk).update(record=patient.record.replace("back", "foot"))
    with pytest.raises(CommandError, match="not what was handed in"):
        run("erase", patient.reference, "--yes", *WHY)
    assert TriageSession.objects.count() == 2
    page = staff("Managers").post(
        RIGHTS, {"code": patient.reference, "step": "erase", "reason": "x", "now": "on"}
    )
    assert "was not deleted" in text(page)


def test_a_reason_that_is_rewritten_is_told(patient, settings):
    settings.CHAIN_KEY = b"k" * 32
    actions.seal_chains()
    run("erase", patient.reference, "--yes", *WHY)
    sound()
    PurgedRecord.objects.update(erased_for="a slip")
    with pytest.raises(CommandError):
        run("verify_store")


# The log


def test_references_leave_the_log_with_the_purge_and_the_chain_holds(patient):
    own = AccessEntry.objects.filter(about=patient.reference)
    numbers = set(own.values_list("number", flat=True))
    assert len(numbers) > 1
    actions.purge_sessions([patient.pk], NOW)
    assert not own.exists()
    sound()
    left = AccessEntry.objects.filter(number__in=numbers)
    assert {(entry.about, entry.salt) for entry in left} == {("", "")}
    assert len({entry.mark for entry in left}) == 1  # a pseudonym: theirs belong together
    auditor = staff("Auditors")
    page = auditor.get("/admin/triage/accessentry/", {"q": patient.reference.lower()})
    assert {entry.number for entry in page.context["cl"].result_list} == numbers
    assert f"deleted ({left[0].mark})" in text(page)


FORGED = {
    "another reference": lambda entry: {"about": "BCD-FGH"},
    "none, though it is kept": lambda entry: {"about": "", "salt": ""},
    "another commitment": lambda entry: {"commitment": "0" * 64},
    "another pseudonym": lambda entry: {"mark": "0" * 16},
}


@pytest.mark.parametrize("how", FORGED)
def test_what_an_entry_is_about_does_not_change_unseen(patient, how):
    entry = AccessEntry.objects.filter(about=patient.reference).latest("number")
    AccessEntry.objects.filter(pk=entry.pk).update(**FORGED[how](entry))
    assert list(access_log.faults())


def test_entries_from_before_there_were_commitments_hold_and_are_forgotten_too(patient):
    """As the version before wrote them."""
    previous = ""
    for entry in AccessEntry.objects.order_by("number"):
        entry.salt = entry.commitment = entry.mark = ""
        entry.sha256 = previous = access_log.link(previous, entry)
        entry.save()
    chain = AccessChain.objects.get()
    chain.sha256 = previous
    chain.save()
    sound()
    actions.purge_sessions([patient.pk], NOW)
    sound()
    assert not AccessEntry.objects.filter(about=patient.reference).exists()
    actions.note_access("view", "anna", NOW, "BCD-FGH")
    AccessEntry.objects.filter(what="change").update(about="", mark="0" * 16, who="rob")
    assert list(access_log.faults()) == []  # of an old one that was forgotten, its own words are not held


def test_a_reference_that_is_not_kept_does_not_stay_by_a_search(patient):
    reviewer = staff("Managers")
    for typed in ("BCD-FGH", patient.reference, "BC"):
        reviewer.get("/admin/triage/triagesession/", {"q": typed})
    actions.tidy(NOW)
    searches = list(AccessEntry.objects.filter(what="search").order_by("number"))
    assert [(entry.about, entry.detail) for entry in searches] == [
        ("", ""),
        (patient.reference, ""),
        ("", "how references begin"),
    ]
    sound()


# In the admin


def test_managers_answer_patients_in_the_admin_with_a_reason(patient):
    manager = staff("Managers")
    assert "Patients’ rights" in text(manager.get("/admin/"))
    refused = manager.post(RIGHTS, {"code": "BCD-FGH", "step": "text", "reason": ""})
    assert "No submission has this code" in text(refused)
    assert "Who asked, and when: This field is required." in text(refused)
    form = {"code": patient.reference, "reason": "by letter of today"}
    file = manager.post(RIGHTS, {**form, "step": "text"})
    assert file["Content-Disposition"] == f'attachment; filename="footpath-{patient.reference}.txt"'
    assert "Rang at noon." in file.content.decode()
    assert manager.post(RIGHTS, {**form, "step": "json"}).json()["reference"] == patient.reference
    asked = manager.post(RIGHTS, {**form, "step": "erase"})
    assert all(session.reference in text(asked) for session in family(patient.reference))
    assert TriageSession.objects.count() == 2
    done = manager.post(RIGHTS, {**form, "step": "erase", "now": "on"})
    assert "Deleted: 2 sessions." in text(done)
    assert not TriageSession.objects.exists()
    assert [entry.detail for entry in AccessEntry.objects.filter(who="managers").order_by("number")][-3:] == [
        "All that is held, to read: by letter of today",
        "All that is held, as data (JSON): by letter of today",
        "erased: by letter of today",
    ]


@pytest.mark.parametrize("kind", ["Reviewers", "Auditors"])
def test_nobody_else_does(kind):
    form = {"code": submitted().reference, "step": "text", "reason": "x"}
    assert staff(kind).post(RIGHTS, form).status_code == 403


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("bcd fgh", "BCD-FGH"),
        ("BCD-FGH", "BCD-FGH"),
        ("BCDFGH", "BCD-FGH"),
        ("BCD", ""),
        ("AEI-OU1", ""),
        ("", ""),
    ],
)
def test_a_code_is_read_as_it_is_typed(typed, reference):
    assert as_reference(typed) == reference


# Leaving


def answering():
    person = Patient()
    person.answer(person.start())
    return person


def test_leaving_can_delete_what_was_not_sent():
    person = answering()
    assert "Delete my answers and leave" in text(person.client.get(reverse("leave")))
    gone = person.client.post(reverse("leave"), {"delete": "on"}, follow=True)
    assert gone.redirect_chain[-1][0] == reverse("deleted")
    assert "gone from this device and from the server" in text(gone)
    assert not TriageSession.objects.exists()


def test_leaving_alone_deletes_nothing():
    answering().client.post(reverse("leave"), {"now": "on"})
    assert TriageSession.objects.count() == 1


def test_an_urgent_sign_stays_with_the_clinic_and_leaving_says_so():
    person = Patient(EMERGENCY)
    page = person.answer(person.start())  # the age
    person.answer(page)  # the sign
    shown = text(person.client.get(reverse("leave")))
    assert "staff of the clinic can see the answers that you gave" in shown
    assert "Delete my answers" not in shown
    left = person.client.post(reverse("leave"), {"delete": "on"}, follow=True)
    assert left.redirect_chain[-1][0] == reverse("left")
    assert TriageSession.objects.get().emergency_at


def test_the_letter_works_again_after_its_answers_were_deleted():
    clerk = User.objects.create_user("clerk")
    wanted = {"label": "J. D.", "appointment_at": NOW + timedelta(days=1), "language": "en"}
    ((_invitation, code),) = actions.invite([wanted], clerk, NOW)
    opened = actions.open_code(code, None, NOW)
    actions.record_answers(visit.find(opened.key, "en"), {"age": ("16-or-over",)}, NOW)
    assert actions.delete_unsent(visit.find(opened.key, "en"))
    assert Invitation.objects.get().state(NOW) == "open"
    assert actions.open_code(code, None, NOW).session.last_sequence == 0


def test_what_was_sent_is_not_deleted_by_leaving():
    person = Patient()
    person.whole()
    assert "Delete my answers" not in text(person.client.get(reverse("leave")))
    person.client.post(reverse("leave"), {"delete": "on"})
    assert TriageSession.objects.get().submitted_at


# What is said


def test_the_privacy_page_says_what_the_clinic_has_set(client):
    page = text(client.get(reverse("privacy")))
    assert "deleted after 365 days" in page
    assert "the privacy office where you live" in page
    Clinic.objects.update(
        retention_days=90,
        privacy_contact="Privacy office, 555 0199",
        complaint_route="The State Board, Main St 1",
    )
    page = text(client.get(reverse("privacy")))
    for words in (
        "after 90 days",
        "Who answers: Privacy office, 555 0199",
        "complain to: The State Board, Main St 1",
    ):
        assert words in page
    assert "They are deleted after 90 days." in text(client.get("/"))


def test_the_privacy_page_says_where_answers_go_besides(client, settings):
    assert "Nothing is sent to anybody else." in text(client.get(reverse("privacy")))
    settings.FHIR_SERVER = FhirServer("https://fhir.example.org/r4")
    for language, words in (("en", "go into your patient record"), ("es", "pasan a su historia clínica")):
        page = text(client.get(reverse("privacy"), headers={"Accept-Language": language}))
        assert words in page
        assert "Nothing is sent" not in page


def test_the_version_of_the_privacy_page_is_in_the_record_and_changes_with_its_words(client):
    assert actions.PRIVACY_VERSION in text(client.get(reverse("privacy")))
    assert json.loads(submitted().record)["privacy"] == actions.PRIVACY_VERSION
    source = (BASE_DIR / "templates" / "privacy.html").read_text(encoding="utf-8")
    words = " ".join(re.sub(r"<[^>]+>", " ", source).split())
    known = {"2026-12-01": "aabf59abc863f6bb"}
    assert known[actions.PRIVACY_VERSION] == hashlib.sha256(words.encode()).hexdigest()[:16], (
        "the words have changed: give actions.PRIVACY_VERSION the date of today, and note its hash here"
    )
