"""Looking at a function of all answer sets: what it must be, and answer sets that show where it is not."""

from __future__ import annotations

from dataclasses import dataclass

from triage.domain.proof.bdd import NEVER, Function
from triage.domain.proof.space import NOTHING_SET, RawAnswers, Setting, Space


@dataclass(frozen=True, slots=True)
class Broken:
    """A fact that does not hold, and answer sets that show it (none where nothing can be answered to show it)."""

    what: str
    examples: tuple[RawAnswers, ...] = ()


def never(space: Space, what: str, function: Function, *settings: Setting) -> Broken | None:
    """The function must hold for no answer set. The example is shown in each of the settings."""
    if space.diagrams.both(space.sets, function) == NEVER:
        return None
    shown = (space.example(function, setting) for setting in settings or (NOTHING_SET,))
    return Broken(what, tuple(answers for answers in shown if answers is not None))


def somewhere(space: Space, what: str, function: Function, instead: Function = NEVER) -> Broken | None:
    """The function must hold for some answer set; if not, one where `instead` holds may show why."""
    if space.diagrams.both(space.sets, function) != NEVER:
        return None
    shown = space.example(instead)
    return Broken(what, () if shown is None else (shown,))


def same(space: Space, what: str, function: Function, one: Setting, other: Setting) -> Broken | None:
    """The function must be the same in both settings."""
    return never(space, what, difference(space, function, one, other), one, other)


def difference(space: Space, function: Function, one: Setting, other: Setting) -> Function:
    """Where the setting matters to the function, and both are answers that can be given."""
    diagrams = space.diagrams
    differ = diagrams.differ(diagrams.fixed(function, one), diagrams.fixed(function, other))
    return differ if differ == NEVER else diagrams.both(takes(space, one), takes(space, other), differ)


def takes(space: Space, setting: Setting) -> Function:
    """Where the answers can still be given once they are set so."""
    return space.diagrams.fixed(space.sets, setting)
