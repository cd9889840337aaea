"""The worklist: what comes first, and what a row says."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.staff import (
    EMERGENCY,
    ROUTINE,
    SAME_DAY,
    WORKLIST,
    State,
    correction,
    given,
    invite,
    later,
    listed,
    nurse,
    step,
    submitted,
    text,
)
from tests.visitor import NOW, publish
from triage import actions
from triage.admin import worklist
from triage.admin.worklist import TABS
from triage.models import TriageSession

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


# The tabs, and the order in each


def test_a_tab_is_sorted_by_need_then_invited_first_then_the_longest_waiting(reviewer):
    routine, same_day = submitted(ROUTINE), submitted(SAME_DAY)
    fresh = submitted(EMERGENCY, now=later(hours=2))
    waiting = submitted(EMERGENCY, now=later(hours=1))
    longest = submitted(SAME_DAY, now=later(days=-1))
    invited = submitted(SAME_DAY, now=later(hours=3))
    guest = submitted(ROUTINE, now=later(hours=4))
    invite("A. B.", [invited.record_number, guest.record_number])
    wanted = [waiting, fresh, invited, longest, same_day, guest, routine]
    assert listed(reviewer) == [session.reference for session in wanted]


def test_what_is_reviewed_leaves_the_queue(reviewer):
    new, acknowledged, reviewed = submitted(SAME_DAY), submitted(EMERGENCY), submitted(EMERGENCY)
    unfinished = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)})
    given({"age": ("16-or-over",)}, {"safety-now": ("none",)})  # nothing to see
    step(acknowledged, nurse(), State.ACKNOWLEDGED)
    step(reviewed, nurse(), State.REVIEWED)
    found = {tab: listed(reviewer, f"?tab={tab}") for tab in TABS}
    assert found == {
        "unseen": [unfinished.reference, new.reference],
        "to-review": [acknowledged.reference],
        "visits": [],
        "done": [reviewed.reference],
        "all": [unfinished.reference, acknowledged.reference, new.reference, reviewed.reference],
    }
    assert listed(reviewer) == listed(reviewer, "?tab=nonsense") == found["unseen"]


def test_done_begins_with_the_newest(reviewer):
    sessions = [submitted(EMERGENCY, now=later(hours=hours)) for hours in (1, 3, 2)]
    for session in sessions:
        step(session, nurse(), State.REVIEWED)
    first, third, second = (session.reference for session in sessions)
    assert listed(reviewer, "?tab=done") == [third, second, first]


def test_visits_are_those_of_today_and_tomorrow_whatever_was_done(reviewer, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)  # four in the morning at the clinic
    today, tomorrow, day_after, yesterday = (submitted() for _visit in range(4))
    for session, when in (
        (today, later(hours=19)),
        (tomorrow, later(hours=43)),
        (day_after, later(hours=44)),
        (yesterday, later(hours=-5)),
    ):
        TriageSession.objects.filter(pk=session.pk).update(appointment_at=when)
    step(tomorrow, nurse(), State.REVIEWED)
    assert listed(reviewer, "?tab=visits") == [today.reference, tomorrow.reference]


def test_each_tab_says_how_many_it_has_and_the_title_how_many_are_unseen(reviewer, monkeypatch):
    for _turn in range(3):
        submitted()
    step(submitted(), nurse(), State.REVIEWED)
    page = reviewer.get(WORKLIST)
    tabs = {tab["key"]: tab["count"] for tab in page.context["cl"].tabs}
    assert tabs == {"unseen": 3, "to-review": 0, "visits": 0, "done": 1, "all": None}
    assert "Unseen 3 To review 0" in text(page)
    assert "<title>(3) Submissions" in page.content.decode()
    monkeypatch.setattr(worklist, "MOST_COUNTED", 2)
    assert "Unseen 2+" in text(reviewer.get(WORKLIST))


def test_filters_stay_when_the_tab_changes_and_the_page_does_not(reviewer):
    submitted(SAME_DAY)
    page = reviewer.get(WORKLIST + "?level__exact=2&p=1")
    assert {tab["query"] for tab in page.context["cl"].tabs} == {f"?level__exact=2&tab={tab}" for tab in TABS}


# What a row says


def test_a_row_says_why_where_when_and_how_long(reviewer):
    session = submitted(SAME_DAY, language="es", now=timezone.now() - timedelta(hours=3), demo=True)
    TriageSession.objects.filter(pk=session.pk).update(appointment_at=later(days=1))
    page = reviewer.get(WORKLIST)
    cell = re.search(r'<span class="urgency level-2">.*?</span>', page.content.decode(), re.DOTALL)[0]
    assert "<svg" in cell
    assert "same day" in cell
    for words in (" demo ", " fever ", " Spanish ", "Nov 23, 04:00", "3 hours since "):
        assert words in text(page), words


@pytest.mark.parametrize(
    "answers, why",
    [
        (EMERGENCY, "saddle numbness"),
        (
            EMERGENCY | {"safety-now": ["saddle-numbness", "bladder-bowel"]},
            "saddle numbness, bladder or bowel",
        ),
        (SAME_DAY, "fever"),
        (ROUTINE, ""),
        (ROUTINE | {"health": ["cancer"]}, ""),
    ],
)
def test_why_names_the_signs_that_make_it_urgent_and_no_others(answers, why):
    assert submitted(answers).why == why


def test_an_unfinished_emergency_is_marked_and_found_among_the_emergencies(reviewer):
    session = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)})
    submitted(SAME_DAY)
    assert listed(reviewer, "?level__exact=3") == [session.reference]
    assert "emergency not finished cold limb" in text(reviewer.get(WORKLIST))


@pytest.mark.parametrize("finished", [True, False])
def test_a_sign_that_was_taken_back_stays_among_the_emergencies(reviewer, finished):
    session = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)}, {"safety-now": ("none",)})
    if finished:
        session = submitted(ROUTINE)
        TriageSession.objects.filter(pk=session.pk).update(emergency_at=NOW)
    step(session, nurse(), State.ACKNOWLEDGED)
    assert session.reference in listed(reviewer, "?tab=to-review&level__exact=3")
    assert session.reference not in listed(reviewer, "?tab=to-review&level__exact=1")


# A correction, and what it corrects


def test_corrections_collapse_into_one_row_and_one_review_settles_all(reviewer):
    first = submitted(SAME_DAY)
    second = correction(first, {"side": ("right",)})
    third = correction(second)
    assert listed(reviewer) == [third.reference]
    assert f"corrects {second.reference}" in text(reviewer.get(WORKLIST))
    assert listed(reviewer, f"?q={first.reference}") == [first.reference]  # a search finds them all
    step(third, nurse(), State.REVIEWED)
    assert listed(reviewer) == []
    assert listed(reviewer, "?tab=done") == [third.reference]
    first.refresh_from_db()
    assert first.review_state == State.REVIEWED
    assert list(first.reviews.values_list("reviewer__username", "note")) == [("reviewers", "")]


def test_a_correction_that_is_not_handed_in_hides_nothing(reviewer):
    emergency = submitted(EMERGENCY)
    correction(emergency, hand_in=False)
    assert listed(reviewer) == [emergency.reference]


def test_a_new_sign_in_a_correction_stands_there_at_once(reviewer):
    for answers in (ROUTINE, EMERGENCY):
        first = submitted(answers)
        step(first, nurse(), State.REVIEWED)
        begun = correction(first, {"safety-now": ("saddle-numbness", "cold-limb")}, hand_in=False)
        assert listed(reviewer) == [begun.reference], answers
        step(begun, nurse(), State.REVIEWED)


def test_corrections_are_capped_within_an_hour():
    session = submitted()
    for _turn in range(5):
        session = correction(session)
    with pytest.raises(actions.CorrectedOften):
        actions.correct(session.pk, "en", NOW + timedelta(minutes=59))
    assert actions.correct(session.pk, "en", NOW + timedelta(hours=1, seconds=1))
