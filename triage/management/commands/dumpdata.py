"""Django's own, whose file nobody else can read, and without what belongs to no copy: staff's sessions."""

from typing import Any

from django.core.management.commands import dumpdata

from triage.server.private_files import only_private

LEFT_OUT = ("sessions", "axes", "triage.staffdevice")  # the last is django-otp's own table once more


class Command(dumpdata.Command):
    def handle(self, *app_labels: str, exclude: list[str], **options: Any) -> None:
        with only_private():
            super().handle(*app_labels, exclude=[*exclude, *LEFT_OUT], **options)
