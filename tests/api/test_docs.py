"""What docs/api.md shows is run as it stands there, by curl against a server."""

import json
import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests.api.test_responses import filled
from tests.exported import enter
from tests.programs import Program
from tests.visitor import FOOT_ONLY, publish
from triage.api import exports, invitations, openapi, responses
from triage.models import Invitation, TriageSession
from triage.store import releases

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
COMMANDS = [block for block in re.findall(r"```\n(.*?)```", TEXT, re.DOTALL) if block.startswith("curl")]
DAY = "2026-12-09"  # in the examples; it has to be one that is to come


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not on this machine")
@pytest.mark.django_db(transaction=True)
def test_each_example_works(live_server, settings, tmp_path):
    settings.API = True
    content = releases.content(publish().sha256, "en")
    (tmp_path / "response.json").write_text(json.dumps(filled(content)), encoding="utf-8")
    enter(content, FOOT_ONLY)
    told = [run(command, live_server.url, tmp_path) for command in COMMANDS]
    assert json.loads(told[0].splitlines()[0])["answers"]
    assert '"language": "es"' in told[0]
    assert json.loads(told[1])["link"].startswith(live_server.url)
    assert json.loads(told[2])["contained"]
    assert (Invitation.objects.count(), TriageSession.objects.count()) == (1, 2)
    program = os.environ | {"TOKEN": "footpath_1.wrong.token"}
    refused = subprocess.run(
        ["bash", "-c", COMMANDS[1]],
        env=program | {"FOOTPATH": live_server.url},
        capture_output=True,
        check=False,
    )
    assert refused.returncode == 22  # so that a script knows


def run(command, address, folder):
    day = timezone.localdate() + timedelta(days=8)
    environment = os.environ | {"TOKEN": Program(name=f"of {hash(command)}").written, "FOOTPATH": address}
    done = subprocess.run(
        ["bash", "-ec", command.replace(DAY, str(day))],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def test_it_names_everything_that_there_is():
    for name in (*exports.KINDS, *exports.parameters("json"), *invitations.FIELDS, invitations.SURE):
        assert f"`{name}`" in TEXT or f'"{name}"' in TEXT, name
    assert f"{exports.MOST_DAYS} days" in TEXT
    assert f"At most {responses.MOST_BYTES // 1024} KB" in TEXT
    told = {int(status) for status in re.findall(r"\b[45]\d\d\b", TEXT)}
    assert told - {422} >= set(openapi.MEANINGS) - {404, 422, 500}
    assert told <= set(openapi.MEANINGS)
