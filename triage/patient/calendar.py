"""The visit as an entry for the person's own calendar: when it is and with whom, and nothing that was answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from triage.patient.page import to_position, visited
from triage.store.visit import Visit

LINE = 75  # bytes, at most (RFC 5545); what is longer goes on in a line that begins with a space


@require_safe
@visited
def calendar(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    at, clinic = open_visit.appointment_at, open_visit.clinic
    if at is None or open_visit.room:
        return to_position(open_visit)
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Footpath//Footpath//EN",
        "BEGIN:VEVENT",
        f"UID:{uuid5(NAMESPACE_URL, open_visit.reference)}",  # taken in twice, it is one entry
        f"DTSTAMP:{_moment(timezone.now())}",
        f"DTSTART:{_moment(at)}",
        f"SUMMARY:{_text(clinic.name)}",
        f"DESCRIPTION:{_text(clinic.phone)}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    entry = "".join(part + "\r\n" for line in lines for part in _folded(line))
    headers = {"Content-Disposition": 'attachment; filename="visit.ics"'}
    return HttpResponse(entry, content_type="text/calendar; charset=utf-8", headers=headers)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(words: str) -> str:
    for sign in "\\;,":
        words = words.replace(sign, "\\" + sign)
    return " ".join(words.split())


def _folded(line: str) -> Iterator[str]:
    part = ""
    for sign in line:
        if len((part + sign).encode()) > LINE:
            yield part
            part = " "
        part += sign
    yield part
