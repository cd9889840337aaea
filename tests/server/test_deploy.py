"""docs/deploy.md and deploy/ name only what there is, and the units are as systemd wants them."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands, load_command_class

from triage.models import Clinic
from triage.server.environment import FILES as SECRET_FILES
from triage.server.environment import VARIABLES
from triage.server.errors import LastKnown

ROOT = settings.BASE_DIR
TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "deploy").iterdir())}
UNITS = {name: text for name, text in FILES.items() if name.endswith((".service", ".timer", ".socket"))}
BLOCKS = [block for kind, block in re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL) if not kind]
COMMAND = re.compile(r"(?:manage\.py|footpath-manage) ([a-z_]+)([^>\n]*)")
COMMANDS = sorted(
    {
        (name, arguments.strip(" '"))
        for text in (*BLOCKS, *UNITS.values())
        for name, arguments in COMMAND.findall(text.replace("\\\n", ""))
    }
)
NAMED = {
    "proofs": set(re.findall(r"[Pp]roof `([a-z-]+)`|dev\.py prove ([a-z-]+)", TEXT)),
    "variables": set(re.findall(r"^([A-Z_]+)=", TEXT + FILES["footpath.env"], re.MULTILINE)),
    "files": set(re.findall(r"(?<!/admin/)\b(?:requirements|triage|docs|deploy)/[\w./-]+\w", TEXT)),
    "units": set(re.findall(r"\bfootpath[a-z-]*\.(?:service|timer|socket)\b", TEXT)),
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
    assert NAMED["variables"] <= {variable.name for variable in VARIABLES} | SECRET_FILES
    assert {name for name in NAMED["files"] if not (ROOT / name).exists()} == set()
    assert NAMED["units"] <= UNITS.keys()
    assert {name for name in FILES if name not in UNITS and f"deploy/{name}" not in TEXT} == set()
    timers = {name.removesuffix(".timer") for name in UNITS if name.endswith(".timer")}
    assert {f"{name}.service" for name in timers} < UNITS.keys()


def test_every_service_runs_as_nobody_else_and_may_write_nowhere_else():
    for name, unit in UNITS.items():
        if name.endswith(".service"):
            for line in (
                "User=footpath",
                "ProtectSystem=strict",
                "NoNewPrivileges=yes",
                "LimitCORE=0",
                "UMask=0077",
            ):
                assert f"\n{line}\n" in unit, (name, line)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_the_units_are_in_order(tmp_path):
    here = {
        "/srv/footpath/.venv/bin/gunicorn": sys.executable,
        "/usr/bin/find": sys.executable,
        "/srv/footpath/.venv/bin/python": sys.executable,
    }
    here |= {"/srv/footpath": str(ROOT), "User=footpath": "User=daemon"}
    units = {}
    for name, unit in UNITS.items():
        for there, ours in here.items():
            unit = unit.replace(there, ours)
        units[name] = tmp_path / name
        units[name].write_text(unit)

    def said(*paths):
        return subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True)

    verified = said(*units.values())
    assert (verified.returncode, verified.stderr) == (0, "")
    web = units["footpath.service"]
    web.write_text(web.read_text().replace("Restart=", "Restrat="))
    assert "Restrat" in said(web).stderr


@pytest.mark.django_db
def test_the_page_for_the_proxy_has_the_clinics_own_number(capsys, monkeypatch):
    monkeypatch.setattr(LastKnown, "emergency_number", "911")
    Clinic.objects.filter(pk=1).update(emergency_number="112")
    call_command("closed_page")
    page = capsys.readouterr().out
    assert 'href="tel:112"' in page
    assert "911" not in page
