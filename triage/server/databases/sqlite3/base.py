"""SQLite whose writers queue.

By itself SQLite lets a writer that finds another one sleep and try again, so that a few wait many times as long as
the others. A lock in front of BEGIN IMMEDIATE is given in turn. It ends with its process, however that ends.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO, Any

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    turn: IO[str] | None = None

    def _start_transaction_under_autocommit(self) -> None:
        # A file of its own: closing one of SQLite's files would drop the locks that SQLite holds on it.
        self.turn = Path(f"{self.settings_dict['NAME']}-turn").open("w")  # noqa: SIM115 (it stays open)
        try:
            fcntl.flock(self.turn, fcntl.LOCK_EX)
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> Any:
        try:
            return super()._commit()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _end_turn(self) -> None:
        if self.turn:
            self.turn.close()
            self.turn = None
