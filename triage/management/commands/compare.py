"""Compare two contents over all answer sets: how many would be decided otherwise, from what to what, with examples."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from triage.domain.proof.compare import Comparison, compare
from triage.domain.proof.space import named
from triage.management.content import ARGUMENT, named_content


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", help=ARGUMENT)
        parser.add_argument("new", help=ARGUMENT)

    def handle(self, *args: Any, old: str, new: str, **options: Any) -> None:
        for line in told(compare(named_content(old), named_content(new))):
            self.stdout.write(line)


def told(comparison: Comparison) -> list[str]:
    lines = list(comparison.left_out)
    lines.append(f"{comparison.differ:,} of {comparison.answer_sets:,} answer sets differ.")
    for change in comparison.changes:
        lines.append(f"\n{named(change.old)}  →  {named(change.new)}: {change.count:,}")
        lines.append(f"  {json.dumps(change.example, ensure_ascii=False)}")
    return lines
