"""Passwords are hashed one at a time in each process, on a thread that gives way to all others.

A hash takes most of a second of a processor on purpose. Whoever tries passwords on many connections would otherwise
take all of them away from patients. One waits for its turn; whoever comes then is told at once to try again.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

T = TypeVar("T")
WAITING = 1
MOST_ADDRESSES = 10_000
MINUTE = 60.0


class Busy(Exception):
    """Others are having their passwords checked."""


places = threading.BoundedSemaphore(1 + WAITING)


def one_at_a_time(work: Callable[[], T]) -> T:
    """Raises Busy where one waits already."""
    if not places.acquire(blocking=False):
        raise Busy
    try:
        return _thread(os.getpid()).submit(work).result()
    finally:
        places.release()


@lru_cache(maxsize=1)
def _thread(process: int) -> ThreadPoolExecutor:
    """One for each process: it does not outlive a fork."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="hashing", initializer=_give_way)


def _give_way() -> None:
    with contextlib.suppress(AttributeError, OSError):  # where threads have no priority of their own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


class QueuedPBKDF2(PBKDF2PasswordHasher):
    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        return one_at_a_time(lambda: super(QueuedPBKDF2, self).encode(password, salt, iterations))


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


guesses = Guesses()
