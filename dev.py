#!/usr/bin/env python3
"""Footpath for developers and for a first look. Needs Python 3.11 or newer and nothing else.

python3 dev.py run [--demo] [--port 8000]   install, prepare and start Footpath on this machine
python3 dev.py test [pytest's arguments]    install and run all tests, on SQLite and on PostgreSQL
python3 dev.py prove [NAME|all]             run the proofs in their long form, on both databases
python3 dev.py bench [NAME]                 measure what Footpath costs, and write docs/performance.md
python3 dev.py lint                         style, types, settings, migrations and templates
python3 dev.py setup                        only install what the tests and the lint need
"""

import sys

# Before anything else, and in old words, so that an old Python gets as far as this sentence.
if sys.version_info < (3, 11):
    sys.exit(
        "Footpath needs Python 3.11 or newer and this is %d.%d; install a newer one." % sys.version_info[:2]
    )

import argparse
import contextlib
import hashlib
import importlib.util
import io
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, cast

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
DATA_DIR = Path(os.environ.get("DATA_DIR") or ROOT / "var")
START_SECONDS = 120  # a server that ends is told of at once; this is for one that does not
# Processes of the tests, while those of the other database run beside them. On PostgreSQL there is half as much to do;
# on SQLite are those that wait for browsers and servers, so that one more keeps the processors busy.
PROCESSORS = os.cpu_count() or 1
WORKERS = {"SQLite": min(4, PROCESSORS + 1), "PostgreSQL": min(2, PROCESSORS // 2)}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WINDOWLESS = "chromium-headless-shell"
WINDOWLESS = "chromium-headless-shell"
# What asks pytest for its debugger, which needs the terminal for itself.
TERMINAL = {"-n", "-n0", "--pdb", "--trace"}
# Proofs that are tests, whose short form runs with all others. Those of proofs/ are programs.
TEST_PROOFS = (
    "access",
    "canary",
    "clock",
    "day",
    "golden-table",
    "headers",
    "hostile",
    "journey-machine",
    "kept-proof",
    "notes",
    "parallel",
    "taken-in",
    "whose-page",
)
# Settings of somebody's pip that would have it install elsewhere than into .venv.
ELSEWHERE = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON")
NO_NETWORK = ("NewConnectionError", "ConnectTimeout", "Failed to establish", "name resolution", "ProxyError")


class Problem(Exception):
    """Something the person at the keyboard has to set right; the message says what."""


class Failed(Problem):
    """A program that did not end well, with what it said."""

    def __init__(self, command: list[str], output: str) -> None:
        self.output = output
        super().__init__("%s\nThis failed: %s" % (output.rstrip(), " ".join(command)))


def main(arguments: list[str]) -> int:
    command, *rest = arguments or ["help"]
    commands = {"run": run, "test": test, "prove": prove, "bench": bench, "lint": lint, "setup": setup}
    if command not in commands:
        print((__doc__ or "").strip())
        return 0 if command in ("help", "-h", "--help") else 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stop is a stop, whoever sends it
    speak_utf8()
    try:
        return commands[command](rest)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130


def speak_utf8() -> None:
    """Ours is the text of every program here, whatever letters this machine's terminal says it knows."""
    os.environ["PYTHONIOENCODING"] = "utf-8"
    for stream in (sys.stdout, sys.stderr):
        cast("io.TextIOWrapper", stream).reconfigure(encoding="utf-8", errors="backslashreplace")


# Steps: a line each, with its time


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    print(title, "…", end=" ", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print("stopped", flush=True)
        raise
    print("%.1f s" % (time.monotonic() - start), flush=True)


def quietly(command: list[str], environment: "dict[str, str] | None" = None) -> str:
    """Run a program whose output matters only if it fails, or to the caller."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise Failed(command, done.stdout)
    return done.stdout


# Installing


def install(lock: str) -> None:
    """Bring .venv to what requirements/<lock>.txt says; nothing to do when it was installed already."""
    if os.name != "posix":
        raise Problem("Footpath runs on Linux and macOS; on Windows use the Windows Subsystem for Linux.")
    path = ROOT / "requirements" / (lock + ".txt")
    stamp = VENV / (lock + ".installed")
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted and venv_finds("pip"):
        return
    if not venv_finds("pip._internal.cli.main"):  # also where making it was cut short
        make_venv()
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-user"]
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    with step("Installing requirements/%s.txt" % lock):
        try:
            strictly = ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
            quietly([*pip, *strictly, "-r", str(path)], environment)
        except Failed as failure:
            if any(sign in failure.output for sign in NO_NETWORK):
                raise Problem(
                    "The package index cannot be reached; connect this machine to the network (or point pip "
                    "to an index it can reach) and run this again."
                ) from None
            raise
    stamp.write_text(wanted)


def venv_finds(module: str) -> bool:
    """Not with another Python than the one it was made with: that one looks elsewhere."""
    command = [PYTHON, "-c", "import " + module]
    return Path(PYTHON).exists() and not subprocess.run(command, capture_output=True).returncode


def make_venv() -> None:
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise Problem(
            "This Python lacks its venv module; install it (Debian and Ubuntu: apt install python3-venv) "
            "and run this again."
        )
    with step("Making .venv"):
        quietly([sys.executable, "-m", "venv", "--clear", str(VENV)])


def find_chromium() -> "str | None":
    """The system's Chromium, or None, which lets Playwright look for its own."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def find_windowless() -> "str | None":
    """The same engine without a window around each page, which then costs it half; else Chromium itself."""
    return shutil.which(WINDOWLESS) or find_chromium()


def install_chromium() -> None:
    if find_chromium():
        return
    ways = [[PYTHON, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        apt = "apt-get update -q && apt-get install -q -y chromium"
        ways[:0] = [["sh", "-c", apt + " " + WINDOWLESS], ["sh", "-c", apt]]  # not every system has both
    with step("Installing Chromium"):
        for way in ways:
            with contextlib.suppress(Failed):
                quietly(way, {**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
                return
        raise Problem(
            "The browser tests need Chromium and it could not be installed; install the command “chromium” "
            "or “google-chrome” and run this again."
        )


def setup(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="dev.py setup").parse_args(arguments)
    install("base")
    install("dev")
    install_chromium()
    return 0


# Running


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py run")
    parser.add_argument("--demo", action="store_true", help="with some weeks of made-up submissions")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(arguments)

    refuse_taken(options.port)
    install("base")
    environment = local_environment()
    manage("Preparing the database", environment, "migrate", "--verbosity", "0")
    manage("Collecting the static files", environment, "collectstatic", "--no-input", "--verbosity", "0")
    manage("Publishing the content", environment, "publish_content")
    told = manage("Looking for a staff account", environment, "create_staff", "--if-none", "--lasting")
    if options.demo:
        manage("Making demo submissions", environment, "create_demo", "--if-none")
    serve(options.port, environment, told)
    return 0


def refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            other = port + 1 if 1024 <= port < 65535 else 8001
            raise Problem(
                "Port %d cannot be used, most likely because another program has it; choose another: "
                "python3 dev.py run --port %d" % (port, other)
            ) from None


def local_environment() -> dict[str, str]:
    """What the README's table says, for plain http on this machine alone."""
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)  # answers are nobody else's to read
    key = DATA_DIR / "secret-key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_urlsafe(50))
    return {
        **os.environ,
        "SECRET_KEY": key.read_text(),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "HTTPS": "off",
        "DEBUG": "off",
        "STAFF_SECOND_FACTOR": os.environ.get("STAFF_SECOND_FACTOR") or "off",
        "TWO_PEOPLE_PUBLISH": os.environ.get("TWO_PEOPLE_PUBLISH") or "off",
    }


def manage(title: str, environment: dict[str, str], *command: str) -> str:
    with step(title):
        return quietly([PYTHON, "manage.py", *command], environment)


def serve(port: int, environment: dict[str, str], told: str) -> None:
    """Serve until stopped; `told` is the staff account's password, if it is new."""
    address = "http://127.0.0.1:%d" % port
    command = [PYTHON, "-m", "gunicorn", "triage.wsgi", "--bind", "127.0.0.1:%d" % port]
    # In a session of its own, so that Ctrl-C reaches this program alone, which then stops the server.
    server = subprocess.Popen(
        [*command, "--log-level", "warning"], cwd=ROOT, env=environment, start_new_session=True
    )
    try:
        with step("Starting the server"):
            wait_for(address + "/", server)
        print("\n  Patients  %s/\n  Staff     %s/admin/\n" % (address, address))
        print(told, end="")
        if environment["STAFF_SECOND_FACTOR"] == "off":
            print("Here staff sign in with the password alone; on a server they need a second factor too.")
        print("Stop with Ctrl-C.", flush=True)
        server.wait()
        raise Problem("The server ended by itself; what it said is above.")
    finally:
        stop(server)


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise Problem("The server did not start; what it said is above.")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as error:
            raise Problem("The start page answers with an error (status %d)." % error.code) from None
        except OSError:
            time.sleep(0.1)
    raise Problem("The start page did not come within %d seconds." % START_SECONDS)


def stop(server: "subprocess.Popen[bytes]") -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


# Testing


def test(arguments: list[str]) -> int:
    """All tests on SQLite and, beside them, those that use a database on PostgreSQL."""
    setup([])
    alone = bool(TERMINAL.intersection(arguments))
    with ThreadPoolExecutor(1 if alone else 2) as threads, said() as apart:
        begun = threads.submit(pytest, "SQLite", arguments, "")
        with postgresql() as url:
            to = None if alone else apart
            postgres = threads.submit(pytest, "PostgreSQL", arguments, url, to).result()
            sqlite = begun.result()
        apart.seek(0)
        shutil.copyfileobj(apart, sys.stdout)
    nothing_selected = 5  # the arguments may name tests that use no database
    if postgres == nothing_selected and sqlite == 0:
        postgres = 0
    for name, status in (("SQLite", sqlite), ("PostgreSQL", postgres)):
        print("%-11s %s" % (name, "FAILED" if status else "passed"))
    return sqlite or postgres


def said() -> "IO[str]":
    """A file for what a program prints beside another one."""
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def pytest(name: str, arguments: list[str], url: str, to: "IO[str] | None" = None) -> int:
    print("\nTests on %s" % name, file=to, flush=True)
    workers = 1 if some(arguments) else WORKERS[name]  # each takes some seconds to start
    together = ["--numprocesses", str(workers if workers > 1 else 0)]  # alone, pytest itself does the work
    together += ["--dist", "worksteal"]  # who is done takes over from others
    kept = ["--reuse-db"] if url else []  # that server goes, and what it holds with it
    command = [PYTHON, "-m", "pytest", *together, *kept, *arguments]
    # Compiled once for all processes and for the next run, also where somebody wants no such files elsewhere.
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONDONTWRITEBYTECODE": ""}
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=to, stderr=to).returncode


def some(arguments: list[str]) -> bool:
    """Whether these ask for some of the tests alone."""
    return any(
        argument.startswith(("-k", "-m", "--lf", "--last-failed"))
        or (ROOT / argument.split("::")[0]).exists()
        for argument in arguments
    )


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The address of a real server on a socket of its own, which ends even if this program is killed."""
    server = subprocess.Popen(
        [PYTHON, "-W", "ignore", "-m", "tests.postgresql"],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C goes to the tests; the server outlives them
    )
    assert server.stdin
    assert server.stdout
    try:
        url = server.stdout.readline().strip()
        if not url:
            raise Problem("PostgreSQL did not start; what it said is above.")
        yield url
    finally:
        server.stdin.close()
        server.wait(timeout=30)
        server.stdout.close()


# Proving


def prove(arguments: list[str]) -> int:
    programs = [path.stem.replace("_", "-") for path in sorted((ROOT / "proofs").glob("*.py")) if runs(path)]
    parser = argparse.ArgumentParser(prog="dev.py prove")
    parser.add_argument("name", nargs="?", default="all", choices=["all", *TEST_PROOFS, *programs])
    parser.add_argument("--long", action=argparse.BooleanOptionalAction, default=True, help="tests in full")
    parser.add_argument("--seed", type=int, default=1, help="what the proofs draw from")
    options = parser.parse_args(arguments)

    setup([])
    seed = ["--seed", str(options.seed)]
    chosen = {options.name} if options.name != "all" else {*TEST_PROOFS, *programs}
    failed = prove_by_tests(
        [name for name in TEST_PROOFS if name in chosen], [*seed, *(["--long"] if options.long else [])]
    )
    for name in programs:
        if name in chosen:
            print("\nProof %s" % name, flush=True)
            command = [PYTHON, "-m", "proofs." + name.replace("-", "_"), *seed]
            if subprocess.run(command, cwd=ROOT).returncode:
                failed.append(name)
    print("\nNot proved: %s" % ", ".join(failed) if failed else "\nProved.")
    return 1 if failed else 0


def runs(path: Path) -> bool:
    """Whether a file of proofs/ is a proof, and not what the proofs share."""
    return '__name__ == "__main__"' in path.read_text(encoding="utf-8")


def test_file(name: str) -> Path:
    """The test file that is this proof, in whichever room it stands."""
    return next((ROOT / "tests").rglob("test_%s.py" % name.replace("-", "_")))


def prove_by_tests(names: list[str], arguments: list[str]) -> list[str]:
    """Run these on both databases side by side. What a proof calls “same” has to be the same on both."""
    if not names:
        return []
    files = [str(test_file(name)) for name in names]
    # In one process that keeps no log, so that the proofs can tell how far they are.
    arguments = [*arguments, "--numprocesses", "0", "--capture", "sys", "-p", "no:logging", *files]
    failed, verdicts = [], []
    with tempfile.TemporaryDirectory() as folder, postgresql() as url:
        databases = {"SQLite": "", "PostgreSQL": url}

        def run_on(database: str) -> int:
            to = ["--proofs-to", str(Path(folder, database))]
            return pytest(database, [*arguments, *to], databases[database])

        with ThreadPoolExecutor() as threads:
            statuses = list(threads.map(run_on, databases))
        for database, status in zip(databases, statuses, strict=True):
            if status:
                failed.append("on " + database)
            lines = [
                json.loads(line) for line in Path(folder, database).read_text(encoding="utf-8").splitlines()
            ]
            verdicts.append({line["proof"]: line["same"] for line in lines if "same" in line})
    if verdicts[0] != verdicts[1]:
        failed.append("the same verdicts on both")
    return failed


# Measuring


def bench(arguments: list[str]) -> int:
    """See benchmarks/__main__.py for what there is."""
    setup([])
    return subprocess.run([PYTHON, "-m", "benchmarks", *arguments], cwd=ROOT).returncode


# Linting


def lint(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="dev.py lint").parse_args(arguments)
    install("base")
    install("dev")
    checks = {
        "Style": ["-m", "ruff", "check", "--quiet", "."],
        "Layout": ["-m", "ruff", "format", "--check", "--quiet", "."],
        "Types": ["-m", "mypy", "--no-error-summary"],
        "Settings and models": ["manage.py", "check", "--fail-level", "WARNING"],
        "Migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
        "Templates": ["-m", "tests.templates"],
    }
    failures = []
    with ThreadPoolExecutor() as threads:
        begun = {title: threads.submit(quietly, [PYTHON, *command]) for title, command in checks.items()}
        for title, check in begun.items():
            try:
                with step(title):  # its time is how long it took after the one before
                    check.result()
            except Failed as failure:
                print(failure, file=sys.stderr)
                failures.append(title)
    if failures:
        raise Problem("To be set right: %s." % ", ".join(failures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
