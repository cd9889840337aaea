"""The disk is full: what cannot be stored is refused with the honest 503, and when there is room again all is well.

The database is on a small disk of its own (tmpfs, which only root may mount). Patients answer until it is full
and for some seconds more; then ballast is taken away. Nothing accepted is lost, nothing is half stored, and the
web servers are not started again. PostgreSQL ends itself when its log does not fit; it is started again, as
systemd would.
"""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from proofs.harness import DATABASES, Proof, run
from proofs.patients import Ledger, compare, patients
from proofs.servers import Footpath, Postgres, footpath, postgres, wait_until

MEGABYTE = 1024 * 1024
SIZES = {"sqlite": 64, "postgresql": 192}  # megabytes
ROOM = {"sqlite": 1, "postgresql": 0}  # megabytes left; PostgreSQL has room of its own in its files


def prove(proof: Proof) -> None:
    for database in DATABASES[proof.options.database]:
        for without in ("", "outage_page"):
            with small_disk(SIZES[database]) as disk, on(database, disk) as (site, server):
                judge(proof, site, server, disk, without)


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="footpath-disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "footpath-proof", folder]
        if subprocess.run(mount, capture_output=True).returncode:
            raise SystemExit("disk_full was NOT run: it has to mount a small tmpfs, which takes root.")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextlib.contextmanager
def on(database: str, disk: Path) -> Iterator[tuple[Footpath, Postgres | None]]:
    if database == "sqlite":
        with footpath(folder=disk) as site:
            yield site, None
        return
    with postgres(disk) as server:
        server.create()
        server.start(max_wal_size="32MB", min_wal_size="32MB")
        with footpath(server.url) as site:
            yield site, server


def judge(proof: Proof, site: Footpath, server: Postgres | None, disk: Path, without: str) -> None:
    port = site.serve(without)
    ballast = disk / "ballast"
    with patients(proof.options.patients, port, proof.seed) as ledger:
        wait_until(lambda: ledger.acknowledged > 20, "patients answer")
        fill(ballast, ROOM[site.vendor])
        refusals = wait_until(lambda: refused(ledger) > 5, "the disk is full", min(120, proof.left() / 4))
        until = time.monotonic() + proof.options.full
        while time.monotonic() < until:
            time.sleep(0.2)
            fill(ballast, 0)
            proof.progress(f"{site.vendor}: full, {ledger.acknowledged} accepted, {refused(ledger)} refused")
        ballast.unlink()
        restarted = revive(server)
        accepted = ledger.acknowledged
        wait_until(lambda: ledger.acknowledged > accepted + 50, "patients go on")
    site.kill()
    tell(proof, site, ledger, round(refusals, 1), restarted, bool(without))


def refused(ledger: Ledger) -> int:
    return ledger.statuses[503] + ledger.statuses[500]


def fill(ballast: Path, room: int) -> None:
    """Leave so many megabytes, or none at all."""
    with contextlib.suppress(OSError), ballast.open("ab", buffering=0) as file:
        for _block in range(1024 * 1024):
            file.write(bytes(4096))
    if room:
        with ballast.open("r+b") as file:
            file.truncate(ballast.stat().st_size - room * MEGABYTE)


def revive(server: Postgres | None) -> bool:
    if server is None or (server.process and server.process.poll() is None and server.accepts()):
        return False
    server.kill()
    server.start(max_wal_size="32MB", min_wal_size="32MB")
    return True


def tell(
    proof: Proof, site: Footpath, ledger: Ledger, seconds: float, restarted: bool, control: bool
) -> None:
    found = compare(ledger, site.answers(), site.records())
    bad = found.faults() + ledger.asked_again + ledger.turned_out + ledger.dishonest() + len(ledger.faults)
    proof.case(
        "without the outage page" if control else "disk full",
        held=not bad and ledger.statuses[503] > 0,
        control=control,
        database=site.database_version(),
        acked=ledger.acknowledged,
        refused=refused(ledger),
        **vars(found),
        asked_again=ledger.asked_again,
        turned_out=ledger.turned_out,
        statuses=dict(ledger.statuses),
        seconds_until_full=seconds,
        postgresql_started_again=restarted,
        faults=ledger.faults[:3],
    )


def main(arguments: list[str] | None = None) -> int:
    return run("disk_full", prove, arguments, full=8.0, patients=8)


if __name__ == "__main__":
    sys.exit(main())
