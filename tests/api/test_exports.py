"""Exports by a program: the same as on the server, of some days, entered in the access log."""

import json
import threading
from datetime import date, timedelta

import pytest

from tests.exported import NOTE, enter, export, lines
from tests.programs import EXPORTS, Program, hang_up, manager, text
from tests.visitor import BACK, FOOT_ONLY, NOW, publish
from triage import actions
from triage.actions.accounts import GROUPS, MANAGERS, set_up_after_migration
from triage.api import exports
from triage.models import AccessEntry, TriageSession
from triage.store import releases

pytestmark = pytest.mark.django_db
DAYS = "since=2026-11-01&until=2026-11-30"
OPTIONS = ["--since", "2026-11-01", "--until", "2026-11-30"]


@pytest.fixture
def content(settings, db, monkeypatch):
    settings.API = True
    monkeypatch.setattr(exports, "place", threading.BoundedSemaphore(1))
    return releases.content(publish().sha256, "en")


@pytest.fixture
def program(content):
    return Program(EXPORTS)


def as_the_server(what):
    return ["csv", "--rows", what] if what in ("submissions", "answers") else [what]


@pytest.mark.parametrize("what", exports.KINDS)
def test_it_is_what_the_server_writes(content, program, what):
    enter(content, FOOT_ONLY | {"note": NOTE})
    enter(content, BACK, "es")
    of_a_release = what in exports.OF_A_RELEASE
    answer = program.get(f"/api/exports/{what}{'' if of_a_release else '?' + DAYS}")
    assert answer.status_code == 200
    assert text(answer) == export(*as_the_server(what), *([] if of_a_release else OPTIONS))[0]
    entry = AccessEntry.objects.filter(what=AccessEntry.What.EXPORT, who="token archive").get()
    assert entry.detail.startswith(what)
    assert entry.detail.endswith(": by a token of mona")
    assert of_a_release or "since 2026-11-01, until 2026-11-30" in entry.detail


def test_parameters_mean_what_the_options_mean(content, program):
    enter(content, FOOT_ONLY | {"note": "Between you and me."})
    enter(content, BACK | {"safety-now": ["cold-limb"]})
    for asked, options in {
        "urgency=emergency": ["--urgency", "emergency"],
        "notes=on": ["--with-notes"],
        "reviews=on": ["--with-reviews"],
        "notes=off&reviews=off": [],
    }.items():
        found = text(program.get(f"/api/exports/json?{DAYS}&{asked}"))
        assert found == export("json", *OPTIONS, *options)[0], asked
    assert "Between you and me." not in text(program.get(f"/api/exports/json?{DAYS}"))
    spanish = text(program.get("/api/exports/fhir-questionnaire?language=es"))
    assert json.loads(spanish)["language"] == "es"


def test_days_bound_what_is_read(content, program):
    for days in (0, 1, 2):
        session = enter(content, FOOT_ONLY)
        TriageSession.objects.filter(pk=session.pk).update(submitted_at=NOW + timedelta(days=days))
    one = (NOW + timedelta(days=1)).date()
    assert len(lines(text(program.get(f"/api/exports/json?since={one}&until={one}")))) == 1


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("", {"since", "until"}),
        ("since=2026-11-01", {"until"}),
        ("since=2026-11-31&until=2026-11-30", {"since"}),
        ("since=2026-11-02&until=2026-11-01", {"until"}),
        ("since=2025-01-01&until=2026-11-01", {"until"}),
        (f"{DAYS}&until=2026-11-29", {"until"}),
        (f"{DAYS}&urgency=soon", {"urgency"}),
        (f"{DAYS}&notes=yes", {"notes"}),
        (f"{DAYS}&reference=ABC-DEF", {""}),
        ("since=\x00&until=%F0", {"since", "until"}),
    ],
)
def test_a_query_that_cannot_be_read_is_told_and_nothing_is_given(program, query, wrong):
    answer = program.get(f"/api/exports/json?{query}")
    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == wrong
    assert not AccessEntry.objects.filter(what=AccessEntry.What.EXPORT).exists()


def test_a_year_is_the_most_and_enough(program):
    since = date(2025, 11, 1)
    until = since + timedelta(days=exports.MOST_DAYS)
    assert text(program.get(f"/api/exports/json?since={since}&until={until}")) == ""
    too_far = until + timedelta(days=1)
    assert program.get(f"/api/exports/json?since={since}&until={too_far}").status_code == 400


@pytest.mark.parametrize("query", ["language=fr", "language=", "since=2026-11-01"])
def test_of_a_questionnaire_only_its_languages_are_asked_for(program, query):
    answer = program.get(f"/api/exports/fhir-questionnaire?{query}")
    assert answer.status_code == 400


def test_reviews_need_a_maker_who_may_export_them(content, monkeypatch):
    without = tuple(right for right in GROUPS[MANAGERS] if right != "export_reviews")
    monkeypatch.setitem(GROUPS, MANAGERS, without)
    set_up_after_migration()
    program = Program(EXPORTS)
    assert program.get(f"/api/exports/reviews?{DAYS}").status_code == 403
    assert program.get(f"/api/exports/json?{DAYS}&reviews=on").status_code == 403
    assert program.get(f"/api/exports/json?{DAYS}&reviews=off").status_code == 200


def test_one_export_at_a_time_and_the_place_is_free_again(content, program):
    enter(content, FOOT_ONLY)
    first = program.get(f"/api/exports/json?{DAYS}")
    second = program.get(f"/api/exports/json?{DAYS}")
    assert (second.status_code, second["Retry-After"]) == (503, "10")
    hang_up(first)  # before anything was sent
    third = program.get(f"/api/exports/json?{DAYS}")
    assert text(third)
    assert program.get(f"/api/exports/json?{DAYS}").status_code == 200


def test_what_has_begun_goes_on_to_its_end_and_nothing_new_begins(content, program):
    """An export is one moment: a token that is revoked meanwhile opens nothing from then on."""
    for _number in range(3):
        enter(content, FOOT_ONLY)
    answer = program.get(f"/api/exports/json?{DAYS}")
    begun = iter(answer.streaming_content)
    first = next(begun), next(begun)
    # As another connection would, which a test inside a transaction does not have.
    actions.revoke_token(program.token.pk, manager().get_username(), NOW)
    rest = list(begun)
    assert len(lines(b"".join([*first, *rest]).decode())) == 3
    assert program.get(f"/api/exports/json?{DAYS}").status_code == 401


def test_an_altered_record_is_told_and_the_rest_goes_on(content, program):
    altered, _whole = enter(content, FOOT_ONLY), enter(content, BACK)
    wrong = altered.record.replace('"origin":"foot"', '"origin":"back"')
    TriageSession.objects.filter(pk=altered.pk).update(record=wrong)
    found = lines(text(program.get(f"/api/exports/json?{DAYS}")))
    assert [line.get("altered") for line in found] == [True, None]
