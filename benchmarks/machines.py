"""One, two and four web processes on one PostgreSQL: what more processes bring, and what a journey costs in all."""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.harness import Bench
from proofs.patients import Ledger, patients
from proofs.servers import Footpath

WORKERS = (1, 2, 4)
PATIENTS = 8
TICKS = os.sysconf("SC_CLK_TCK")
PER_DAY = {"a clinic": 50, "a hospital group": 5_000, "a country": 1_000_000}
BUSIEST_HOUR = 0.2  # of a day's journeys
FULL = 0.5  # how busy a core may be in that hour, so that nobody waits


def cpu(pids: list[int]) -> float:
    """Seconds of processor that these processes have had, all their threads together."""
    total = 0
    for pid in pids:
        with suppress(FileNotFoundError):
            user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            total += int(user) + int(system)
    return total / TICKS


def backends(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in rows]


@dataclass
class Run:
    """What so many processes did in a while."""

    journeys: float  # handed in, a second
    web: float  # CPU seconds for each
    database: float


def run(site: Footpath, workers: int, seconds: float) -> Run:
    site.environment["GUNICORN_CMD_ARGS"] = f"--workers {workers} --threads 4"
    port = site.serve()
    with patients(PATIENTS, port, seed=1) as ledger:
        time.sleep(seconds / 4)  # what is loaded once per process is loaded now
        begin, before = time.monotonic(), len(ledger.handed_in)
        web, database = site.workers(), backends(site.database_url)
        web_before, database_before = cpu(web), cpu(database)
        time.sleep(seconds)
        took, done = time.monotonic() - begin, len(ledger.handed_in) - before
        used = cpu(web) - web_before, cpu(database) - database_before
    site.kill()
    check(ledger, done)
    return Run(done / took, used[0] / done, used[1] / done)


def check(ledger: Ledger, done: int) -> None:
    if not done or ledger.faults or ledger.dishonest():
        raise SystemExit(f"{done} journeys, {ledger.dishonest()} errors, {ledger.faults[:3]}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    bench = Bench("machines")
    bench.database = "PostgreSQL"
    site = Footpath(Path(os.environ["DATA_DIR"]), os.environ["DATABASE_URL"])
    runs = {workers: run(site, workers, options.seconds) for workers in WORKERS}
    for workers in WORKERS[1:]:
        bench.figure(
            f"journeys with {workers} processes / with 1",
            runs[workers].journeys / runs[1].journeys,
            note=f"{os.cpu_count()} cores, which the patients and PostgreSQL share",
        )
    least = min(runs.values(), key=lambda run: run.web + run.database)
    bench.figure("CPU of a whole journey, web process, ms", least.web * 1000)
    bench.figure("CPU of a whole journey, PostgreSQL, ms", least.database * 1000)
    for what, journeys in PER_DAY.items():
        for part, seconds in (("web", least.web), ("PostgreSQL", least.database)):
            bench.figure(
                f"cores like these for {what}, {part}",
                journeys * BUSIEST_HOUR * seconds / 3600 / FULL,
                note=f"{journeys:,} a day, a fifth of them in the busiest hour, cores half busy",
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
