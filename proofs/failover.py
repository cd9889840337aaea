"""PostgreSQL's machine is lost mid-journey: its standby takes over, and nothing accepted is lost.

The primary confirms only what its standby has too (synchronous_standby_names). First the line between the two
breaks, then the primary is killed and the standby promoted. Footpath knows both hosts from its DATABASE_URL and
finds the one that takes writes, without a restart. The control has an asynchronous standby.
"""

import sys
import time

import psycopg

from proofs.harness import Proof, run
from proofs.line import Line
from proofs.patients import Browser, Ledger, compare, patients
from proofs.servers import Footpath, Postgres, footpath, postgres, wait_until

MOST_SECONDS = 10
CUT_OFF = 3  # seconds between the broken line and the primary's end


def prove(proof: Proof) -> None:
    for synchronous in (True, False):
        with postgres() as primary, postgres() as standby, Line(primary.port) as between:
            primary.create()
            primary.start()
            standby.copy_of(between.port, "standby")
            standby.start()
            url = (
                f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
                "?target_session_attrs=read-write"
            )
            with footpath(url) as site:
                if synchronous:
                    demand_standby(primary)
                judge(proof, site, primary, standby, between, synchronous)


def demand_standby(primary: Postgres) -> None:
    with psycopg.connect(primary.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        connection.execute("SELECT pg_reload_conf()")
        state = "SELECT sync_state FROM pg_stat_replication"
        wait_until(lambda: connection.execute(state).fetchone() == ("sync",), "the standby is synchronous")


def judge(
    proof: Proof, site: Footpath, primary: Postgres, standby: Postgres, between: Line, synchronous: bool
) -> None:
    port = site.serve()
    with patients(proof.options.patients, port, proof.seed) as ledger:
        wait_until(
            lambda: ledger.acknowledged >= proof.options.acked / 2, "half is accepted", proof.left() / 3
        )
        proof.progress(f"{ledger.acknowledged} accepted, the line to the standby breaks", every=0)
        between.cut()
        time.sleep(CUT_OFF)
        primary.kill()
        standby.tool("pg_ctl", "promote", "-D", str(standby.data))
        back = wait_until(lambda: Browser(port).send("GET", "/").status == 200, "Footpath is back")
        proof.progress(f"{ledger.acknowledged} accepted, back after {back:.1f} s", every=0)
        accepted = ledger.acknowledged
        wait_until(lambda: ledger.acknowledged >= accepted + proof.options.acked / 2, "the other half", 180)
    site.kill()
    tell(proof, site, ledger, back, control=not synchronous)


def tell(proof: Proof, site: Footpath, ledger: Ledger, back: float, control: bool) -> None:
    found = compare(ledger, site.answers(), site.records())
    bad = found.faults() + ledger.asked_again + ledger.turned_out + ledger.dishonest() + len(ledger.faults)
    proof.case(
        "asynchronous standby" if control else "synchronous standby takes over",
        held=not bad and back <= MOST_SECONDS,
        control=control,
        database=site.database_version(),
        acked=ledger.acknowledged,
        posts=ledger.posts,
        handed_in=len(ledger.handed_in),
        **vars(found),
        asked_again=ledger.asked_again,
        turned_out=ledger.turned_out,
        dishonest=ledger.dishonest(),
        seconds_to_recover=round(back, 2),
        broken_connections=ledger.broken,
        statuses=dict(ledger.statuses),
        faults=ledger.faults[:3],
    )


def main(arguments: list[str] | None = None) -> int:
    return run("failover", prove, arguments, databases=False, acked=1000, patients=8)


if __name__ == "__main__":
    sys.exit(main())
