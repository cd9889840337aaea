"""Content that a manager brings in as a zip: refused with sentences, or checked and proved in the page, and a draft."""

import copy
import io
import os
import sys
import time
import zipfile
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from tests.browser import axe_finds
from tests.shipped import shipped_trees
from tests.staff import staff, text
from tests.visitor import publish
from triage import actions
from triage.admin import upload
from triage.models import Release
from triage.store import releases

pytestmark = pytest.mark.alike("a file is looked at before anything is stored")

UPLOAD = "/admin/triage/release/upload/"
PASSWORD = "a password of its own"


def zipped(trees):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, tree in trees.items():
            archive.writestr(f"content/{name}.yaml", releases.canonical(tree))  # JSON is YAML
    return file.getvalue()


def send(client, data):
    return client.post(UPLOAD, {"folder": SimpleUploadedFile("content.zip", data)})


def streamed(response):
    assert response.streaming
    return b"".join(response.streaming_content).decode()


def other_trees():
    trees = copy.deepcopy(dict(shipped_trees()))
    trees["questionnaire"]["version"] = "2027.01"
    return trees


@pytest.fixture
def says(monkeypatch):
    """In place of the command, a program that says these lines and ends so."""

    def says(*lines, status=0, then="pass"):
        program = (
            f"import sys, time\nfor line in {lines!r}: print(line, flush=True)\n{then}\nsys.exit({status})"
        )
        started = upload.subprocess.Popen
        monkeypatch.setattr(
            upload.subprocess, "Popen", lambda command, **how: started([sys.executable, "-c", program], **how)
        )

    return says


@pytest.fixture
def manager(db):
    publish()
    return staff("Managers")


# The page


@pytest.mark.django_db
def test_the_lines_come_one_by_one_and_end_with_the_draft(manager, says):
    says("… Proving", "… Comparing with <b>", "Loaded as a draft")
    release = Release.objects.get()
    response = send(manager, zipped(shipped_trees()))
    assert response.headers["X-Accel-Buffering"] == "no"
    pieces = [piece.decode() for piece in response.streaming_content]
    assert "Keep this page open" in pieces[0]
    assert [piece.strip() for piece in pieces[1:4]] == [
        "<li>Proving</li>",
        "<li>Comparing with &lt;b&gt;</li>",
        "<li>Loaded as a draft</li>",
    ]
    assert f"/admin/triage/release/{release.pk}/change/" in pieces[4]


@pytest.mark.django_db
def test_what_does_not_become_a_draft_says_why(manager, says):
    says("CommandError: Not proved, so not published:", "T1: this is not so", status=1)
    page = streamed(send(manager, zipped(other_trees())))
    assert "<li>Not proved, so not published:</li>" in page.replace("\n", "")
    assert "It did not become a draft." in page


@pytest.mark.django_db
def test_a_page_that_says_nothing_for_long_still_sends_something(manager, says, monkeypatch):
    monkeypatch.setattr(upload, "QUIET", 0.05)
    says("begun", then="time.sleep(1)")
    assert streamed(send(manager, zipped(other_trees()))).count("<li>") == 1
    assert len(list(send(manager, zipped(other_trees())).streaming_content)) > 6


@pytest.mark.django_db
def test_whoever_leaves_the_page_ends_the_command(manager, says):
    says("begun", then="time.sleep(20)")
    response, began = send(manager, zipped(other_trees())), time.monotonic()
    pieces = iter(response)
    next(pieces), next(pieces)
    response.close()
    assert time.monotonic() - began < 15
    assert not upload.one_at_a_time.locked()


@pytest.mark.django_db
def test_one_content_is_proved_at_a_time(manager, says):
    says("proved")
    with upload.one_at_a_time:
        page = streamed(send(manager, zipped(other_trees())))
    assert upload.BUSY in page
    assert "proved</li>" in streamed(send(manager, zipped(other_trees())))


# What is refused before anything runs


@pytest.mark.django_db
def test_faults_of_the_zip_stand_on_the_page(manager, monkeypatch):
    monkeypatch.setattr(upload.subprocess, "Popen", lambda *given, **how: pytest.fail("it ran"))
    assert "the zip: the whole file: cannot be read." in text(send(manager, b"no zip"))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../a.yaml", "a: b")
    assert "../a.yaml: its place in the zip: leads out of its folder." in text(send(manager, file.getvalue()))
    assert "Choose a zip of at most 1,048,576 bytes." in text(manager.post(UPLOAD, {}))


@pytest.mark.django_db
def test_a_file_larger_than_a_content_may_be_is_not_even_kept(manager, settings):
    assert "Choose a zip" in text(send(manager, b"x" * settings.FILE_UPLOAD_MAX_MEMORY_SIZE))
    assert "cannot be read" in text(send(manager, b"x" * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE - 1000)))


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/start/", "/admin/login/", "/admin/triage/release/"])
def test_no_other_page_reads_a_file(manager, path):
    sent = manager.post(path, {"folder": SimpleUploadedFile("a.zip", b"x"), "a": "b"}, follow=True)
    assert sent.status_code == 413
    assert manager.post(path, {"a": "b"}, follow=True).status_code != 413


@pytest.mark.django_db
@pytest.mark.parametrize("group", [actions.REVIEWERS, actions.AUDITORS])
def test_only_managers_bring_content_in(manager, group, says):
    says("ran")
    client = staff(group)
    assert client.get(UPLOAD).status_code == send(client, zipped(shipped_trees())).status_code == 403
    assert b"Bring in content" in manager.get("/admin/triage/release/").content


# The command itself, beside the server


@pytest.fixture
def as_served(transactional_db, monkeypatch):
    """With the database of the test for what runs beside the server."""
    name = connection.settings_dict["NAME"]
    whole = os.environ.get("DATABASE_URL") if connection.vendor == "postgresql" else ""
    url = urlsplit(whole)._replace(path=f"/{name}").geturl() if whole else f"sqlite:///{name}"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "triage.settings")
    publish()
    client = Client()
    client.force_login(actions.create_staff("anna", PASSWORD, actions.MANAGERS))
    return client


def test_the_command_runs_and_names_each_fault(as_served):
    trees = other_trees()
    trees["decision"]["urgency"][0]["gives"] = "tomorrow"
    page = streamed(send(as_served, zipped(trees)))
    assert "is not known here" in page
    assert "decision.yaml" in page
    assert "It did not become a draft." in page
    assert "Already published" in streamed(send(as_served, zipped(shipped_trees())))


@pytest.mark.looks
def test_the_pages_have_no_fault_that_axe_finds(page, transactional_db, says, tmp_path):
    publish()
    actions.create_staff("anna", PASSWORD, actions.MANAGERS)
    says("… Proving", "Loaded as a draft")
    page.goto("/admin/")
    page.fill("#id_username", "anna")
    page.fill("#id_password", PASSWORD)
    page.locator("[type=submit]").click()
    page.goto(UPLOAD)
    assert axe_finds(page) == []
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    (tmp_path / "good.zip").write_bytes(zipped(shipped_trees()))
    for name, awaited in (("bad.zip", ".errornote"), ("good.zip", "[role=status] a.button")):
        page.set_input_files("#id_folder", tmp_path / name)
        page.get_by_role("button", name="Bring it in").click()
        page.wait_for_selector(awaited)
        assert axe_finds(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
