"""What staff type to invite many patients: a list of them as lines of text; and one whose link goes by mail."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings

from triage.forms.invitations import COLUMNS, MORE, NAME, InvitationForm
from triage.store.labels import visible

HEADING = "label"  # a first line that begins so names the columns
MOST_LINES = 200


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
