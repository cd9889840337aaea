"""What every benchmark shares: its figures as lines of JSON, and what is measured of a piece of work."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

ROUNDS = 25


@dataclass(frozen=True)
class Figure:
    """One thing measured. `exact`: the same on every run with the same versions."""

    bench: str
    name: str
    database: str
    value: float
    goal: str
    met: bool | None
    exact: bool
    note: str


class Bench:
    """One benchmark under way; what it finds goes to standard output, a line each."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.database = ""

    def figure(
        self,
        name: str,
        value: float,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        exact: bool = False,
        note: str = "",
    ) -> None:
        goal, met = "", None
        if at_most is not None:
            goal, met = f"≤ {at_most:,g}", value <= at_most
        if at_least is not None:
            goal, met = f"≥ {at_least:,g}", value >= at_least
        found = Figure(self.name, name, self.database, _short(value), goal, met, exact, note)
        print(json.dumps(asdict(found), ensure_ascii=False), flush=True)

    def tell(self, text: str) -> None:
        print(f"{self.name} {self.database}: {text}", file=sys.stderr, flush=True)


def _short(value: float) -> float:
    """Three digits: the rest is noise. Counts stay whole."""
    return value if isinstance(value, int) else float(f"{value:.3g}")


def start_django(bench: Bench) -> None:
    """Footpath as patients get it, in this process, on the database and folder that the environment names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "triage.settings")
    import django
    from django.conf import settings
    from django.db import connection

    settings.ROOT_URLCONF = "benchmarks.urls"
    settings.INSTALLED_APPS.append("crispy_bootstrap5")  # for the peer
    settings.CRISPY_ALLOWED_TEMPLATE_PACKS = ("footpath", "bootstrap5")
    django.setup()
    bench.database = connection.display_name


# Meters: what one piece of work costs


class Calls:
    """Counts the functions that are called, those of Python and those of C."""

    total = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        sys.setprofile(self._count)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _count(self, frame: Any, event: str, argument: Any) -> None:
        if event in ("call", "c_call"):
            self.total += 1


class Cpu:
    """Seconds of this process's own work."""

    total = 0.0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        begin = time.process_time()
        try:
            yield
        finally:
            self.total += time.process_time() - begin


def calls_of(work: Callable[[], object]) -> int:
    meter = Calls()
    with meter():
        work()
    return meter.total - 1  # without the one that ends the counting


def least_cpu(works: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """CPU seconds of each work: the least of so many rounds, in which they take turns."""
    least = dict.fromkeys(works, float("inf"))
    for _round in range(rounds):
        for name, work in works.items():
            meter = Cpu()
            with meter():
                work()
            least[name] = min(least[name], meter.total)
    return least
