"""Behind PgBouncer, which lends a connection for one transaction: patients, staff, commands and a check lose nothing.

It has fewer connections to PostgreSQL than Footpath has to it, so that what one transaction leaves on a connection
meets the next one of somebody else. The control prepares statements, which stay on the connection they were made on.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.rows import dict_row

from proofs.harness import Proof, run
from proofs.patients import BROKEN, Browser, Ledger, compare, patients
from proofs.servers import Footpath, Postgres, footpath, free_port, kill, postgres, wait_until

PGBOUNCER = "pgbouncer"
CONNECTIONS = 3  # Footpath's two processes have four each
SETTINGS = """
[databases]
* = host=127.0.0.1 port={to}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
admin_users = postgres
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 100
"""
COMMANDS = (
    ("verify_store",),
    ("export", "json", "--with-reviews", "--by", "anna"),
    ("export", "csv", "--by", "anna"),
    ("export", "reviews", "--by", "anna"),
    ("verify_access_log",),
    ("migrate", "--verbosity", "0"),
    ("replay", "--to", "fixtures/foot-pain"),
    ("purge", "--yes"),
    ("clearsessions",),
)
LIST = "/admin/triage/triagesession/"
PAGES = ("/admin/", LIST, f"{LIST}?q=K", f"{LIST}overview/")
FILE = {"what": "json", "with_reviews": "on", "purpose": "A proof"}


class PgBouncer:
    """In front of a PostgreSQL, on a port of its own."""

    def __init__(self, server: Postgres) -> None:
        self.port = free_port()
        users, settings = server.folder / "users", server.folder / "pgbouncer.ini"
        users.write_text('"postgres" ""\n')
        settings.write_text(
            SETTINGS.format(to=server.port, port=self.port, users=users, connections=CONNECTIONS)
        )
        server.folder.chmod(0o755)
        self.process = subprocess.Popen(
            [PGBOUNCER, "--quiet", str(settings)], user=server.user, start_new_session=True
        )
        wait_until(self._answers, "PgBouncer answers")

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            return bool(self.counts())
        return False

    def counts(self) -> dict[str, Any]:
        """Its own, of the database that Footpath uses: transactions, and connections on both sides now."""
        with psycopg.connect(self.url_of(PGBOUNCER), autocommit=True, row_factory=dict_row) as console:
            told = [*console.execute("SHOW STATS"), *console.execute("SHOW POOLS")]
        return {
            name: value for row in told if row["database"] == "postgres" for name, value in row.items()
        } or {"none": 0}


@contextlib.contextmanager
def pooled() -> Iterator[tuple[Footpath, PgBouncer]]:
    with postgres() as server:
        server.create()
        server.start()
        pooler = PgBouncer(server)
        try:
            with footpath(pooler.url_of("postgres")) as site:
                site.environment["STAFF_SECOND_FACTOR"] = "off"
                yield site, pooler
        finally:
            kill(pooler.process.pid)
            pooler.process.wait()


def prove(proof: Proof) -> None:
    if not shutil.which(PGBOUNCER):
        sys.exit(f"This proof needs {PGBOUNCER} (Debian and Ubuntu: apt install {PGBOUNCER}).")
    with pooled() as (site, pooler):
        judge(proof, site, pooler)
        judge(proof, site, pooler, without="unprepared")


def judge(proof: Proof, site: Footpath, pooler: PgBouncer, without: str = "") -> None:
    port, done, failed = site.serve(without), 0, list[str]()
    with patients(proof.options.patients, port, proof.seed) as ledger:
        if not without:
            done, failed = at_work(proof, site, port, ledger)
        wait_until(
            lambda: ledger.acknowledged >= proof.options.acked or ledger.faults or ledger.statuses[503],
            "enough is accepted, or refused",
            proof.left() / 3,
        )
        counts = pooler.counts()
    site.kill()
    found = compare(ledger, site.answers(), site.records())
    bad = found.faults() + ledger.asked_again + ledger.turned_out + ledger.dishonest() + len(ledger.faults)
    proof.case(
        "behind PgBouncer" + (", with prepared statements" if without else ""),
        held=not bad
        and not failed
        and not ledger.statuses[503]
        and counts["cl_active"] > counts["sv_active"],
        control=bool(without),
        database=site.database_version(),
        acked=ledger.acknowledged,
        **vars(found),
        commands_and_pages=done,
        failed=failed[:3],
        asked_again=ledger.asked_again,
        turned_out=ledger.turned_out,
        transactions=int(counts["total_xact_count"]),
        footpaths_connections=counts["cl_active"] + counts["cl_waiting"],
        connections_to_postgresql=counts["sv_active"] + counts["sv_idle"] + counts["sv_used"],
        statuses=dict(ledger.statuses),
        faults=ledger.faults[:3],
    )


def at_work(proof: Proof, site: Footpath, port: int, ledger: Ledger) -> tuple[int, list[str]]:
    """Staff and the server's own commands, while patients answer: how many, and which of them failed."""
    said = site.manage("create_staff", "anna", "--lasting")
    staff, failed, done = Browser(port), [], 0
    staff.send("GET", "/admin/login/")
    password = re.search(r"Password: (\S+)", said)
    assert password, said
    staff.send("POST", "/admin/login/", {"username": "anna", "password": password[1]})
    commands = COMMANDS[: proof.options.commands]
    for _turn in range(proof.options.turns):
        for command in commands:
            try:
                site.manage(*command)
            except subprocess.CalledProcessError as error:
                failed.append(f"{' '.join(command)}: {error.returncode}")
        asked: list[tuple[str, str, dict[str, str] | None]] = [("GET", path, None) for path in PAGES]
        for request in (*asked, ("POST", f"{LIST}export/", FILE)):
            try:
                status = str(staff.send(*request).status)
            except BROKEN as error:
                status = type(error).__name__
            failed += [f"{request[1]}: {status}"] if status != "200" else []
        done += len(commands) + len(asked) + 1
        proof.progress(f"{ledger.acknowledged} accepted, {done} commands and pages, {len(failed)} failed")
    return done, failed


def main(arguments: list[str] | None = None) -> int:
    numbers = {"acked": 2000, "patients": 8, "turns": 3, "commands": len(COMMANDS)}
    return run("pooler", prove, arguments, databases=False, **numbers)


if __name__ == "__main__":
    sys.exit(main())
