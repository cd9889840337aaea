"""Draw the questionnaire as an SVG picture.

Without arguments: docs/pictures/questionnaire.svg, from the shipped content.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.domain.drawing import draw
from triage.management.content import ARGUMENT, named_content
from triage.store.content_files import SHIPPED

PICTURE = settings.BASE_DIR / "docs" / "pictures" / "questionnaire.svg"


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("content", nargs="?", help=f"{ARGUMENT} (default: the shipped content)")
        parser.add_argument("--out", type=Path, help="the file to write (default: standard output)")

    def handle(self, *args: Any, content: str | None, out: Path | None, **options: Any) -> None:
        picture = draw(named_content(content or str(SHIPPED)), alone=True)
        if content is None and out is None:
            out = PICTURE
        if out is None:
            self.stdout.write(picture, ending="")
            return
        try:
            out.write_text(picture, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}. Name another file.") from None
        self.stdout.write(f"Wrote {out.name}.")
