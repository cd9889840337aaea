"""Passwords are hashed one at a time in each process, on a thread that gives way to all others.

A hash takes most of a second of a processor on purpose. Whoever tries passwords on many connections would otherwise
take all of them away from patients. One waits for its turn; whoever comes then is told at once to try again.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from django.contrib.auth.hashers import PBKDF2PasswordHasher

T = TypeVar("T")
WAITING = 1


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
