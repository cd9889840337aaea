"""Make two dozen demo submissions from the content's example cases, every outcome among them, marked as demo."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from triage import actions, releases
from triage.domain.content import Content, Vignette
from triage.domain.walk import read_answers
from triage.models import TriageSession

COUNT = 24


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-none", action="store_true", help="only when there are no demo submissions yet"
        )

    def handle(self, *args: Any, if_none: bool, **options: Any) -> None:
        if if_none and TriageSession.objects.filter(demo=True).exists():
            return
        content = releases.content(releases.current().sha256, "en")
        chosen = spread(content)
        languages = list(content.languages)
        for number, vignette in enumerate(chosen):
            answers = dict(read_answers(content, vignette.answers))
            answers.setdefault("note", (vignette.story,))
            actions.enter(content, answers, languages[number % len(languages)], timezone.now(), demo=True)
        self.stdout.write(f"Made {len(chosen)} demo submissions.")


def spread(content: Content) -> list[Vignette]:
    """COUNT cases that end in a result, taking each outcome in turn so that none is left out."""
    by_outcome: dict[tuple[str | None, ...], list[Vignette]] = {}
    for vignette in content.vignettes:
        if vignette.origin:
            by_outcome.setdefault((vignette.origin, vignette.root, vignette.urgency), []).append(vignette)
    turns = max((len(cases) for cases in by_outcome.values()), default=0)
    in_turn = [cases[turn] for turn in range(turns) for cases in by_outcome.values() if turn < len(cases)]
    return in_turn[:COUNT]
