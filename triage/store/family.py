"""A submission with all that was handed in, or begun, to correct it: they are one patient's."""

from __future__ import annotations

from triage.models import TriageSession
from triage.store.codes import SIGNS, signs_of

REFERENCE_LENGTH = 6


def as_reference(typed: str) -> str:
    """The reference in what a person typed, in any case, with or without the hyphen; "" where it cannot be one."""
    signs = signs_of(typed)
    good = len(signs) == REFERENCE_LENGTH and set(signs) <= set(SIGNS)
    return f"{signs[:3]}-{signs[3:]}" if good else ""


def family(reference: str) -> list[TriageSession]:
    """Oldest first; empty where there is no such submission."""
    session = TriageSession.objects.filter(reference=reference).first()
    while session and session.corrects_id:
        session = session.corrects
    found = []
    while session:
        found.append(session)
        session = TriageSession.objects.filter(corrects=session).first()
    return found
