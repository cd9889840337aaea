"""Delete what has been kept as long as the clinic settings say. Without --yes it only tells what is due.

Of a submission stay its number and hashes, so that `verify_store` still holds, and one more in its day's count of
urgency and origin. Refuses to delete more than a tenth of all submissions at once (20 always may go), or by a clock
that no event bears out; says so on the staff's first page. A record that is not what was handed in stays.
"""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions
from triage.store import purge_mail, retention


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="delete")
        parser.add_argument(
            "--allow-many", action="store_true", help="also more than a tenth of all submissions"
        )

    def handle(self, *args: Any, yes: bool, allow_many: bool, **options: Any) -> None:
        now = timezone.now()
        if yes:
            self.stdout.write(f"Deleted {actions.tidy(now)} sessions in which nothing was answered.")
        try:
            self._purge(now, yes, allow_many)
        except retention.NotNow as reason:
            if yes:
                self._failed(reason.kind, str(reason), now)
            raise CommandError(f"Nothing was deleted: {reason}") from None
        except CommandError:
            raise  # it ran
        except Exception as fault:
            if yes:
                self._failed("failed", type(fault).__name__, now)
            raise

    def _purge(self, now: datetime, yes: bool, allow_many: bool) -> None:
        due = retention.due(now)
        self._tell(due)
        if due.many and not allow_many:
            raise retention.NotNow(
                "many", "that is more than a tenth of all. If it is meant, add --allow-many."
            )
        if yes:
            self._delete(due, now)
        else:
            self.stdout.write("Nothing was deleted; add --yes.")

    def _failed(self, kind: str, reason: str, now: datetime) -> None:
        """Keep that it did not run, and tell the clinic when that happens again and again."""
        actions.refuse_purge(kind, now)
        if mail := purge_mail.message(reason):
            try:
                mail.send()
            except OSError as error:  # each of the mail library's errors is one
                self.stderr.write(f"The clinic could not be told by mail ({type(error).__name__}).")

    def _tell(self, due: retention.Due) -> None:
        last = retention.last_purge()
        self.stdout.write(
            f"Last purge: {timezone.localtime(last.at):%Y-%m-%d %H:%M}" if last else "No purge yet."
        )
        self.stdout.write(
            f"Due: {due.sessions} sessions from before {timezone.localtime(due.before):%Y-%m-%d %H:%M}; "
            f"{due.submitted} of them handed in, of {due.of_submitted} that are kept."
        )

    def _delete(self, due: retention.Due, now: datetime) -> None:
        altered: list[str] = []
        gone = 0
        for pks in retention.batches(retention.sessions_due(due.before)):
            left = actions.purge_sessions(pks, now)
            altered += left
            gone += len(pks) - len(left)
        actions.finish_purge(due, now)
        retention.forget_on_disk()
        self.stdout.write(f"Deleted {gone} sessions.")
        if altered:
            raise CommandError(
                f"Left where they are: {', '.join(altered)}. Their records are not what was handed in. "
                "Run verify_store."
            )
