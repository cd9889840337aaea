"""The database is away: every page is an honest 503 with the emergency advice, soon; then all is as before.

PostgreSQL is stopped under patients. Liveness stays 200 (or the machine next door would restart good servers),
readiness says 503, and when PostgreSQL is back, so is Footpath, without a restart and without a further failure.
"""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

from proofs.harness import Proof, run
from proofs.patients import Browser, Ledger, compare, patients
from proofs.servers import Footpath, Postgres, footpath, postgres, wait_until

MOST_SECONDS = 4
PAGES = ("/", "/go-on/", "/questions/age/", "/check/", "/result/", "/how-it-works/", "/privacy/", "/expired/")
EMERGENCY_NUMBER = "911"  # the clinic's default
KINDS = ("pages", "healthz", "readyz")
Question = tuple[str, str, str, int]  # its kind, method, address and the right status
QUESTIONS: list[Question] = [
    *(("pages", "GET", path, 503) for path in PAGES),
    ("pages", "POST", "/questions/age/", 503),
    ("healthz", "GET", "/healthz", 200),
    ("readyz", "GET", "/readyz", 503),
]
REQUESTS_AFTER = 80
VISITORS = 6


def prove(proof: Proof) -> None:
    with postgres() as server:
        server.create()
        server.start()
        with footpath(server.url) as site:
            judge(proof, site, server, "")
            judge(proof, site, server, "outage_page")


def judge(proof: Proof, site: Footpath, server: Postgres, without: str) -> None:
    port = site.serve(without)
    with patients(proof.options.patients, port, proof.seed) as ledger:
        wait_until(lambda: ledger.acknowledged > 50, "patients answer")
        visitors = [Browser(port) for _visitor in range(VISITORS)]
        for visitor in visitors:
            visitor.send("GET", "/")
            visitor.send("POST", "/start/", {})
        server.stop()
        shares = [QUESTIONS[number::VISITORS] for number in range(VISITORS)]  # each reply takes seconds
        until = time.monotonic() + proof.options.outage
        with ThreadPoolExecutor(VISITORS) as threads:
            asked = list(threads.map(ask_while_away, visitors, shares, repeat(until)))
        outage = {kind: [reply for each in asked for reply in each[kind]] for kind in KINDS}
        accepted = ledger.acknowledged
        server.start()
        visitor = visitors[0]
        visitor.close()  # gunicorn has closed the idle line meanwhile
        back = wait_until(lambda: visitor.send("GET", "/").status == 200, "Footpath is back")
        after = [visitor.send("GET", "/questions/age/").status for _request in range(REQUESTS_AFTER)]
        wait_until(lambda: ledger.acknowledged > accepted + 50, "patients go on")
    site.kill()
    tell(proof, site, ledger, outage, back, [status for status in after if status != 200], bool(without))


def ask_while_away(
    visitor: Browser, questions: Sequence[Question], until: float
) -> dict[str, list[tuple[str, float]]]:
    """What each request got during the outage: whether that is right, and after how many seconds."""
    replies: dict[str, list[tuple[str, float]]] = {kind: [] for kind in KINDS}
    while time.monotonic() < until:
        for kind, method, path, wanted in questions:
            replies[kind].append(timed(visitor, method, path, wanted))
    return replies


def timed(visitor: Browser, method: str, path: str, wanted: int) -> tuple[str, float]:
    begin = time.perf_counter()
    reply = visitor.send(method, path, {"age": "16-or-over"} if method == "POST" else None)
    honest = reply.status == wanted and (path in ("/healthz", "/readyz") or EMERGENCY_NUMBER in reply.text)
    return ("right" if honest else f"{path} {reply.status}"), time.perf_counter() - begin


def tell(
    proof: Proof,
    site: Footpath,
    ledger: Ledger,
    outage: dict[str, list[tuple[str, float]]],
    back: float,
    failures: list[int],
    control: bool,
) -> None:
    found = compare(ledger, site.answers(), site.records())
    wrong = {said for replies in outage.values() for said, _seconds in replies if said != "right"}
    slowest = {name: round(max(seconds for _said, seconds in replies), 2) for name, replies in outage.items()}
    bad = found.faults() + ledger.asked_again + ledger.turned_out + ledger.dishonest() + len(ledger.faults)
    proof.case(
        "without the outage page" if control else "database stopped",
        held=not wrong and not bad and not failures and max(slowest.values()) <= MOST_SECONDS,
        control=control,
        database=site.database_version(),
        requests={name: len(replies) for name, replies in outage.items()},
        not_right=sorted(wrong)[:5],
        slowest_seconds=slowest,
        seconds_to_recover=round(back, 2),
        failures_in_80_after=len(failures),
        acked=ledger.acknowledged,
        **vars(found),
        asked_again=ledger.asked_again,
        statuses=dict(ledger.statuses),
        faults=ledger.faults[:3],
    )


def main(arguments: list[str] | None = None) -> int:
    return run("db_down", prove, arguments, databases=False, outage=20.0, patients=8)


if __name__ == "__main__":
    sys.exit(main())
