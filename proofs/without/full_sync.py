"""SQLite with synchronous=NORMAL, as many guides recommend: a commit does not wait for the disk."""

from typing import Any

from triage.server import checks
from triage.settings import *  # noqa: F403
from triage.settings import DATABASES

OPTIONS: Any = DATABASES["default"]["OPTIONS"]
OPTIONS["init_command"] = OPTIONS["init_command"].replace("=FULL", "=NORMAL")
checks.SQLITE_PRAGMAS["synchronous"] = 1  # it would refuse to serve
