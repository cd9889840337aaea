"""The result, from the frozen record and nothing else; the same as text to take along; and its correction."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from triage import actions
from triage.models import TriageSession
from triage.patient.page import post_only, to_position, visited
from triage.store import visit
from triage.store.codes import way_back
from triage.store.prepared import Prepared
from triage.store.records import open_record
from triage.store.visit import Visit
from triage.store.words import clinic_text, result_context

RECORD = Prepared(
    TriageSession.objects.filter(reference=""),
    ["id", "reference", "return_hash", "return_until", "record", "record_sha256", "record_number"],
)


@require_safe
@visited
def result(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The result, from the frozen record and nothing else; and beside it how to come back to it."""
    session = _handed_in(open_visit)
    if session is None:
        return to_position(open_visit)
    record = open_record(session)
    translation.activate(record["language"])
    today = {
        "today": True,
        "read_by": open_visit.clinic.read_by,
        "way_back": way_back(request, session, visit.key_of(request), timezone.now()),
    }
    return render(request, "result.html", {**result_context(record), **today})


def _handed_in(open_visit: Visit) -> TriageSession | None:
    """What was handed in. Until a correction is handed in, that is what it corrects."""
    reference = open_visit.reference if open_visit.submitted_at else open_visit.corrects
    return RECORD.first(reference) if reference else None


@require_safe
@visited
def copy(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The same result in the words for staff, as plain text to take along."""
    session = _handed_in(open_visit)
    if session is None:
        return to_position(open_visit)
    return render(request, "copy.html", {"text": clinic_text(open_record(session))})


@post_only
@visited
def keep_open(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The patient's own device: the result stays open on it for a day."""
    response = to_position(open_visit)
    if open_visit.submitted_at:
        until = timezone.now() + visit.OWN_DEVICE
        actions.keep_open(open_visit.pk, until)
        visit.remember(response, visit.key_of(request), until)
    return response


@post_only
@visited
def correct(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """Begin a correction: this browser goes on with a copy of the answers; what was handed in stays."""
    if not open_visit.submitted_at:
        return to_position(open_visit)
    response = redirect("check")
    visit.remember(response, actions.correct(open_visit.pk, open_visit.language, timezone.now()))
    return response
