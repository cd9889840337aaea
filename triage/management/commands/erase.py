"""Delete one patient's submission because they ask for it, with its corrections and its invitation.

Of a record stay its number and hashes, with the reason, so that `verify_store` still holds, and one in its day's count.
Without --yes it only tells what would go. Backups made before hold it until they expire.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions
from triage.management.operator import add_by, operator
from triage.store import retention
from triage.store.family import as_reference, family
from triage.store.records import RecordAltered


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the code on the result")
        parser.add_argument("--reason", required=True, help="who asked, and when; name no patient")
        parser.add_argument("--yes", action="store_true", help="delete")
        add_by(parser)

    def handle(self, *args: Any, code: str, reason: str, yes: bool, by: str, **options: Any) -> None:
        reference = as_reference(code)
        found = family(reference)
        if not found:
            raise CommandError(f"No submission has the code {code}.")
        if not yes:
            names = ", ".join(session.reference for session in found)
            self.stdout.write(f"Would delete: {names}. Nothing was deleted; add --yes.")
            return
        try:
            count = actions.erase(reference, operator(by), reason, timezone.now())
        except RecordAltered as altered:
            raise CommandError(
                f"Nothing was deleted: the record of {altered} is not what was handed in. Run verify_store."
            ) from None
        retention.forget_on_disk()
        self.stdout.write(f"Deleted {count} session{'s' if count > 1 else ''}.")
