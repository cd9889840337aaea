"""Sixty connections guess staff's passwords, each guess from another address: patients hardly notice.

Their p99 with the guessers is held against their p99 without, in the same run: at most three times as long. The
control is Django's own hasher with nothing before it: each guess then takes most of a second of a processor at once.
"""

from __future__ import annotations

import http.client
import random
import re
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlencode

from proofs.harness import DATABASES, Proof, run
from proofs.load import spread
from proofs.patients import Ledger, compare, patients
from proofs.servers import Footpath, footpath_on, wait_until

MOST_BY_IDLE = 3
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PATIENTS, THINK = 4, 0.25


def prove(proof: Proof) -> None:
    for database in DATABASES[proof.options.database]:
        with footpath_on(database) as site:
            site.environment["TRUST_PROXY"] = "on"  # the guessers say where they come from
            judge(proof, site)
            if database == "sqlite":
                judge(proof, site, control=True)


def judge(proof: Proof, site: Footpath, control: bool = False) -> None:
    port = site.serve("hashing_queue" if control else "")
    idle, _none, before = measured(proof, port, 0)
    busy, guesses, ledger = measured(proof, port, int(proof.options.connections))
    site.kill()
    found = compare(ledger, site.answers(), site.records())
    by_idle = round(busy["p99_ms"] / idle["p99_ms"], 2)
    proof.case(
        f"{proof.options.connections} connections guess" + (", without the queue" if control else ""),
        held=by_idle <= MOST_BY_IDLE and not ledger.statuses[503] and not ledger.broken,
        control=control,
        database=site.database_version(),
        p99_by_idle=by_idle,
        idle=idle,
        busy=busy,
        guesses=dict(guesses),
        refused_patients=ledger.statuses[503],
        broken=ledger.broken,
        acked=before.acknowledged + ledger.acknowledged,
        lost=found.lost,
    )


def measured(proof: Proof, port: int, connections: int) -> tuple[dict[str, float], Counter[int], Ledger]:
    """How long patients waited, and what guessers were told."""
    over, told = threading.Event(), Counter[int]()
    guessers = [
        threading.Thread(target=guess, args=(port, over, told, f"{proof.seed} {number}"), daemon=True)
        for number in range(connections)
    ]
    for guesser in guessers:
        guesser.start()
    with patients(PATIENTS, port, proof.seed, THINK) as ledger:
        time.sleep(proof.options.warm_up)
        ledger.seconds.clear()
        until = time.monotonic() + proof.options.seconds
        while time.monotonic() < until:
            time.sleep(0.5)
            proof.progress(
                f"{connections} guess, {sum(told.values())} guesses, {ledger.acknowledged} accepted"
            )
        # Without the queue it takes long, and two are the fewest of which there is a p99.
        wait_until(lambda: sum(map(len, list(ledger.seconds.values()))) > 1, "two patients are answered")
        seconds = [each for kind in list(ledger.seconds.values()) for each in list(kind)]
    over.set()
    return spread(seconds), told, ledger


def guess(port: int, over: threading.Event, told: Counter[int], seed: str) -> None:
    """A name and a password after the other, each from another address."""
    draw = random.Random(seed)
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while not over.is_set():
        headers = {"X-Forwarded-For": ".".join(str(draw.randrange(1, 255)) for _part in range(4))}
        try:
            line.request("GET", "/admin/login/", headers=headers)
            page = line.getresponse()
            cookie = (page.headers.get("Set-Cookie") or "").partition(";")[0]
            token = TOKEN.search(page.read().decode())
            form = {
                "username": f"name{draw.randrange(10**6)}",
                "password": "x",
                "csrfmiddlewaretoken": token[1] if token else "",
            }
            headers |= {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
            line.request("POST", "/admin/login/", urlencode(form), headers)
            answer = line.getresponse()
            answer.read()
            told[answer.status] += 1
        except (OSError, http.client.HTTPException):
            told[0] += 1
            line.close()
    line.close()


def main(arguments: list[str] | None = None) -> int:
    return run("guessing", prove, arguments, seconds=20.0, warm_up=3.0, connections=60)


if __name__ == "__main__":
    sys.exit(main())
