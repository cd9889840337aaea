"""Send the mails that tell the clinic of urgent submissions; a mail that fails is tried again after a pause."""

import logging
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from triage import actions

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=int, metavar="SECONDS", help="go on, looking this often")
        parser.add_argument("--again", action="store_true", help="try those too that were given up")

    def handle(self, *args: Any, every: int | None, again: bool, **options: Any) -> None:
        if not settings.EMAIL_HOST:
            raise CommandError("EMAIL_URL is not set, so this server sends no mail.")
        if not settings.ALLOWED_HOSTS:
            raise CommandError("ALLOWED_HOSTS is not set; the links in the mails need a host name.")
        if again:
            actions.take_up_mails_again(timezone.now())
        self._send()
        while every:
            time.sleep(every)
            try:
                close_old_connections()
                self._send()
            except (OperationalError, InterfaceError) as fault:
                logger.warning("The database does not answer (%s).", type(fault).__name__)

    def _send(self) -> None:
        sent, failed = actions.send_due(timezone.now())
        if sent or failed:
            self.stdout.write(f"{sent} sent, {failed} not sent.")
            self.stdout.flush()
