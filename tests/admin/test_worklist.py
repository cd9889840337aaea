"""The worklist: what comes first, what finds a submission, and what a list may be asked."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from benchmarks.admin import UNBOUNDED
from tests.staff import (
    EMERGENCY,
    ROUTINE,
    SAME_DAY,
    WORKLIST,
    State,
    given,
    listed,
    many,
    staff,
    statements,
    step,
    submitted,
    text,
)
from tests.visitor import BACK, NOW, Patient, publish
from triage import actions
from triage.admin import lists, worklist
from triage.admin.submissions import SubmissionAdmin, references
from triage.admin.worklist import TABS
from triage.domain.walk import read_answers
from triage.models import Arrivals, Clinic, OutboxMail, TriageSession
from triage.store import releases, visit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def nurse():
    return User.objects.get(username="reviewers")


def later(**time):
    return NOW + timedelta(**time)


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


def correction(of, *answers, hand_in=True):
    key = actions.correct(of.pk, "en", NOW)
    for given_now in answers:
        actions.record_answers(visit.find(key, "en"), given_now, NOW)
    found = visit.find(key, "en")
    if hand_in:
        actions.submit(found, NOW)
    return TriageSession.objects.get(pk=found.pk)


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


# Many from one place


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


# Filters and searches


def test_filters(reviewer):
    foot, back = submitted(SAME_DAY), submitted(BACK, demo=True)
    assert listed(reviewer, "?level__exact=2") == listed(reviewer, "?origin__exact=foot") == [foot.reference]
    assert listed(reviewer, "?demo__exact=1") == [back.reference]
    actions.assign(foot.pk, nurse(), nurse(), NOW)
    assert listed(reviewer, "?assigned=me") == [foot.reference]
    assert "for reviewers" in text(reviewer.get(WORKLIST))


def test_search_finds_references_by_how_they_begin(reviewer):
    session, other = submitted(), submitted()
    TriageSession.objects.filter(pk=session.pk).update(reference="BCD-234")
    TriageSession.objects.filter(pk=other.pk).update(reference="BCF-Z34")
    for found in ("BCD-234", "bcd234", "bcd-", "BCD"):
        assert listed(reviewer, f"?q={found}") == ["BCD-234"], found
    assert listed(reviewer, "?q=bc") == ["BCD-234", "BCF-Z34"]
    for not_found in ("CD", "234", "BCD-2345", "foot", "%25", "BCD-23A"):
        assert listed(reviewer, f"?q={not_found}") == [], not_found


def test_a_search_is_a_range_of_the_index():
    assert references("z-z") == ("ZZ2-222", "ZZZ-ZZZ")
    assert references("A") is None  # no reference has a vowel


@pytest.mark.parametrize(
    "query, index",
    [
        ("?tab=all", "worklist"),
        ("", "worklist_by_tab"),
        ("?tab=done", "worklist_by_tab"),
        ("?tab=all&level__exact=3", "worklist_by_level"),
        ("?tab=all&origin__exact=foot", "worklist_by_origin"),
        ("?tab=done&level__exact=2", "worklist_by_tab_level"),
        ("?tab=done&origin__exact=foot", "worklist_by_tab_origin"),
        ("?tab=all&level__exact=3&origin__exact=foot", "worklist_by_level_origin"),
        ("?level__exact=2&origin__exact=back", "worklist_by_all_three"),
        ("?tab=all&demo__exact=1", "worklist_demo"),
        ("?tab=all&o=2", "worklist"),
        ("?tab=all&o=-2", "worklist"),
        ("?tab=all&o=4", "worklist_by_waiting"),
        ("?tab=done&o=4", "worklist_(waiting_by_tab|by_waiting)"),
        ("?tab=all&o=4&level__exact=1", "worklist_waiting_by_level"),
        ("?tab=all&o=-4", "worklist_by_waiting"),
    ],
)
def test_a_page_is_read_from_an_index_without_sorting(reviewer, query, index):
    many()
    rows = reviewer.get(WORKLIST + query).context["cl"].queryset
    assert re.search(rf"\b{index}\b", plan(rows))
    assert not re.search(SORTS, plan(rows))
    assert re.search(SORTS, plan(rows.order_by("last_sequence")))


SORTS = "TEMP B-TREE|Sort"


@pytest.mark.parametrize(
    "typed, label",
    [
        ("a. b", "A. B."),
        ("  A.   B. ", "A. B."),
        ("A.\u200b B.\u200e", "A. B."),
        ("o'neill", "O’Neill"),
        ("“x”", '"X"'),
        ("cafe\u0301", "Café"),
        ("CAFÉ", "Cafe\u0301"),
        ("strasse", "Straße 4"),
        ("a\u00a0b", "A B"),
    ],
)
def test_a_label_is_found_however_it_is_typed_and_by_its_beginning(reviewer, typed, label):
    session, other = submitted(), submitted()
    invite(label, [session.record_number])
    invite("Z. B.", [other.record_number])
    assert listed(reviewer, f"?q={quote(typed)}") == [session.reference]
    page = reviewer.get(f"/admin/triage/invitation/?q={quote(typed)}")
    assert [row.label for row in page.context["cl"].result_list] == [label]


def test_a_search_for_nothing_but_invisible_signs_is_a_list(reviewer):
    session = submitted()
    assert listed(reviewer, "?q=%E2%80%8B") == [session.reference]


@pytest.mark.parametrize("label", ["A. B.", "MNX-3"])
def test_the_few_of_a_label_are_not_looked_for_along_all_references(reviewer, label):
    many()
    invite(label, [7, 8, 9, 10])
    rows = reviewer.get(f"{WORKLIST}?q={label}").context["cl"].queryset
    assert 7 in rows.values_list("record_number", flat=True)
    assert not re.search(READS_ALL, plan(rows))


def test_a_search_along_all_references_would_be_noticed(reviewer):
    many()
    invite("MNX-3", [7, 8, 9, 10])
    rows = reviewer.get(f"{WORKLIST}?q=MNX-3").context["cl"].queryset
    assert re.search(READS_ALL, plan(rows.order_by("reference")))


READS_ALL = r"SCAN (triage_triagesession|V0)|Index Scan using \w*reference\w* on triage_triagesession"


def invite(label, numbers):
    """These submissions were for an appointment."""
    visit = {"label": label, "appointment_at": NOW, "language": "en"}
    ((invitation, _code),) = actions.invite([visit], User.objects.get(), NOW - timedelta(days=1))
    TriageSession.objects.filter(record_number__in=numbers).update(
        invitation=invitation, appointment_at=invitation.appointment_at
    )


def test_a_list_on_one_page_is_asked_for_with_its_end(reviewer):
    """Without, PostgreSQL makes ready to read as many rows as it guesses there are."""
    submitted()
    asked = [sql for sql in statements(reviewer, WORKLIST) if '"in_all"' in sql]
    assert [sql.endswith(" LIMIT 50") for sql in asked] == [True]


def plan(rows):
    if connection.vendor == "postgresql":  # it would not use an index for a table this small
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
            )
    return rows[:50].explain()


# How many there are


def test_counting_stops_at_a_cap(reviewer, monkeypatch):
    for _turn in range(3):
        submitted()
    assert "3 submissions" in text(reviewer.get(WORKLIST))
    monkeypatch.setattr(lists, "MOST_ROWS", 2)
    assert "The first 2 submissions" in text(reviewer.get(WORKLIST))


def test_each_page_says_how_many_there_are_in_all(reviewer):
    many(120)
    pages = [reviewer.get(f"{WORKLIST}?tab=all&p={number}") for number in (1, 2, 3)]
    shown = [session.pk for page in pages for session in page.context["cl"].result_list]
    assert shown == list(TriageSession.objects.values_list("pk", flat=True))
    assert all("1 2 3 120 submissions" in text(page) for page in pages)
    assert " 39 submissions" in text(reviewer.get(WORKLIST + "?tab=all&level__exact=3"))
    assert " 0 submissions" in text(reviewer.get(WORKLIST + "?q=nobody"))


@pytest.mark.parametrize("page", ["0", "-1", "3", "21", "9" * 30])
def test_in_place_of_a_page_that_is_not_there_comes_the_first(reviewer, page):
    many(240)
    found = reviewer.get(f"{WORKLIST}?tab=all&level__exact=3&p={page}")
    assert [session.level for session in found.context["cl"].result_list] == [3] * 50
    assert '<span class="this-page">1</span>' in found.content.decode()


# What a page asks of the database

LISTS = (
    *("", "?tab=to-review", "?tab=visits", "?tab=done", "?tab=all", "?tab=all&p=2", "?tab=all&p=12"),
    *(
        "?level__exact=3",
        "?level__exact=3&origin__exact=foot",
        "?tab=all&o=4",
        "?tab=all&o=-1",
        "?assigned=me",
        "?crowd=1",
    ),
)
SEARCHES = ("?q=MNX", "?q=MNX-222", "?q=A. B.", "?level__exact=3&q=MNX", "?p=2&q=MNX", "?q=222", "?q=nobody")


@pytest.fixture
def invited(reviewer):
    many()
    invite("A. B.", range(1, 601, 7))


def most(client, queries):
    return max(len(statements(client, WORKLIST + query)) for query in queries)


def test_a_list_asks_ten_times_and_a_search_eleven_times(reviewer, invited):
    """A list: session, user, rights of their groups, clinic, rows, counts of the tabs, mails not sent, and three for
    the access log. A search: who has that label too. A second factor is one more."""
    Clinic.objects.update(tell_about="urgent", mail="desk@example.org", second_mail="second@example.org")
    assert "A. B." in text(reviewer.get(WORKLIST + "?tab=all"))
    assert listed(reviewer, "?q=A. B.")
    assert (most(reviewer, LISTS), most(reviewer, SEARCHES)) == (10, 11)


def unbounded(client):
    found = [sql for query in (*LISTS, *SEARCHES) for sql in statements(client, WORKLIST + query)]
    return {fault for fault, pattern in UNBOUNDED.items() if any(map(pattern.search, found))}


def test_nothing_is_counted_or_skipped_without_end(reviewer, invited, monkeypatch):
    assert unbounded(reviewer) == set()
    monkeypatch.setattr(lists, "MOST_ROWS", 1_000_000)
    assert unbounded(reviewer) == {"COUNT without an end"}


def test_what_is_asked_for_every_row_is_noticed(reviewer, invited, monkeypatch):
    monkeypatch.setattr(SubmissionAdmin, "invited", lambda self, session: str(session.invitation))
    assert most(reviewer, LISTS) > 12


# Addresses that no page of ours makes

HIDDEN = ("key_hash__startswith=a", "record__contains=none", "answers__item=age", "release__sha256=a")
HOSTILE = (
    "level__regex=(",
    "reference__regex=(",
    "origin__exact=%00",
    "q=" + "x" * 200_000,
    "q=%00",
    "level__exact=x",
    "level__exact=" + "9" * 30,
    "demo__exact=2",
    "o=x.9.-9",
    "p=" + "9" * 30,
    "p=x",
    "all=1",
    "_facets=1",
    "_to_field=record",
    "e=1",
)


@pytest.mark.parametrize("parameter", HIDDEN)
def test_no_parameter_asks_about_what_the_list_does_not_show(reviewer, monkeypatch, parameter):
    submitted()
    assert reviewer.get(f"{WORKLIST}?{parameter}").status_code == 400
    monkeypatch.setattr(lists.GuardedList, "lookup_allowed", lambda self, lookup, value, request: True)
    assert reviewer.get(f"{WORKLIST}?{parameter}").status_code == 200  # so the guard is what refuses it


@pytest.mark.parametrize(
    "path",
    [
        WORKLIST,
        "/admin/triage/release/",
        "/admin/triage/accessentry/",
        "/admin/auth/user/",
        "/admin/auth/group/",
    ],
)
def test_no_parameter_breaks_a_list(path):
    client = staff("superuser")
    submitted()
    for parameter in (
        *HIDDEN,
        *HOSTILE,
        "username__regex=(",
        "password__startswith=m",
        "groups__id__exact=x",
    ):
        status = client.get(f"{path}?{parameter}").status_code
        assert status in (200, 302, 400), (parameter[:40], status)
    assert client.post(path, {"action": "delete_selected", "_selected_action": "x"}).status_code == 400
