"""Make a content directory the published release; or, with --draft, bring it into the admin for a second person to
publish there. The same content again changes nothing."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions
from triage.domain.loading import ContentError
from triage.models import Release
from triage.store import examination
from triage.store.content_files import SHIPPED, read_trees


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "directory", nargs="?", type=Path, default=SHIPPED, help="default: the shipped content"
        )
        parser.add_argument("--draft", action="store_true", help="load it as a draft; --by says who loads it")
        parser.add_argument(
            "--note", default="", help="why stored submissions may now be told something else"
        )
        parser.add_argument("--by", default="", help="the user name of the manager who loads it, or says why")

    def handle(self, *args: Any, directory: Path, draft: bool, note: str, by: str, **options: Any) -> None:
        if draft and not actions.is_manager(by):
            raise CommandError("Say who loads it: --by NAME, where NAME is an account in the group Managers.")
        try:
            done = self._load(directory, by) if draft else self._publish(directory, note, by)
        except ContentError as error:
            problem = "\n".join(str(fault) for fault in error.faults)
        except actions.NotProved as error:
            problem = str(error)
        except actions.Contradicted as error:
            problem = (
                f"{error}. See how: manage.py vignettes {directory}; manage.py cases --content {directory}. Mend the "
                "rules or the examples; or load it with --draft, so that another manager confirms each of them in "
                "the admin."
            )
        except actions.NeedsTwoPeople:
            problem = (
                "It takes two people to change what is published (TWO_PEOPLE_PUBLISH is on). Load it with "
                "--draft --by NAME; another manager then publishes it in the admin."
            )
        except actions.NeedsNote as error:
            problem = (
                f"{error}. See which: manage.py replay --to {directory}. Then publish with "
                "--note “why” --by NAME, where NAME is an account in the group Managers."
            )
        else:
            self.stdout.write(done)
            return
        raise CommandError(f"{problem}\nThe published release stays as it was.")

    def _load(self, directory: Path, by: str) -> str:
        release = actions.load_draft(read_trees(directory), by, timezone.now(), self._told)
        match release.state:
            case Release.State.DRAFT:
                return f"Loaded as a draft: {release}. Another manager publishes it in the admin, under Releases."
            case Release.State.RETIRED:
                return f"Was published before: {release}. It was examined anew; a manager can go back to it."
        return f"Already published: {release}"

    def _publish(self, directory: Path, note: str, by: str) -> str:
        before = Release.objects.filter(state=Release.State.PUBLISHED).first()
        release, changed = actions.publish(read_trees(directory), timezone.now(), note=note, by=by)
        if not changed:
            return f"Already published: {release}"
        actions.keep_examined(release, examination.examine(release.content, before, self._told))
        return f"Published: {release}"

    def _told(self, line: str) -> None:
        self.stderr.write(f"… {line}")
