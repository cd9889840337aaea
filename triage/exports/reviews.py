"""What staff did about each submission, and what a clinician found: a table, or beside what other formats hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from triage.exports.public import Public
from triage.exports.table import Columns, written, yes_no
from triage.models import Review, TriageSession
from triage.store.snapshot import one_moment

State = TriageSession.ReviewState
Steps = list[Review]
Column = Callable[[TriageSession, Steps], object]


def _at(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _first(steps: Steps, *states: int) -> datetime | None:
    return next((step.created_at for step in steps if step.state in states), None)


def _minutes(session: TriageSession, steps: Steps) -> object:
    if not steps or session.submitted_at is None:
        return ""
    return max(0, int((steps[0].created_at - session.submitted_at).total_seconds() // 60))


def _last(steps: Steps, name: str) -> object:
    """What was said last of this; a later step that says nothing of it leaves it."""
    return next((value for step in reversed(steps) if (value := getattr(step, name))), "")


def _level(value: object) -> str:
    return TriageSession.Urgency(value).name.lower().replace("_", "-") if value else ""  # type: ignore[call-overload]


COLUMNS: dict[str, Column] = {
    "reference": lambda session, steps: session.reference,
    "demo": lambda session, steps: yes_no(session.demo),
    "submitted_at": lambda session, steps: _at(session.submitted_at),
    "urgency": lambda session, steps: _level(session.urgency),
    "origin": lambda session, steps: session.origin,
    "label": lambda session, steps: session.invitation.label if session.invitation else "",
    "appointment_at": lambda session, steps: _at(session.appointment_at),
    "state": lambda session, steps: str(State(session.review_state).label),
    "assigned_to": lambda session, steps: session.assigned_to.get_username() if session.assigned_to else "",
    "first_step_at": lambda session, steps: _at(steps[0].created_at if steps else None),
    "minutes_to_first_step": _minutes,
    "reviewed_at": lambda session, steps: _at(_first(steps, State.REVIEWED, State.CLOSED)),
    "reviewer": lambda session, steps: steps[-1].reviewer.get_username() if steps else "",
    "outcomes": lambda session, steps: "; ".join(step.outcome for step in steps if step.outcome),
    "finding": lambda session, steps: _last(steps, "finding"),
    "finding_root": lambda session, steps: _last(steps, "root"),
    "urgency_in_hindsight": lambda session, steps: _level(_last(steps, "urgency")),
}


OF_THE_RECORD = ("reference", "demo", "submitted_at", "urgency", "origin")
BESIDE = {name: column for name, column in COLUMNS.items() if name not in OF_THE_RECORD}


def beside(session: TriageSession) -> dict[str, object]:
    """What goes along with the submission's record, as `review`."""
    steps = list(session.reviews.all())
    return {"review": {name: column(session, steps) for name, column in BESIDE.items()}}


def _cell(name: str) -> Callable[[Public], object]:
    return lambda data: data["review"][name]


CELLS: Columns = {name: _cell(name) for name in BESIDE}


def lines(sessions: Iterable[TriageSession]) -> Iterator[str]:
    """The head, then a line for each."""
    yield written([COLUMNS])
    with one_moment():
        for session in sessions:
            steps = list(session.reviews.all())
            yield written([[column(session, steps) for column in COLUMNS.values()]])
