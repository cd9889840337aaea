"""A backup taken while patients answer holds every answer accepted before it began, and can be served from.

SQLite by VACUUM INTO, PostgreSQL by pg_dump and pg_restore, as docs/deploy.md says. The control copies SQLite's
file as it lies there: what is still in the log beside it is not in the copy.
"""

import contextlib
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from proofs.harness import DATABASES, Proof, run
from proofs.patients import Ledger, compare, patients
from proofs.servers import Footpath, footpath, postgres, wait_until


def prove(proof: Proof) -> None:
    databases = DATABASES[proof.options.database]
    if "sqlite" in databases:
        with footpath() as site:
            judge(proof, *during_answers(proof, site, lambda: vacuum_into(site)))
            judge(proof, *during_answers(proof, site, lambda: copy_file(site)), control=True)
    if "postgresql" in databases:
        with postgres() as server:
            server.create()
            server.start()

            def dump_and_restore() -> Footpath:
                dump = str(server.folder / "footpath.dump")
                server.tool("pg_dump", "--format", "custom", "--file", dump, server.url)
                server.tool("createdb", "--maintenance-db", server.url, "restored")
                server.tool("pg_restore", "--exit-on-error", "--dbname", server.url_of("restored"), dump)
                return restored(site.folder / "restored", server.url_of("restored"))

            with footpath(server.url) as site:
                judge(proof, *during_answers(proof, site, dump_and_restore))


def during_answers(
    proof: Proof, site: Footpath, back_up: Callable[[], Footpath]
) -> tuple[Ledger, float, Footpath]:
    """What patients saw accepted, when the backup began, and Footpath as restored from it."""
    port = site.serve()
    with patients(proof.options.patients, port, proof.seed) as ledger:
        wait_until(lambda: ledger.acknowledged >= proof.options.acked, "enough is accepted", proof.left() / 4)
        proof.progress(f"{site.vendor}: backup begins after {ledger.acknowledged} accepted", every=0)
        begun = time.time()
        copy = back_up()
    site.kill()
    return ledger, begun, copy


def restored(folder: Path, database_url: str = "") -> Footpath:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return Footpath(folder, database_url)


def vacuum_into(site: Footpath) -> Footpath:
    copy = restored(site.folder / "restored")
    with contextlib.closing(sqlite3.connect(site.folder / "db.sqlite3")) as connection:
        connection.execute("VACUUM INTO ?", [str(copy.folder / "db.sqlite3")])
    return copy


def copy_file(site: Footpath) -> Footpath:
    copy = restored(site.folder / "copied")
    shutil.copy(site.folder / "db.sqlite3", copy.folder)
    return copy


def judge(proof: Proof, ledger: Ledger, begun: float, copy: Footpath, control: bool = False) -> None:
    try:
        found = vars(compare(ledger, copy.answers(), set(), until=begun))
        chain = copy.manage("verify_store").strip() if not control else ""
    except (sqlite3.DatabaseError, psycopg.Error) as error:
        found, chain = (
            dict.fromkeys(("answers", "lost", "wrong", "duplicated", "made_up"), -1),
            type(error).__name__,
        )
    proof.case(
        "copy of the file" if control else "VACUUM INTO" if copy.vendor == "sqlite" else "pg_dump",
        held=not any(found[kind] for kind in ("lost", "wrong", "duplicated", "made_up")),
        control=control,
        database=copy.database_version(),
        acked=ledger.acknowledged,
        **found,
        verify_store=chain,
    )


def main(arguments: list[str] | None = None) -> int:
    return run("backup", prove, arguments, acked=1000, patients=8)


if __name__ == "__main__":
    sys.exit(main())
