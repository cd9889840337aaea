"""A new version comes while patients answer: nobody waits for it, and nobody loses anything (docs/adr/0038).

The version before serves; the database is migrated under it by this one; both serve on one database, so that a
patient's next page may come from either; then the one before is stopped, and this one takes over its socket. The
control renames a column while patients answer, as a migration of 2026-11-29 did.

The version before is read from the repository's history: the commit before the newest migrations. An export of the
files and a shallow clone have none, and are told how to get it.
"""

from __future__ import annotations

import contextlib
import io
import re
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from proofs.harness import DATABASES, Proof, run
from proofs.line import Line
from proofs.patients import Browser, Comparison, Ledger, compare, patients
from proofs.servers import ROOT, Footpath, footpath, postgres, wait_until

NO_HISTORY = (
    "upgrade was NOT run: it takes the version before from git's history, which is not here; run it in a clone, "
    "after “git fetch --unshallow” if that is a shallow one."
)
RENAMED = "ALTER TABLE triage_triagesession RENAME COLUMN drafts TO set_aside"
SUBMISSIONS = "SELECT id FROM triage_triagesession WHERE record_number IS NOT NULL ORDER BY id"
LIST = "/admin/triage/triagesession/"
LINKED = re.compile(r'(?:href|src)="(/static/[^"]+)"')
COMMANDS = (
    ("verify_store",),
    ("export", "json", "--by", "anna"),
    ("export", "csv", "--by", "anna"),
    ("export", "fhir-responses", "--by", "anna"),
    ("verify_access_log",),
)
THINK = 0.3


def prove(proof: Proof) -> None:
    with tempfile.TemporaryDirectory(prefix="footpath-before-") as folder:
        before = unpack(commit_before(proof.options.migrations), Path(folder))
        for database in DATABASES[proof.options.database]:
            with served_by(before, database) as site:
                judge(proof, site)


def git(*arguments: str) -> bytes:
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise SystemExit(NO_HISTORY) from None


def migrations(program: Path) -> list[str]:
    return sorted(path.stem for path in (program / "triage" / "migrations").glob("0*.py"))


def commit_before(count: int) -> str:
    """The last commit before this many migrations came."""
    file = f"triage/migrations/{migrations(ROOT)[-count]}.py"
    came = git("log", "--diff-filter=A", "--format=%H", "--", file).decode().split()
    # One that is not yet committed came after all that is; what came with the first commit of all has none before it.
    return git("rev-parse", "--verify", f"{came[-1]}^" if came else "HEAD").decode().strip()


def unpack(commit: str, folder: Path) -> Path:
    """That version's files, and nothing that was changed since."""
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit))) as files:
        files.extractall(folder, filter="data")
    return folder


@contextlib.contextmanager
def served_by(program: Path, database: str) -> Iterator[Footpath]:
    """That version made ready on a database of its own."""
    with contextlib.ExitStack() as stack:
        url = ""
        if database == "postgresql":
            server = stack.enter_context(postgres())
            server.create()
            server.start()
            server.tool("createdb", "--maintenance-db", server.url, "upgraded")
            url = server.url_of("upgraded")
        site = stack.enter_context(footpath(url, program=program))
        site.environment["STAFF_SECOND_FACTOR"] = "off"
        yield site


def judge(proof: Proof, before: Footpath) -> None:
    now = Footpath(before.folder, before.database_url)
    now.environment = before.environment
    share, failed = proof.options.acked / 4, list[str]()
    with contextlib.ExitStack() as stack:
        stack.callback(now.kill_all)
        held = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        port = before.serve_on(held)
        staff = signed_in(before, port)
        with Line(port) as line, patients(proof.options.patients, line.port, proof.seed, THINK) as ledger:
            answered(proof, ledger, share, "the version before")
            migrated = wait_for(
                now, ("migrate", "--verbosity", "0"), ("collectstatic", "--no-input", "--verbosity", "0")
            )
            answered(proof, ledger, share, "the version before, on the migrated database")
            beside = now.serve()
            line.ports = (port, beside)
            answered(proof, ledger, share, "both")
            failed += [*unread(before, staff, port), *unread(now, staff, beside), *unstyled(port, beside)]
            failed += [*refused_by(before), *refused_by(now)]
            before.stop()
            now.serve_on(held)
            answered(proof, ledger, share, "this version")
            failed += unread(now, staff, port)
        tell(proof, before, now, ledger, failed, migrated)
        broken_by_a_rename(proof, now, beside)


def wait_for(site: Footpath, *commands: tuple[str, ...]) -> float:
    """How long these took, in seconds."""
    begin = time.monotonic()
    for command in commands:
        site.manage(*command)
    return time.monotonic() - begin


def answered(proof: Proof, ledger: Ledger, more: float, by: str) -> None:
    enough = ledger.acknowledged + more
    proof.progress(f"{ledger.acknowledged} accepted, {by} serves", every=0)
    wait_until(
        lambda: ledger.acknowledged >= enough or ledger.faults,
        f"patients are answered by {by}",
        proof.left() / 4,
    )


def signed_in(site: Footpath, port: int) -> dict[str, str]:
    """The cookies of somebody of the staff."""
    said = site.manage("create_staff", "anna", "--lasting")
    password = re.search(r"Password: (\S+)", said)
    assert password, said
    browser = Browser(port)
    browser.send("GET", "/admin/login/")
    browser.send("POST", "/admin/login/", {"username": "anna", "password": password[1]})
    return browser.cookies


def unread(site: Footpath, cookies: dict[str, str], port: int) -> list[str]:
    """The list, and the sheets of the first and the latest submissions, as far as they are not shown at this port."""
    browser, sheets = Browser(port), [number for (number,) in site.rows(SUBMISSIONS)]
    browser.cookies = dict(cookies)
    pages = [LIST, *(f"{LIST}{number}/change/" for number in {*sheets[:3], *sheets[-3:]})]
    shown = {path: browser.send("GET", path).status for path in pages}
    browser.close()
    return [f"{path}: {status}" for path, status in shown.items() if status != 200]


def unstyled(*ports: int) -> list[str]:
    """Files that the first page of either version names, and that neither serves: the proxy asks the other one."""
    named = {path for port in ports for path in LINKED.findall(Browser(port).send("GET", "/").text)}
    assert named
    return [
        path
        for path in sorted(named)
        if not any(Browser(port).send("GET", path).status == 200 for port in ports)
    ]


def refused_by(site: Footpath) -> list[str]:
    """What a version's own commands do not read of what both wrote."""
    failed = []
    for command in COMMANDS:
        try:
            said = site.manage(*command)
        except subprocess.CalledProcessError as error:
            failed.append(f"{' '.join(command)}: {error.returncode}")
        else:
            failed += [f"{' '.join(command)}: nothing"] if not said else []
    return failed


def tell(
    proof: Proof, before: Footpath, now: Footpath, ledger: Ledger, failed: list[str], migrated: float
) -> None:
    found = compare(ledger, now.answers(), now.records())
    errors = (now.folder / "gunicorn.log").read_text().count(" ERROR ")
    proof.case(
        "upgraded",
        held=not wrong(ledger, found) and not failed and not errors,
        database=now.database_version(),
        acked=ledger.acknowledged,
        submissions=len(ledger.handed_in),
        migrations=migrations(ROOT)[len(migrations(before.program)) :],
        **vars(found),
        asked_again=ledger.asked_again,
        turned_out=ledger.turned_out,
        broken=ledger.broken,
        failed=failed[:3],
        errors_in_the_log=errors,
        statuses=dict(ledger.statuses),
        slowest=round(max(max(times) for times in ledger.seconds.values()), 2),
        migrated_within=round(migrated, 1),
        faults=ledger.faults[:3],
    )


def wrong(ledger: Ledger, found: Comparison) -> int:
    """What somebody would notice, a form or page that had to be sent again too."""
    missed = ledger.asked_again + ledger.turned_out + len(ledger.faults)
    return found.faults() + missed + ledger.broken + ledger.statuses[503] + ledger.dishonest()


def broken_by_a_rename(proof: Proof, site: Footpath, port: int) -> None:
    with patients(proof.options.patients, port, proof.seed) as ledger:
        wait_until(lambda: ledger.acknowledged >= 20, "patients answer")
        site.execute(RENAMED)
        wait_until(lambda: ledger.statuses[503] + ledger.dishonest(), "the rename is noticed", 30)
    found = compare(ledger, site.answers(), site.records())
    proof.case(
        "a column renamed under the version that reads it",
        held=not wrong(ledger, found),
        control=True,
        database=site.database_version(),
        acked=ledger.acknowledged,
        statuses=dict(ledger.statuses),
    )


def main(arguments: list[str] | None = None) -> int:
    return run("upgrade", prove, arguments, acked=1000, patients=8, migrations=1)


if __name__ == "__main__":
    sys.exit(main())
