"""What staff type to invite patients: one invitation in a form, or a list of them as lines of text."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from triage import actions
from triage.models import STILL_OPEN, Invitation
from triage.models.clinic import PHONE
from triage.server.gate import REPLACEMENT
from triage.store.labels import visible

COLUMNS = ("label", "appointment_at", "language")
MORE = ("patient_number", "patient_phone")  # columns that may be left out
HEADING = "label"  # a first line that begins so names the columns
MOST_LINES = 200
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


class MailedInvitationForm(InvitationForm):
    """Where the clinic sends links by mail."""

    email = forms.EmailField(
        required=False,
        label="Mail the link to",
        help_text="Used once and not kept. The mail has the link and nothing else.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


@dataclass
class PastedList:
    """The lines that were read, by number, and what is wrong with others: which line, what to do."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)

    @property
    def like_names(self) -> list[int]:
        """The lines whose label says more than a sign of the clinic's own should."""
        return [number for number, row in self.rows.items() if NAME.search(row["label"])]


def read_list(text: str, languages: Mapping[str, str], now: datetime) -> PastedList:
    """Read lines of label, appointment and language, parted as a spreadsheet parts them."""
    found = PastedList()
    # Each line by itself, so that a quote that nobody closed spoils no other line.
    lines = [
        (number, next(csv.reader([line], delimiter=_delimiter(text), skipinitialspace=True)))
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip(" \t,;")
    ]
    if lines and lines[0][1][0].strip().lower() == HEADING:
        del lines[0]
    if not lines:
        found.faults.append((1, "There is no line yet. Paste one line for each invitation."))
    if len(lines) > MOST_LINES:
        most = f"At most {MOST_LINES} lines at once. Paste this line and those after it as a second list."
        found.faults.append((lines[MOST_LINES][0], most))
    for number, cells in lines[:MOST_LINES]:
        _read_line(found, number, cells, languages, now)
    found.faults.sort()
    return found


def _delimiter(text: str) -> str:
    return next((sign for sign in "\t;" if sign in text), ",")


def _read_line(
    found: PastedList, number: int, cells: list[str], languages: Mapping[str, str], now: datetime
) -> None:
    if not len(COLUMNS) <= len(cells) <= len(COLUMNS + MORE):
        parts = f"{len(cells)} part{'s' if len(cells) > 1 else ''}"
        remedy = f"It has {parts} and needs 3: label, appointment, language. Part them with commas or tabs."
        found.faults.append((number, remedy))
        return
    label, appointment_at, language, *more = map(visible, cells)
    data = (label, appointment_at.upper(), _code(language, languages), *more)
    form = InvitationForm(languages, now, dict(zip(COLUMNS + MORE, data, strict=False)))
    if not form.is_valid():
        for name, errors in form.errors.items():
            where = f"{form[name].label}: " if name in form.fields else ""
            found.faults.extend((number, f"{where}{error}") for error in errors)
        return
    row = form.cleaned_data
    for earlier, other in found.rows.items():
        if (other["label"], other["appointment_at"]) == (row["label"], row["appointment_at"]):
            found.faults.append((number, f"It is the same as line {earlier}. Take one of the two out."))
    found.rows[number] = row


def _code(language: str, languages: Mapping[str, str]) -> str:
    """The code of a language that is given by its code, or by its name in English or its own."""
    names = {code: {code, own.lower()} for code, own in languages.items()}
    for code, english in settings.LANGUAGES:
        names.get(code, set()).add(str(english).lower())
    return next((code for code, known in names.items() if language.lower() in known), language)
