"""Print a page for the proxy to show by itself: that Footpath is away, or with --refused that a request was not read.

Each says whom to call in an emergency, in every language that the clinic offers.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from triage.models import the_clinic
from triage.server.errors import error_page, learn


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--refused", action="store_true", help="for what the proxy itself refuses")

    def handle(self, *args: Any, refused: bool, **options: Any) -> None:
        learn(the_clinic())
        self.stdout.write(error_page("refused" if refused else "closed").content.decode(), ending="")
