"""Getting data out: submissions as CSV, JSON and FHIR, and releases as FHIR Questionnaires. See docs/exports.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from triage.exports import json_lines, reviews, table
from triage.exports.fhir import Json
from triage.exports.fhir_bundle import bundle
from triage.exports.fhir_r5 import as_r5
from triage.exports.fhir_response import ndjson, response
from triage.exports.public import Public
from triage.exports.stream import Export, Format
from triage.models import TriageSession, the_clinic
from triage.store.records import submissions

FHIR: dict[str, Callable[[Public], Json]] = {"fhir-responses": response, "fhir-bundles": bundle}
FORMATS: dict[str, Format] = {
    "submissions": table.SUBMISSIONS,
    "answers": table.ANSWERS,
    "json": json_lines.JSON,
    **{name: ndjson(write) for name, write in FHIR.items()},
}
WITH_REVIEWS = FORMATS | {
    "submissions": table.table(table.SUBMISSION | reviews.CELLS, lambda data: [data]),
    "answers": table.table(table.ANSWER | reviews.CELLS, table.answers),
}
BOM = "\ufeff"  # by which Excel knows UTF-8


def export(
    name: str,
    since: date | None,
    until: date | None,
    urgency: int | None,
    release_sha256: str = "",
    *,
    notes: bool,
    with_reviews: bool,
    r5: bool = False,
) -> Export:
    """The submissions chosen in that format; with what staff did about each, where that is wanted.

    FHIR in its release 5 where that is wanted.
    """
    form = (WITH_REVIEWS if with_reviews else FORMATS)[name]
    if name in FHIR:
        write = FHIR[name]
        form = ndjson((lambda data: as_r5(write(data))) if r5 else write, the_clinic().fhir_base)
    if with_reviews:
        sessions = reviewed(since, until, urgency, release_sha256)
        return Export(form, sessions, notes=notes, beside=reviews.beside)
    return Export(form, chosen(since, release_sha256, until, urgency), notes=notes)


def chosen(
    since: date | None, release_sha256: str = "", until: date | None = None, urgency: int | None = None
) -> Iterator[TriageSession]:
    """The submissions of these days (in the clinic's time zone), that release and urgency; each may be left open."""
    return submissions(**_only(since, release_sha256, until, urgency))


def reviewed(
    since: date | None, until: date | None, urgency: int | None, release_sha256: str = ""
) -> Iterator[TriageSession]:
    """The same with what staff did about them."""
    only = _only(since, release_sha256, until, urgency)
    sessions = TriageSession.objects.exclude(record_number=None).filter(**only).order_by("record_number")
    rows = sessions.select_related("release", "invitation", "assigned_to").defer("release__content")
    return rows.prefetch_related("reviews__reviewer").iterator(chunk_size=100)


def _only(since: date | None, release_sha256: str, until: date | None, urgency: int | None) -> dict[str, Any]:
    only: dict[str, Any] = {}
    if since:
        only["submitted_at__gte"] = timezone.make_aware(datetime.combine(since, time()))
    if until:
        only["submitted_at__lt"] = timezone.make_aware(datetime.combine(until + timedelta(days=1), time()))
    if release_sha256:
        only["release__sha256"] = release_sha256
    if urgency:
        only["urgency"] = urgency
    return only


def what_it_holds(
    name: str,
    since: date | None,
    notes: bool,
    until: date | None = None,
    urgency: int | None = None,
    with_reviews: bool = False,
    r5: bool = False,
) -> str:
    """An export in words, for the access log."""
    parts = [
        name,
        "R5" if r5 else "",
        "with notes" if notes else "",
        "with reviews" if with_reviews else "",
        f"since {since}" if since else "",
        f"until {until}" if until else "",
        TriageSession.Urgency(urgency).label if urgency else "",
    ]
    return ", ".join(str(part) for part in parts if part)
