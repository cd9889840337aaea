"""Make a content directory the published release. The same content again changes nothing."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions
from triage.content_files import SHIPPED, read_trees
from triage.domain.loading import ContentError


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "directory", nargs="?", type=Path, default=SHIPPED, help="default: the shipped content"
        )

        parser.add_argument(
            "--note", default="", help="why stored submissions may now be told something else"
        )
        parser.add_argument("--by", default="", help="the user name of the manager who says so")

    def handle(self, *args: Any, directory: Path, note: str, by: str, **options: Any) -> None:
        try:
            release, changed = actions.publish(read_trees(directory), timezone.now(), note=note, by=by)
        except ContentError as error:
            problem = "\n".join(str(fault) for fault in error.faults)
        except actions.NotProved as error:
            problem = str(error)
        except actions.NeedsNote as error:
            problem = (
                f"{error}. See which: manage.py replay --to {directory}. Then publish with "
                "--note “why” --by NAME, where NAME is an account in the group Managers."
            )
        else:
            self.stdout.write(f"{'Published' if changed else 'Already published'}: {release}")
            return
        raise CommandError(f"{problem}\nThe published release stays as it was.")
