"""Django's own, whose file nobody else can read, and without what belongs to no copy: staff's sessions."""

from typing import Any

from django.core.management.commands import dumpdata

from triage.server.private_files import only_private


class Command(dumpdata.Command):
    def handle(self, *app_labels: str, exclude: list[str], **options: Any) -> None:
        with only_private():
            super().handle(*app_labels, exclude=[*exclude, "sessions", "axes"], **options)
