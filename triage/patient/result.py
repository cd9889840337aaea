"""The result, from the frozen record and nothing else; the same as text to take along; and its correction."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from triage import actions
from triage.models import TriageSession
from triage.patient.page import post_only, to_position, visited
from triage.store import visit
from triage.store.prepared import Prepared
from triage.store.records import open_record
from triage.store.visit import Visit
from triage.store.words import clinic_text, result_context

RECORD = Prepared(
    TriageSession.objects.filter(reference=""),
    ["id", "reference", "record", "record_sha256", "record_number"],
)


@require_safe
@visited
def result(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The result, from the frozen record and nothing else."""
    record = _record(open_visit)
    if record is None:
        return to_position(open_visit)
    translation.activate(record["language"])
    return render(request, "result.html", result_context(record))


def _record(open_visit: Visit) -> dict[str, Any] | None:
    """The record of what was handed in. Until a correction is handed in, that is what it corrects."""
    reference = open_visit.reference if open_visit.submitted_at else open_visit.corrects
    return open_record(RECORD.first(reference)) if reference else None


@require_safe
@visited
def copy(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The same result in the words for staff, as plain text to take along."""
    record = _record(open_visit)
    if record is None:
        return to_position(open_visit)
    return render(request, "copy.html", {"text": clinic_text(record)})


@post_only
@visited
def correct(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """Begin a correction: this browser goes on with a copy of the answers; what was handed in stays."""
    if not open_visit.submitted_at:
        return to_position(open_visit)
    response = redirect("check")
    visit.remember(response, actions.correct(open_visit.pk, open_visit.language, timezone.now()))
    return response
