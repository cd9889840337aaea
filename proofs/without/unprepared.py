"""Statements are prepared on the connection that they are first sent on."""

from typing import Any

from triage.settings import *  # noqa: F403
from triage.settings import DATABASES

options: Any = DATABASES["default"]["OPTIONS"]
options |= {"server_side_binding": True, "prepare_threshold": 0}
