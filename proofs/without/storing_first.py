"""Answers are confirmed at once and stored a moment later."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from triage.settings import *  # noqa: F403
from triage.settings import MIDDLEWARE

DELAY = 0.3  # seconds


class StoreLater:
    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        from triage import actions
        from triage.domain.walk import Answers
        from triage.store.visit import Drafts, Visit

        store = actions.record_answers

        def later(
            visit: Visit,
            given: Answers,
            now: datetime,
            drafts: Drafts | None = None,
            refused: str = "",
            address: str | None = None,
        ) -> Visit:
            threading.Timer(DELAY, store, (visit, given, now, drafts, refused, address)).start()
            return visit.with_answers(given)

        actions.record_answers = later
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        return self.get_response(request)


MIDDLEWARE = [*MIDDLEWARE, "proofs.without.storing_first.StoreLater"]
