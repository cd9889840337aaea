"""Many patients at once: no errors, and nobody waits much longer than the others.

A hundred who think for a second between pages, and forty who do not think at all. Absolute speeds say more about
the machine than about Footpath, so the slowest answers are compared with the median, and with a page that does
nothing (/healthz), in the same run. The control is SQLite without the queue for its writers.
"""

import statistics
import sys
import threading
import time

from proofs.harness import DATABASES, Proof, run
from proofs.patients import Browser, Ledger, compare, patients
from proofs.servers import Footpath, footpath_on, wait_until

MOST_MAX_BY_MEDIAN = 4
MOST_P99_BY_MEDIAN = 3


def prove(proof: Proof) -> None:
    for database in DATABASES[proof.options.database]:
        with footpath_on(database) as site:
            port = site.serve()
            for count, think in ((100, 1.0), (40, 0.0)):
                judge(proof, site, *under_load(proof, site, port, count, think), count, think)
            site.kill()
            if database == "sqlite":
                port = site.serve("queue")
                judge(proof, site, *under_load(proof, site, port, 40, 0.0), 40, 0.0, control=True)


def under_load(
    proof: Proof, site: Footpath, port: int, count: int, think: float
) -> tuple[Ledger, list[float]]:
    """What the patients saw, and the seconds that a bare page took meanwhile."""
    bare: list[float] = []
    over = threading.Event()

    def ask_bare_pages() -> None:
        browser = Browser(port)
        while not over.wait(0.1):
            begin = time.perf_counter()
            browser.send("GET", "/healthz")
            bare.append(time.perf_counter() - begin)

    prober = threading.Thread(target=ask_bare_pages)
    with patients(count, port, proof.seed, think) as ledger:
        time.sleep(proof.options.warm_up)
        ledger.seconds.clear()
        prober.start()
        until = time.monotonic() + proof.options.seconds
        while time.monotonic() < until:
            time.sleep(0.5)
            proof.progress(f"{site.vendor}: {count} patients, {ledger.acknowledged} accepted")
        # Of each kind two are the fewest that can be held against each other: a short run may have none yet, and on a
        # slow machine no answer.
        seconds = ledger.seconds
        wait_until(
            lambda: ledger.acknowledged and min(map(len, (seconds["POST"], seconds["GET"], bare))) > 1,
            "an answer is accepted, and two of each kind are measured",
        )
        measured = {method: list(seconds) for method, seconds in ledger.seconds.items()}
        over.set()
        prober.join()
    ledger.seconds = measured
    return ledger, bare


def judge(
    proof: Proof,
    site: Footpath,
    ledger: Ledger,
    bare: list[float],
    count: int,
    think: float,
    control: bool = False,
) -> None:
    found = compare(ledger, site.answers(), site.records())
    errors = ledger.dishonest() + ledger.statuses[503] + ledger.broken + len(ledger.faults)
    post = spread(ledger.seconds["POST"])
    # With pauses the median says nothing about the load.
    short = post["max_by_median"] <= MOST_MAX_BY_MEDIAN and post["p99_by_median"] <= MOST_P99_BY_MEDIAN
    proof.case(
        f"{count} patients, thinking {think:g} s" + (", without the queue" if control else ""),
        held=not errors and not found.faults() and not ledger.asked_again and (short or think > 0),
        control=control,
        database=site.database_version(),
        acked=ledger.acknowledged,
        errors=errors,
        **vars(found),
        asked_again=ledger.asked_again,
        requests_per_second=round(sum(map(len, ledger.seconds.values())) / proof.options.seconds, 1),
        post=post,
        get=spread(ledger.seconds["GET"]),
        bare=spread(bare),
        statuses=dict(ledger.statuses),
        faults=ledger.faults[:3],
    )


def spread(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    median, p99, longest = cuts[49], cuts[98], max(seconds)
    return {
        "count": len(seconds),
        "median_ms": round(median * 1000, 1),
        "p99_ms": round(p99 * 1000, 1),
        "max_ms": round(longest * 1000, 1),
        "p99_by_median": round(p99 / median, 2),
        "max_by_median": round(longest / median, 2),
    }


def main(arguments: list[str] | None = None) -> int:
    return run("load", prove, arguments, seconds=60.0, warm_up=5.0)


if __name__ == "__main__":
    sys.exit(main())
