"""Check that no entry of the access log was changed, added or taken out since it was written."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.models import AccessChain
from triage.store import access_log, chains
from triage.store.snapshot import one_moment


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        with one_moment():
            faults = list(access_log.faults())
            end = chains.head_of(AccessChain)
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"The access log has been altered: {len(faults)} faults.")
        self.stdout.write(
            f"{end.number} entries, all as they were written. Last hash: {end.sha256 or 'none'}"
        )
        self.stdout.write(
            "Keep what `manage.py chain_heads` prints elsewhere: whoever can rewrite the whole log could rewrite this "
            "check too."
        )
