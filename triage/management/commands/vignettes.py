"""Score the rules against the vignettes: urgency exact, too high and too low, and agreement on origin and root.

Exit status 1 when any is told something else than it should be. Those that end at an exit page have no urgency.
"""

from typing import Any

from django.core.management.base import CommandError

from triage.domain.vignettes import Judged, judge, score, scores
from triage.management.content import ContentCommand, named_content


class Command(ContentCommand):
    help = __doc__

    def handle(self, *args: Any, content: str, **options: Any) -> None:
        loaded = named_content(content)
        cases = list(judge(loaded))
        self._line("expected", "cases", "exact", "too high", "too low")
        for expected, found in (*scores(loaded).items(), ("all", score(cases))):
            self._line(expected, found.total, found.exact, found.over, found.under)
        with_origin = [case for case in cases if case.vignette.origin]
        agree = sum(case.decision.origin == case.vignette.origin for case in with_origin)
        self.stdout.write(f"Origin as expected: {agree} of {len(with_origin)}.")
        with_root = [case for case in cases if case.vignette.root]
        agree = sum(case.decision.root == case.vignette.root for case in with_root)
        self.stdout.write(f"Root as expected: {agree} of {len(with_root)} (only with origin back).")
        missed = [case for case in cases if not case.agrees]
        for case in missed:
            self.stderr.write(_disagreement(case))
        if missed:
            low = ", ".join(case.vignette.key for case in missed if case.too_low) or "none"
            raise CommandError(f"Missed: {len(missed)}. Told to be less urgent: {low}.", returncode=1)

    def _line(self, name: str, *cells: object) -> None:
        self.stdout.write(f"{name:<10}" + "".join(f"{cell!s:>10}" for cell in cells))


def _disagreement(case: Judged) -> str:
    expected, found = case.vignette, case.decision
    told, due = (
        tuple(getattr(one, part) for part in ("origin", "root", "urgency")) for one in (found, expected)
    )
    under = "UNDER-TRIAGE: " if case.too_low else ""
    return f"{under}{expected.key}: {told}, but {due} is expected: {expected.why}"
