"""List the stored submissions that another content would tell something else. Writes nothing.

Each line: the code, what it was told and what it would be told, and by which rules. Answers that the other
content does not know count as not given.
"""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from triage.domain.content import Content
from triage.management.content import ARGUMENT, named_content
from triage.models import TriageSession
from triage.store.records import Told, told_otherwise
from triage.store.snapshot import one_moment

STEP = 1000


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, help=ARGUMENT)

    def handle(self, *args: Any, to: str, **options: Any) -> None:
        content = named_content(to)
        with one_moment():
            self._tell(content)

    def _tell(self, content: Content) -> None:
        differ: Counter[tuple[str, str]] = Counter()
        count = 0
        for count, (session, old, new) in enumerate(told_otherwise(content), start=1):
            if count % STEP == 0:
                self.stderr.write(f"{count} submissions read")
            if new:
                differ[_outcome(old), _outcome(new)] += 1
                self.stdout.write(
                    f"{session.reference}  {_outcome(old)} → {_outcome(new)}  {_rules(old)} → {_rules(new)}"
                )
        for (before, after), number in differ.most_common():
            self.stdout.write(f"{number:>7}  {before if before == after else f'{before} → {after}'}")
        self.stdout.write(
            f"{differ.total()} of {count} submissions would be told something else by version {content.version}."
        )
        if altered := TriageSession.objects.exclude(record_number=None).count() - count:
            self.stderr.write(f"{altered} altered records were left out: run verify_store.")


def _outcome(told: Told) -> str:
    return " / ".join(told.outcome)


def _rules(told: Told) -> str:
    return " ".join(told.rules)
