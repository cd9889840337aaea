"""Print what a clinic's monitoring should watch, in Prometheus' text format. Counts and times: nothing of anybody."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from triage.server.backups import FOLDER
from triage.server.metrics import gauges


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--backups", type=Path, default=FOLDER, help="the folder of backups (default: %(default)s)"
        )

    def handle(self, *args: Any, backups: Path, **options: Any) -> None:
        for line in gauges(timezone.now(), backups):
            self.stdout.write(line)
