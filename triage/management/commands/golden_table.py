"""Write docs/golden-table.md: the shipped decision in numbers."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from triage.domain.loading import Trees, load
from triage.domain.proof.golden import table
from triage.store import releases
from triage.store.content_files import SHIPPED, domain_sha256, read_trees

GOLDEN_TABLE = settings.BASE_DIR / "docs" / "golden-table.md"


def whole_table(trees: Trees) -> str:
    return f"{table(load(trees))}\n{counted_from(trees)}\n"


def counted_from(trees: Trees) -> str:
    """What was counted and by which code: with both as they were, so are the numbers."""
    content = releases.sha256(releases.canonical(trees))
    return f"\nCounted of the content `{content[:16]}` by the code `{domain_sha256()[:16]}` of triage/domain."


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        GOLDEN_TABLE.write_text(whole_table(read_trees(SHIPPED)), encoding="utf-8")
        self.stdout.write(f"Wrote {GOLDEN_TABLE.relative_to(settings.BASE_DIR)}.")
