"""docs/deploy.md names only what there is, and its units are as systemd wants them."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands, load_command_class

from triage.models import Clinic
from triage.server.environment import VARIABLES
from triage.server.errors import LastKnown

ROOT = settings.BASE_DIR
TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = sorted(
    {
        (name, arguments.strip())
        for kind, block in BLOCKS
        for name, arguments in re.findall(r"manage\.py ([a-z_]+)([^>\n]*)", block.replace("\\\n", ""))
        if not kind or kind == "ini"
    }
)
UNITS = [block for kind, block in BLOCKS if kind == "ini"]
NAMED = {
    "proofs": set(re.findall(r"[Pp]roof `([a-z-]+)`|dev\.py prove ([a-z-]+)", TEXT)),
    "variables": set(re.findall(r"^([A-Z_]+)=", TEXT, re.MULTILINE)),
    "files": set(re.findall(r"(?<!/admin/)\b(?:requirements|triage|docs)/[\w./-]+\w", TEXT)),
}


def parsed(name, arguments):
    """As the command itself reads its arguments; it raises CommandError when it cannot."""
    command = load_command_class(get_commands()[name], name)
    return command.create_parser("manage.py", name).parse_args(shlex.split(arguments))


@pytest.mark.parametrize(("name", "arguments"), COMMANDS, ids=[name for name, _arguments in COMMANDS])
def test_a_command_takes_its_arguments(name, arguments):
    parsed(name, arguments)


def test_a_command_or_an_argument_that_is_gone_is_told():
    with pytest.raises(KeyError):
        parsed("no_such_command", "")
    with pytest.raises(CommandError):
        parsed("purge", "--no-such-option")


def test_what_it_names_exists():
    assert len(COMMANDS) > 10
    proofs = {one or other for one, other in NAMED["proofs"]}
    assert {
        name for name in proofs if not (ROOT / "proofs" / f"{name.replace('-', '_')}.py").is_file()
    } == set()
    assert NAMED["variables"] <= {variable.name for variable in VARIABLES}
    assert {name for name in NAMED["files"] if not (ROOT / name).exists()} == set()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_the_units_are_in_order(tmp_path):
    here = {
        "/srv/footpath/.venv/bin/gunicorn": sys.executable,
        "/srv/footpath/.venv/bin/python": sys.executable,
    }
    here |= {"/srv/footpath": str(ROOT), "User=footpath": "User=daemon"}
    units = []
    for name, unit in zip(("footpath.service", "purge.service", "purge.timer"), UNITS, strict=True):
        for there, ours in here.items():
            unit = unit.replace(there, ours)
        units.append(tmp_path / name)
        units[-1].write_text(unit)
    verified = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")
    units[0].write_text(units[0].read_text().replace("Restart=", "Restrat="))
    assert (
        "Restrat"
        in subprocess.run(["systemd-analyze", "verify", units[0]], capture_output=True, text=True).stderr
    )


@pytest.mark.django_db
def test_the_page_for_the_proxy_has_the_clinics_own_number(capsys, monkeypatch):
    monkeypatch.setattr(LastKnown, "emergency_number", "911")
    Clinic.objects.filter(pk=1).update(emergency_number="112")
    call_command("closed_page")
    page = capsys.readouterr().out
    assert 'href="tel:112"' in page
    assert "911" not in page
