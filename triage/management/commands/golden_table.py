"""Write docs/golden-table.md: the shipped decision in numbers."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from triage.domain.proof.golden import table
from triage.store.content_files import read_content

GOLDEN_TABLE = settings.BASE_DIR / "docs" / "golden-table.md"


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        GOLDEN_TABLE.write_text(table(read_content()) + "\n", encoding="utf-8")
        self.stdout.write(f"Wrote {GOLDEN_TABLE.relative_to(settings.BASE_DIR)}.")
