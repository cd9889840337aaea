"""The service is restarted again and again while patients answer: systemd holds the socket, so that they wait for some
seconds, and nobody is turned away.

Here a socket of ours stands in for systemd's, which hands its own on in the same way (`LISTEN_FDS`). The control binds
by itself, as a service without a socket does.
"""

from __future__ import annotations

import socket
import sys
import time

from proofs.harness import Proof, run
from proofs.patients import compare, patients
from proofs.servers import Footpath, footpath_on, wait_until

# As systemd hands a socket on: as the third file, to the process that is named.
HANDED_ON = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execvp(sys.argv[2], sys.argv[2:])
"""


def prove(proof: Proof) -> None:
    with footpath_on("sqlite") as site, socket.create_server(("127.0.0.1", 0), backlog=512) as held:
        before = (sys.executable, "-c", HANDED_ON, str(held.fileno()))
        judge(proof, site, held.getsockname()[1], before, files=(held.fileno(),))
        judge(proof, site, 0, (), control=True)


def judge(
    proof: Proof,
    site: Footpath,
    port: int,
    before: tuple[str, ...],
    files: tuple[int, ...] = (),
    control: bool = False,
) -> None:
    port = site.serve(before=before, port=port, files=files)
    with patients(proof.options.patients, port, proof.seed, think=0.2) as ledger:
        for number in range(int(proof.options.restarts)):
            enough = ledger.acknowledged + proof.options.acked / proof.options.restarts
            wait_until(lambda: ledger.acknowledged >= enough, "patients answer")  # noqa: B023
            proof.progress(f"restart {number + 1} of {proof.options.restarts}", every=0)
            site.stop()
            time.sleep(proof.options.away)
            site.serve(before=before, port=port, files=files)
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
