"""Check every stored record against its hash, and the chain that ties each to the one before it.

Names each record that was altered, swapped or taken away; exit status 1 if there is one. Reads one at a time.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.store.records import ChainCheck, links

STEP = 1000


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        chain = ChainCheck()
        count = 0
        for count, link in enumerate(links(), start=1):
            chain.add(link)
            if count % STEP == 0:
                self.stderr.write(f"{count} records read")
        chain.end()
        for fault in chain.faults:
            self.stderr.write(fault)
        if chain.faults:
            raise CommandError(f"{len(chain.faults)} faults in {count} records.", returncode=1)
        self.stdout.write(f"{count} records: every hash and every link holds.")
