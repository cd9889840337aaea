"""dev.py as a newcomer meets it, and what a clone holds for it."""

import ast
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pip
import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.core.management.commands import flush
from django.core.management.sql import emit_post_migrate_signal
from django.forms import model_to_dict

import dev
from proofs.servers import free_port
from tests.conftest import can_differ
from triage.models import the_clinic

ROOT = settings.BASE_DIR
LOCKS = [ROOT / "requirements" / name for name in ("base.txt", "dev.txt")]


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, ROOT / "dev.py", *arguments], capture_output=True, text=True, **options
    )


def start(port, folder):
    environment = os.environ | {"DATA_DIR": str(folder), "DATABASE_URL": "", "PYTHONUNBUFFERED": "1"}
    environment.pop("DJANGO_SETTINGS_MODULE")
    return subprocess.Popen(
        [sys.executable, ROOT / "dev.py", "run", "--port", str(port)],
        cwd=folder,  # from anywhere
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # Who runs the tests in the background may have them ignore Ctrl-C, and all they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Where a first run prepares all that the next one finds."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_run_serves_until_it_is_stopped(home, how):
    port = free_port()
    program = start(port, home)
    said = []
    for line in program.stdout:
        said.append(line)
        if "Stop with Ctrl-C" in line:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
                assert page.status == 200
            program.send_signal(how)
    program.stdout.close()
    assert program.wait() == 130, "".join(said)
    assert f"http://127.0.0.1:{port}/admin/" in "".join(said)
    assert "".join(said).count("staff sign in with the password alone") == 1
    assert (home / "secret-key").stat().st_mode & 0o777 == 0o600
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)), "something still listens"


def test_a_taken_port_is_told_in_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = run("run", "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} cannot be used" in refused.stderr
    assert "dev.py run --port" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_an_old_python_is_told_in_a_sentence():
    pretend = "import sys; sys.version_info = (3, 9, 1); exec(open('dev.py').read())"
    refused = subprocess.run([sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 1
    assert refused.stderr == "Footpath needs Python 3.11 or newer and this is 3.9; install a newer one.\n"


def test_an_old_python_can_parse_it():
    """As far as today's parser remembers what came after 3.7: no :=, no match, no positional-only."""
    source = (ROOT / "dev.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    with pytest.raises(SyntaxError):
        ast.parse(source + "\nif (x := 1): pass", feature_version=(3, 7))


def test_missing_venv_module_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr(dev.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(dev.Problem, match="apt install python3-venv"):
        dev.make_venv()


@pytest.fixture
def empty_venv(monkeypatch, tmp_path):
    """Installing into a folder where nothing was installed, with the pip that `answers` stands for."""
    monkeypatch.setattr(dev, "VENV", tmp_path)
    monkeypatch.setattr(dev, "PYTHON", sys.executable)
    return tmp_path


def test_no_network_is_told_in_a_sentence(monkeypatch, empty_venv):
    def no_network(command, environment):
        raise dev.Failed(
            command, "WARNING: Retrying … NewConnectionError('…: Failed to establish a new connection')"
        )

    monkeypatch.setattr(dev, "quietly", no_network)
    with pytest.raises(dev.Problem, match="connect this machine to the network"):
        dev.install("base")


def test_a_lock_is_installed_once(monkeypatch, empty_venv):
    calls = []
    monkeypatch.setattr(dev, "quietly", lambda command, environment: calls.append(command))
    dev.install("base")
    dev.install("base")
    assert len(calls) == 1
    assert "--require-hashes" in calls[0]
    (empty_venv / "base.installed").write_text("the sum of an older lock")
    dev.install("base")
    assert len(calls) == 2


def test_a_failed_install_is_tried_again(monkeypatch, empty_venv):
    def failing(command, environment):
        raise dev.Failed(command, "THESE PACKAGES DO NOT MATCH THE HASHES")

    monkeypatch.setattr(dev, "quietly", failing)
    for _ in range(2):
        with pytest.raises(dev.Failed, match="DO NOT MATCH"):
            dev.install("base")


@pytest.fixture
def venv_of_its_own(monkeypatch, tmp_path):
    """One that is empty but for pip, and a lock of one small package that lies beside it."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/*/site-packages")
    (site / "pip").symlink_to(Path(pip.__file__).parent)
    sum_ = hashlib.sha256(wheel(tmp_path / "small-1-py3-none-any.whl").read_bytes()).hexdigest()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/base.txt").write_text(f"small==1 --hash=sha256:{sum_}\n")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "VENV", venv)
    monkeypatch.setattr(dev, "PYTHON", str(venv / "bin" / "python"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (tmp_path / "pip.conf").write_text(PIP_FILE)
    monkeypatch.chdir(tmp_path)
    return site


def wheel(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("small.py", "")
        file.writestr("small-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1\n")
        file.writestr(
            "small-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr("small-1.dist-info/RECORD", "")
    return path


# As an environment says it, or a file of somebody's own.
PIP_FILE = "[install]\nuser = true\n"
ELSEWHERE = {"PIP_CONFIG_FILE": "pip.conf", "PIP_USER": "1"}
ELSEWHERE |= dict.fromkeys(["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"], "elsewhere")


def test_what_somebody_likes_of_pip_is_not_asked(venv_of_its_own, monkeypatch):
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    dev.install("base")
    assert (venv_of_its_own / "small.py").exists()


@pytest.mark.parametrize("name", ELSEWHERE)
def test_else_it_would_be(venv_of_its_own, monkeypatch, name):
    monkeypatch.setenv(name, ELSEWHERE[name])
    subprocess.run([dev.PYTHON, "-m", "pip", "install", "small"], capture_output=True, check=False)
    assert not (venv_of_its_own / "small.py").exists()


def test_it_speaks_also_where_the_terminal_knows_few_letters():
    code = """
import dev, sys
def setup(rest):
    with dev.step("A step"): pass
    print(dev.quietly([sys.executable, "-c", "print('\u2026')"]))
dev.setup = setup
dev.main(["setup"])
"""
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True)
    assert done.stdout.decode().count("…") == 2, done.stderr


def test_lint_makes_every_check_and_names_those_that_failed(monkeypatch):
    made = []

    def quietly(command):
        made.append(command)
        if "ruff" in command:
            raise dev.Failed(command, "a fault")

    monkeypatch.setattr(dev, "install", lambda lock: None)
    monkeypatch.setattr(dev, "quietly", quietly)
    with pytest.raises(dev.Problem, match=r"^To be set right: Style, Layout\.$"):
        dev.lint([])
    assert len(made) == 6


STORES, LOOKS, ALIKE = pytest.mark.django_db, pytest.mark.looks, pytest.mark.alike("for a reason")


def with_marks(*marks):
    found = {mark.name: mark for mark in marks}
    return SimpleNamespace(get_closest_marker=found.get, nodeid="test_x", cls=None)


@pytest.mark.parametrize(
    "marks, short, long",
    [
        ([], False, False),
        ([STORES], True, True),
        ([STORES, LOOKS], False, False),
        ([STORES, ALIKE], False, True),
    ],
)
def test_postgresql_gets_what_can_come_out_differently_there(marks, short, long):
    assert (can_differ(with_marks(*marks), False), can_differ(with_marks(*marks), True)) == (short, long)


def left():
    """What stands in the tables where nobody has used them: names and rights, whatever their numbers."""
    rights = {(*right.content_type.natural_key(), right.codename) for right in Permission.objects.all()}
    groups = {
        group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()
    }
    return rights, groups, model_to_dict(the_clinic())


def test_emptied_tables_hold_what_they_would_hold_after_a_migration(transactional_db, monkeypatch):
    User.objects.create(username="anna")
    Group.objects.first().permissions.clear()
    call_command("flush", interactive=False, verbosity=0)
    put_back = left()
    assert not User.objects.exists()
    monkeypatch.setattr(flush, "emit_post_migrate_signal", emit_post_migrate_signal)
    call_command("flush", interactive=False, verbosity=0)
    assert put_back == left()


def test_what_is_alike_on_both_says_why():
    with pytest.raises(AssertionError, match="say why test_x is alike"):
        can_differ(with_marks(STORES, pytest.mark.alike), long=False)


@pytest.mark.parametrize(
    "sqlite, postgresql, verdict", [(0, 0, 0), (0, 5, 0), (5, 5, 5), (1, 0, 1), (0, 1, 1), (1, 5, 1)]
)
def test_the_verdict_counts_both_databases(monkeypatch, sqlite, postgresql, verdict):
    statuses = {"": sqlite, "postgresql:///x": postgresql}
    monkeypatch.setattr(dev, "setup", lambda arguments: 0)
    monkeypatch.setattr(dev, "postgresql", lambda: dev.contextlib.nullcontext("postgresql:///x"))
    monkeypatch.setattr(dev, "pytest", lambda name, arguments, url, to=None: statuses[url])
    assert dev.test([]) == dev.test(["-n", "0"]) == verdict


@pytest.mark.parametrize(
    "arguments, chosen",
    [
        ([], False),
        (["-x", "--durations=9"], False),
        (["-k", "walk"], True),
        (["-m", "looks"], True),
        (["tests/test_dev.py::test_x"], True),
    ],
)
def test_who_asks_for_some_tests_waits_for_no_other_processes(arguments, chosen):
    assert dev.some(arguments) is chosen


# The locks


def pins(lock):
    return dict(
        re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==([^ ;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    )


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_hold_hashes_and_no_place(lock):
    text = lock.read_text(encoding="utf-8")
    named = re.findall(r"^\w.*", text, re.MULTILINE)
    hashed = re.findall(r"^\w\S*==.*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(named) == len(hashed)
    assert not re.search(r"://|^-|\s--(?!hash)|@ |\s/", text, re.MULTILINE)


def test_tests_run_on_what_patients_get():
    base, everything = map(pins, LOCKS)
    assert base
    assert base.items() <= everything.items()
