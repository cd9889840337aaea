"""Runs the benchmarks, each in a process of its own on a Footpath of its own, and writes down what they found."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import report
from proofs.servers import ROOT, footpath_on

SQLITE, POSTGRESQL = "sqlite", "postgresql"
BOTH = (SQLITE, POSTGRESQL)
# Where each of them runs. `pages` installs its peers from npm, so it runs only when it is asked for.
BENCHES = {
    "queries": BOTH,
    "journey": BOTH,
    "engine": (SQLITE,),
    "admin": BOTH,
    "start": (SQLITE,),
    "machines": (POSTGRESQL,),
    "stored": BOTH,
    "pages": (SQLITE,),
}
ALL = [name for name in BENCHES if name != "pages"]


@contextmanager
def environment(database: str) -> Iterator[dict[str, str]]:
    with footpath_on(database) as site:
        yield site.environment


def figures(name: str, databases: tuple[str, ...], arguments: list[str]) -> Iterator[dict[str, Any]]:
    for database in BENCHES[name]:
        if database not in databases:
            continue
        with environment(database) as values:
            command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
            done = subprocess.run(command, cwd=ROOT, env=values, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"The benchmark {name} failed on {database}.")
        yield from (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    parser.add_argument("name", nargs="?", default="all", choices=["all", *BENCHES])
    parser.add_argument("--database", choices=BOTH, help="on this one alone")
    parser.add_argument(
        "--json", type=Path, help="write the figures there, and leave docs/performance.md alone"
    )
    options, more = parser.parse_known_args()
    found = []
    for name in ALL if options.name == "all" else [options.name]:
        for figure in figures(name, (options.database,) if options.database else BOTH, more):
            print(report.line(figure), flush=True)
            found.append(figure)
    if options.json:
        options.json.write_text(report.as_json(found), encoding="utf-8")
    else:
        report.keep(found)
    return 0


if __name__ == "__main__":
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    sys.exit(main())
