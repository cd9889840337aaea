"""Getting data out: submissions as CSV, JSON and FHIR, and releases as FHIR Questionnaires. See docs/exports.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from triage.exports import fhir_response, json_lines, table
from triage.exports.stream import Format
from triage.models import TriageSession
from triage.store.records import submissions

FORMATS: dict[str, Format] = {
    "submissions": table.SUBMISSIONS,
    "answers": table.ANSWERS,
    "json": json_lines.JSON,
    "fhir-responses": fhir_response.NDJSON,
}
BOM = "\ufeff"  # by which Excel knows UTF-8


def chosen(since: date | None, release_sha256: str = "") -> Iterator[TriageSession]:
    """The submissions from that day on (in the clinic's time zone), of that release; both may be left open."""
    only: dict[str, Any] = {}
    if since:
        only["submitted_at__gte"] = timezone.make_aware(datetime.combine(since, time()))
    if release_sha256:
        only["release__sha256"] = release_sha256
    return submissions(**only)


def what_it_holds(name: str, since: date | None, notes: bool) -> str:
    """An export in words, for the access log."""
    return ", ".join([name, *(["with notes"] if notes else []), *([f"since {since}"] if since else [])])
