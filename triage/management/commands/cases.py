"""Try the rules on people others have written about: how often are origin and urgency what a clinician would accept?

FILE holds the cases: YAML as cases.yaml, or one JSON object a line (.jsonl); by default those of the content itself.
Exit status 1 when one is missed that is not listed as a known miss, or a known miss is none any more.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.domain.loading import ContentError, load_published_cases
from triage.domain.published_cases import Tally, Tried, tally, try_cases
from triage.management.content import ARGUMENT, named_content
from triage.store.content_files import SHIPPED, read_cases


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="default: the cases of the content")
        told = f"{ARGUMENT} (default: the shipped content)"
        parser.add_argument("--content", default=str(SHIPPED), help=told)

    def handle(self, *args: Any, file: Path | None, content: str, **options: Any) -> None:
        loaded = named_content(content)
        try:
            cases = loaded.published_cases
            if file:
                cases = load_published_cases(read_cases(file), loaded, file.name)
        except ContentError as error:
            raise CommandError(str(error)) from None
        tried = list(try_cases(loaded, cases))
        for line in _counted(tally(tried)):
            self.stdout.write(line)
        for each in tried:
            if not each.accepted:
                self.stdout.write(_miss(each))
        if otherwise := [each.case.id for each in tried if not each.stands_as_listed]:
            raise CommandError(
                f"Missed and not listed as known, or listed and not missed: {', '.join(otherwise)}.",
                returncode=1,
            )


def _counted(found: Tally) -> tuple[str, str]:
    return (
        f"Urgency accepted: {found.urgencies} of {found.total} (the best one: {found.best_urgencies}); "
        f"too low: {found.too_low}, too high: {found.too_high}.",
        f"Origin accepted: {found.origins} of {found.total} (the best one: {found.best_origins}); "
        f"wrong: {found.total - found.origins}.",
    )


def _miss(each: Tried) -> str:
    """What it was told and by which rules, what would have done, and why."""
    case, decision = each.case, each.decision
    parts = []
    if not each.origin_accepted:
        parts.append(f"WRONG ORIGIN {decision.origin}, not {' or '.join(case.acceptable_origins)}")
    if not each.urgency_accepted:
        name = "UNDER-TRIAGE" if each.too_low else "OVER-TRIAGE"
        parts.append(f"{name} {decision.urgency}, not {' or '.join(case.acceptable_urgencies)}")
    rules = ", ".join(rule.id for rule in decision.rules)
    lines = [f"{case.id}: {'; '.join(parts)} (by {rules})", f"{case.summary} {case.diagnosis}.", case.ground]
    if case.known_miss:
        lines.append(f"Known miss: {case.known_miss}")
    return "\n    ".join(lines)
