"""Delete what has been kept as long as the clinic settings say. Without --yes it only tells what is due.

Of a submission stay its number and hashes, so that `verify_store` still holds, and one more in its day's count of
urgency and origin. Refuses to delete more than a tenth of all sessions at once, or by a clock that cannot be right.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions
from triage.models import Purge
from triage.store import retention
from triage.store.records import RecordAltered


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="delete")
        parser.add_argument(
            "--allow-many", action="store_true", help="also more than a tenth of all sessions"
        )

    def handle(self, *args: Any, yes: bool, allow_many: bool, **options: Any) -> None:
        now = timezone.now()
        try:
            due = retention.due(now)
        except retention.NotNow as reason:
            raise CommandError(f"Nothing was deleted: {reason}") from None
        last = Purge.objects.first()
        self.stdout.write(
            f"Last purge: {timezone.localtime(last.at):%Y-%m-%d %H:%M}" if last else "No purge yet."
        )
        self.stdout.write(
            f"Due: {due.sessions} of {due.of} sessions from before {timezone.localtime(due.before):%Y-%m-%d %H:%M}, "
            f"{due.submitted} of them handed in."
        )
        if due.many and not allow_many:
            raise CommandError(
                "Nothing was deleted: that is more than a tenth of all. If it is meant, add --allow-many."
            )
        if not yes:
            self.stdout.write("Nothing was deleted; add --yes.")
            return
        try:
            for pks in retention.batches(due.before):
                actions.purge_sessions(pks, now)
        except RecordAltered as altered:
            raise CommandError(
                f"Stopped at {altered}: its record is not what was handed in. Run verify_store."
            ) from None
        actions.finish_purge(due, now)
        retention.forget_on_disk()
        self.stdout.write(f"Deleted {due.sessions} sessions.")
