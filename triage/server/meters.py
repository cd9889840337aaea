"""What each process of a server counts of its requests: kinds, times and faults, and nothing of anybody.

In memory that all processes share: gunicorn loads the program once and forks, and whichever of them is asked reads all.
Each writes to a place of its own, so that none waits for another, also not for one that was killed.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from triage.server.gate import MACHINES

KINDS = ("page", "answer", "staff")  # a patient's page, what a patient sends, the clinic's pages
LIMITS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, float("inf"))  # seconds
# Requests that failed by a fault of ours, or for want of the database, or were turned away from a crowded log-in page.
FAULTS = ("ours", "database", "crowd")
PROCESSES = 64  # then a new one goes on with the figures of one that is long gone
OF_A_KIND = len(LIMITS) + 1  # the last is the sum of seconds
WIDTH = len(KINDS) * OF_A_KIND + len(FAULTS)


class Meters:
    def __init__(self) -> None:
        self.figures = memoryview(mmap.mmap(-1, PROCESSES * WIDTH * 8)).cast("d")
        self.lock = threading.Lock()
        self.place = 0
        os.register_at_fork(before=self._next_place)

    def _next_place(self) -> None:
        """Where the process that is made now counts; who makes it goes on beside it."""
        self.place = (self.place + 1) % PROCESSES

    def took(self, kind: str, seconds: float) -> None:
        first = KINDS.index(kind) * OF_A_KIND
        with self.lock:
            self._add(first + bisect_left(LIMITS, seconds), 1)
            self._add(first + len(LIMITS), seconds)

    def went_wrong(self, fault: str) -> None:
        with self.lock:
            self._add(len(KINDS) * OF_A_KIND + FAULTS.index(fault), 1)

    def _add(self, figure: int, more: float) -> None:
        self.figures[self.place * WIDTH + figure] += more

    def lines(self) -> Iterator[str]:
        """In Prometheus' text format."""
        total = [sum(self.figures[figure::WIDTH]) for figure in range(WIDTH)]
        yield "# HELP footpath_request_seconds How long requests took."
        yield "# TYPE footpath_request_seconds histogram"
        for number, kind in enumerate(KINDS):
            *counts, seconds = total[number * OF_A_KIND : (number + 1) * OF_A_KIND]
            for limit, count in zip(LIMITS, _added_up(counts), strict=True):
                within = "+Inf" if limit == LIMITS[-1] else limit
                yield f'footpath_request_seconds_bucket{{kind="{kind}",le="{within}"}} {count:.0f}'
            yield f'footpath_request_seconds_count{{kind="{kind}"}} {sum(counts):.0f}'
            yield f'footpath_request_seconds_sum{{kind="{kind}"}} {seconds:.6f}'
        yield "# HELP footpath_faults_total Requests that failed: ours, the database, the crowd."
        yield "# TYPE footpath_faults_total counter"
        for fault, count in zip(FAULTS, total[len(KINDS) * OF_A_KIND :], strict=True):
            yield f'footpath_faults_total{{kind="{fault}"}} {count:.0f}'


def _added_up(counts: list[float]) -> Iterator[float]:
    sum_so_far = 0.0
    for count in counts:
        sum_so_far += count
        yield sum_so_far


meters = Meters()


class MeterMiddleware:
    """Around all that a person waits for; files and machines' questions count for nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        if kind := _kind(request):
            meters.took(kind, time.perf_counter() - began)
        return response


def _kind(request: HttpRequest) -> str:
    if request.path.startswith(_staffs()):
        return "staff"
    if request.path.startswith(_nobody_waits()):
        return ""
    return "answer" if request.method == "POST" else "page"


@cache
def _staffs() -> str:
    return reverse("admin:index")


@cache
def _nobody_waits() -> tuple[str, ...]:
    return (*MACHINES, settings.STATIC_URL, *map(reverse, ("healthz", "readyz", "metrics", "robots")))
