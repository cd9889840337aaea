"""The clock decides when a session closes, and nothing else: set back or forward, it changes no answer or result."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from tests.visitor import BACK, Browser, Patient, publish
from triage.models import Answer, TriageSession
from triage.store import visit, words
from triage.store.prepared import Prepared

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("the clock is the program's, and the journey machine turns it on both"),
]
START = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # half an hour before New York's clocks go back
SECOND = timedelta(seconds=1)
FORM = re.compile(r'<input type="hidden"[^>]*>')  # each session's own
JUMPS = {
    "a day back": timedelta(days=-1),
    "an hour back": timedelta(hours=-1),
    "a leap second": timedelta(seconds=-1),
    "half an hour on": timedelta(minutes=30),
}


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch, db):
    publish()
    clock = Clock(START)
    monkeypatch.setattr("django.utils.timezone.now", clock)
    return clock


# Jumps


def run(clock, jump=timedelta(0), at=None, answers=BACK):
    """A whole journey in which the clock jumps before the question page with that number, or before handing in.

    The main part of the check page, the record, and how many question pages there were.
    """
    clock.now = START
    patient = Patient(answers)
    page, number = patient.start(), 0
    while page.resolver_match.url_name != "check":
        clock.now += jump if number == at else SECOND
        page = patient.answer(page)
        number += 1
    clock.now += jump if number == at else SECOND
    checked = FORM.sub("", words.main_of(patient.client.get(reverse("check")).content.decode()))
    patient.submit()
    return checked, json.loads(TriageSession.objects.latest("pk").record), number


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
def test_clock_jump_changes_neither_the_check_page_nor_the_result(clock, jump, proof):
    checked, record, count = run(clock)
    places = range(0, count + 1, proof.size(short=5, long=1))
    proof.counted(places=len(places))
    for at in places:
        with_jump = run(clock, jump, at)
        assert with_jump[0] == checked
        assert with_jump[1]["result"] == record["result"]
        assert [row["item"] for row in with_jump[1]["answers"]] == [row["item"] for row in record["answers"]]


def test_answers_in_the_clocks_order_are_told(clock, monkeypatch):
    by_clock = visit.BY_KEY.queryset.order_by("answers__answered_at")
    monkeypatch.setattr(visit, "BY_KEY", Prepared(by_clock, visit.BY_KEY.columns))
    (_checked, record, _count), (_checked, jumped, _count) = run(clock), run(clock, JUMPS["a day back"], at=5)
    assert [row["item"] for row in jumped["answers"]] != [row["item"] for row in record["answers"]]


def test_an_answer_that_the_clock_calls_older_still_replaces_the_one_before(clock):
    patient = Patient(BACK)
    patient.go_on(patient.start())
    clock.now -= timedelta(days=1)
    patient.client.post(reverse("question", args=["tiptoe"]), {"tiptoe": "sore"})
    answer = Answer.objects.get(item="tiptoe")
    assert answer.given == ["sore"]
    assert answer.answered_at < TriageSession.objects.get().started_at
    assert answer.sequence == max(Answer.objects.values_list("sequence", flat=True))
    patient.submit()
    record = json.loads(TriageSession.objects.get().record)
    assert record["answers"][-1]["item"] == "tiptoe"


def test_years_ahead_the_session_is_closed_and_nothing_is_gone(clock):
    patient = Patient(BACK)
    patient.go_on(patient.start())
    stored = list(Answer.objects.values())
    clock.now = START.replace(year=2036)
    assert patient.client.get(reverse("check"), follow=True).resolver_match.url_name == "expired"
    assert list(Answer.objects.values()) == stored


# Closing time


def quiet(clock):
    """Somebody answered everything at START and then did nothing."""
    patient = Patient(BACK)
    patient.go_on(patient.start())
    return patient, visit.IDLE


def done(clock):
    """Somebody handed in at START and then did nothing."""
    patient = Patient(BACK)
    patient.whole()
    return patient, visit.IDLE


def busy(clock):
    """Somebody kept on changing an answer."""
    patient = Patient(BACK)
    patient.go_on(patient.start())
    while clock.now - START < visit.LONGEST - visit.IDLE:
        clock.now += visit.IDLE
        patient.client.post(reverse("question", args=["leg"]), {"leg-pain": "a-little"})
    return patient, visit.LONGEST


ASK = [
    ("get", "go-on", []),
    ("get", "question", ["leg"]),
    ("post", "question", ["leg"]),
    ("get", "check", []),
    ("get", "result", []),
    ("post", "submit", []),
]


def wrong_at_the_limit(clock, key, limit):
    """Calls that find the session open when it should be closed, or closed when it should be open."""
    before = TriageSession.objects.values("last_sequence", "submitted_at").get()
    for late, closed in ((-SECOND, False), (timedelta(0), False), (SECOND, True)):
        clock.now = START + limit + late
        for method, name, arguments in ASK:
            client = Browser()
            client.cookies.load({"visit": key})
            with transaction.atomic():
                answer = getattr(client, method)(reverse(name, args=arguments), {"leg-pain": "none"})
                after = TriageSession.objects.values("last_sequence", "submitted_at").get()
                transaction.set_rollback(True)
            # Closed, nothing was stored, and the browser has lost its key.
            kept = after != before or client.cookies["visit"].value != ""
            if (answer.get("Location") == reverse("expired")) != closed or (closed and kept):
                yield f"{method} {name} at {late}"


@pytest.mark.parametrize("person", [quiet, done, busy])
def test_expiry(clock, person, proof):
    """At its limit a session is open, and a second later it is closed."""
    patient, limit = person(clock)
    proof.counted(calls=3 * len(ASK))
    assert list(wrong_at_the_limit(clock, patient.client.cookies["visit"].value, limit)) == []


@pytest.mark.parametrize("person", [quiet, done, busy])
@pytest.mark.parametrize("error", [-SECOND, SECOND], ids=["too early", "too late"])
def test_a_session_that_closes_a_second_off_is_told(clock, person, error, monkeypatch):
    patient, limit = person(clock)
    monkeypatch.setattr(visit, "IDLE", visit.IDLE + error)
    monkeypatch.setattr(visit, "LONGEST", visit.LONGEST + error)
    assert list(wrong_at_the_limit(clock, patient.client.cookies["visit"].value, limit))
