"""Check that no entry of the access log was changed, added or taken out since it was written."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.models import AccessChain
from triage.store import access_log


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        faults = list(access_log.faults())
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"The access log has been altered: {len(faults)} faults.")
        end = AccessChain.objects.filter(pk=1).first() or AccessChain()
        self.stdout.write(
            f"{end.number} entries, all as they were written. Last hash: {end.sha256 or 'none'}"
        )
        self.stdout.write(
            "Note the last hash elsewhere: whoever can rewrite the whole log could rewrite this check too."
        )
