"""Many at once on one session: what is frozen is what was answered, and no emergency falls between two requests."""

import json
from contextlib import nullcontext

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.store.test_storage import at_once
from tests.visitor import BACK, FOOT_ONLY, Patient, holding, publish
from triage import actions
from triage.domain.decision import decide
from triage.domain.walk import walk
from triage.models import Answer, RecordChain, TriageSession
from triage.store import releases, visit, words
from triage.store.records import open_record

pytestmark = pytest.mark.django_db(transaction=True)
# What the tabs send while others hand in: each of them another urgency.
CHANGES = [
    ("health", {"health": ["none"], "changes": ["fever"]}),
    ("health", {"health": ["diabetes"], "changes": ["black-toe"]}),
    ("safety-now", {"safety-now": ["none"]}),
    ("safety-now", {"safety-now": ["cold-limb"]}),
]
TABS = 12


@pytest.fixture(autouse=True)
def release(transactional_db):
    return publish()


def post(key, name, data=None, arguments=()):
    """As a browser with this key; again where there are more tabs than connections to the database."""
    for _try in range(40):
        try:
            answer = holding(key).post(reverse(name, args=arguments), data)
        except OperationalError:  # the browser of the tests looks up what stands on its page
            continue
        if answer.get("Location") != reverse("problem", args=["closed"]):
            break
    return answer


def answering(key, screen, answers):
    return lambda: post(key, "question", answers, [screen])


def tab(key, number):
    """Two of three tabs hand in; the third sends other answers first."""

    def run():
        if number % 3 == 0:
            answering(key, *CHANGES[number // 3])()
        assert post(key, "submit")["Location"] == reverse("result")

    return run


def decided(rows):
    content = releases.content(releases.current().sha256, "en")
    return decide(content, walk(content, {row["item"]: tuple(row["given"]) for row in rows})).urgency


def stale(session):
    """How a handed-in session differs from what its answers would decide now."""
    record = open_record(session)
    rows = list(session.answers.values("item", "given", "sequence"))
    stored = TriageSession.Urgency(session.urgency).name.lower().replace("_", "-")
    if {stored, record["result"]["urgency"], decided(record["answers"])} != {decided(rows)}:
        yield f"{session.pk}: stored {stored}, shown {record['result']['urgency']}, and it is {decided(rows)}"
    if {row["item"]: row["given"] for row in record["answers"]} != {
        row["item"]: row["given"] for row in rows
    }:
        yield f"{session.pk}: answers changed after they were frozen"
    if len({row["sequence"] for row in rows}) != len(rows):
        yield f"{session.pk}: two answers with one number"


def handed_in_at_once(count, progress=lambda done: None):
    faults, urgencies = [], set()
    for number in range(1, count + 1):
        patient = Patient(FOOT_ONLY)
        patient.go_on(patient.start())
        key = patient.client.cookies["visit"].value
        at_once(*(tab(key, number) for number in range(TABS)))
        session = TriageSession.objects.latest("pk")
        urgencies.add(session.urgency)
        faults += stale(session)
        progress(number)
    numbers = TriageSession.objects.order_by("record_number").values_list("record_number", flat=True)
    if list(numbers) != list(range(1, count + 1)):
        faults.append("the records are not numbered one after the other")
    return faults, urgencies


def test_parallel(proof):
    count = proof.size(short=4, long=200)
    faults, urgencies = handed_in_at_once(count, lambda done: proof.progress(done, count))
    proof.counted(sessions=count, submits=count * TABS, urgencies=len(urgencies))
    assert faults == []


def test_a_verdict_on_answers_that_changed_since_is_told(monkeypatch):
    """As of a submit that keeps what it has worked out and does not look whether it still holds."""
    patient = Patient(FOOT_ONLY)
    patient.go_on(patient.start())
    early = list(Answer.objects.values("item", "given", "sequence", "answered_at"))
    patient.client.post(reverse("question", args=["safety-now"]), {"safety-now": ["cold-limb"]})
    patient.submit()
    session = TriageSession.objects.get()
    frozen = json.loads(session.record)
    for row in frozen["answers"]:
        row["given"] = next(old["given"] for old in early if old["item"] == row["item"])
    session.record = releases.canonical(frozen)
    session.record_sha256 = releases.sha256(session.record)
    assert len(list(stale(session))) == 2


# An emergency that two tabs make together

TOGETHER = [
    ("leg-where", {"leg-site": ["buttock"], "leg-sides": "both"}),
    ("time", {"duration": "under-2-weeks", "course": "worse", "pain-level": "4", "impact": ["walking"]}),
]
ALMOST = BACK | {"leg-sides": "one", "duration": "over-3-months", "course": "same", "foot-heavy": "drags"}


def test_an_emergency_is_seen_that_two_tabs_make_together():
    """Neither of the two answers is one; both together are. Staff see it also if nothing is ever handed in."""
    for _round in range(5):
        patient = Patient(ALMOST)
        patient.go_on(patient.start())
        key = patient.client.cookies["visit"].value
        assert TriageSession.objects.latest("pk").emergency_at is None
        at_once(*(answering(key, screen, answers) for screen, answers in TOGETHER))
        session = TriageSession.objects.latest("pk")
        assert decided(session.answers.values("item", "given")) == "emergency"
        assert session.emergency_at
        assert len(set(session.answers.values_list("sequence", flat=True))) == session.answers.count()


def test_answers_decided_on_old_ones_are_not_stored():
    patient = Patient(ALMOST)
    patient.go_on(patient.start())
    one, other = (visit.find(patient.client.cookies["visit"].value, "en") for _tab in range(2))
    now = one.last_active_at
    actions.record_answers(one, {"leg-sides": ("both",)}, now)
    with pytest.raises(actions.AnsweredMeanwhile):
        actions.record_answers(other, {"course": ("worse",)}, now)
    assert Answer.objects.get(item="course").given == ["same"]


def test_what_was_read_before_another_tab_answered_is_not_handed_in():
    patient = Patient(FOOT_ONLY)
    patient.go_on(patient.start())
    key = patient.client.cookies["visit"].value
    read = visit.find(key, "en")
    actions.record_answers(visit.find(key, "en"), {"safety-now": ("cold-limb",)}, read.last_active_at)
    with pytest.raises(actions.AnsweredMeanwhile):
        actions.submit(read, read.last_active_at)
    assert not RecordChain.objects.filter(number__gt=0).exists()
    assert TriageSession.objects.get().submitted_at is None


def test_who_waits_for_a_session_that_is_held_does_not_hold_the_chain():
    """Its row comes first: everybody who hands in needs the end of the chain."""
    patient = Patient(FOOT_ONLY)
    patient.go_on(patient.start())
    read = visit.find(patient.client.cookies["visit"].value, "en")
    with CaptureQueriesContext(connection) as asked:
        actions.submit(read, read.last_active_at)
    begun = next(number for number, query in enumerate(asked) if query["sql"].startswith("BEGIN"))
    session, chain, *_writes = [query["sql"] for query in asked][begun + 1 :]
    assert '"triage_triagesession"' in session
    assert '"triage_recordchain"' in chain
    assert (
        session.endswith("FOR UPDATE") == chain.endswith("FOR UPDATE") == (connection.vendor == "postgresql")
    )


@pytest.mark.parametrize("locked", [False, True], ids=["as it is", "decided under the lock"])
def test_nobody_waits_while_a_result_is_worked_out(monkeypatch, locked):
    """On SQLite a transaction that writes stops everybody else's; so does the end of the chain on PostgreSQL."""
    patient = Patient(FOOT_ONLY)
    patient.go_on(patient.start())
    read = visit.find(patient.client.cookies["visit"].value, "en")
    seen, result_main = [], words.result_main
    monkeypatch.setattr(
        words, "result_main", lambda record: seen.append(connection.in_atomic_block) or result_main(record)
    )
    with transaction.atomic() if locked else nullcontext():
        actions.submit(read, read.last_active_at)
    assert seen == [locked]
