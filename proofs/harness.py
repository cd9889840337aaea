"""What every proof shares: its arguments, its progress, its verdict as one line of JSON for each case."""

from __future__ import annotations

import argparse
import json
import platform
import signal
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

BOUND = 600  # seconds for a whole proof
DATABASES = {"sqlite": ("sqlite",), "postgresql": ("postgresql",), "both": ("sqlite", "postgresql")}


class Proof:
    """One proof under way. A case passes when `held` is true; a control passes when it is false."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.name, self.options, self.seed = name, options, options.seed
        self.passed = True
        self.begin = self.case_begin = self.told = time.monotonic()

    def left(self) -> float:
        """Seconds until the bound."""
        return BOUND - (time.monotonic() - self.begin)

    def progress(self, text: str, every: float = 5) -> None:
        now = time.monotonic()
        if now - self.told >= every:
            self.told = now
            print(f"{self.name} {now - self.begin:4.0f} s: {text}", file=sys.stderr, flush=True)

    def case(self, case: str, held: bool, database: str, control: bool = False, **counts: Any) -> None:
        """Tell a case's outcome."""
        passed = held != control
        self.passed = self.passed and passed
        now = time.monotonic()
        line = {
            "proof": self.name,
            "case": case,
            **({"control": True} if control else {}),
            "passed": passed,
            "database": database,
            **counts,
            "seed": self.seed,
            "seconds": round(now - self.case_begin, 1),
            "versions": {
                "python": platform.python_version(),
                **{name: version(name) for name in ("Django", "gunicorn", "psycopg")},
            },
        }
        self.case_begin = now
        print(json.dumps(line), flush=True)


def run(
    name: str,
    prove: Callable[[Proof], None],
    arguments: list[str] | None = None,
    databases: bool = True,
    **numbers: float,
) -> int:
    """Read the arguments, one for each of `numbers` (its default; a shorter run takes less), and prove."""
    parser = argparse.ArgumentParser(prog=f"proofs.{name}")
    parser.add_argument("--seed", type=int, default=1)
    if databases:
        parser.add_argument("--database", choices=list(DATABASES), default="both")
    for number, default in numbers.items():
        parser.add_argument(f"--{number.replace('_', '-')}", type=type(default), default=default)
    proof = Proof(name, parser.parse_args(arguments))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stop is a stop, and takes the servers along
    prove(proof)
    return 0 if proof.passed else 1
