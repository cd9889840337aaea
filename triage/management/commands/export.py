"""Write submissions as CSV, JSON lines or FHIR responses, what staff did about them, or a release as a FHIR
Questionnaire.

Reads the frozen records one at a time. One that was altered is refused and named, the rest goes on, and the exit
status is 1. The access log keeps that an export was made. docs/exports.md says what is in each file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions
from triage.domain.loading import languages
from triage.exports import BOM, FHIR, export, fhir_definitions, reviewed, reviews, what_it_holds
from triage.exports.fhir_questionnaire import as_text
from triage.management.content import release as named_release
from triage.management.operator import add_by, operator
from triage.models import AccessEntry, Release, TriageSession
from triage.server.private_files import make_private
from triage.store import releases

QUESTIONNAIRE, DEFINITIONS, REVIEWS = "fhir-questionnaire", "fhir-definitions", "reviews"
URGENCIES = {level.name.lower().replace("_", "-"): level.value for level in TriageSession.Urgency}
STEP = 1000


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["csv", "json", REVIEWS, QUESTIONNAIRE, DEFINITIONS, *FHIR])
        parser.add_argument("--release", default="", help="the first letters of a release's SHA-256")
        parser.add_argument(
            "--since", type=date.fromisoformat, help="YYYY-MM-DD: submitted on that day or later"
        )
        parser.add_argument(
            "--until", type=date.fromisoformat, help="YYYY-MM-DD: submitted on that day or earlier"
        )
        parser.add_argument("--urgency", choices=URGENCIES, help="only those")
        parser.add_argument("--out", type=Path, help="a file; without it, standard output")
        parser.add_argument(
            "--rows",
            choices=["submissions", "answers"],
            default="submissions",
            help="of a CSV: one row for each",
        )
        parser.add_argument(
            "--with-notes",
            action="store_true",
            help="also what patients wrote in their own words, and the number they can be reached at",
        )
        parser.add_argument(
            "--with-reviews", action="store_true", help="also what staff did, label and appointment"
        )
        parser.add_argument(
            "--bom", action="store_true", help="begin with the mark by which Excel knows UTF-8"
        )
        parser.add_argument(
            "--language",
            help=f"of a {QUESTIONNAIRE}: this one alone (default: all, side by side)",
        )
        parser.add_argument("--fhir", choices=["R4", "R5"], default="R4", help="its release (default: R4)")

        add_by(parser)

    def handle(self, *args: Any, what: str, out: Path | None, bom: bool, by: str, **options: Any) -> None:
        options["who"] = operator(by)
        with self._opened(out) as file:
            file.write(BOM if bom else "")
            if what in (QUESTIONNAIRE, DEFINITIONS):
                file.write(self._of_a_release(what, **options))
            elif what == REVIEWS:
                self._reviews(file, **options)
            else:
                self._submissions(what, file, **options)

    @contextmanager
    def _opened(self, out: Path | None) -> Iterator[TextIO]:
        """The file, for its owner alone to read, or standard output."""
        if out is None:
            self.stdout.ending = ""
            yield cast(TextIO, self.stdout)
            return
        try:
            make_private(out)
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from None
        with out.open("w", encoding="utf-8", newline="") as file:
            yield file

    def _of_a_release(
        self, what: str, who: str, release: str, language: str | None, fhir: str, **options: Any
    ) -> str:
        wanted = Release.objects.get(sha256=named_release(release)) if release else releases.current()
        known = languages(releases.trees(wanted.sha256))
        if language and language not in known:
            raise CommandError(f"This release has no language {language!r}. Use one of: {', '.join(known)}.")
        detail = f"{what}: on the command line"
        actions.note_access(AccessEntry.What.EXPORT, who, timezone.now(), f"release {wanted}", detail)
        r5 = fhir == "R5"
        if what == QUESTIONNAIRE:
            return as_text(wanted, language, r5=r5)
        return fhir_definitions.as_text(wanted, r5=r5)

    def _reviews(
        self,
        file: TextIO,
        who: str,
        since: date | None,
        until: date | None,
        urgency: str | None,
        **options: Any,
    ) -> None:
        level = URGENCIES.get(urgency or "")
        detail = f"{what_it_holds(REVIEWS, since, False, until, level)}: on the command line"
        actions.note_access(AccessEntry.What.EXPORT, who, timezone.now(), "submissions", detail)
        file.writelines(reviews.lines(reviewed(since, until, level)))

    def _submissions(
        self,
        what: str,
        file: TextIO,
        who: str,
        rows: str,
        release: str,
        since: date | None,
        until: date | None,
        urgency: str | None,
        with_notes: bool,
        with_reviews: bool,
        fhir: str,
        **options: Any,
    ) -> None:
        name, level = rows if what == "csv" else what, URGENCIES.get(urgency or "")
        sha256 = named_release(release) if release else ""
        r5 = fhir == "R5" and name in FHIR
        detail = (
            f"{what_it_holds(name, since, with_notes, until, level, with_reviews, r5)}: on the command line"
        )
        actions.note_access(AccessEntry.What.EXPORT, who, timezone.now(), "submissions", detail)
        texts = export(name, since, until, level, sha256, notes=with_notes, with_reviews=with_reviews, r5=r5)
        for text in texts:
            file.write(text)
            if texts.count and texts.count % STEP == 0:
                self.stderr.write(f"{texts.count} submissions read")
        for reference in texts.refused:
            self.stderr.write(f"{reference}: the stored record is not what was submitted. It was left out.")
        self.stderr.write(f"{texts.count - len(texts.refused)} of {texts.count} submissions written.")
        if texts.refused:
            raise CommandError("Some records were altered: run verify_store.", returncode=1)
