"""Send what waits in the outboxes: mails that tell the clinic of urgent submissions, and what other systems hear of
each; what fails is tried again after a pause.

Each outbox is sent on a thread of its own, so that a receiver that is slow or away keeps back no other.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from triage import actions
from triage.integration.sending import send_deliveries
from triage.store.deliveries import receivers

logger = logging.getLogger(__name__)
LONGEST_TURN = 20 * 60.0  # seconds, and far more than a turn takes where all is slow

Send = Callable[[], tuple[int, int]]


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=int, metavar="SECONDS", help="go on, looking this often")
        parser.add_argument("--again", action="store_true", help="try those mails too that were given up")

    def handle(self, *args: Any, every: int | None, again: bool, **options: Any) -> None:
        outboxes = self._outboxes()
        if again:
            actions.take_up_mails_again(timezone.now())
        if not every:
            for name, send in outboxes.items():
                self._turn(name, send)
            return
        first, *others = (partial(self._go_on, name, send, every) for name, send in outboxes.items())
        for go_on in others:
            threading.Thread(target=_or_end, args=[go_on], daemon=True).start()
        first()

    def _outboxes(self) -> dict[str, Send]:
        found: dict[str, Send] = {}
        if settings.EMAIL_HOST:
            if not settings.ALLOWED_HOSTS:
                raise CommandError("ALLOWED_HOSTS is not set; the links in the mails need a host name.")
            found["mails"] = lambda: actions.send_due(timezone.now())
        for receiver in receivers():
            found[receiver.label] = partial(send_deliveries, receiver, timezone.now)
        if not found:
            raise CommandError(
                "EMAIL_URL is not set, nor FHIR_SERVER, nor WEBHOOK_URL: this server tells nobody."
            )
        return found

    def _go_on(self, name: str, send: Send, every: int) -> None:
        while True:
            # A line that stands still for ever would keep this outbox from going on; systemd starts us anew.
            limit = threading.Timer(LONGEST_TURN, self._stuck, [name])
            limit.daemon = True
            limit.start()
            try:
                close_old_connections()
                self._turn(name, send)
            except (OperationalError, InterfaceError) as fault:
                logger.warning("The database does not answer (%s).", type(fault).__name__)
            finally:
                limit.cancel()
            time.sleep(every)

    def _turn(self, name: str, send: Send) -> None:
        sent, failed = send()
        if sent or failed:
            self.stdout.write(f"{name}: {sent} sent, {failed} not sent.")
            self.stdout.flush()

    def _stuck(self, name: str) -> None:
        logger.error("Sending to one receiver (%s) does not end: stopped.", name)
        os._exit(1)


def _or_end(go_on: Callable[[], None]) -> None:
    """A fault of ours on one thread ends all of them, so that it is seen; systemd starts us anew."""
    try:
        go_on()
    except BaseException:
        logger.exception("The outboxes are sent no more.")
    os._exit(1)
