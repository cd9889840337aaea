"""What a journey may cost, held exactly; `python3 dev.py bench` measures all the rest."""

import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from benchmarks import report
from benchmarks.answers import longest
from benchmarks.queries import asked
from tests.visitor import publish
from triage.store import releases
from triage.store.prepared import Prepared

RESULTS = json.loads(report.RESULTS.read_text(encoding="utf-8"))
SLACK = 0.02
AGAIN = "run `python3 dev.py bench journey`, see what changed and why, and keep the new figures"


# Queries, on both databases


@pytest.fixture
def requests(transactional_db, settings):
    """One journey's requests, each with what it asked of the database."""
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    publish()
    application = get_wsgi_application()
    answers = longest(releases.content(releases.current().sha256, "en"))

    def journey():
        return [(what, found) for what, _reply, found in asked(application, answers)]

    journey()  # what is loaded once per process is loaded now
    return journey


def costs(requests, kind):
    return {(found.statements, found.writes, found.commits) for what, found in requests if what == kind}


def test_a_page_asks_once_and_an_answer_is_stored_by_one_commit(requests):
    found = requests()
    assert costs(found, "question") == {(1, 0, 0)}
    assert costs(found, "answer") == {(3, 2, 1)}
    assert costs(found, "result page") == {(2, 0, 0)}


def test_no_page_that_is_read_writes(requests):
    assert not [
        what for what, found in requests() if found.writes and what not in ("start", "answer", "submit")
    ]


def test_a_journey_asks_the_same_however_many_there_were(requests):
    first = requests()
    assert requests() == first


def test_one_query_more_is_noticed(requests, monkeypatch):
    rows = Prepared.rows
    monkeypatch.setattr(Prepared, "rows", lambda self, *values: rows(self, *values) and rows(self, *values))
    assert costs(requests(), "question") == {(2, 0, 0)}


# Calls and bytes, against the figures that are kept


def kept(database="SQLite"):
    return {
        figure["name"]: figure["value"]
        for figure in RESULTS["figures"]
        if figure["exact"] and figure["bench"] == "journey" and figure["database"] == database
    }


def beyond(found, known):
    """What is no longer as it was, by more than the slack, in either direction."""
    return {
        name: (found.get(name), value)
        for name, value in known.items()
        if abs(found.get(name, 0) - value) > SLACK * value
    }


def minor(number):
    return number.rsplit(".", 1)[0]


def test_a_journey_costs_the_calls_and_bytes_that_are_kept(tmp_path):
    here = {"Python": ".".join(map(str, sys.version_info[:2])), "Django": minor(version("Django"))}
    there = {name: minor(RESULTS["machine"][name]) for name in here}
    if here != there:
        pytest.skip(f"NOT HELD: the calls are kept for {there}, and this is {here}")
    names = ("DATABASE_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    command = [sys.executable, "-m", "benchmarks", "journey", "--database", "sqlite", "--rounds", "0"]
    path = tmp_path / "found.json"
    subprocess.run([*command, "--json", path], cwd=settings.BASE_DIR, env=environment, check=True)
    found = {figure["name"]: figure["value"] for figure in json.loads(path.read_text())["figures"]}
    assert not beyond(found, kept()), AGAIN


def test_more_than_the_slack_is_noticed():
    known = {"calls": 1000}
    assert not beyond({"calls": 1020}, known)
    assert beyond({"calls": 1021}, known)
    assert beyond({"calls": 979}, known)
    assert beyond({}, known)


def test_the_pages_are_made_from_the_figures():
    assert (report.DOCS / "performance.md").read_text(encoding="utf-8") == report.page(RESULTS)
    assert (report.DOCS / "figures.md").read_text(encoding="utf-8") == report.all_figures(RESULTS)
