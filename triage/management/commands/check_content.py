"""Name every fault of a content directory at once."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage.domain.loading import ContentError, check, languages, load
from triage.store.content_files import SHIPPED, read_trees


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "directory", nargs="?", type=Path, default=SHIPPED, help="default: the shipped content"
        )

    def handle(self, *args: Any, directory: Path, **options: Any) -> None:
        try:
            trees = read_trees(directory)
            if faults := check(trees, timezone.localdate().isoformat()):
                raise ContentError(faults)
        except ContentError as error:
            for fault in error.faults:
                self.stderr.write(str(fault))
            raise CommandError(f"{len(error.faults)} faults; nothing was changed.", returncode=1) from None
        content = load(trees)
        rules = len(content.origin_rules) + len(content.root_rules) + len(content.urgency_rules)
        self.stdout.write(
            f"No faults: {len(content.screens)} screens, {len(content.items)} items, {len(content.signs)} signs, "
            f"{rules} rules, {len(content.claims)} of {len(content.claims)} claims cited, "
            f"{len(content.vignettes)} vignettes, {len(content.published_cases)} published cases, "
            f"in {', '.join(languages(trees))}."
        )
