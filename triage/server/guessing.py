"""How much of the sign-in a process does before a password is looked at: counts in memory, for a minute or a second."""

from __future__ import annotations

import threading
import time
from collections import Counter

from django.conf import settings

MOST_ADDRESSES = 10_000
MINUTE = 60.0


class Guesses:
    """How many passwords and codes came from each address within a minute, in this process."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}
        self.lock = threading.Lock()

    def too_many(self, address: str) -> bool:
        """Count one more."""
        now = time.monotonic()
        with self.lock:
            if len(self.times) >= MOST_ADDRESSES:
                self.times = {each: times for each, times in self.times.items() if now - times[-1] < MINUTE}
            recent = [at for at in self.times.pop(address, ()) if now - at < MINUTE]
            if len(recent) >= settings.GUESSES_A_MINUTE:
                self.times[address] = recent
                return True
            if len(self.times) < MOST_ADDRESSES:
                self.times[address] = [*recent, now]
            return False


class Crowd:
    """How often each page of the sign-in was asked for within this second, in this process, wherever from.

    Whoever guesses from ever new addresses is seen in this alone.
    """

    def __init__(self) -> None:
        self.second = 0
        self.came: Counter[tuple[str, str]] = Counter()
        self.lock = threading.Lock()

    def too_many(self, page: str, whose: str) -> bool:
        """Count one more. `whose`: the known device that asks, "" for all unknown ones together."""
        second = int(time.monotonic())
        with self.lock:
            if second != self.second:
                self.second, self.came = second, Counter()
            self.came[page, whose] += 1
            return self.came[page, whose] > settings.LOG_INS_A_SECOND


guesses, crowd = Guesses(), Crowd()
