"""PostgreSQL is killed while patients answer: nothing accepted is lost, and Footpath goes on by itself.

One backend gets SIGKILL (PostgreSQL then ends all of them and recovers), or the whole server, which is then
started again. Patients see the honest 503 at worst. The control runs PostgreSQL with synchronous_commit=off.
"""

import contextlib
import random
import sys
import time

import psycopg

from proofs.harness import Proof, run
from proofs.patients import Browser, Ledger, compare, patients
from proofs.servers import Footpath, Postgres, footpath, kill, postgres, wait_until

MOST_SECONDS_TO_RECOVER = 2
LOSSY = {"synchronous_commit": "off", "wal_writer_delay": "10s"}


def prove(proof: Proof) -> None:
    options = proof.options
    with postgres() as server:
        server.create()
        server.start()
        with footpath(server.url) as site:
            judge(proof, site, *answer_under_fire(proof, site, server, options.backends, options.servers, {}))
            server.stop()
            server.start(**LOSSY)
            outcome = answer_under_fire(proof, site, server, 0, 2, LOSSY, without="sync_commit")
            judge(proof, site, *outcome, control=True)


def answer_under_fire(
    proof: Proof,
    site: Footpath,
    server: Postgres,
    backends: int,
    servers: int,
    settings: dict[str, str],
    without: str = "",
) -> tuple[Ledger, list[str], list[float]]:
    """Patients answer through these kills; what was accepted, what was killed, and how long each recovery took."""
    chance = random.Random(proof.seed)
    kills = ["backend"] * backends + ["server"] * servers
    chance.shuffle(kills)
    port, seconds = site.serve(without), []
    with patients(proof.options.patients, port, proof.seed) as ledger:
        for number, target in enumerate(kills, start=1):
            if proof.left() < 60:
                break
            time.sleep(chance.uniform(1, 3))
            if target == "backend":
                kill_backend(server, chance)
            else:
                server.kill()
                server.start(**settings)
            wait_until(server.accepts, "PostgreSQL is back")
            seconds.append(
                wait_until(lambda: Browser(port).send("GET", "/").status == 200, "Footpath is back")
            )
            proof.progress(f"{number} of {len(kills)} kills, {ledger.acknowledged} accepted")
        accepted = ledger.acknowledged
        wait_until(lambda: ledger.acknowledged > accepted + 50, "patients go on")
        if without:
            server.kill()
    if without:
        server.start()
    return ledger, kills[: len(seconds)], seconds


def kill_backend(server: Postgres, chance: random.Random) -> None:
    """Kill one; over when PostgreSQL has noticed, which ends all connections."""
    with (
        contextlib.suppress(psycopg.OperationalError),
        psycopg.connect(server.url, autocommit=True) as witness,
    ):
        ours = {witness.info.backend_pid}
        wait_until(lambda: set(server.backends()) - ours, "Footpath is connected")
        kill(chance.choice(sorted(set(server.backends()) - ours)))
        while True:
            witness.execute("SELECT 1")
            time.sleep(0.01)


def judge(
    proof: Proof,
    site: Footpath,
    ledger: Ledger,
    kills: list[str],
    seconds: list[float],
    control: bool = False,
) -> None:
    found = compare(ledger, site.answers(), site.records())
    bad = found.faults() + ledger.asked_again + ledger.turned_out + ledger.dishonest() + len(ledger.faults)
    enough = len(kills) == proof.options.backends + proof.options.servers or control
    proof.case(
        "synchronous_commit=off" if control else "backends and servers killed",
        held=not bad and enough and max(seconds) <= MOST_SECONDS_TO_RECOVER,
        control=control,
        database=site.database_version(),
        acked=ledger.acknowledged,
        posts=ledger.posts,
        handed_in=len(ledger.handed_in),
        backends_killed=kills.count("backend"),
        servers_killed=kills.count("server"),
        **vars(found),
        asked_again=ledger.asked_again,
        turned_out=ledger.turned_out,
        dishonest=ledger.dishonest(),
        statuses=dict(ledger.statuses),
        broken_connections=ledger.broken,
        most_seconds_to_recover=round(max(seconds), 2),
        faults=ledger.faults[:3],
    )


def main(arguments: list[str] | None = None) -> int:
    return run("kill_db", prove, arguments, databases=False, backends=20, servers=10, patients=16)


if __name__ == "__main__":
    sys.exit(main())
