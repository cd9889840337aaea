"""Two web servers on one PostgreSQL behind one address: one is killed mid-journey and nobody notices beyond a retry.

The control has one server alone behind the address.
"""

import sys
import time

from proofs.harness import Proof, run
from proofs.line import Line
from proofs.patients import compare, patients
from proofs.servers import Footpath, footpath_on, wait_until

MOST_TRIES = 2


def prove(proof: Proof) -> None:
    with footpath_on("postgresql") as site:
        judge(proof, site, servers=2)
        judge(proof, site, servers=1)


def judge(proof: Proof, site: Footpath, servers: int) -> None:
    first = len(site.servers)
    ports = [site.serve() for _server in range(servers)]
    with Line(*ports) as line, patients(proof.options.patients, line.port, proof.seed) as ledger:
        wait_until(
            lambda: ledger.acknowledged >= proof.options.acked / 2, "half is accepted", proof.left() / 3
        )
        proof.progress(f"{ledger.acknowledged} accepted, killing one of {servers}", every=0)
        site.kill(first)
        accepted = ledger.acknowledged
        until = time.monotonic() + (proof.left() / 3 if servers > 1 else 5)
        while ledger.acknowledged < accepted + proof.options.acked / 2 and time.monotonic() < until:
            time.sleep(0.1)
        went_on = ledger.acknowledged >= accepted + proof.options.acked / 2
    for number in range(first, len(site.servers)):
        site.kill(number)
    found = compare(ledger, site.answers(), site.records())
    bad = found.faults() + ledger.asked_again + ledger.turned_out + ledger.dishonest() + len(ledger.faults)
    proof.case(
        f"one of {servers} killed",
        held=not bad and went_on and ledger.most_tries <= MOST_TRIES,
        control=servers == 1,
        database=site.database_version(),
        acked=ledger.acknowledged,
        went_on=went_on,
        **vars(found),
        asked_again=ledger.asked_again,
        turned_out=ledger.turned_out,
        broken_connections=ledger.broken,
        most_tries=ledger.most_tries,
        statuses=dict(ledger.statuses),
        faults=ledger.faults[:3],
    )


def main(arguments: list[str] | None = None) -> int:
    return run("two_servers", prove, arguments, databases=False, acked=2000, patients=16)


if __name__ == "__main__":
    sys.exit(main())
