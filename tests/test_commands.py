"""The commands a maintainer types, as they are typed."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from manage import main
from tests.visitor import Patient, publish
from triage.admin import agreement
from triage.management.commands.attach_source import passages_of
from triage.models import AttachedPassage, Clinic, Invitation, Release, TriageSession
from triage.server.errors import error_page
from triage.store.content_files import SHIPPED
from triage.store.releases import sha256

ROOT = Path(__file__).resolve().parent.parent


def manage(*arguments, stdin="", **variables):
    """In a process of its own with none of Footpath's variables set, as on a machine with no database."""
    from triage.server.environment import VARIABLES

    names = {variable.name for variable in VARIABLES}
    environ = {name: value for name, value in os.environ.items() if name not in names} | variables
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environ,
        check=False,
    )


# What they print


def ascii_output():
    """As of a terminal, or a machine's settings, that know no letters but English ones."""
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii")


@pytest.mark.django_db(transaction=True)  # a command closes its connections at the end
def test_a_page_is_printed_in_utf_8_whatever_the_terminal_speaks(monkeypatch):
    output = ascii_output()
    monkeypatch.setattr(sys, "argv", ["manage.py", "closed_page"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr(sys, "stdout", output)
    main()
    output.flush()
    assert output.buffer.getvalue().decode() == error_page("closed").content.decode()


@pytest.mark.django_db
def test_a_page_is_more_than_such_a_terminal_takes():
    with pytest.raises(UnicodeEncodeError):
        call_command("closed_page", stdout=ascii_output())


# decide


def test_why_the_database_does_not_answer_comes_last_and_in_one_line():
    told = manage("migrate", DATABASE_URL="postgresql://footpath:word@127.0.0.1:9/footpath", DEBUG="on")
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    said, cause = told.stderr.splitlines()[-2:]
    assert said == "The database does not answer. Start it, or correct DATABASE_URL."
    assert "Connection refused" in cause


def test_decide_answers_line_by_line_and_goes_on_after_a_bad_one():
    lines = [
        '{"age":"16-or-over"}',
        '{"age":"16-or-over","leg-pain":"terrible"}',
        "not json",
        "[1]",
        '{"tail":"yes"}',
        "",
        '{"age":"under-16","leg-pain":"none"}',
        '{"safety-now":["none","cold-limb"]}',
        '{"safety-now":["cold-limb"],"leg-pain":"none","leg-site":["shin"],"note":"x"}',
    ]
    done = manage("decide", stdin="\n".join(lines))
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [set(line) == {"error"} for line in out] == [False, True, True, True, True, False, True, False]
    assert (out[0]["origin"], out[0]["root"], out[0]["urgency"], out[0]["rules"]) == (
        "unclear",
        None,
        "same-day",
        ["R4", "S11"],
    )
    assert out[0]["exit"] is None
    assert (out[5]["origin"], out[5]["urgency"], out[5]["exit"], out[5]["path"]) == (
        None,
        None,
        "under-16",
        ["age"],
    )
    assert out[5]["dropped"] == ["leg-pain"]
    assert (out[7]["origin"], out[7]["urgency"], out[7]["dropped"]) == ("foot", "emergency", ["leg-site"])
    assert out[7]["findings"][0] == {"rule": "R6", "claims": ["P3.c", "P3.d"], "guidance": []}
    assert "'terrible'" in out[1]["error"]
    assert "'leg-pain'" in out[1]["error"]


def test_decide_ends_well_when_every_line_is_good():
    done = manage("decide", stdin='{"age":"16-or-over","leg-pain":null,"foot-site":[]}\n{}\n')
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == done.stdout.splitlines()[1]


def test_decide_survives_any_line():
    lines = [
        "{" * 100_000,
        '{"note":"\\ud800"}',
        '{"age":1e999}',
        '{"age":["16-or-over","16-or-over"]}',
        '{"leg-pain":{}}',
        "\x00",
    ]
    done = manage("decide", stdin="\n".join(lines))
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == len(lines)
    assert "Traceback" not in done.stderr


# check_content


def test_check_content_names_every_fault_at_once_and_fails(tmp_path):
    shutil.copytree(SHIPPED, tmp_path, dirs_exist_ok=True)
    questionnaire = (tmp_path / "questionnaire.yaml").read_text(encoding="utf-8")
    (tmp_path / "questionnaire.yaml").write_text(
        questionnaire.replace("is: recent", "is: fresh"), encoding="utf-8"
    )
    (tmp_path / "es.yaml").write_text("language: es\nlanguage-name: Español\ntexts: {}\n", encoding="utf-8")
    done = manage("check_content", str(tmp_path))
    assert done.returncode == 1
    assert (
        "questionnaire.yaml: screens › lifting › items › heel-stand › cautions › injury › when › item"
        in done.stderr
    )
    assert "no code 'fresh'. Use one of: no, not-sure, older, recent." in done.stderr
    assert "es.yaml: the whole file: the text 'title' is not translated. Translate: " in done.stderr


def test_check_content_counts_what_is_good():
    done = manage("check_content")
    assert (done.returncode, done.stderr) == (0, "")
    assert "29 of 29 claims cited" in done.stdout


# publish_content, create_staff, create_demo


@pytest.mark.django_db
def test_publish_content_twice_makes_one_release():
    out = io.StringIO()
    for _turn in range(2):
        call_command("publish_content", stdout=out)
    assert [line.split(":")[0] for line in out.getvalue().splitlines()] == ["Published", "Already published"]
    assert Release.objects.count() == 1


@pytest.mark.django_db
def test_create_staff_prints_a_password_that_opens_the_admin(client):
    out = io.StringIO()
    call_command("create_staff", "ana", "--group", "Reviewers", stdout=out)
    password = out.getvalue().split("Password: ")[1].split()[0]
    assert len(password) >= 16
    client.post("/admin/login/", {"username": "ana", "password": password})
    assert client.get("/admin/")["Location"] == "/admin/password_change/"
    with pytest.raises(CommandError, match="Choose another name"):
        call_command("create_staff", "ana")
    out.truncate(0)
    call_command("create_staff", "--if-none", stdout=out)
    assert "Password" not in out.getvalue()
    call_command("create_staff", "bea", "--lasting", stdout=out)
    client.post(
        "/admin/login/", {"username": "bea", "password": out.getvalue().split("Password: ")[1].split()[0]}
    )
    assert client.get("/admin/").status_code == 200


@pytest.mark.alike("demos are handed in as all others are")
@pytest.mark.django_db
def test_create_demo_makes_some_weeks_of_every_outcome_marked_as_demo():
    publish()
    call_command("create_demo", stdout=io.StringIO())
    assert all(session.demo for session in TriageSession.objects.all())
    assert not User.objects.get(username="demo").has_usable_password()
    assert TriageSession.objects.filter(submitted_at=None, emergency_at=None).count() == 5
    made = TriageSession.objects.filter(submitted_at__isnull=False)
    assert made.filter(review_state=TriageSession.ReviewState.NEW).count() == 24 + 1 + 2 + 1
    assert made.exclude(review_state=TriageSession.ReviewState.NEW).count() == 24
    assert {invitation.state(timezone.now()) for invitation in Invitation.objects.all()} == {
        "open",
        "begun",
        "sent",
    }
    assert made.exclude(corrects=None).count() == 1
    assert sum(bool(json.loads(session.record)["taken_back"]) for session in made) == 1
    assert [table.shown for table in agreement.tables(demo=True)] == [True]
    assert agreement.tables() == []
    call_command("verify_store", stdout=io.StringIO())
    assert {session.origin for session in made} == {"back", "foot", "unclear"}
    assert {session.urgency for session in made} == {1, 2, 3}
    assert {session.root for session in made} == {"", "L5", "S1", "unspecified"}
    assert {session.language for session in made} == {"en", "es"}
    before = made.count()
    call_command("create_demo", "--if-none")
    assert made.count() == before


# attach_source

OWN_TEXT = "  Our   own first passage.\n\n  • A second,   in a list.\nShare this\n"


def test_a_passage_is_a_line_with_spaces_and_bullet_put_aside():
    assert passages_of(OWN_TEXT) == ["Our own first passage.", "A second, in a list.", "Share this"]


@pytest.fixture
def own_source(tmp_path, db):
    """A release that cites a text of our own in place of the article's first two passages, and that text."""
    from tests.store.test_storage import edited

    def change(trees):
        passages = trees["sources"]["article"]["passages"]
        texts = [
            *passages_of(OWN_TEXT)[:2],
            *(f"Passage number {number}." for number in range(3, len(passages) + 1)),
        ]
        for passage, text in zip(passages, texts, strict=True):
            passage["sha256"] = sha256(text)
        (tmp_path / "own.txt").write_text(OWN_TEXT + "\n".join(texts[2:]), encoding="utf-8")

    publish(edited(change))
    return tmp_path / "own.txt"


def test_an_attached_text_is_shown_where_it_is_cited(own_source, client):
    call_command("attach_source", str(own_source), stdout=io.StringIO())
    assert "Our own first passage." in client.get("/sources/").content.decode()
    assert "Passage number 3." in Patient().whole().content.decode()


def test_a_text_that_differs_is_refused_with_what_differs(own_source, client):
    own_source.write_text(own_source.read_text(encoding="utf-8").replace("second", "2nd"), encoding="utf-8")
    with pytest.raises(CommandError) as refusal:
        call_command("attach_source", str(own_source))
    assert "1 of 9 passages differ. Nothing was stored." in str(refusal.value)
    assert "P2 (paragraph 2)" in str(refusal.value)
    assert "A 2nd, in a list." in str(refusal.value)
    assert not AttachedPassage.objects.exists()
    assert "Our own first passage." not in client.get("/sources/").content.decode()


def test_a_file_that_is_no_text_is_refused(own_source):
    own_source.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="cannot be read as a text"):
        call_command("attach_source", str(own_source))


@pytest.mark.django_db
def test_attaching_before_publishing_says_what_to_do(tmp_path):
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    with pytest.raises(CommandError, match="publish_content"):
        call_command("attach_source", str(tmp_path / "a.txt"))


def test_the_clinic_has_its_row_from_the_start(db):
    assert Clinic.objects.get().emergency_number == "911"
