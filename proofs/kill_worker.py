"""Every answer a patient saw accepted is stored, though gunicorn's workers are killed all the time.

Workers get SIGKILL at random moments while patients answer without a pause. At the end the whole server is
killed at once, and what is stored is held against what was accepted: none lost, none wrong, none twice.
"""

import random
import sys
import time

from proofs.harness import DATABASES, Proof, run
from proofs.patients import Ledger, compare, patients
from proofs.servers import Footpath, footpath_on, kill


def prove(proof: Proof) -> None:
    options = proof.options
    for number, database in enumerate(DATABASES[options.database], start=1):
        with footpath_on(database) as site:
            seconds = proof.left() / (len(DATABASES[options.database]) - number + 1) - 20
            judge(proof, site, answer_under_fire(proof, site, options.acked, options.kills, seconds))
            control = answer_under_fire(proof, site, 100, 2, 60, without="storing_first")
            judge(proof, site, control, control=True)


def answer_under_fire(
    proof: Proof, site: Footpath, acked: int, kills: int, seconds: float, without: str = ""
) -> tuple[Ledger, int]:
    """Patients answer and workers die, until there were enough of both; what was accepted, and the kills."""
    chance, killed, deadline = random.Random(proof.seed), 0, time.monotonic() + seconds
    port = site.serve(without)
    with patients(proof.options.patients, port, proof.seed) as ledger:
        while (ledger.acknowledged < acked or killed < kills) and time.monotonic() < deadline:
            time.sleep(chance.uniform(0.2, proof.options.pause))
            if workers := site.workers():
                kill(chance.choice(workers))
                killed += 1
            proof.progress(
                f"{site.vendor}: {ledger.acknowledged} of {acked} accepted, {killed} of {kills} kills"
            )
    site.kill()
    return ledger, killed


def judge(proof: Proof, site: Footpath, outcome: tuple[Ledger, int], control: bool = False) -> None:
    ledger, killed = outcome
    found = compare(ledger, site.answers(), site.records())
    enough = control or (ledger.acknowledged >= proof.options.acked and killed >= proof.options.kills)
    bad = found.faults() + ledger.asked_again + ledger.turned_out + ledger.dishonest() + len(ledger.faults)
    proof.case(
        "without storing first" if control else "workers killed",
        held=not bad and enough,
        control=control,
        database=site.database_version(),
        acked=ledger.acknowledged,
        posts=ledger.posts,
        handed_in=len(ledger.handed_in),
        kills=killed,
        **vars(found),
        asked_again=ledger.asked_again,
        shown_again=ledger.shown_again,
        turned_out=ledger.turned_out,
        dishonest=ledger.dishonest(),
        broken_connections=ledger.broken,
        most_tries=ledger.most_tries,
        faults=ledger.faults[:3],
    )


def main(arguments: list[str] | None = None) -> int:
    return run("kill_worker", prove, arguments, acked=10_000, kills=100, patients=16, pause=4.0)


if __name__ == "__main__":
    sys.exit(main())
