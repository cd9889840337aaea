"""The review of a submission: each step is kept, and none is taken that is out of date."""

import re
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from tests.staff import (
    EMERGENCY,
    SAME_DAY,
    SETTINGS,
    WORKLIST,
    State,
    listed,
    send,
    sheet,
    staff,
    step,
    submitted,
    text,
)
from tests.visitor import NOW, hand_in, publish
from triage import actions
from triage.domain.walk import read_answers
from triage.models import AccessEntry, Clinic, Review, TriageSession
from triage.store import releases, visit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def test_a_review_keeps_every_step_with_who_and_when(reviewer):
    session = submitted(EMERGENCY)
    for state in (State.ACKNOWLEDGED, State.REVIEWED, State.CLOSED, State.ACKNOWLEDGED):
        page = send(reviewer, session, state, f"note {state}")
        assert page.status_code == 200
    assert [review.state for review in session.reviews.all()] == [2, 3, 4, 2]
    assert {review.reviewer.username for review in session.reviews.all()} == {"reviewers"}
    for words in ("Acknowledged by reviewers", "note 2", "Closed by reviewers", "note 4", "Opened again by"):
        assert words in text(page)
    session.refresh_from_db()
    assert session.review_state == State.ACKNOWLEDGED


@pytest.mark.parametrize("state", [State.NEW, State.CLOSED, 9])
def test_a_state_that_cannot_follow_is_refused(reviewer, state):
    session = submitted()
    assert "Select a valid choice" in text(send(reviewer, session, state))
    with pytest.raises(actions.NotAStep):
        step(session, User.objects.get(username="reviewers"), state)
    assert not Review.objects.exists()


IMPOSSIBLE = (
    {"state": 1},
    {"state": 9},
    {"urgency": 7},
    {"root": "L5"},
    {"reviewer": None},
    {"created_at": None},
)


@pytest.mark.parametrize("change", IMPOSSIBLE, ids=str)
def test_the_database_refuses_a_step_that_cannot_be(reviewer, change):
    session = submitted()
    step(session, User.objects.get(username="reviewers"), State.REVIEWED)
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        TriageSession.objects.filter(pk=session.pk).update(review_state=5)


def test_the_same_state_again_needs_a_note(reviewer):
    session = submitted()
    send(reviewer, session, State.ACKNOWLEDGED)
    assert "Write a note." in text(send(reviewer, session, State.ACKNOWLEDGED))
    send(reviewer, session, State.ACKNOWLEDGED, "Rang, no answer.")
    assert session.reviews.count() == 2


def test_a_stale_tab_is_told_and_keeps_its_note(reviewer):
    session = submitted()
    seen = session.mark
    send(reviewer, session, State.ACKNOWLEDGED)
    page = send(reviewer, session, State.REVIEWED, "All well.", seen=seen)
    assert "has changed since you opened the page" in text(page)
    assert "All well." in text(page)
    assert session.reviews.count() == 1
    assert send(reviewer, session, State.REVIEWED, "All well.").redirect_chain


def test_the_action_itself_refuses_what_is_out_of_date(reviewer):
    session = submitted()
    user = User.objects.get(username="reviewers")
    seen = session.mark
    step(session, user, State.ACKNOWLEDGED)
    with pytest.raises(actions.ChangedMeanwhile):
        actions.review(session.pk, seen, user, State.REVIEWED, "", NOW)


def test_a_form_for_another_submission_is_refused(reviewer):
    session, other = submitted(), submitted()
    assert send(reviewer, session, State.ACKNOWLEDGED, "About another", seen=other.mark).status_code == 400
    assert not Review.objects.exists()


def test_a_review_needs_the_right_to_it():
    session, client = submitted(), staff("Reviewers")
    group = User.objects.get(username="reviewers").groups.get()
    group.permissions.remove(Permission.objects.get(codename="add_review"))
    assert "Reviewed and next" not in text(client.get(sheet(session)))
    assert send(client, session, State.ACKNOWLEDGED).status_code == 403
    assert not Review.objects.exists()


def test_what_is_handed_in_is_new_again(reviewer):
    session, key = actions.start_session("en", NOW)
    content = releases.content(releases.current().sha256, "en")
    answers = read_answers(content, EMERGENCY)
    actions.record_answers(
        visit.find(key, "en"), {"age": answers["age"], "safety-now": answers["safety-now"]}, NOW
    )
    send(reviewer, session, State.REVIEWED, "Called an ambulance.")
    seen = session.mark
    while (found := visit.find(key, "en")).walk.unanswered:
        actions.record_answers(found, {item: answers.get(item, ()) for item in found.walk.unanswered}, NOW)
    hand_in(key)
    assert "has changed" in text(send(reviewer, session, State.ACKNOWLEDGED, seen=seen))
    session.refresh_from_db()
    assert (session.review_state, session.need) == (State.NEW, TriageSession.Need.UNSEEN_EMERGENCY)
    assert "Called an ambulance." in text(reviewer.get(sheet(session)))


# Review in one go


def press(client, session, query="", **button):
    """What a button of the sheet sends, and where that leads."""
    session.refresh_from_db()
    page = client.post(sheet(session) + query, {"seen": session.mark, "note": "", "then": "next", **button})
    assert page.status_code == 302, page.context["form"].errors
    return page["Location"]


def test_reviewed_and_on_to_the_next_in_turn(reviewer):
    routine, second, first = submitted(), submitted(SAME_DAY), submitted(EMERGENCY)
    assert press(reviewer, first, state=3) == sheet(second)
    assert press(reviewer, second, state=2) == sheet(routine)
    assert press(reviewer, routine, state=3) == WORKLIST
    assert "That was the last one of this list." in text(reviewer.get(WORKLIST))


def test_an_emergency_that_came_meanwhile_is_next_whoever_was_next_before(reviewer):
    first, second, third = submitted(SAME_DAY), submitted(SAME_DAY), submitted(SAME_DAY)
    assert press(reviewer, first, state=3) == sheet(second)
    urgent = submitted(EMERGENCY)
    assert press(reviewer, second, state=3) == sheet(urgent)
    assert press(reviewer, urgent, state=3) == sheet(third)


def test_whoever_is_passed_over_is_not_next_again_until_the_end(reviewer):
    first, second, third = submitted(SAME_DAY), submitted(SAME_DAY), submitted(SAME_DAY)
    assert press(reviewer, second, state=3) == sheet(third)
    assert press(reviewer, third, state=3) == sheet(first)


KEPT = "?_changelist_filters=" + quote("tab=unseen&level__exact=1&p=1")


def test_what_was_chosen_on_the_list_stays_through_opening_saving_and_going_back(reviewer):
    urgent, first, second = submitted(SAME_DAY), submitted(), submitted()
    listing = reviewer.get(WORKLIST + "?tab=unseen&level__exact=1&p=1").content.decode()
    assert sheet(first) + KEPT.replace("&", "&amp;") in listing
    page = reviewer.get(sheet(first) + KEPT)
    assert WORKLIST + "?tab=unseen&amp;level__exact=1&amp;p=1" in page.content.decode()
    assert sheet(second) + KEPT in page.content.decode()
    assert press(reviewer, first, KEPT, state=3) == sheet(second) + KEPT
    assert press(reviewer, second, KEPT, state=3) == WORKLIST + "?tab=unseen&level__exact=1&p=1"
    assert urgent.reference in text(reviewer.get(WORKLIST))


@pytest.mark.parametrize("kept", ["level__exact=x", "key_hash__startswith=a", "tab=%00", "q=ABC", "o=99.x"])
def test_no_address_of_a_sheet_breaks_it_or_finds_what_a_list_does_not(reviewer, kept):
    session = submitted()
    page = reviewer.get(f"{sheet(session)}?_changelist_filters={quote(kept)}")
    assert page.status_code in (200, 400)


def test_one_press_says_what_was_done_with_who_and_when(reviewer):
    Clinic.objects.update(outcomes=["Rang", "Booked"], open_outcomes=["No answer"])
    first, second = submitted(SAME_DAY), submitted(SAME_DAY)
    page = reviewer.get(sheet(first))
    assert [word in text(page) for word in ("Rang", "Booked", "No answer", "Advised")] == [
        True,
        True,
        True,
        False,
    ]
    assert press(reviewer, first, outcome="No answer") == sheet(second)
    first.refresh_from_db()
    assert first.review_state == State.ACKNOWLEDGED
    press(reviewer, first, outcome="Booked")
    assert list(first.reviews.values_list("state", "outcome", "reviewer__username")) == [
        (2, "No answer", "reviewers"),
        (3, "Booked", "reviewers"),
    ]
    assert "Reviewed , Booked, by reviewers" in text(reviewer.get(sheet(first)))
    assert "Booked by reviewers" in text(reviewer.get(WORKLIST + "?tab=done"))
    call_command("verify_store")


def test_an_outcome_that_the_clinic_does_not_have_is_refused(reviewer):
    session = submitted()
    session.refresh_from_db()
    page = reviewer.post(sheet(session), {"seen": session.mark, "outcome": "Went home"})
    assert "Select a valid choice" in text(page)
    assert not Review.objects.exists()


def test_an_outcome_that_was_changed_later_is_noticed(reviewer):
    session = submitted()
    press(reviewer, session, outcome="Rang")
    Review.objects.update(outcome="Booked")
    with pytest.raises(CommandError):
        call_command("verify_store")


def test_the_clinic_chooses_its_words(reviewer):
    manager = staff("Managers")
    words = {**SETTINGS, "outcomes": "Rang\n\n Sent  home \nRang", "open_outcomes": "", "languages": []}
    answer = manager.post("/admin/triage/clinic/1/change/", words)
    assert answer.status_code == 302, answer.context["errors"]
    clinic = Clinic.objects.get()
    assert (clinic.outcomes, clinic.open_outcomes) == (["Rang", "Sent home"], [])
    page = manager.post("/admin/triage/clinic/1/change/", {**words, "outcomes": "x" * 41})
    assert "at most 40" in text(page)


def test_opened_again_it_is_in_the_queue_and_says_so(reviewer):
    session = submitted()
    step(session, User.objects.get(username="reviewers"), State.REVIEWED)
    page = text(reviewer.get(sheet(session)))
    assert "Open again" in page
    assert "Reviewed and next" not in page
    press(reviewer, session, state=2)
    assert "Opened again by reviewers" in text(reviewer.get(sheet(session)))
    assert listed(reviewer, "?tab=to-review") == [session.reference]


# Whose it is


def test_a_submission_is_given_to_somebody_who_may_review(reviewer):
    session = submitted()
    actions.create_staff("nurse", "a password of its own", "Reviewers")
    actions.create_staff("auditor", "a password of its own", "Auditors")
    assert reviewer.post(sheet(session), {"assign": "nurse"}).status_code == 302
    session.refresh_from_db()
    assert session.assigned_to.username == "nurse"
    assert "for nurse" in text(reviewer.get(WORKLIST))
    assert reviewer.post(sheet(session), {"assign": "auditor"}).status_code == 400
    reviewer.post(sheet(session), {"assign": ""})
    session.refresh_from_db()
    assert session.assigned_to is None
    found = AccessEntry.objects.filter(about=session.reference, what="change").order_by("number")
    assert [entry.detail for entry in found] == ["assigned to nurse", "assigned to nobody"]


# Many at once


def settle(client, sessions, **more):
    return client.post(f"{WORKLIST}settle/", {"pk": [each.pk for each in sessions], **more}, follow=True)


def test_routine_ones_are_reviewed_at_once_after_a_page_that_names_them(reviewer):
    routine, other, same_day, urgent = submitted(), submitted(), submitted(SAME_DAY), submitted(EMERGENCY)
    taken_back = submitted()
    TriageSession.objects.filter(pk=taken_back.pk).update(emergency_at=NOW)
    boxes = re.findall(r'name="pk" value="(\d+)"', reviewer.get(WORKLIST).content.decode())
    assert sorted(map(int, boxes)) == [routine.pk, other.pk]
    chosen = (routine, other, same_day, urgent, taken_back)
    page = settle(reviewer, chosen)
    assert "Mark 2 as reviewed" in text(page)
    assert [each.reference in text(page) for each in chosen] == [True, True, False, False, False]
    assert "3 left out" in text(page)
    assert not Review.objects.exists()
    marks = [each.mark for each in chosen]
    step(other, User.objects.get(username="reviewers"), State.ACKNOWLEDGED)  # somebody was quicker
    page = settle(reviewer, chosen, confirmed="yes", seen=marks)
    assert "1 reviewed." in text(page)
    assert set(TriageSession.objects.filter(tab=3).values_list("reference", flat=True)) == {routine.reference}


def test_nothing_is_settled_without_the_page_that_names_it(reviewer):
    session = submitted()
    settle(reviewer, [session], confirmed="yes")
    assert not Review.objects.exists()
    assert "Nothing that is routine" in text(settle(reviewer, []))


def test_settling_needs_the_right_to_review(reviewer):
    session = submitted()
    group = User.objects.get(username="reviewers").groups.get()
    group.permissions.remove(Permission.objects.get(codename="add_review"))
    assert settle(reviewer, [session], confirmed="yes", seen=[session.mark]).status_code == 403
    assert not Review.objects.exists()
