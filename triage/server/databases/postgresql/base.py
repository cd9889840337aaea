"""PostgreSQL, for which a request waits some seconds: long enough for a restart, and not all threads at once.

The pool's own waiting does neither well. Whoever waits in it does not make it try again, so those who came before
PostgreSQL was back wait in vain; and its `max_waiting` counts those who gave up for ever.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

SECONDS = 2  # then the page says 503 with the emergency advice
MOST_WAITING = 3  # of the four threads of gunicorn.conf.py: the fourth answers the others, and /healthz
SECONDS_TO_BEGIN = 0.3  # with PostgreSQL there, a connection is a matter of milliseconds


class DatabaseWrapper(base.DatabaseWrapper):
    may_wait = threading.BoundedSemaphore(MOST_WAITING)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if not self.may_wait.acquire(timeout=SECONDS_TO_BEGIN):
            raise OperationalError("others wait for PostgreSQL already")
        try:
            return self._ask_until(time.monotonic() + SECONDS, conn_params)
        finally:
            self.may_wait.release()

    def _ask_until(self, deadline: float, conn_params: dict[str, Any]) -> Any:
        while True:
            try:
                return super().get_new_connection(conn_params)
            except PoolTimeout:
                if time.monotonic() >= deadline:
                    raise
