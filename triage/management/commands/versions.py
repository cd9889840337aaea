"""Print the version of the program, of the content that came with it, and of the release that patients get.

`manage.py --version` and `manage.py version` do the same.
"""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from triage import __version__
from triage.store import releases
from triage.store.content_files import read_content


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Footpath {__version__}")
        self.stdout.write(f"content {read_content().version}, as it came with the program")
        self.stdout.write(f"published {published()}")


def published() -> str:
    try:
        release = releases.current()
    except releases.NothingPublished:
        return "nothing yet: manage.py publish_content"
    except DatabaseError:
        return "unknown: the database does not answer"
    return f"{release.version} ({release.sha256[:8]})"
