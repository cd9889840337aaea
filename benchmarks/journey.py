"""A whole journey, from the start page to the result, against django-formtools."""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.answers import drawn, longest
from benchmarks.browser import Application, Browser, journey
from benchmarks.harness import ROUNDS, Bench, Calls, Cpu, calls_of, start_django
from proofs.patients import Reply
from triage.domain.content import Content

ANSWERING = ("question", "answer")  # what ours and the peer's both do
PEER = "formtools with bootstrap5"
BEFORE, NEW = 100, 50  # people
Requests = Iterator[tuple[str, Reply]]
Start = Callable[[Browser], Requests]


class Way:
    """One way to go through, whose cost is counted by what a request was for."""

    def __init__(self, application: Application, start: Start) -> None:
        self.application, self.start = application, start

    def go(self, meter: Calls | Cpu) -> tuple[Counter[str], Counter[str], Browser]:
        browser = Browser(self.application, meter)
        cost: Counter[str] = Counter()
        count: Counter[str] = Counter()
        before: float = 0
        for what, reply in self.start(browser):
            assert reply.status in (200, 302), (what, reply)
            cost[what] += meter.total - before  # type: ignore[assignment]  # seconds are counted too
            count[what] += 1
            before = meter.total
        return cost, count, browser


def ways(content: Content) -> dict[str, Way]:
    from benchmarks import peers
    from triage.wsgi import application

    answers = longest(content)
    return {
        "ours": Way(application, lambda browser: journey(browser, answers)),
        PEER: Way(application, lambda browser: peers.journey(browser, answers)),
    }


Cost = tuple[Counter[str], Counter[str], Browser]


def whole(cost: Cost) -> float:
    return sum(cost[0].values())


def a_page(cost: Cost) -> float:
    """One question page and its answer: what both do. Ours also decides, freezes a record and explains it."""
    return sum(cost[0][what] / cost[1][what] for what in ANSWERING)


PARTS = {"a page and its answer": a_page, "whole journey": whole}
GOALS = {"a page and its answer": 0.80}


def least(kinds: dict[str, Way], rounds: int) -> dict[tuple[str, str], float]:
    """CPU seconds by way and part: the least of so many rounds, in which the ways take turns."""
    found: dict[tuple[str, str], float] = {}
    for _round in range(rounds):
        for name, way in kinds.items():
            cost = way.go(Cpu())
            for part, seconds_of in PARTS.items():
                seconds = seconds_of(cost)
                found[name, part] = min(seconds, found.get((name, part), seconds))
    return found


def measure(bench: Bench, rounds: int) -> None:
    from triage.store import releases

    content = releases.content(releases.current().sha256, "en")
    kinds = ways(content)
    for way in kinds.values() if rounds else (kinds["ours"],):
        way.go(Calls())  # what is loaded once per process is loaded now
    count_calls(bench, kinds["ours"].go(Calls()))
    if not rounds:
        return
    compare_calls(bench, {name: way.go(Calls()) for name, way in kinds.items()})
    compare_cpu(bench, least(kinds, rounds))
    if bench.database == "SQLite":  # once: no database takes part
        meet_somebody_new(bench, content)


def count_calls(bench: Bench, ours: Cost) -> None:
    cost, count, browser = ours
    for what in cost:
        note = f"{count[what]} of them" if count[what] > 1 else ""
        bench.figure(f"calls, {what}", round(cost[what] / count[what]), exact=True, note=note)
    bench.figure("calls, whole journey", int(whole(ours)), exact=True, note=f"{browser.requests} requests")
    bench.figure("bytes of its pages", browser.bytes, exact=True, note="HTML, not compressed")


def compare_calls(bench: Bench, costs: dict[str, Cost]) -> None:
    for part, of in PARTS.items():
        ours, peer = of(costs["ours"]), of(costs[PEER])
        bench.figure(
            f"calls of {part}, ours / {PEER}",
            ours / peer,
            at_most=GOALS.get(part),
            note=f"{round(peer):,} calls",
        )


def compare_cpu(bench: Bench, seconds: dict[tuple[str, str], float]) -> None:
    for part in PARTS:
        ours, peer = seconds["ours", part], seconds[PEER, part]
        bench.figure(f"CPU of {part}, ours / {PEER}", ours / peer, at_most=GOALS.get(part))
    journey_seconds = seconds["ours", "whole journey"]
    bench.figure("CPU of a journey, ms", journey_seconds * 1000, note="says more about the machine")


# Somebody new, after many others


def meet_somebody_new(bench: Bench, content: Content) -> None:
    """The journey above is always the same one. Here everybody answers differently, and nobody has been here before."""
    from django.template import Engine
    from django.utils import timezone

    from triage import actions
    from triage.store import words
    from triage.store.records import open_record

    dice = random.Random(2)
    bench.tell(f"{BEFORE + NEW} people hand in")
    handed_in = [
        actions.enter(content, drawn(content, dice), "en", timezone.now(), demo=True)
        for _person in range(BEFORE + NEW)
    ]
    records = [open_record(session) for session in handed_in]
    Engine.get_default().template_loaders[0].reset()  # and with the templates all that was kept
    for record in records[:BEFORE]:
        words.result_main(record)
    first, again = (
        sum(calls_of(partial(words.result_main, one)) for one in records[BEFORE:]) for _time in "12"
    )
    note = f"{NEW} people after {BEFORE} others, with answers drawn at random"
    bench.figure("calls of the words of a result, for somebody new / once more", first / again, note=note)


def profile() -> None:
    """Where the time of a journey goes."""
    from triage.store import releases

    ours = ways(releases.content(releases.current().sha256, "en"))["ours"]
    profiler = cProfile.Profile()

    @contextmanager
    def around() -> Iterator[None]:
        profiler.enable()
        try:
            yield
        finally:
            profiler.disable()

    for _time in range(10):
        list(ours.start(Browser(ours.application, around)))
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(70)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="0: what is exact alone")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    bench = Bench("journey")
    start_django(bench)
    if options.profile:
        profile()
    else:
        measure(bench, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
