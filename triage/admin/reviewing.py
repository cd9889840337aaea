"""A step of the review, as its form: one press settles a submission, and leads to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import BadRequest

from triage.models import Review, TriageSession
from triage.store.kept import Fields

State = TriageSession.ReviewState
EMPTY = ("", "not said")
CHANGED = "This submission has changed since you opened the page. See what is new, then send your step again."


class ReviewForm(forms.Form):
    """A step of the review. `seen` names the submission it is for, as it was when the page was made."""

    seen = forms.CharField(max_length=100)
    state = forms.TypedChoiceField(coerce=int, required=False, empty_value=None)
    outcome = forms.ChoiceField(required=False)
    note = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    finding = forms.ChoiceField(
        required=False, choices=[EMPTY, *Review.Finding.choices], label="The pain comes from"
    )
    root = forms.ChoiceField(required=False, choices=[EMPTY, *Review.Root.choices], label="Nerve root")
    urgency = forms.TypedChoiceField(
        required=False,
        choices=[EMPTY, *TriageSession.Urgency.choices],
        coerce=int,
        empty_value=None,
        label="Urgency in hindsight",
    )

    def __init__(
        self, session: TriageSession, data: Mapping[str, Any] | None = None, typed: Fields | None = None
    ) -> None:
        """`typed`: what was sent when the session had ended."""
        self.session = session
        before = {name: values[-1] for name, values in (typed or {}).items() if name != "seen"}
        super().__init__(data, initial=before)
        self.steps = TriageSession.NEXT_STATES[State(session.review_state)]
        clinic = session.clinic
        waits = session.review_state < State.REVIEWED
        # An outcome leads to the state it names; those of a submission that is done are words alone.
        self.outcomes = {
            **dict.fromkeys(clinic.outcomes if waits else (), State.REVIEWED),
            **dict.fromkeys(clinic.open_outcomes if waits else (), State.ACKNOWLEDGED),
        }
        self.fields["state"].choices = [(step.value, step.label) for step in self.steps]  # type: ignore[attr-defined]
        self.fields["outcome"].choices = [("", ""), *((word, word) for word in self.outcomes)]  # type: ignore[attr-defined]

    def clean_seen(self) -> str:
        seen: str = self.cleaned_data["seen"]
        if not seen.startswith(self.session.reference):
            raise BadRequest("a form for another submission")
        if seen != self.session.mark:
            raise forms.ValidationError(CHANGED)
        return seen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        outcome = cleaned.get("outcome")
        if outcome:
            cleaned["state"] = int(self.outcomes[outcome])
        if not self.errors.get("state") and not cleaned.get("state"):
            self.add_error("state", "Choose a step.")
        if cleaned.get("state") == self.session.review_state and not (cleaned.get("note") or outcome):
            self.add_error("note", "Write a note.")
        if cleaned.get("root") and cleaned.get("finding") not in (Review.Finding.BACK, Review.Finding.BOTH):
            self.add_error("root", "A nerve root goes with pain from the back.")
        return cleaned

    @property
    def settles(self) -> list[str]:
        return [word for word, state in self.outcomes.items() if state == State.REVIEWED]

    @property
    def leaves_open(self) -> list[str]:
        return [word for word, state in self.outcomes.items() if state == State.ACKNOWLEDGED]
