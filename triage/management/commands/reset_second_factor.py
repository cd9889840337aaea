"""Forget a colleague's device and recovery codes: at the next sign-in they set up a new one."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        try:
            actions.reset_second_factor(username, "manage.py", timezone.now())
        except User.DoesNotExist:
            raise CommandError(f"There is no account {username!r}.") from None
        self.stdout.write(f"{username} sets up a new device at the next sign-in; be sure it is they who ask.")
