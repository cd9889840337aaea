"""Answers are confirmed at once and stored a moment later."""

import threading
from collections.abc import Callable
from typing import Any

from triage.settings import *  # noqa: F403
from triage.settings import MIDDLEWARE

DELAY = 0.3  # seconds


class StoreLater:
    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        from triage import actions

        store = actions.record_answers
        actions.record_answers = lambda *given: threading.Timer(DELAY, store, given).start()
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        return self.get_response(request)


MIDDLEWARE = [*MIDDLEWARE, "proofs.without.storing_first.StoreLater"]
