"""An invitation, checked: as staff type it, one by one or as a list, and as another program sends it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from triage import actions
from triage.domain.content import Content
from triage.models import STILL_OPEN, Invitation, the_clinic
from triage.models.clinic import PHONE
from triage.server.gate import REPLACEMENT
from triage.store import releases
from triage.store.labels import visible

COLUMNS = ("label", "appointment_at", "language")
MORE = ("patient_number", "patient_phone")  # columns that may be left out
FARTHEST = timedelta(days=366)
TIMES = (
    "%Y-%m-%dT%H:%M",  # what a browser's own field for date and time sends
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
)
SAME = "There is an open invitation for this label and time. Find it in the list and send it as new."


# Two words of letters, as names are; a date; or as many digits as a phone number has.
NAME = re.compile(r"[^\W\d_]{3,}[,.\s]+[^\W\d_]{3,}|\d[./-]\d{1,2}[./-]\d|(?:\d[\s./-]?){7,}")
LIKE_A_NAME = (
    "looks like a name, a birth date or a phone number. Anybody who sees the list or a letter reads it."
)


class MoveForm(forms.Form):
    """When a visit is."""

    appointment_at = forms.DateTimeField(
        label="Appointment",
        help_text="Date and time at the clinic. The invitation works until the end of that day.",
        input_formats=TIMES,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=TIMES[0]),
        error_messages={
            "required": "Write date and time, as 2026-11-30 14:30.",
            "invalid": "Write it as 2026-11-30 14:30 or as 11/30/2026 2:30 PM.",
        },
    )

    def __init__(self, now: datetime, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.now = now

    def clean_appointment_at(self) -> datetime:
        appointment_at: datetime = self.cleaned_data["appointment_at"]
        if actions.end_of_day(appointment_at) <= self.now:
            raise ValidationError("This day is over. Check the date.")
        if appointment_at > self.now + FARTHEST:
            raise ValidationError("This is more than a year from now. Check the year.")
        return appointment_at


class InvitationForm(MoveForm):
    field_order = (*COLUMNS, *MORE)
    label = forms.CharField(
        max_length=40,
        help_text=Invitation._meta.get_field("label").help_text,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Write initials.", "max_length": "Write at most 40 letters."},
    )
    language = forms.ChoiceField(help_text="The letter is in it, and the questions begin in it.")
    patient_number = forms.CharField(
        required=False,
        max_length=40,
        help_text="As your own system has it. Staff alone see it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    patient_phone = forms.CharField(
        required=False,
        max_length=30,
        validators=[PHONE],
        help_text="Staff alone see it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "type": "tel"}),
    )

    def __init__(
        self, languages: Mapping[str, str], now: datetime, data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(now, data)
        field = self.fields["language"]
        field.choices = list(languages.items())  # type: ignore[attr-defined]
        allowed = " or ".join(languages)
        field.error_messages |= {"required": f"Write {allowed}.", "invalid_choice": f"Write {allowed}."}

    def clean_label(self) -> str:
        label = self._readable("label")
        if not label:
            raise ValidationError("Write initials.")
        return label

    def clean_patient_number(self) -> str:
        return self._readable("patient_number")

    def _readable(self, name: str) -> str:
        text = visible(self.cleaned_data[name])
        if REPLACEMENT in text or not text.isprintable():
            raise ValidationError("Some signs in it cannot be read. Type it again.")
        return text

    @property
    def like_a_name(self) -> str:
        """The label, where it says more than a sign of the clinic's own should."""
        label: str = self.cleaned_data.get("label", "")
        return label if NAME.search(label) else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        same = {name: cleaned.get(name) for name in ("label", "appointment_at")}
        if not self.errors and Invitation.objects.filter(STILL_OPEN, **same).exists():
            raise ValidationError(SAME)
        return cleaned


def languages_offered() -> dict[str, str]:
    """Those that the published questions can be answered in, and that the clinic offers."""
    clinic = the_clinic()
    content: Content = releases.content(releases.current().sha256, "en")
    return {code: name for code, name in content.languages.items() if clinic.offers(code)}
