"""What staff did, as a table: who may take it out, and what stands in it."""

import csv
import io
import json
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command

from tests.staff import EMERGENCY, ROUTINE, SAME_DAY, staff, submitted, text
from tests.visitor import NOW, publish
from triage import actions
from triage.exports import reviewed
from triage.exports.reviews import COLUMNS
from triage.models import AccessEntry, TriageSession

pytestmark = pytest.mark.django_db
EXPORT = "/admin/triage/triagesession/export/"
WANTED = {"what": "reviews", "purpose": "audit"}


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def exported(client, **more):
    answer = client.post(EXPORT, WANTED | more)
    assert answer.headers["Content-Type"].startswith("text/csv"), text(answer)
    whole = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(whole)))


def test_a_row_says_what_was_done_by_whom_and_when_and_what_was_found():
    manager = staff("Managers")
    user = User.objects.get(username="managers")
    wanted = {"label": "=A. B.", "appointment_at": NOW + timedelta(days=1), "language": "en"}
    ((invitation, _code),) = actions.invite([wanted], user, NOW)
    session = submitted(SAME_DAY)
    TriageSession.objects.filter(pk=session.pk).update(
        invitation=invitation, appointment_at=invitation.appointment_at
    )
    actions.assign(session.pk, user, user, NOW)
    nothing = {"finding": "", "root": "", "urgency": None}
    found = {"finding": "back", "root": "S1", "urgency": 1, "outcome": "Booked"}
    for minutes, state, said in (
        (7, 2, nothing | {"outcome": "No answer"}),
        (90, 3, found),
        (95, 4, nothing),
    ):
        session.refresh_from_db()
        actions.review(
            session.pk, session.mark, user, state, "A secret note.", NOW + timedelta(minutes=minutes), **said
        )
    (row,) = exported(manager)
    assert list(row) == list(COLUMNS)
    assert row == {
        "reference": session.reference,
        "demo": "no",
        "submitted_at": "2026-11-22T09:00:00+00:00",
        "urgency": "same-day",
        "origin": "foot",
        "label": "'=A. B.",
        "appointment_at": "2026-11-23T09:00:00+00:00",
        "state": "closed",
        "assigned_to": "managers",
        "first_step_at": "2026-11-22T09:07:00+00:00",
        "minutes_to_first_step": "7",
        "reviewed_at": "2026-11-22T10:30:00+00:00",
        "reviewer": "managers",
        "outcomes": "No answer; Booked",
        "finding": "back",
        "finding_root": "S1",
        "urgency_in_hindsight": "routine",
    }
    assert AccessEntry.objects.filter(what="export", detail="reviews: audit").exists()


def test_days_and_urgency_narrow_every_export_down():
    manager = staff("Managers")
    sessions = [
        submitted(answers, now=NOW + timedelta(days=day))
        for day, answers in enumerate((ROUTINE, SAME_DAY, EMERGENCY))
    ]
    references = [session.reference for session in sessions]
    second = date(2026, 11, 23)
    for what in ("reviews", "submissions"):
        for chosen, expected in (
            ({}, references),
            ({"since": second}, references[1:]),
            ({"until": second}, references[:2]),
            ({"since": second, "until": second}, references[1:2]),
            ({"urgency": 3}, references[2:]),
        ):
            assert [row["reference"] for row in exported(manager, what=what, **chosen)] == expected
    assert AccessEntry.objects.filter(detail="reviews, since 2026-11-23, until 2026-11-23: audit").exists()


def test_it_needs_a_right_of_its_own():
    manager = staff("Managers")
    group = User.objects.get(username="managers").groups.get()
    group.permissions.remove(Permission.objects.get(codename="export_reviews"))
    assert "with its review" not in text(manager.get(EXPORT))
    assert "Select a valid choice" in text(manager.post(EXPORT, WANTED))
    assert not AccessEntry.objects.filter(what="export").exists()


def test_the_command_narrows_down_as_the_page_does():
    sessions = [
        submitted(answers, now=NOW + timedelta(days=day))
        for day, answers in enumerate((ROUTINE, SAME_DAY, EMERGENCY))
    ]
    references = [session.reference for session in sessions]
    for what in ("reviews", "csv"):
        for chosen, expected in (
            ((), references),
            (("--until", "2026-11-23"), references[:2]),
            (("--since", "2026-11-23", "--until", "2026-11-23"), references[1:2]),
            (("--urgency", "emergency"), references[2:]),
        ):
            said = io.StringIO()
            call_command("export", what, *chosen, "--by", "anna", stdout=said, stderr=io.StringIO())
            rows = list(csv.DictReader(io.StringIO(said.getvalue())))
            assert [row["reference"] for row in rows] == expected, (what, chosen)
            assert ("state" in rows[0]) is (what == "reviews")
    assert AccessEntry.objects.filter(who="anna", detail__startswith="reviews, until 2026-11-23").exists()


def as_json(client, **more):
    answer = client.post(EXPORT, {"what": "json", "purpose": "audit", **more})
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def test_json_brings_the_review_along_where_it_is_asked_for():
    manager = staff("Managers")
    user, session = User.objects.get(username="managers"), submitted(SAME_DAY)
    found = {"finding": "back", "root": "S1", "urgency": 1, "outcome": "Booked"}
    actions.review(session.pk, session.mark, user, 3, "A secret note.", NOW, **found)
    (plain,), (beside,) = as_json(manager), as_json(manager, with_reviews="on")
    review = beside.pop("review")
    assert beside == plain
    assert list(review) == list(COLUMNS)[5:]
    assert (review["state"], review["reviewer"], review["outcomes"]) == ("reviewed", "managers", "Booked")
    assert (review["finding"], review["urgency_in_hindsight"]) == ("back", "routine")
    assert "secret" not in json.dumps(review)
    assert AccessEntry.objects.filter(detail="json, with reviews: audit").exists()
    said = io.StringIO()
    call_command("export", "json", "--with-reviews", "--by", "anna", stdout=said, stderr=io.StringIO())
    assert json.loads(said.getvalue())["review"] == review


def test_csv_and_fhir_bring_the_same_along():
    manager = staff("Managers")
    user, session, other = User.objects.get(username="managers"), submitted(SAME_DAY), submitted(ROUTINE)
    found = {"finding": "back", "root": "S1", "urgency": 1, "outcome": "=Booked"}
    actions.review(session.pk, session.mark, user, 3, "A secret note.", NOW, **found)
    beside = as_json(manager, with_reviews="on")[0]["review"]
    for what in ("submissions", "answers"):
        plain, rows = exported(manager, what=what), exported(manager, what=what, with_reviews="on")
        assert [{name: row[name] for name in plain[0]} for row in rows] == plain
        more = [row for row in rows if row["reference"] == session.reference]
        assert {name: more[-1][name] for name in beside} == {
            name: str(value) for name, value in beside.items()
        } | {"outcomes": "'=Booked"}
        assert {row["state"] for row in rows} == {"reviewed", "new"}
    plain = as_json(manager, what="fhir-responses")
    response, unseen = as_json(manager, what="fhir-responses", with_reviews="on")
    assert all(
        "review" not in json.dumps(resource["extension"]) for resource in plain if "extension" in resource
    )
    (review,) = (each for each in response["extension"] if each["url"].endswith("/review"))
    assert {part.pop("url"): tuple(part.items()) for part in review["extension"]} == {
        "state": (("valueString", "reviewed"),),
        "first-step-at": (("valueDateTime", beside["first_step_at"]),),
        "minutes-to-first-step": (("valueInteger", 0),),
        "reviewed-at": (("valueDateTime", beside["reviewed_at"]),),
        "reviewer": (("valueString", "managers"),),
        "outcomes": (("valueString", "=Booked"),),
        "finding": (("valueString", "back"),),
        "finding-root": (("valueString", "S1"),),
        "urgency-in-hindsight": (("valueString", "routine"),),
    }
    (review,) = (each for each in unseen["extension"] if each["url"].endswith("/review"))
    assert review["extension"] == [{"url": "state", "valueString": "new"}], other.reference


def test_reviews_go_along_by_a_right_of_their_own():
    manager = staff("Managers")
    assert "The questions have no reviews" in text(
        manager.post(EXPORT, {**WANTED, "what": "fhir-questionnaire", "with_reviews": "on"})
    )
    submitted(ROUTINE)
    group = User.objects.get(username="managers").groups.get()
    group.permissions.remove(Permission.objects.get(codename="export_reviews"))
    assert "with_reviews" not in manager.get(EXPORT).content.decode()
    (alone,) = as_json(manager, with_reviews="on")
    assert "review" not in alone


def test_reviews_are_read_by_the_hundred_and_not_one_by_one(django_assert_max_num_queries):
    for _number in range(8):
        submitted(ROUTINE)
    with django_assert_max_num_queries(3):
        assert len(list(reviewed(None, None, None))) == 8
