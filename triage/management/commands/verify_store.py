"""Check every stored record against its hash, the chain that ties each to the one before it, and the reviews.

Names each record or review that was altered, swapped or taken away; exit status 1 if there is one. Reads one at a
time, all as of one moment: patients may hand in meanwhile. With --noted, what `chain_heads` printed earlier has to
be in the chains still.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.store import chains, reviews
from triage.store.records import ChainCheck, links
from triage.store.snapshot import one_moment

STEP = 1000


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--noted", type=Path, metavar="FILE", help="what chain_heads printed earlier")

    def handle(self, *args: Any, noted: Path | None, **options: Any) -> None:
        heads = list(_read(noted)) if noted else []
        with one_moment():
            count, faults = self._links()
            faults += reviews.faults()
            faults += (fault for head in heads if (fault := chains.noted_fault(*head)))
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"{len(faults)} faults in {count} records.", returncode=1)
        self.stdout.write(f"{count} records: every hash and every link holds.")

    def _links(self) -> tuple[int, list[str]]:
        """How many there are, and what is wrong with them."""
        chain = ChainCheck()
        count = 0
        for count, link in enumerate(links(), start=1):
            chain.add(link)
            if count % STEP == 0:
                self.stderr.write(f"{count} records read")
        chain.end()
        return count, chain.faults


def _read(noted: Path) -> Iterator[tuple[str, int, str]]:
    """The chain, number and hash of each noted head."""
    try:
        for line in noted.read_text(encoding="utf-8").splitlines():
            head = json.loads(line)
            yield head["chain"], head["number"], head["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        raise CommandError(
            f"{noted} does not hold what chain_heads prints, one JSON object a line."
        ) from None
