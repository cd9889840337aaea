"""Attach the article's own text, where the clinic may show it: every passage is checked against its hash first."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from triage import actions
from triage.domain.content import Passage
from triage.store import releases

BULLET = "• "


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the article as plain text, one passage a line")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read as a text: {error}") from None
        try:
            release = releases.current()
        except releases.NothingPublished as error:
            raise CommandError(str(error)) from None
        passages = releases.content(release.sha256, "en").article.passages
        found = {releases.sha256(line): line for line in passages_of(text)}
        missing = [passage for passage in passages if passage.sha256 not in found]
        if missing:
            raise CommandError(refusal(file, missing, found, len(passages)))
        actions.attach_passages((found[passage.sha256] for passage in passages), timezone.now())
        self.stdout.write(
            f"Attached {len(passages)} of {len(passages)} passages to {release}. Citations now show them."
        )


def passages_of(text: str) -> list[str]:
    """One passage for every line with words on it: white space collapsed, a leading bullet dropped."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line.removeprefix(BULLET) for line in lines if line]


def refusal(file: Path, missing: list[Passage], found: dict[str, str], count: int) -> str:
    wanted = [
        f"  {passage.id} ({passage.locator}): no line has the hash {passage.sha256[:12]}…"
        for passage in missing
    ]
    known = {passage.sha256 for passage in missing}
    lines = [f"  {sha256[:12]}…  {line[:40]}…" for sha256, line in found.items() if sha256 not in known]
    return "\n".join(
        [
            f"{file} is not the text this release cites: {len(missing)} of {count} passages differ. "
            "Nothing was stored.",
            *wanted,
            "The lines of the file, with their hashes:",
            *lines,
            "Use the article's text as it was when the release was made, or correct the hashes in sources.yaml.",
        ]
    )
