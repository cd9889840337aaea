"""A turn of the sender: each receiver is told of what is due, one submission after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import InterfaceError, OperationalError

from triage import actions
from triage.integration import fhir_server, webhook
from triage.integration.asking import Outcome, Verdict
from triage.models import Delivery
from triage.store.deliveries import Receiver

logger = logging.getLogger(__name__)
TURN = 5 * 60.0  # seconds after which a turn is over, also where more waits


class Way(NamedTuple):
    """To one receiver: its name, how it is told, and whether all of one submission is told at once."""

    name: Callable[[], str]
    send: Callable[[Sequence[Delivery], datetime], Outcome]
    together: bool


WAYS = {
    Receiver.FHIR: Way(fhir_server.name, fhir_server.send, together=True),
    Receiver.WEBHOOK: Way(webhook.name, webhook.send, together=False),
}


def send_deliveries(receiver: str, clock: Callable[[], datetime]) -> tuple[int, int]:
    """How many arrived, and how many did not. After the first that is to be tried again the turn is over: whoever is
    down is asked once in a turn, and by another submission each time.

    Never in a transaction: a receiver may be slow, and patients write to the same database.
    """
    way, sent, failed, began = WAYS[Receiver(receiver)], 0, 0, time.monotonic()
    while time.monotonic() - began < TURN:
        rows = actions.take_deliveries(receiver, way.name(), clock(), together=way.together)
        if not rows:
            break
        outcome = _outcome(way, rows, clock())
        if outcome.verdict is Verdict.DONE:
            actions.delivered(rows, outcome.said, clock())
            sent += len(rows)
            continue
        failed += len(rows)
        logger.warning("The %s was not told (%s).", Receiver(receiver).label, outcome.said)
        if outcome.verdict is Verdict.AGAIN:
            actions.put_off(rows, outcome.said, clock(), outcome.wait)
            break
        actions.refused(rows, outcome.said)
    return sent, failed


def _outcome(way: Way, rows: Sequence[Delivery], now: datetime) -> Outcome:
    """One that we cannot even make is tried again as all others are, and keeps none of them back."""
    try:
        return way.send(rows, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as fault:
        logger.exception("A delivery cannot be made.")
        return Outcome(Verdict.AGAIN, type(fault).__name__[:40])
