"""What monitoring reads: counts and times, and nothing of anybody."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.visitor import BACK, NOW, Patient, publish
from triage.models import OutboxMail, TriageSession

pytestmark = pytest.mark.django_db
LINE = re.compile(r"(# (HELP|TYPE) \w+ .+|\w+ [0-9.e+]+|footpath_build\{version=\"[\w.]+\"\} 1)")


def metrics(capsys):
    call_command("metrics")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    return {name: float(value) for name, value in (line.split() for line in lines if line[0] != "#")}


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
    TriageSession.objects.update(review_state=TriageSession.ReviewState.ACKNOWLEDGED)
    assert metrics(capsys)["footpath_unseen_emergencies"] == 0
