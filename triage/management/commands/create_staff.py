"""Make a staff account with a random password, which is printed once and kept nowhere. Whoever signs in with it first
chooses another."""

import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

from triage import actions


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?", default="clinic")
        parser.add_argument("--group", choices=list(actions.GROUPS), default=actions.MANAGERS)
        parser.add_argument(
            "--lasting", action="store_true", help="need not be changed: for a try-out on one's own machine"
        )
        parser.add_argument("--if-none", action="store_true", help="only when there is no staff account yet")

    def handle(
        self, *args: Any, username: str, group: str, lasting: bool, if_none: bool, **options: Any
    ) -> None:
        if if_none and User.objects.filter(is_staff=True).exists():
            return
        password = secrets.token_urlsafe(12)
        try:
            actions.create_staff(username, password, group, first=not lasting)
        except IntegrityError:
            raise CommandError(f"There is an account {username!r} already. Choose another name.") from None
        except ValueError as error:
            raise CommandError(f"No account was made: {error}.") from None
        self.stdout.write(f"Staff account made ({group}). Name: {username}  Password: {password}")
        self.stdout.write("The password is shown this once.")
