"""Make the result page of a submission again as it was shown, from its record alone, and say whether hashes hold.

The record keeps the hash of the words that were shown. The sentences and answers are in the record itself; where
the templates or their translations have changed since, the words around them may be others, and this says so.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.models import TriageSession
from triage.store import releases
from triage.store.records import RecordAltered, open_record
from triage.store.words import result_main, words_sha256


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", help="the code on the result, such as B2C-D3F")
        parser.add_argument("--out", type=Path, help="a file for the page; without it, standard output")

    def handle(self, *args: Any, reference: str, out: Path | None, **options: Any) -> None:
        session = TriageSession.objects.filter(
            reference=reference.upper(), submitted_at__isnull=False
        ).first()
        if session is None:
            raise CommandError(f"No submission has the code {reference!r}.")
        try:
            record = open_record(session)
        except RecordAltered:
            raise CommandError(
                "The stored record is not what was submitted: it is not shown.", returncode=1
            ) from None
        page = result_main(record)
        if out:
            out.write_text(page, encoding="utf-8")
        else:
            self.stdout.write(page, ending="")
        self.stderr.write(f"Record {record['number']}, sent {record['submitted_at']}: its hash holds.")
        self.stderr.write(self._release(record["release"]))
        if words_sha256(page) == record["words_sha256"]:
            self.stderr.write("The page: word for word what was shown.")
        else:
            self.stderr.write(
                "The page: its sentences and answers are those of the record, but templates or translations have "
                "changed since: some words around them, or their order, are not those that were shown."
            )

    def _release(self, release: dict[str, str]) -> str:
        try:
            releases.trees(release["sha256"])
        except ValueError as error:
            return f"Release {release['version']}: {error}."
        return f"Release {release['version']} ({release['sha256'][:8]}): its hash holds."
