"""What leaves Footpath: tables that run nothing, one submission after the other, and only what was frozen."""

import csv
import io
import json
import tracemalloc
import unicodedata
from itertools import islice
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests import fhir_rules
from tests.exported import NOTE, enter, export, lines
from tests.visitor import BACK, FOOT_ONLY, NOW, hand_in, publish
from triage import actions, exports
from triage.domain.walk import read_answers, walk
from triage.exports import reviews, table
from triage.exports.fhir_questionnaire import of_release
from triage.exports.stream import Export
from triage.models import AccessEntry, TriageSession
from triage.store import releases
from triage.store.visit import find

DOCS = Path(__file__).parents[2] / "docs" / "exports.md"


@pytest.fixture
def content(db):
    return releases.content(publish().sha256, "en")


def alter(session):
    """As somebody with the database at hand could."""
    TriageSession.objects.filter(pk=session.pk).update(
        record=session.record.replace('"origin":"foot"', '"origin":"back"')
    )


# Tables


PARTING = (";", "|", "\t", "\r", "\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")


def runs(cell):
    """Whether some spreadsheet might take the cell, or a part of it where other signs part cells, for a formula.

    Written apart from the code under test.
    """
    parts = [cell]
    for sign in PARTING:
        parts = [part for whole in parts for part in whole.split(sign)]
    begins = [unicodedata.normalize("NFKC", part.lstrip().lstrip('"').lstrip())[:1] for part in parts]
    return cell[:1] in ("\t", "\r", "\n") or any(sign in tuple("=+-@") for sign in begins)


DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "﹦1",
    "⁺1",
    " =1",
    "\u3000＝1",
    "a;=1+1",
    'a;"=1+1"',
    "a|@SUM(A1)",
    "a\t-1",
    "a\n+1",
    "a; '\n＝1",
]
CELLS = st.one_of(st.text(), st.tuples(st.sampled_from([*DANGEROUS, "'", ""]), st.text()).map("".join))


@pytest.mark.parametrize("cell", DANGEROUS)
def test_a_formula_is_known_and_made_harmless(cell):
    assert runs(cell)
    assert not runs(table.safe(cell))


@given(CELLS)
def test_no_cell_runs_and_none_is_lost(cell):
    written = next(csv.reader(io.StringIO(table.written([["x", cell]]), newline="")))[1]
    assert not runs(written)
    assert table.as_it_was(written) == cell


@pytest.mark.parametrize("sign", [";", "|", "\t"])
def test_no_part_of_a_cell_is_a_formula_where_another_sign_parts_cells(sign):
    """As a spreadsheet of a country with decimal commas opens the file; its cells begin where it finds the sign."""
    notes = [f"a{sign}=1+1", f'a{sign}"=1+1"', f"a{sign} ＝1"]

    def found(write):
        file = io.StringIO(write([["R1", note] for note in notes]), newline="")
        return [cell for row in csv.reader(file, delimiter=sign) for cell in row if runs(cell)]

    def unguarded(lines):
        text = io.StringIO()
        csv.writer(text).writerows(lines)
        return text.getvalue()

    assert found(table.written) == []
    assert len(found(unguarded)) == 3


def test_what_is_no_formula_stays_as_it_is():
    assert [table.safe(cell) for cell in ("", "Yes, 16 or over", "R4 S11", "a; b", "¿Le duele?")] == [
        "",
        "Yes, 16 or over",
        "R4 S11",
        "a; b",
        "¿Le duele?",
    ]


def test_a_row_for_each_submission_or_answer(content):
    sessions = [enter(content, FOOT_ONLY | {"note": NOTE}), enter(content, BACK, "es")]
    out, err, _ = export("csv")
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert err == "2 of 2 submissions written.\n"
    assert [row["reference"] for row in rows] == [session.reference for session in sessions]
    assert [(row["origin"], row["urgency"], row["language"]) for row in rows] == [
        (session.origin, "routine", session.language) for session in sessions
    ]
    assert not any(runs(cell) for row in rows for cell in row.values())
    answers = list(csv.DictReader(io.StringIO(export("csv", "--rows", "answers")[0], newline="")))
    of_first = [row["item"] for row in answers if row["reference"] == sessions[0].reference]
    assert of_first == [key for key in walk(content, read_answers(content, FOOT_ONLY)).asked if key != "note"]
    assert "¿" in answers[-1]["question"]  # as that patient read it


@pytest.mark.parametrize("what", [["csv"], ["csv", "--rows", "answers"], ["json"], ["fhir-responses"]])
def test_a_note_leaves_only_when_asked_for(content, what):
    enter(content, FOOT_ONLY | {"note": "Between you and me."})
    assert "Between you and me." not in export(*what)[0]
    assert "Between you and me." in export(*what, "--with-notes")[0]


def test_an_answer_off_the_path_stays_behind(content):
    _session, key = actions.start_session("en", NOW)
    everything = read_answers(content, FOOT_ONLY | {"leg-pain": "a-little"})
    for answers in (everything, {"leg-pain": ("none",)}):
        actions.record_answers(find(key, "en"), answers, NOW)
    hand_in(key)
    for data in lines(export("json")[0] + export("fhir-responses")[0]):
        assert "leg-pain" in json.dumps(data)
        assert "leg-site" not in json.dumps(data)


@pytest.mark.parametrize("columns", [table.SUBMISSION, table.ANSWER])
def test_every_column_is_documented(columns):
    described = DOCS.read_text(encoding="utf-8")
    assert [name for name in columns if f"| `{name}` |" not in described] == []
    assert "| `no_such_column` |" not in described


# Only what was frozen, and no more than one at a time


@pytest.mark.parametrize("what", [["csv"], ["csv", "--rows", "answers"], ["json"], ["fhir-responses"]])
def test_an_altered_record_is_refused_and_named_and_the_rest_goes_on(content, what):
    sessions = [enter(content, FOOT_ONLY) for _number in range(3)]
    alter(sessions[1])
    out, err, error = export(*what)
    assert error.returncode == 1
    assert f"{sessions[1].reference}: the stored record is not what was submitted" in err
    assert "2 of 3 submissions written." in err
    assert all(session.reference in out for session in sessions)  # the file itself says what it lacks
    assert "altered" in out or "OperationOutcome" in out
    assert '"back"' not in out
    if what == ["fhir-responses"]:
        assert [list(fhir_rules.schema_faults(resource)) for resource in lines(out)] == [[], [], []]


def test_nothing_is_decided_again(content, monkeypatch):
    enter(content, BACK)
    for module in ("triage.store.records", "triage.actions.submissions"):
        monkeypatch.setattr(f"{module}.decide", None)
        monkeypatch.setattr(f"{module}.walk", None)
    for what in ("csv", "json", "fhir-responses"):
        assert export(what)[2] is None


def test_submissions_are_read_one_after_the_other(content):
    session = enter(content, FOOT_ONLY)
    read = []
    endless = (read.append(number) or session for number in range(10**9))
    assert len(list(islice(Export(exports.FORMATS["json"], endless, notes=True), 4))) == 4
    assert len(read) == 3  # and the head


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "file",
    [
        lambda: iter(exports.export("json", None, None, None, notes=False, with_reviews=True)),
        lambda: reviews.lines(exports.reviewed(None, None, None)),
    ],
)
def test_what_is_read_a_part_at_a_time_is_read_in_one_transaction(content, file):
    """A pooler lends another connection for the next one, on which nobody knows what was being read."""
    enter(content, FOOT_ONLY)
    enter(content, BACK)
    texts = file()
    next(texts)
    assert next(texts)
    if connection.vendor == "sqlite":
        assert connection.connection.in_transaction
    else:
        assert connection.in_atomic_block
    texts.close()
    assert not connection.in_atomic_block


@pytest.mark.parametrize("name", exports.FORMATS)
def test_memory_does_not_grow_with_the_number_of_submissions(content, name):
    session = enter(content, BACK)

    def peak(count):
        tracemalloc.start()
        for _text in Export(exports.FORMATS[name], (session for _number in range(count)), notes=True):
            pass
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(30) < peak(3) + 50_000


def test_the_command_says_how_far_it_is(content, monkeypatch):
    monkeypatch.setattr("triage.management.commands.export.STEP", 2)
    for _number in range(5):
        enter(content, FOOT_ONLY)
    said = export("json")[1].splitlines()
    assert said == ["2 submissions read", "4 submissions read", "5 of 5 submissions written."]


def test_one_query_reads_them_all(content, django_assert_num_queries):
    for _number in range(3):
        enter(content, FOOT_ONLY)
    with django_assert_num_queries(1):
        assert len(list(exports.chosen(None))) == 3


def test_since_and_release_choose(content):
    session = enter(content, FOOT_ONLY)
    assert export("json", "--since", "2026-11-22")[0].count(session.reference) == 1
    assert export("json", "--since", "2026-11-23")[0] == ""
    assert export("json", "--release", session.release.sha256[:6])[0].count(session.reference) == 1
    assert "no release begins" in str(export("json", "--release", "zz")[2])


def test_the_file_is_for_its_owner_alone(content, tmp_path):
    out = tmp_path / "out.csv"
    enter(content, FOOT_ONLY)
    assert export("csv", "--bom", "--out", str(out)) == ("", "1 of 1 submissions written.\n", None)
    assert out.stat().st_mode & 0o077 == 0
    assert out.read_bytes().startswith(b"\xef\xbb\xbfreference,record")
    assert "cannot be written" in str(export("csv", "--out", str(tmp_path / "no" / "out.csv"))[2])


# In the admin


def staff(group):
    user = User.objects.create_user(group, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def test_a_manager_takes_out_a_file_and_the_log_says_so(content):
    session = enter(content, FOOT_ONLY | {"note": NOTE})
    manager = staff(actions.MANAGERS)
    assert "/export/" in manager.get("/admin/triage/triagesession/").content.decode()
    page = "/admin/triage/triagesession/export/"
    assert b"What it is for" in manager.get(page).content
    assert b"This field is required" in manager.post(page, {"what": "json"}).content
    assert not AccessEntry.objects.filter(what="export").exists()
    answer = manager.post(page, {"what": "submissions", "purpose": "Audit", "notes": "on"})
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="footpath-submissions-')
    assert "no-store" in answer.headers["Cache-Control"]
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert session.reference in text
    assert not any(runs(cell) for row in csv.reader(io.StringIO(text, newline="")) for cell in row)
    entry = AccessEntry.objects.get(what="export")
    assert (entry.who, entry.about, entry.detail) == (
        "Managers",
        "submissions",
        "submissions, with notes: Audit",
    )


def test_a_manager_takes_out_the_questions_without_any_patients_data(content):
    enter(content, FOOT_ONLY)
    manager = staff(actions.MANAGERS)
    asked = {"what": "fhir-questionnaire", "purpose": "Another system"}
    answer = manager.post("/admin/triage/triagesession/export/", asked)
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert answer.json() == of_release(releases.current())
    entry = AccessEntry.objects.get(what="export")
    assert entry.about == f"release {releases.current()}"
    assert entry.detail == "fhir-questionnaire: Another system"


@pytest.mark.parametrize("group", [actions.REVIEWERS, actions.AUDITORS])
def test_nobody_else_may(content, group):
    client = staff(group)
    assert "/export/" not in client.get("/admin/triage/triagesession/").content.decode()
    assert (
        client.post("/admin/triage/triagesession/export/", {"what": "json", "purpose": "x"}).status_code
        == 403
    )


def test_the_command_is_logged_too(content):
    export("json", "--since", "2026-11-01", "--by", "anna")
    entry = AccessEntry.objects.get(what="export")
    assert (entry.who, entry.detail) == ("anna", "json, since 2026-11-01: on the command line")
    export("fhir-questionnaire")
    entry = AccessEntry.objects.latest("number")
    assert entry.who.endswith("(on the server)")  # whoever is signed in there
    assert entry.about == f"release {releases.current()}"
    assert entry.detail == "fhir-questionnaire: on the command line"
