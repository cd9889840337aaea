"""What monitoring reads: counts and times, and nothing of anybody."""

import os
import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from tests.visitor import BACK, NOW, Patient, publish
from triage.models import OutboxMail, TriageSession
from triage.server.meters import KINDS, LIMITS, Meters

pytestmark = pytest.mark.django_db
LINE = re.compile(r"# (HELP|TYPE) \w+ .+|\w+(\{\w+=\"[\w.+]+\"(,\w+=\"[\w.+]+\")?\})? [0-9.e+-]+")
TOKEN = "0123456789abcdefghijklmnopqrstuv"


def metrics(capsys):
    call_command("metrics")
    return read(capsys.readouterr().out)


def read(said):
    lines = said.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_an_emergency_counts_until_somebody_has_seen_it(capsys, monkeypatch):
    publish()
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    before = metrics(capsys)
    assert not any(
        before[f"footpath_{name}"] for name in ("unseen_emergencies", "submissions", "mails_waiting")
    )
    Patient(BACK | {"safety-now": ["cold-limb"]}).whole()
    session = TriageSession.objects.get()
    OutboxMail.objects.create(session=session, created_at=NOW, next_at=NOW)
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(minutes=5))
    after = metrics(capsys)
    assert after["footpath_unseen_emergencies"] == after["footpath_submissions"] == 1
    assert after["footpath_unseen_emergency_seconds"] == 300
    assert (after["footpath_mails_waiting"], after["footpath_mails_given_up"]) == (1, 0)
    assert (after["footpath_worklist_unseen"], after["footpath_worklist_to_review"]) == (1, 0)
    assert (after["footpath_deliveries_waiting"], after["footpath_deliveries_given_up"]) == (0, 0)
    TriageSession.objects.update(review_state=TriageSession.ReviewState.ACKNOWLEDGED)
    seen = metrics(capsys)
    assert seen["footpath_unseen_emergencies"] == 0
    assert (seen["footpath_worklist_unseen"], seen["footpath_worklist_to_review"]) == (0, 1)


def test_the_backups_age_is_told_where_there_is_one(capsys, tmp_path):
    call_command("metrics", "--backups", str(tmp_path))
    assert "footpath_backup_seconds" not in read(capsys.readouterr().out)
    (tmp_path / "footpath-1").touch()
    call_command("metrics", "--backups", str(tmp_path))
    assert 0 <= read(capsys.readouterr().out)["footpath_backup_seconds"] < 600


# By the web


@pytest.fixture
def monitoring(settings):
    settings.METRICS_TOKEN = TOKEN
    return lambda: Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer é",
    ],
)
def test_without_the_token_nothing_is_told(monitoring, sent):
    answer = Client().get("/metrics", headers={"authorization": sent} if sent is not None else {})
    assert (answer.status_code, answer.content) == (401, b"Send the METRICS_TOKEN as a bearer token.\n")
    assert monitoring().status_code == 200


def test_off_it_is_not_there_whatever_is_sent(settings):
    settings.METRICS_TOKEN = None
    for sent in ("Bearer None", "Bearer ", f"Bearer {TOKEN}"):
        assert Client().get("/metrics", headers={"authorization": sent}).status_code == 404


def test_requests_are_counted_by_kind_with_their_times(monitoring):
    publish()
    before = read(monitoring().content.decode())
    Client().get("/")
    Client().get("/admin/login/")
    Client().post("/start/", {"language": "en"})
    Client().get("/healthz")
    after = read(monitoring().content.decode())

    def more(name):
        return after[name] - before[name]

    for kind in KINDS:
        assert more(f'footpath_request_seconds_count{{kind="{kind}"}}') == 1
        assert more(f'footpath_request_seconds_bucket{{kind="{kind}",le="+Inf"}}') == 1
        assert more(f'footpath_request_seconds_sum{{kind="{kind}"}}') > 0


def test_a_time_falls_within_all_limits_above_it():
    meters = Meters()
    for seconds in (0.05, 0.3, 7):
        meters.took("page", seconds)
    said = read("\n".join(meters.lines()))
    within = [
        said[f'footpath_request_seconds_bucket{{kind="page",le="{limit}"}}']
        for limit in (*LIMITS[:-1], "+Inf")
    ]
    assert within == [1, 1, 1, 2, 2, 2, 2, 3]
    assert said['footpath_request_seconds_sum{kind="page"}'] == 7.35


def test_what_another_process_counts_is_read_here():
    meters = Meters()
    meters.took("page", 0.1)
    for _process in range(2):
        child = os.fork()
        if not child:
            meters.took("page", 0.1)
            os._exit(0)
        os.waitpid(child, 0)
    assert read("\n".join(meters.lines()))['footpath_request_seconds_count{kind="page"}'] == 3


@pytest.mark.parametrize(
    ("error", "fault"), [(OperationalError("gone"), "database"), (RuntimeError("x"), "ours")]
)
def test_what_fails_is_counted(monitoring, monkeypatch, error, fault):
    publish()
    name = f'footpath_faults_total{{kind="{fault}"}}'
    before = read(monitoring().content.decode())[name]
    monkeypatch.setattr("triage.actions.start_session", fails(error))
    Client(raise_request_exception=False).post("/start/", {"language": "en"})
    assert read(monitoring().content.decode())[name] - before == 1


def test_while_the_database_is_away_the_counts_are_told(monitoring, monkeypatch):
    assert read(monitoring().content.decode())["footpath_database"] == 1
    monkeypatch.setattr("triage.server.metrics.measured", fails(OperationalError("gone")))
    said = read(monitoring().content.decode())
    assert said["footpath_database"] == 0
    assert 'footpath_request_seconds_count{kind="page"}' in said


def fails(error):
    def failing(*args, **options):
        raise error

    return failing


def test_no_figure_names_anybody(monitoring):
    publish()
    Patient(BACK | {"safety-now": ["cold-limb"], "note": "A note."}).whole()
    reference = TriageSession.objects.get().reference
    said = monitoring().content.decode()
    assert reference not in said
    assert "cold" not in said
