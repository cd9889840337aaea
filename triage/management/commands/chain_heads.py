"""Print the newest link of each chain of hashes, one JSON object a line, to be kept elsewhere.

Whoever can rewrite the whole database can rewrite every hash in it. A head that was noted elsewhere (by mail, on
another machine, on paper) shows that: give the noted lines to `verify_store --noted FILE`.
With --mail they are also sent to an address, where whoever has this server cannot change them.
With --seal, the heads and what stayed of purged records get the seal of CHAIN_KEY: once, after it was set.
"""

import json
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions
from triage.store import chains
from triage.store.snapshot import one_moment


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--mail", metavar="ADDRESS", help="where they are kept; once a day is often enough"
        )
        parser.add_argument("--seal", action="store_true", help="after CHAIN_KEY was set")

    def handle(self, *args: Any, mail: str | None, seal: bool, **options: Any) -> None:
        if mail and not settings.EMAIL_HOST:
            raise CommandError("EMAIL_URL is not set, so this server sends no mail.")
        if seal:
            if not settings.CHAIN_KEY:
                raise CommandError("CHAIN_KEY is not set: there is nothing to seal with.")
            actions.seal_chains()
        with one_moment():
            heads = {name: chains.head_of(chain) for name, chain in chains.CHAINS.items()}
        at = timezone.now().isoformat(timespec="seconds")
        lines = "".join(
            json.dumps({"chain": name, "number": head.number, "sha256": head.sha256, "at": at}) + "\n"
            for name, head in heads.items()
        )
        self.stdout.write(lines, ending="")
        if mail:
            EmailMessage(subject="Footpath: the newest links", body=lines, to=[mail]).send()
