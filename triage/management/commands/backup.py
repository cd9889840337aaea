"""Copy the whole database into one new file, while patients go on answering.

The file holds health data: with BACKUP_RECIPIENTS it is encrypted; keep SECRET_KEY and NOTE_KEYS elsewhere. Who is
signed in at the moment is not in it.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.server.backups import NotPossible, back_up


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        self.stderr.write("Copying …")
        try:
            back_up(file)
        except NotPossible as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}. Name another file.") from None
        self.stdout.write(f"Wrote {file.name}: {file.stat().st_size:,} bytes.")
