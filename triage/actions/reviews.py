"""A staff member's steps on a submission."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from triage.actions.access import note_access
from triage.actions.arrivals import step_forward
from triage.actions.deliveries import STEPS, queue_deliveries
from triage.models import (
    AccessEntry,
    KeptForm,
    Review,
    TriageSession,
)
from triage.store import notes
from triage.store.kept import PLACE, Fields, sealed_for
from triage.store.reviews import logged


class ChangedMeanwhile(Exception):
    """The submission or invitation is not as its reader saw it."""


class NotAStep(Exception):
    """This state of review cannot follow the present one."""


def keep_form(user: User, path: str, fields: Fields, now: datetime) -> None:
    """What this person has typed on that page and could not save; the newest takes the place of the one before."""
    text = notes.sealed(json.dumps(fields), sealed_for(user), PLACE)
    KeptForm.objects.update_or_create(user=user, path=path, defaults={"fields": text, "kept_at": now})


def drop_form(user: User, path: str) -> None:
    """It is saved, or not wanted any more."""
    KeptForm.objects.filter(user=user, path=path).delete()


@transaction.atomic
def review(
    pk: int, seen: str, reviewer: User, state: int, note: str, now: datetime, **found: str | int | None
) -> Review:
    """Note a staff member's step on a submission, and what they found (finding, root, urgency) and did (outcome).

    `seen` is the mark of the submission as the member saw it.

    Raises ChangedMeanwhile when it is no longer so, NotAStep when `state` cannot follow its present state.
    """
    session = TriageSession.objects.select_for_update(of=("self",)).get(pk=pk)
    if session.mark != seen:
        raise ChangedMeanwhile
    if state not in TriageSession.NEXT_STATES[TriageSession.ReviewState(session.review_state)]:
        raise NotAStep
    stood_for_many = session.crowded and not session.behind_id
    row = _step(session, reviewer, state, now, note=note, **found)
    # One review settles what it corrects too.
    corrected = session
    while corrected.corrects_id:
        corrected = TriageSession.objects.select_for_update(of=("self",)).get(pk=corrected.corrects_id)
        if corrected.review_state < min(state, TriageSession.ReviewState.REVIEWED):
            _step(corrected, reviewer, state, now)
    if stood_for_many and session.review_state > TriageSession.ReviewState.NEW:
        step_forward(session)
    return row


def _step(session: TriageSession, reviewer: User, state: int, now: datetime, **found: Any) -> Review:
    row = Review(session=session, reviewer=reviewer, state=state, created_at=now, **found)
    row.save(force_insert=True)
    step = f"{session.get_review_state_display()} to {row.get_state_display()}"
    session.review_state = state
    session.save(update_fields=["review_state"])
    noted = logged(row, session.reference, step)
    note_access(AccessEntry.What.CHANGE, reviewer.get_username(), now, session.reference, noted)
    if session.record_number:  # of what was not handed in, other systems know nothing
        queue_deliveries(session, STEPS[TriageSession.ReviewState(state)], now)
    return row


@transaction.atomic
def assign(pk: int, to: User | None, who: User, now: datetime) -> None:
    """Say whose a submission is to see to; nobody's from now on where `to` is None."""
    session = TriageSession.objects.select_for_update(of=("self",)).get(pk=pk)
    session.assigned_to = to
    session.save(update_fields=["assigned_to"])
    detail = f"assigned to {to.get_username()}" if to else "assigned to nobody"
    note_access(AccessEntry.What.CHANGE, who.get_username(), now, session.reference, detail)
