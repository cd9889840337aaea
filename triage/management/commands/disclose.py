"""Write all that is held about one submission, to be handed to its patient: to read, or with --json as data.

Its corrections and its invitation are in it. The access log keeps that it was done, by whom and why.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions
from triage.exports import disclosure
from triage.management.operator import add_by, operator
from triage.models import AccessEntry
from triage.server.private_files import make_private
from triage.store.family import as_reference


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the code on the result")
        parser.add_argument("--reason", required=True, help="who asked, and when; name no patient")
        parser.add_argument("--json", action="store_true", help="every detail, as data")
        parser.add_argument("--out", type=Path, help="a file that its owner alone can read")
        add_by(parser)

    def handle(
        self, *args: Any, code: str, reason: str, json: bool, out: Path | None, by: str, **options: Any
    ) -> None:
        reference = as_reference(code)
        try:
            found = disclosure.held(reference)
        except LookupError:
            raise CommandError(f"No submission has the code {code}.") from None
        detail = f"all that is held, {'as data' if json else 'to read'}: {reason}"
        actions.note_access(AccessEntry.What.EXPORT, operator(by), timezone.now(), reference, detail)
        text = disclosure.as_json(found) if json else disclosure.as_text(found)
        if out is None:
            self.stdout.write(text)
            return
        try:
            make_private(out)
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from None
        self.stdout.write(f"Wrote {out.name}.")
