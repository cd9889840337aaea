"""What finds a submission on the worklist, what a list may be asked, and what that asks of the database."""

import re
from urllib.parse import quote

import pytest
from django.db import connection

from benchmarks.admin import UNBOUNDED
from tests.staff import (
    SAME_DAY,
    WORKLIST,
    invite,
    listed,
    many,
    nurse,
    staff,
    statements,
    submitted,
    text,
)
from tests.visitor import BACK, NOW, publish
from triage import actions
from triage.admin import lists
from triage.admin.submissions import SubmissionAdmin, references
from triage.models import Clinic, TriageSession

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


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
