"""Fill an empty database from a file that `backup` wrote, and check every record in it.

Stop Footpath first. For SQLite the database's file must not be there, for PostgreSQL DATABASE_URL names an empty one.
"""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.server.backups import NotPossible, restore


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []  # they would ask the database that is not there yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--key", type=Path, help="the file with the secret key of an encrypted backup")

    def handle(self, *args: Any, file: Path, key: Path | None, **options: Any) -> None:
        self.stderr.write("Restoring …")
        try:
            restore(file, key)
        except NotPossible as error:
            raise CommandError(str(error)) from None
        call_command("verify_store", stdout=self.stdout, stderr=self.stderr)
        self.stdout.write("Restored. Now: manage.py migrate, then start Footpath.")
