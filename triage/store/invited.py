"""What the clinic alone knows of whom it invited, patient number and phone: sealed like a note, for that invitation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from triage.models import Invitation
from triage.store import notes

NUMBER, PHONE = "patient-number", "patient-phone"


class Known(NamedTuple):
    patient_number: str
    patient_phone: str


def sealed(fields: Mapping[str, Any], code_hash: str) -> dict[str, str]:
    """The columns as they are stored: only the invitation with this hash can open them."""
    places = zip(Known._fields, (NUMBER, PHONE), strict=True)
    given = {name: (fields.get(name, ""), place) for name, place in places}
    return {
        name: notes.sealed(text, code_hash, place) if text else "" for name, (text, place) in given.items()
    }


def known(invitation: Invitation | None) -> Known:
    if invitation is None:
        return Known("", "")
    return opened(invitation.patient_number, invitation.patient_phone, invitation.code_hash)


def patient_number(invitation: Invitation | None) -> str:
    """For another program: "" also where it cannot be opened."""
    if invitation is None or not notes.can_be_opened(invitation.patient_number, invitation.code_hash, NUMBER):
        return ""
    return known(invitation).patient_number


def opened(number: str | None, phone: str | None, code_hash: str | None) -> Known:
    """Of the columns as they are stored."""
    of = code_hash or ""
    return Known(notes.opened(number or "", of, NUMBER), notes.opened(phone or "", of, PHONE))
