"""The patient's own words at rest: with a key they are in no table and no file, and nothing else passes for them."""

import random
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.urls import reverse

from tests.visitor import FOOT_ONLY, Patient, publish
from triage.admin.sheet import sheet_of
from triage.models import Answer, TriageSession
from triage.server.environment import read_environment
from triage.store import notes
from triage.store.records import ChainCheck, links, open_record
from triage.store.releases import canonical
from triage.store.visit import find

NOTE = "Zwickmühle-4711 🦶"
KEYS = [bytes([number]) * 32 for number in range(1, 4)]
UNREADABLE = "(This text cannot be read here"


@pytest.fixture
def with_key(settings):
    settings.NOTE_KEYS = KEYS[:1]
    return settings


# One text


@pytest.mark.parametrize("text", ["", "x", NOTE, "two\nlines", "z" * 5000])
def test_a_text_comes_back_and_never_looks_the_same(with_key, text):
    one, other = (notes.sealed(text, "B2C-D3F", "note") for _time in range(2))
    assert notes.opened({"note": [one]}, "B2C-D3F") == {"note": [text]}
    assert notes.opened(one, "B2C-D3F", "note") == text
    assert notes.read(canonical({"note": [one]}), "B2C-D3F") == {"note": [text]}
    assert one != other
    assert len(text) < 5 or text not in one  # a letter or two may be there by chance


def test_without_a_key_nothing_changes():
    assert notes.sealed(NOTE, "B2C-D3F", "note") == NOTE
    assert notes.opened([NOTE, None, 3], "B2C-D3F") == [NOTE, None, 3]


def test_no_tampering_is_taken_for_a_text(with_key, proof):
    """Bits turned, ends cut off, another's text, another item's."""
    token = notes.sealed(NOTE, "B2C-D3F", "note")
    name, secret = token[1:-1].split(":")
    places = proof.size(short=300, long=10_000)
    chance = random.Random(proof.seed)
    tampered = set()
    while len(tampered) < places:
        signs = list(secret)
        for _sign in range(chance.randint(1, 3)):
            signs[chance.randrange(len(signs))] = chance.choice("abcdefghijklmnopqrstuvwxyzABCXYZ0189-_")
        cut = chance.choice([len(signs), len(signs), chance.randrange(len(signs))])
        tampered.add("".join(signs[:cut]))
    tampered.discard(secret)
    read = [notes.opened(f"\x01{name}:{each}\x01", "B2C-D3F") for each in tampered]
    proof.counted(tampered=len(tampered), accepted=sum(NOTE in text for text in read))
    assert not any(NOTE in text for text in read)
    for swapped in (
        notes.opened(token, "X2C-D3F"),
        notes.opened(token, "B2C-D3F", "other"),
        notes.opened(token.replace("note:", "other:"), "B2C-D3F"),
    ):
        assert swapped.startswith(UNREADABLE)


def test_a_new_key_goes_in_front_and_the_old_one_still_opens(with_key):
    old = notes.sealed(NOTE, "B2C-D3F", "note")
    with_key.NOTE_KEYS = [KEYS[1], KEYS[0]]
    new = notes.sealed(NOTE, "B2C-D3F", "note")
    assert [notes.opened(token, "B2C-D3F") for token in (old, new)] == [NOTE, NOTE]
    with_key.NOTE_KEYS = [KEYS[1]]
    assert notes.opened(new, "B2C-D3F") == NOTE
    assert notes.opened(old, "B2C-D3F").startswith(UNREADABLE)


@pytest.mark.parametrize("value", ["short", "é", urlsafe_b64encode(KEYS[0]).decode() + ",x", ","])
def test_a_key_that_is_none_stops_the_start_and_is_not_repeated(value):
    with pytest.raises(ImproperlyConfigured, match="NOTE_KEYS: these are no keys") as refused:
        read_environment({"NOTE_KEYS": value})
    assert urlsafe_b64encode(KEYS[0]).decode() not in str(refused.value)
    good = ",".join(urlsafe_b64encode(key).decode() for key in KEYS)
    assert read_environment({"NOTE_KEYS": good}).note_keys == KEYS


# Where notes go


@pytest.fixture
def submitted(db, with_key):
    publish()
    patient = Patient(FOOT_ONLY | {"note": NOTE})
    patient.go_on(patient.start())
    assert NOTE in patient.client.get(reverse("question", args=["words"])).content.decode()
    assert sheet_of(TriageSession.objects.get())["raw"][-1]["given"] == (NOTE,)
    patient.submit()
    return patient


def stored():
    """Everything in the tables that could hold it."""
    return str([*Answer.objects.values_list("given"), *TriageSession.objects.values_list("record", "drafts")])


def test_the_note_is_read_by_those_who_may_and_in_no_table(submitted):
    session = TriageSession.objects.get()
    record = open_record(session)
    assert record["result"]["note"] == NOTE
    assert [row["given"] for row in record["answers"] if row["item"] == "note"] == [[NOTE]]
    assert NOTE in submitted.client.get(reverse("result")).content.decode()
    assert "Zwickm" not in stored()


def test_a_correction_takes_the_note_along_and_seals_it_anew(submitted):
    submitted.client.post(reverse("correct"))
    assert NOTE in submitted.client.get(reverse("question", args=["words"])).content.decode()
    submitted.submit()
    assert [open_record(session)["result"]["note"] for session in TriageSession.objects.all()] == [NOTE, NOTE]
    assert len({str(given) for given in Answer.objects.filter(item="note").values_list("given")}) == 2
    assert "Zwickm" not in stored()


def test_a_refused_note_is_sealed_too(db, with_key):
    publish()
    patient = Patient(FOOT_ONLY)
    patient.go_on(patient.start())
    path = reverse("question", args=["words"])
    page = patient.client.post(path, {"note": f"{NOTE} \x07"}, follow=True)
    assert page.context["form"]["note"].value() == f"{NOTE} \ufffd"
    assert "Zwickm" not in stored()


def test_anothers_note_put_in_its_place_is_not_shown(db, with_key):
    publish()
    for _person in range(2):
        patient = Patient(FOOT_ONLY | {"note": NOTE})
        patient.go_on(patient.start())
    own, other = TriageSession.objects.order_by("pk")
    given = Answer.objects.get(session=own, item="note").given
    Answer.objects.filter(session=other, item="note").update(given=given)
    answers = find(patient.client.cookies["visit"].value, "en").answers
    assert answers["note"][0].startswith(UNREADABLE)


def test_a_lost_key_loses_the_note_and_nothing_else(submitted, settings):
    settings.NOTE_KEYS = KEYS[2:]
    page = submitted.client.get(reverse("result"))
    assert page.status_code == 200
    record = open_record(TriageSession.objects.get())
    assert record["result"]["note"].startswith(UNREADABLE)
    assert record["result"]["origin"] == "foot"
    chain = ChainCheck()
    for link in links():
        chain.add(link)
    chain.end()
    assert chain.faults == []


def test_without_a_key_it_is_there_to_read(db):
    publish()
    Patient(FOOT_ONLY | {"note": NOTE}).whole()
    assert "Zwickm" in stored()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads the database's own files")
@pytest.mark.parametrize("keys", [KEYS[:1], []], ids=["with a key", "without"])
def test_not_a_byte_of_it_is_in_the_database_files(settings, keys):
    settings.NOTE_KEYS = keys
    publish()
    content_given = FOOT_ONLY | {"note": NOTE}
    Patient(content_given).whole()
    files = Path(connection.settings_dict["NAME"])
    found = [path for path in files.parent.glob(files.name + "*") if b"Zwickm" in path.read_bytes()]
    assert bool(found) == (not keys)
