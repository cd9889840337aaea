"""The overview: counted over the days asked for, told so that no count points to a person."""

import json
import re
from copy import deepcopy
from datetime import date, timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.staff import many
from tests.visitor import BACK, FOOT_ONLY, NOW, hand_in, publish, shipped_trees
from triage import actions
from triage.admin.overview import charts
from triage.admin.overview.charts import Figure, exact, rounded
from triage.admin.overview.counts import MOST_DAYS, Overview
from triage.domain.walk import read_answers
from triage.models import AccessEntry, DailyCount, Invitation, TriageSession
from triage.store import releases, visit

pytestmark = pytest.mark.django_db
PATH = "/admin/triage/triagesession/overview/"
TODAY = date(2026, 11, 22)
SAME_DAY = FOOT_ONLY | {"changes": ["fever"]}
EMERGENCY = BACK | {"safety-now": ["saddle-numbness"]}
State = TriageSession.ReviewState


@pytest.fixture(autouse=True)
def content(db, monkeypatch):
    publish()
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return releases.content(releases.current().sha256, "en")


@pytest.fixture
def boss():
    client = Client()
    client.force_login(actions.create_staff("boss", "a password of her own", actions.MANAGERS))
    return client


def submitted(content, answers=FOOT_ONLY, when=NOW, language="en", demo=False):
    return actions.enter(content, read_answers(content, answers), language, when, demo=demo)


def overview(content, demo=True, days=7):
    return Overview(first=TODAY - timedelta(days=days - 1), last=TODAY, content=content, demo=demo)


def table(overview, title):
    found = next(each for each in (overview.days, *overview.tables) if each.title == title)
    return {name: [str(bar.figure) for bar in bars] for name, bars in found.rows}


def text(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


# How a count is told


def test_a_small_count_is_not_told_and_others_are_rounded():
    told = [str(rounded(count)) for count in (0, 1, 4, 5, 7, 8, 12, 1234)]
    assert told == ["0", "fewer than 5", "fewer than 5", "5", "5", "10", "10", "1,235"]
    assert [str(exact(count)) for count in (0, 1, 7)] == ["0", "1", "7"]


def test_no_difference_of_two_counts_gives_a_small_one_away():
    sizes = {rounded(count).size for count in range(5, 2000)}
    assert all(size % charts.FEW == 0 for size in sizes)
    assert len({(str(rounded(count)), rounded(count).size) for count in range(1, 5)}) == 1


def test_a_share_is_made_of_what_may_be_told():
    assert str(charts.share(rounded(9), rounded(41))) == "25% (10 of 40)"
    assert str(charts.share(rounded(3), rounded(41))) == "fewer than 5 of 40"
    assert str(charts.share(rounded(3), rounded(4))) == "fewer than 5 in all"


def test_columns_stand_upon_each_other_and_within_the_picture():
    picture = charts.columns(
        [("Nov 1", [(3, Figure(10)), (1, Figure(30))]), ("Nov 2", [(1, Figure(4, few=True))])]
    )
    first, second, third = picture.parts
    assert (first.y + first.height, second.y + second.height) == (picture.foot, first.y)
    assert first.height * 3 == second.height
    assert third.few
    assert third.x > first.x == second.x
    assert [line.count for line in picture.lines] == [0, 10, 20, 30, 40]
    assert charts.columns([("Nov 1", [])]).lines


# What is counted


def test_submissions_of_a_day_by_urgency(content):
    for answers in (FOOT_ONLY, FOOT_ONLY, SAME_DAY, EMERGENCY):
        submitted(content, answers, demo=True)
    submitted(content, when=NOW - timedelta(days=1), demo=True)
    submitted(content, when=NOW - timedelta(days=7), demo=True)  # before these days
    days = table(overview(content), "Submissions each day")
    assert len(days) == 7
    assert days["Nov 22"] == ["1", "1", "2"]
    assert days["Nov 21"] == ["0", "0", "1"]
    assert table(overview(content), "Outcomes")["Fits foot"] == ["0", "1", "3"]
    assert table(overview(content), "Outcomes")["Fits back"] == ["1", "0", "0"]


def test_a_day_is_the_clinics(content):
    before_midnight = NOW.replace(hour=4, minute=59)  # in UTC; 23:59 in New York
    submitted(content, when=before_midnight, demo=True)
    days = table(overview(content), "Submissions each day")
    assert (days["Nov 21"][2], days["Nov 22"][2]) == ("1", "0")


def test_patients_and_made_up_submissions_are_never_mixed(content):
    submitted(content, demo=True)
    for _each in range(6):
        submitted(content, SAME_DAY)
    assert table(overview(content, demo=True), "Submissions each day")["Nov 22"] == ["0", "0", "1"]
    assert table(overview(content, demo=False), "Submissions each day")["Nov 22"] == ["0", "5", "0"]


def test_deleted_submissions_are_counted_still(content):
    DailyCount.objects.create(day=TODAY, urgency=1, origin="foot", count=10)
    DailyCount.objects.create(day=TODAY - timedelta(days=30), urgency=1, origin="foot", count=10)
    sessions = [submitted(content) for _each in range(5)]
    actions.purge_sessions([session.pk for session in sessions], NOW)
    actions.purge_sessions([submitted(content, demo=True).pk], NOW)
    assert str(overview(content, demo=False).submitted) == "15"
    assert str(overview(content, demo=True).submitted) == "0"


def test_time_to_acknowledgement_of_what_is_urgent(content):
    staff = User.objects.create_user("rita")
    waits = (timedelta(minutes=14), timedelta(minutes=61), timedelta(days=3), None)
    for answers in (SAME_DAY, EMERGENCY, FOOT_ONLY):
        for wait in waits:
            session = submitted(content, answers, demo=True)
            for later in (wait, wait + timedelta(hours=1)) if wait else ():
                session.refresh_from_db()
                actions.review(session.pk, session.mark, staff, State.ACKNOWLEDGED, "x", NOW + later)
    found = table(overview(content), "Time to acknowledgement")
    assert {name for name, counts in found.items() if counts == ["1", "1"]} == {
        "Within 15 minutes",
        "Within 4 hours",
        "Later",
        "Not yet",
    }
    assert sum(int(count) for counts in found.values() for count in counts) == 8


def test_the_last_page_of_those_who_did_not_hand_in(content):
    submitted(content, demo=True)
    for screens in (0, 2, 2):
        _session, key = actions.start_session("en", NOW, demo=True)
        actions.fill_in(key, content.screens[:screens], read_answers(content, FOOT_ONLY), "en", NOW)
    stopped = {
        name: count
        for name, (count,) in table(overview(content), "Where people stop").items()
        if count != "0"
    }
    assert stopped == {"Before the first answer": "1", content.screens[1].title: "2"}


def test_how_often_people_are_not_sure(content):
    for changes in ({}, {"back-pain": "not-sure", "tiptoe": "not-tried"}):
        submitted(content, FOOT_ONLY | changes, demo=True)
    rates = table(overview(content), "Questions that people are not sure about")
    labels = {key: content.items[key].label for key in ("back-pain", "tiptoe", "course")}
    assert rates[labels["back-pain"]] == rates[labels["tiptoe"]] == ["50% (1 of 2)"]
    assert rates[labels["course"]] == ["0% (0 of 2)"]


def changed(content, before, after):
    """Answered up to the check page, changed there, and handed in; what is asked no more stays stored."""
    _session, key = actions.start_session("en", NOW, demo=True)
    actions.fill_in(key, content.screens, read_answers(content, FOOT_ONLY | before), "en", NOW)
    actions.record_answers(visit.find(key, "en"), read_answers(content, after), NOW)
    actions.fill_in(key, content.screens, read_answers(content, FOOT_ONLY | after), "en", NOW)
    return hand_in(key)


def test_an_answer_off_the_path_is_no_answer(content):
    """Hurt, and not sure about the four steps: of the two, one says after all that there was no injury."""
    hurt = {"injury": "recent", "injury-steps": "not-sure", "heel-stand": "weak", "weak-since": "not-sure"}
    submitted(content, FOOT_ONLY | hurt | {"injury-steps": "yes"}, demo=True)
    session = changed(content, hurt, {"injury": "no", "heel-stand": "yes"})
    assert set(json.loads(session.record)["dropped"]) == {"injury-steps", "injury-bone", "weak-since"}
    rates = table(overview(content), "Questions that people are not sure about")
    labels = {key: content.items[key].label for key in ("injury", "injury-steps", "weak-since", "foot-feel")}
    assert rates[labels["injury"]] == rates[labels["foot-feel"]] == ["0% (0 of 2)"]
    assert rates[labels["injury-steps"]] == ["0% (0 of 1)"]
    assert rates[labels["weak-since"]] == ["100% (1 of 1)"]


def test_the_path_is_that_of_the_release_that_was_answered(content):
    """Where another release always asks about the leg, those answers count whatever was said before."""
    submitted(content, FOOT_ONLY | {"leg-pain": "a-little", "leg-sides": "not-sure"}, demo=True)
    trees = deepcopy(shipped_trees())
    for screen in trees["questionnaire"]["screens"]:
        for item in screen["items"]:
            if item["key"] == "leg-sides":
                del item["ask-when"]
    release = publish(trees)
    always = releases.content(release.sha256, "en")
    submitted(always, FOOT_ONLY | {"leg-sides": "not-sure"}, demo=True)
    rates = table(overview(always), "Questions that people are not sure about")
    assert rates[content.items["leg-sides"].label] == ["100% (2 of 2)"]
    assert rates[content.items["leg-site"].label] == ["0% (0 of 1)"]


def test_languages(content):
    submitted(content, demo=True)
    submitted(content, demo=True, language="es")
    submitted(content, demo=True, language="es")
    found = table(overview(content), "Languages")
    assert sorted(found.values()) == [["1"], ["2"]]


# The page


def test_the_page_names_nobody_and_is_entered_in_the_log(boss, content):
    session = submitted(content, EMERGENCY | {"note": "Between you and me."})
    page = boss.get(PATH)
    said = text(page)
    assert "fewer than 5" in said
    assert "Made-up submissions do not count." in said
    for secret in (session.reference, "Between you", "saddle", session.record_sha256[:8]):
        assert secret not in page.content.decode()
    entry = AccessEntry.objects.latest("number")
    assert (entry.what, entry.who, entry.about) == ("view", "boss", "overview")
    assert entry.detail == "2026-10-24 to 2026-11-22"
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.content.decode())


@pytest.mark.parametrize(
    "query",
    [
        "first=2026-11-22&last=2026-11-01",
        f"first={TODAY - timedelta(days=MOST_DAYS)}",
        "first=x",
        "last=%00",
        "first=9999-99-99",
        "first=0001-01-01&last=0001-01-02",
        "first=9999-12-30&last=9999-12-31",
    ],
)
def test_wrong_days_are_said_and_nothing_is_counted(boss, query):
    with CaptureQueriesContext(connection) as queries:
        page = boss.get(f"{PATH}?{query}")
    assert page.status_code == 200
    assert "<title>Error: " in page.content.decode()
    assert not any("triage_answer" in query["sql"] for query in queries)
    assert "Languages" in text(boss.get(f"{PATH}?first={TODAY - timedelta(days=MOST_DAYS - 1)}"))


def test_it_costs_the_same_queries_however_much_there_is(boss, content):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert boss.get(PATH).status_code == 200
        return len(queries)

    submitted(content)
    few = cost()
    for answers in (SAME_DAY, EMERGENCY, BACK):
        submitted(content, answers)
        _session, key = actions.start_session("en", NOW)
        actions.fill_in(key, content.screens[:3], read_answers(content, answers), "en", NOW)
    assert cost() == few <= 21


@pytest.mark.parametrize(
    "index, rows", [("worklist_by_time", "_handed_in"), ("unfinished_by_start", "_unfinished")]
)
def test_the_days_are_found_in_an_index(content, index, rows):
    many()
    if connection.vendor == "postgresql":  # it would not use an index for a table this small
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    found = getattr(overview(content, demo=False), rows)
    assert re.search(rf"\b{index}\b", found.explain())


# Invitations


def test_the_way_from_invitation_to_answers_is_counted(content, boss):
    user, visit_at = User.objects.get(username="boss"), NOW + timedelta(days=3)
    wanted = [{"label": f"P {n}", "appointment_at": visit_at, "language": "en"} for n in range(20)]
    made = [invitation.pk for invitation, _code in actions.invite(wanted, user, NOW)]
    Invitation.objects.filter(pk__in=made[:10]).update(opened_at=NOW)
    Invitation.objects.filter(pk__in=made[:5]).update(sent_at=NOW)
    actions.revoke(made[-1], user, NOW)
    title = "From invitation to answers"
    assert table(overview(content, demo=False), title) == {
        "Invited": ["20"],
        "Opened": ["10"],
        "Handed in": ["5"],
    }
    assert title in boss.get(PATH).content.decode()
    assert title not in [each.title for each in overview(content).tables]  # made-up ones
