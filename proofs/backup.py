"""A backup taken while patients answer holds every answer accepted before it began, and can be served from.

By `manage.py backup` and `manage.py restore`, on both databases. The control copies SQLite's file as it lies there,
while another program reads it: what is still in the log beside it is not in the copy.
"""

import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from pyrage import x25519

from proofs.harness import DATABASES, Proof, run
from proofs.patients import Ledger, compare, patients
from proofs.servers import Footpath, footpath, postgres, wait_until


def prove(proof: Proof) -> None:
    databases = DATABASES[proof.options.database]
    if "sqlite" in databases:
        with footpath() as site:
            judge(proof, *during_answers(proof, site, lambda: back_up_and_restore(site)))
            with reading(site):
                judge(proof, *during_answers(proof, site, lambda: copy_file(site)), control=True)
    if "postgresql" in databases:
        with postgres() as server:
            server.create()
            server.start()
            server.tool("createdb", "--maintenance-db", server.url, "restored")
            with footpath(server.url) as site:
                into = server.url_of("restored")
                judge(proof, *during_answers(proof, site, lambda: back_up_and_restore(site, into)))


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


def back_up_and_restore(site: Footpath, database_url: str = "") -> Footpath:
    """Encrypted, for a key that the server does not have."""
    pair, file, key = x25519.Identity.generate(), site.folder / "backup", site.folder / "key"
    site.environment["BACKUP_RECIPIENTS"] = str(pair.to_public())
    site.manage("backup", str(file))
    assert file.read_bytes().startswith(b"age-encryption.org/")
    key.write_text(str(pair), encoding="ascii")
    copy = restored(site.folder / "restored", database_url)
    copy.manage("restore", str(file), "--key", str(key))
    return copy


@contextmanager
def reading(site: Footpath) -> Iterator[None]:
    """What is written from now on stays in the log; else the control hangs on when SQLite last emptied it."""
    with closing(sqlite3.connect(site.folder / "db.sqlite3", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM triage_answer").fetchone()
        yield


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
        "copy of the file" if control else "backup and restore",
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
