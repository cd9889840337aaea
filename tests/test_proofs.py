"""The proofs that start real servers, in short: each with its negative control. `dev.py prove` runs them in full."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from django.conf import settings

from proofs import upgrade
from proofs.proxy import find_nginx
from proofs.servers import PREPARED, prepare_for_all


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    prepare_for_all(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PREPARED, str(folder))
        yield


def prove(name, *arguments):
    """Run it as dev.py does; its lines. It has to end well, which it does only if its controls failed."""
    status, lines, said = run(name, *arguments)
    assert status == 0, said
    return lines


def counted(name, *arguments):
    """What the proof and its control counted. How long anything took is for the long form to judge."""
    _status, lines, said = run(name, *arguments)
    if "was NOT run" in said:
        pytest.skip(said)
    proved, control = lines
    assert (proved.get("control", False), control.get("control", False)) == (False, True), said
    assert nothing_is_lost(proved), said
    return proved, control


def nothing_is_lost(line):
    wrong = ("lost", "wrong", "duplicated", "made_up", "records_lost")
    wrong += ("asked_again", "turned_out", "dishonest", "faults")
    return line["acked"] and not any(line.get(count) for count in wrong)


def run(name, *arguments):
    environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "DATA_DIR")}
    done = subprocess.run(
        [sys.executable, "-m", f"proofs.{name}", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, lines, done.stdout + done.stderr


def test_kill_worker():
    proved, control = prove(
        "kill_worker", "--database", "sqlite", "--acked", "60", "--kills", "2", "--pause", "0.6"
    )
    assert proved["passed"]
    assert proved["lost"] == proved["wrong"] == proved["duplicated"] == 0
    assert control["control"]
    assert control["lost"]


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_power_cut():
    proved, control = prove("power_cut", "--pages", "30", "--cuts", "10")
    assert proved["syncs_per_commit"] >= 1
    assert proved["cuts_that_lost"] == 0
    assert control["cuts_that_lost"]


@pytest.mark.skipif(not find_nginx(), reason="needs nginx")
def test_proxy():
    lines = prove("proxy", "--starts", "45")
    assert [line["passed"] for line in lines] == [True] * 10
    assert sum(line.get("control", False) for line in lines) == 5


def test_restart():
    proved, control = counted("restart", "--restarts", "1", "--acked", "60", "--patients", "4")
    assert proved["broken"] == 0
    assert control["broken"]


def test_without_history_it_says_so(tmp_path, monkeypatch):
    """As in an export of the files: what is above this folder is nobody's history of it."""
    monkeypatch.setattr(upgrade, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SystemExit, match=r"was NOT run: .*git fetch --unshallow"):
        upgrade.git("rev-parse", "HEAD")


def test_kill_db():
    _proved, control = counted("kill_db", "--backends", "1", "--servers", "1")
    assert control["lost"]


def test_db_down():
    proved, control = counted("db_down", "--outage", "1")
    assert (proved["not_right"], proved["failures_in_80_after"]) == ([], 0)
    assert control["not_right"]


def test_disk_full():
    proved, control = counted("disk_full", "--database", "sqlite", "--full", "1")
    assert proved["refused"]
    assert control["statuses"]["500"]


def test_two_servers():
    proved, control = counted("two_servers", "--acked", "100")
    assert proved["went_on"]
    assert not control["went_on"]


@pytest.mark.skipif(not shutil.which("pgbouncer"), reason="needs pgbouncer, a pooler among Debian's packages")
def test_pooler():
    proved, control = counted("pooler", "--acked", "100", "--turns", "1", "--commands", "2")
    assert (proved["failed"], proved["commands_and_pages"]) == ([], 7)
    assert proved["footpaths_connections"] > proved["connections_to_postgresql"]
    assert control["statuses"]["503"]


def test_deliveries():
    size = ("--database", "sqlite", "--submissions", "8", "--patients", "3")
    proved, control = prove("deliveries", *size)
    assert proved["lost"] == proved["doubled"] == proved["behind"] == proved["answers_told"] == 0
    assert control["doubled"]


def test_failover():
    _proved, control = counted("failover", "--acked", "100")
    assert control["lost"]


def test_backup():
    _proved, control = counted("backup", "--database", "sqlite", "--acked", "100")
    assert control["lost"]


@pytest.mark.skipif(not find_nginx(), reason="needs nginx")
def test_guessing():
    short = ("--seconds", "2", "--warm-up", "0.5", "--connections", "20")
    _status, lines, said = run("guessing", "--database", "sqlite", *short)
    assert len(lines) == 3, said
    *proved, control = lines
    for line in proved:
        assert line["acked"], said
        assert not line["lost"], said
        assert not line["refused_patients"], said
        # Most are refused at once.
        assert sum(line["guesses"].values()) > sum(control["guesses"].values()), said


def test_load():
    _status, lines, said = run("load", "--database", "sqlite", "--seconds", "2", "--warm-up", "0.5")
    assert len(lines) == 3, said  # the third is the control of the waiting times
    assert all(line["errors"] == 0 and nothing_is_lost(line) for line in lines), said
