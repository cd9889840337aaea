"""Sixty connections guess staff's passwords, each guess from another address: patients hardly notice.

Behind the nginx of deploy/, their p99 with the guessers is held against their p99 without, in the same run: at most
three times as long. Straight at gunicorn, where guessers and patients share its two processes, nobody is refused and
nothing is lost; how long they wait is told. The control is that with Django's own hasher and nothing before it: each
guess then takes most of a second of a processor at once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

from proofs.harness import DATABASES, Proof, run
from proofs.load import spread
from proofs.patients import Ledger, compare, patients
from proofs.proxy import find_nginx, proxy
from proofs.servers import ROOT, Footpath, footpath_on, wait_until

MOST_BY_IDLE = 3
PATIENTS, THINK = 4, 0.25


def prove(proof: Proof) -> None:
    if not (nginx := find_nginx()):
        raise SystemExit("guessing needs nginx; install it (Debian and Ubuntu: apt install nginx).")
    for database in DATABASES[proof.options.database]:
        with footpath_on(database) as site:
            site.environment["TRUST_PROXY"] = "on"
            port = site.serve()
            with proxy(nginx, site, port) as front:
                judge(proof, site, front, "behind nginx", slowest=MOST_BY_IDLE)
            judge(proof, site, port, "straight at gunicorn")
            site.kill()
            if database == "sqlite":
                port = site.serve("hashing_queue")
                judge(proof, site, port, "without the queue", slowest=MOST_BY_IDLE, control=True)
                site.kill()


def judge(
    proof: Proof, site: Footpath, port: int, where: str, slowest: float = inf, control: bool = False
) -> None:
    """`slowest`: how many times as long as without guessers patients may wait."""
    idle, _none, before = measured(proof, port, 0)
    busy, guesses, ledger = measured(proof, port, int(proof.options.connections))
    found = compare(ledger, site.answers(), site.records())
    by_idle = round(busy["p99_ms"] / idle["p99_ms"], 2)
    proof.case(
        f"{proof.options.connections} connections guess, {where}",
        held=by_idle <= slowest and not ledger.statuses[503] and not ledger.broken and not found.lost,
        control=control,
        database=site.database_version(),
        p99_by_idle=by_idle,
        idle=idle,
        busy=busy,
        guesses=guesses,
        refused_patients=ledger.statuses[503],
        broken=ledger.broken,
        acked=before.acknowledged + ledger.acknowledged,
        lost=found.lost,
    )


def measured(proof: Proof, port: int, connections: int) -> tuple[dict[str, float], dict[str, int], Ledger]:
    """How long patients waited, and what guessers were told: status -> how often, "0" for no answer."""
    with (
        guessers(port, connections, proof.seed) as told,
        patients(PATIENTS, port, proof.seed, THINK) as ledger,
    ):
        time.sleep(proof.options.warm_up)
        ledger.seconds.clear()
        until = time.monotonic() + proof.options.seconds
        while time.monotonic() < until:
            time.sleep(0.5)
            proof.progress(f"{connections} guess, {ledger.acknowledged} accepted")
        # Without the queue it takes long, and two are the fewest of which there is a p99.
        wait_until(lambda: sum(map(len, list(ledger.seconds.values()))) > 1, "two patients are answered")
        seconds = [each for kind in list(ledger.seconds.values()) for each in list(kind)]
    return spread(seconds), told, ledger


@contextmanager
def guessers(port: int, connections: int, seed: int) -> Iterator[dict[str, int]]:
    """What they were told is there when they have ended."""
    told: dict[str, int] = {}
    guess = f"from proofs.guessers import main; main({port}, {connections}, {seed})"
    command = [sys.executable, "-c", guess]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            yield told
        finally:
            said, _nothing = running.communicate()
    told |= json.loads(said)


def main(arguments: list[str] | None = None) -> int:
    return run("guessing", prove, arguments, seconds=20.0, warm_up=3.0, connections=60)


if __name__ == "__main__":
    sys.exit(main())
