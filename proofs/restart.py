"""The service is restarted again and again while patients answer: systemd holds the socket, so that they wait for some
seconds, and nobody is turned away.

Here a socket of ours stands in for systemd's, which hands its own on in the same way (`LISTEN_FDS`). The control binds
by itself, as a service without a socket does.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable

from proofs.harness import Proof, run
from proofs.patients import compare, patients
from proofs.servers import Footpath, footpath_on, free_port, wait_until


def prove(proof: Proof) -> None:
    with footpath_on("sqlite") as site, socket.create_server(("127.0.0.1", 0), backlog=512) as held:
        judge(proof, site, lambda: site.serve_on(held))
        port = free_port()
        judge(proof, site, lambda: site.serve(port=port), control=True)


def judge(proof: Proof, site: Footpath, serve: Callable[[], int], control: bool = False) -> None:
    port = serve()
    with patients(proof.options.patients, port, proof.seed, think=0.2) as ledger:
        for number in range(int(proof.options.restarts)):
            enough = ledger.acknowledged + proof.options.acked / proof.options.restarts
            wait_until(lambda: ledger.acknowledged >= enough, "patients answer")  # noqa: B023
            proof.progress(f"restart {number + 1} of {proof.options.restarts}", every=0)
            site.stop()
            time.sleep(proof.options.away)
            serve()
        enough = ledger.acknowledged + 20
        wait_until(lambda: ledger.acknowledged >= enough, "patients go on")
    site.kill()
    found = compare(ledger, site.answers(), site.records())
    turned_away = ledger.broken + ledger.statuses[503] + ledger.dishonest()
    proof.case(
        "restarted" + (", without the socket" if control else ""),
        held=not found.faults() and not turned_away and not ledger.faults,
        control=control,
        database=site.database_version(),
        acked=ledger.acknowledged,
        restarts=proof.options.restarts,
        **vars(found),
        broken=ledger.broken,
        statuses=dict(ledger.statuses),
        faults=ledger.faults[:3],
    )


def main(arguments: list[str] | None = None) -> int:
    return run("restart", prove, arguments, databases=False, restarts=10, acked=2000, patients=8, away=1.0)


if __name__ == "__main__":
    sys.exit(main())
