"""Print the newest link of each chain of hashes, one JSON object a line, to be kept elsewhere.

Whoever can rewrite the whole database can rewrite every hash in it. A head that was noted elsewhere (by mail, on
another machine, on paper) shows that: give the noted lines to `verify_store --noted FILE`.
With --seal, the heads and what stayed of purged records get the seal of CHAIN_KEY: once, after it was set.
"""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions
from triage.store import chains
from triage.store.snapshot import one_moment


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seal", action="store_true", help="after CHAIN_KEY was set")

    def handle(self, *args: Any, seal: bool, **options: Any) -> None:
        if seal:
            if not settings.CHAIN_KEY:
                raise CommandError("CHAIN_KEY is not set: there is nothing to seal with.")
            actions.seal_chains()
        with one_moment():
            heads = {name: chains.head_of(chain) for name, chain in chains.CHAINS.items()}
        for name, head in heads.items():
            noted = {"chain": name, "number": head.number, "sha256": head.sha256}
            self.stdout.write(json.dumps({**noted, "at": timezone.now().isoformat(timespec="seconds")}))
