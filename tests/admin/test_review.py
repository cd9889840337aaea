"""The review of a submission: each step is kept, and none is taken that is out of date."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, transaction

from tests.staff import EMERGENCY, State, send, sheet, staff, step, submitted, text
from tests.visitor import NOW, hand_in, publish
from triage import actions
from triage.domain.walk import read_answers
from triage.models import Review, TriageSession
from triage.store import releases, visit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def test_a_review_keeps_every_step_with_who_and_when(reviewer):
    session = submitted(EMERGENCY)
    for state in (State.ACKNOWLEDGED, State.REVIEWED, State.CLOSED, State.REVIEWED):
        page = send(reviewer, session, state, f"note {state}")
        assert page.status_code == 200
    assert [review.state for review in session.reviews.all()] == [2, 3, 4, 3]
    assert {review.reviewer.username for review in session.reviews.all()} == {"reviewers"}
    for words in ("Acknowledged by reviewers", "note 2", "Closed by reviewers", "note 4"):
        assert words in text(page)
    session.refresh_from_db()
    assert session.review_state == State.REVIEWED


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
    assert "Save for" not in text(client.get(sheet(session)))
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
