"""One version, said alike by the program, the changelog and the notes for whoever upgrades."""

import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError

from tests.visitor import publish
from triage import __version__
from triage.store.content_files import read_content

ROOT = settings.BASE_DIR


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_changelog_and_the_notes_name_this_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert re.findall(r"^## (.+)$", read("CHANGELOG.md"), re.MULTILINE)[0] == __version__
    assert f"**To {__version__}**" in read("docs/deploy.md")
    assert set(re.findall(r"\d+\.\d+\.\d+(?=[-. \n])", read("docs/releasing.md"))) == {__version__}


@pytest.mark.parametrize("asked", ["--version", "version"])
def test_manage_says_its_own_version_and_not_djangos(tmp_path, asked):
    said = subprocess.run(
        [sys.executable, "manage.py", asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"DATA_DIR": str(tmp_path)},
    )
    program, content, published = said.stdout.splitlines()
    assert program == f"Footpath {__version__}"
    assert content.startswith(f"content {read_content().version}")
    assert published == "published unknown: the database does not answer"


@pytest.mark.django_db
def test_it_says_what_patients_get(capsys, monkeypatch):
    call_command("versions")
    assert "published nothing yet: manage.py publish_content" in capsys.readouterr().out
    release = publish()
    call_command("versions")
    assert f"published {release.version} ({release.sha256[:8]})" in capsys.readouterr().out

    def away():
        raise OperationalError("gone")

    monkeypatch.setattr("triage.store.releases.current", away)
    call_command("versions")
    assert "the database does not answer" in capsys.readouterr().out
