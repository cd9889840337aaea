"""The examples a content brings with it, vignettes and published cases: which of them its own rules contradict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from triage.domain.content import Content
from triage.domain.published_cases import try_cases
from triage.domain.vignettes import judge


@dataclass(frozen=True, slots=True)
class Miss:
    """An example that is told something else than it says it should be, by the values of origin, root and urgency.

    `due` names for each of these what would do.
    """

    name: str
    told: tuple[str, ...]
    due: tuple[tuple[str, ...], ...]
    why: str


def misses(content: Content) -> Iterator[Miss]:
    """Every vignette that is not decided as expected, every published case that is missed and not known to be."""
    for judged in judge(content):
        if not judged.agrees:
            expected, decision = judged.vignette, judged.decision
            yield Miss(
                expected.key,
                _given(decision.origin, decision.root, decision.urgency),
                tuple((value,) for value in _given(expected.origin, expected.root, expected.urgency)),
                expected.why,
            )
    for tried in try_cases(content, content.published_cases):
        case, decision = tried.case, tried.decision
        if not tried.accepted and not case.known_miss:
            yield Miss(
                case.id,
                _given(decision.origin, decision.urgency),
                (case.acceptable_origins, case.acceptable_urgencies),
                case.ground,
            )


def _given(*values: str | None) -> tuple[str, ...]:
    return tuple(value for value in values if value)
