"""Where the clinic can reach the person: one field, on the emergency page and on the last question page.

It is no answer: nothing is decided by it, nothing refused, and whatever button is pressed takes it along.
"""

from __future__ import annotations

from django.http import HttpRequest

from triage import actions
from triage.server.gate import REPLACEMENT
from triage.store.visit import Visit

LONGEST = 40
FEWEST_DIGITS = 5  # of a number that somebody could call


def keep_contact(request: HttpRequest, open_visit: Visit) -> Visit:
    """The session with what was typed. A page on which nothing was changed takes back nothing that is newer."""
    typed = request.POST.get("contact")
    if typed is None or typed == request.POST.get("contact-shown") or not open_visit.clinic.ask_number:
        return open_visit
    return actions.keep_contact(open_visit, read_contact(typed))


def read_contact(typed: str) -> str:
    """In one line of signs that can be read."""
    signs = [sign if sign.isprintable() and sign != REPLACEMENT else " " for sign in typed]
    return " ".join("".join(signs).split())[:LONGEST]


def can_be_called(contact: str) -> bool:
    return sum(sign.isdigit() for sign in contact) >= FEWEST_DIGITS


def contact_field(open_visit: Visit) -> dict[str, object] | None:
    """What a page shows of it; None where the clinic does not ask."""
    if not open_visit.clinic.ask_number:
        return None
    contact = open_visit.contact
    return {"contact": contact, "doubtful": bool(contact) and not can_be_called(contact), "longest": LONGEST}
