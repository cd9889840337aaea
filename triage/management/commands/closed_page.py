"""Print the page that says Footpath is away and whom to call, for the proxy to show while nobody else answers."""

from typing import Any

from django.core.management.base import BaseCommand

from triage.models import the_clinic
from triage.server.errors import LastKnown, error_page


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        LastKnown.emergency_number = the_clinic().emergency_number
        self.stdout.write(error_page("closed").content.decode(), ending="")
