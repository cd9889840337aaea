"""What is typed anywhere goes out again by every documented way."""

import json
import logging

import pytest
from django.core import serializers
from django.core.management import call_command

from tests.exported import export
from tests.staff import SETTINGS, State, sheet, staff, submitted
from tests.visitor import Patient, publish
from triage import actions
from triage.models import AccessEntry, Clinic, Review, TriageSession
from triage.server import gate

ODD = "\uffffA\x0bB\u202eC\x1b\U0002ffff"
pytestmark = pytest.mark.django_db


def typed_by_a_patient():
    publish()
    patient = Patient()
    patient.answers["note"] = "It hurts\x0bhere\uffff \u202eand there"
    patient.go_on(patient.start())
    patient.client.post("/submit/")


def typed_by_staff():
    """In a review's note, in the purpose of an export, in the clinic's settings."""
    publish()
    session = submitted()
    form = {"seen": session.mark, "state": int(State.ACKNOWLEDGED), "note": ODD}
    staff("Reviewers").post(sheet(session), form)
    manager = staff("Managers")
    manager.post("/admin/triage/triagesession/export/", {"what": "json", "purpose": ODD})
    manager.post("/admin/triage/clinic/1/change/", SETTINGS | {"sheet_footer": ODD})


def dumped_and_read(tmp_path, form):
    file = tmp_path / f"all.{form}"
    call_command("dumpdata", "triage", "auth", format=form, output=str(file), verbosity=0)
    with file.open(encoding="utf-8") as text:
        return len(list(serializers.deserialize(form, text)))


def test_all_that_was_typed_can_be_dumped_read_and_exported(tmp_path):
    typed_by_a_patient()
    typed_by_staff()
    assert Clinic.objects.get().sheet_footer == "A\nBC\ufffd"
    assert Review.objects.get().note == "A\nBC\ufffd"
    assert AccessEntry.objects.get(what="export").detail == "json: A BC\ufffd"
    assert TriageSession.objects.filter(record__contains="It hurts\\nhere and there").exists()
    assert dumped_and_read(tmp_path, "xml") == dumped_and_read(tmp_path, "json") > 10
    for line in export("json", "--with-notes")[0].splitlines():
        assert json.loads(line)


def test_without_cleaning_the_dump_is_no_dump(tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "plain", lambda text: text)
    typed_by_staff()
    with pytest.raises(Exception, match="unserializable"):
        dumped_and_read(tmp_path, "xml")


def test_a_strangers_oversized_form_is_no_fault_of_ours(client, caplog, monkeypatch):
    publish()
    with caplog.at_level(logging.INFO):
        client.post("/language/", {"language": "x" * 100_000})
        client.post("/language/", {f"f{number}": "" for number in range(300)})
    assert caplog.records
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    monkeypatch.setattr(gate, "_read_plainly", lambda request: None)
    with caplog.at_level(logging.INFO):
        client.post("/language/", {"language": "x" * 100_000})
    assert [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_name_is_plain_too():
    with pytest.raises(ValueError, match="name"):
        actions.create_staff("a\x0bb", "a password of its own", "Managers")
