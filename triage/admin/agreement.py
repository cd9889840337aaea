"""How often clinicians' own findings agree with what the questionnaire said, release by release.

Counts only: no submission is named, and below LEAST reviewed submissions nothing is shown. Demo submissions
do not count, nor do unfinished ones; of several findings on a submission the last counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q

from triage.models import Review, TriageSession

LEAST = 20
Z = 1.959964  # 95 percent of a normal distribution lie this many deviations about its middle


@dataclass(frozen=True)
class Share:
    """So many out of so many, with Wilson's 95 percent interval."""

    count: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        n, p = self.total, self.count / self.total
        middle = p + Z * Z / (2 * n)
        reach = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        whole = 1 + Z * Z / n
        return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)

    def __str__(self) -> str:
        if not self.total:
            return "none yet"
        low, high = self.interval
        return f"{self.count} of {self.total} ({self.count / self.total:.0%}; 95% interval {low:.0%} to {high:.0%})"


@dataclass(frozen=True)
class Grid:
    """Counts as a table to read: a row for each word of the questionnaire, a column for each of the clinician."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[int]]]


def _grid(title: str, counts: Counter[Any], tool: list[Any], clinician: list[Any]) -> Grid:
    rows = [(str(name), [counts[word, found] for found, _name in clinician]) for word, name in tool]
    return Grid(title, [str(name) for _found, name in clinician], rows)


@dataclass
class Table:
    """One release: the questionnaire's word against the clinicians'."""

    release: str
    origins: Counter[tuple[str, str]] = field(default_factory=Counter)
    urgencies: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def reviewed(self) -> int:
        return max(self.origins.total(), self.urgencies.total())

    @property
    def shown(self) -> bool:
        return self.reviewed >= LEAST

    @property
    def agreed(self) -> Share:
        """Where both came to a place: back or foot here, anything but "not yet known" there."""
        both = {
            (tool, found): count
            for (tool, found), count in self.origins.items()
            if tool != TriageSession.Origin.UNCLEAR and found != Review.Finding.NOT_KNOWN
        }
        return Share(sum(count for (tool, found), count in both.items() if tool == found), sum(both.values()))

    @property
    def under_triage(self) -> Share:
        """It was more urgent than the questionnaire said."""
        return self._share(lambda tool, found: tool < found)

    @property
    def over_triage(self) -> Share:
        return self._share(lambda tool, found: tool > found)

    def _share(self, holds: Callable[[int, int], bool]) -> Share:
        return Share(sum(n for pair, n in self.urgencies.items() if holds(*pair)), self.urgencies.total())

    @property
    def grids(self) -> tuple[Grid, Grid]:
        return (
            _grid(
                "Where the pain comes from",
                self.origins,
                TriageSession.Origin.choices,
                Review.Finding.choices,
            ),
            _grid("Urgency", self.urgencies, TriageSession.Urgency.choices, TriageSession.Urgency.choices),
        )

    @property
    def shares(self) -> dict[str, Share]:
        return {
            "Agreed on back or foot": self.agreed,
            "Under-triage (it was more urgent)": self.under_triage,
            "Over-triage (it was less urgent)": self.over_triage,
        }


def tables(*, demo: bool = False) -> list[Table]:
    """One table for each release with findings, the newest release first; or those of made-up submissions."""
    found: dict[int, Table] = {}
    for pk, release, tool, clinician, count in _counts(~Q(finding=""), demo, "origin", "finding"):
        found.setdefault(pk, Table(release)).origins[tool, clinician] = count
    for pk, release, tool, clinician, count in _counts(Q(urgency__isnull=False), demo, "urgency", "urgency"):
        found.setdefault(pk, Table(release)).urgencies[tool, clinician] = count
    return [found[pk] for pk in sorted(found, reverse=True)]


def _counts(said: Q, demo: bool, tool: str, clinician: str) -> Iterator[tuple[int, str, Any, Any, int]]:
    """Release, the tool's word, the clinician's, and how often; of each submission the last review that says it."""
    later = Review.objects.filter(said, session=OuterRef("session"), pk__gt=OuterRef("pk"))
    last = Review.objects.filter(
        said, ~Exists(later), session__demo=demo, session__submitted_at__isnull=False
    )
    release = ("session__release_id", "session__release__version", "session__release__sha256")
    rows = last.order_by().values_list(*release, f"session__{tool}", clinician).annotate(Count("pk"))
    for pk, version, sha256, *counted in rows:
        yield pk, f"{version} ({sha256[:8]})", *counted
