"""Many submissions from one place: one row on the worklist, below all others, and nobody is lost."""

import re
from datetime import timedelta

import pytest

from tests.staff import (
    EMERGENCY,
    ROUTINE,
    WORKLIST,
    State,
    correction,
    later,
    listed,
    nurse,
    step,
    text,
)
from tests.visitor import NOW, Patient, publish
from triage import actions
from triage.domain.walk import read_answers
from triage.models import Arrivals, Clinic, OutboxMail, TriageSession
from triage.store import releases, visit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def from_place(address, answers=ROUTINE, invitation=None, now=NOW):
    content = releases.content(releases.current().sha256, "en")
    session, key = actions.start_session("en", now, invitation=invitation)
    given_now = read_answers(content, answers)
    first = {item: given_now[item] for item in ("age", "safety-now")}
    actions.record_answers(visit.find(key, "en"), first, now, address=address)
    filled = actions.fill_in(key, content.screens, given_now, "en", now)
    actions.submit(filled, now, address=address)
    return TriageSession.objects.get(pk=session.pk)


@pytest.fixture
def low_cap(monkeypatch):
    monkeypatch.setattr(actions.arrivals, "CAP", 2)


def test_what_comes_in_great_numbers_from_one_place_is_one_row_below_all_others(reviewer, low_cap):
    first, second, third, fourth = (from_place("192.0.2.7", EMERGENCY) for _turn in range(4))
    elsewhere = from_place("192.0.2.8")
    assert listed(reviewer) == [each.reference for each in (first, second, elsewhere, third)]
    page = text(reviewer.get(WORKLIST))
    assert "many from one place 2 not seen, 1 more emergency among them" in page
    assert listed(reviewer, f"?crowd={third.pk}") == [third.reference, fourth.reference]
    assert third.submitted_at, fourth.submitted_at  # nobody is refused


def test_the_count_begins_anew_each_hour_and_without_an_address_nothing_is_counted(low_cap):
    for _turn in range(4):
        assert not from_place(None).crowded
    assert [from_place("192.0.2.7").crowded for _turn in range(3)] == [False, False, True]
    assert not from_place("192.0.2.7", now=later(hours=1)).crowded


def test_who_is_invited_is_never_held_back(reviewer, low_cap):
    for number in range(3):
        from_place("192.0.2.7")
        visit_to_be = {"label": f"A. {number}", "appointment_at": later(days=1), "language": "en"}
        ((invitation, _code),) = actions.invite([visit_to_be], nurse(), NOW)
        assert not from_place("192.0.2.7", invitation=invitation).crowded
    assert from_place("192.0.2.7").crowded


def test_the_patients_pages_say_where_an_answer_comes_from(low_cap):
    found = []
    for _turn in range(3):
        Patient(EMERGENCY).whole()
        found.append(TriageSession.objects.latest("pk").crowded)
    assert found == [False, False, True]
    assert Arrivals.objects.get().count == 3  # a sign and its hand-in are one


def test_one_that_is_seen_gives_its_row_to_the_most_urgent_of_the_rest(reviewer, low_cap):
    for _turn in range(2):
        step(from_place("192.0.2.7"), nurse(), State.REVIEWED)
    head, quiet, urgent = (from_place("192.0.2.7", answers) for answers in (ROUTINE, ROUTINE, EMERGENCY))
    assert listed(reviewer) == [head.reference]
    step(head, nurse(), State.REVIEWED)
    assert listed(reviewer) == [urgent.reference]
    assert "many from one place 2 not seen" in text(reviewer.get(WORKLIST))
    step(urgent, nurse(), State.REVIEWED)
    assert listed(reviewer) == [quiet.reference]
    step(quiet, nurse(), State.REVIEWED)
    assert listed(reviewer) == []
    new = from_place("192.0.2.7")  # never behind what is done
    assert listed(reviewer) == [new.reference]


def test_they_share_one_mail(low_cap):
    Clinic.objects.update(tell_about="emergency", mail="desk@clinic.example")
    sessions = [from_place("192.0.2.7", EMERGENCY) for _turn in range(5)]
    assert list(OutboxMail.objects.values_list("session", flat=True)) == [
        session.pk for session in sessions[:3]
    ]


def test_a_correction_of_one_of_many_stays_among_them(reviewer, low_cap):
    *_first, head, member = (from_place("192.0.2.7", now=later(minutes=number)) for number in range(4))
    corrected = correction(member)
    assert (corrected.crowded, corrected.behind_id) == (True, head.pk)
    first = correction(head)
    assert listed(reviewer)[-1] == first.reference
    assert set(listed(reviewer, f"?crowd={first.pk}")) == {first.reference, corrected.reference}
    step(first, nurse(), State.REVIEWED)
    assert listed(reviewer)[-1] == corrected.reference


def test_what_is_kept_of_a_place_is_a_hash_of_this_hour(low_cap):
    from_place("192.0.2.7")
    (kept,) = Arrivals.objects.all()
    assert re.fullmatch("[0-9a-f]{16}", kept.place)
    Arrivals.objects.update(hour=kept.hour - timedelta(hours=3))
    from_place("192.0.2.7")
    (kept,) = Arrivals.objects.all()
    assert kept.count == 1
