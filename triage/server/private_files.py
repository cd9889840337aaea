"""Files that hold health data: for their owner alone to read, from their first byte on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def make_private(file: Path) -> None:
    """The file, there or not yet, is its owner's alone."""
    file.touch(mode=0o600)
    file.chmod(0o600)


@contextmanager
def only_private() -> Iterator[None]:
    """Every file that is made meanwhile."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
