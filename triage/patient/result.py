"""The result, from the frozen record; the same as a PDF or as text to take along; and its correction."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from triage import actions
from triage.domain.loading import ContentError
from triage.models import TriageSession
from triage.patient.page import post_only, to_position, visited
from triage.patient.paper import result_pdf
from triage.store import visit
from triage.store.codes import way_back
from triage.store.records import in_language, open_record
from triage.store.visit import Visit
from triage.store.words import clinic_text, result_context


@require_safe
@visited
def result(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The result, from the frozen record, in the language of the pages; and beside it how to come back to it."""
    session = _handed_in(open_visit)
    if session is None:
        return to_position(open_visit)
    record = _as_read(open_visit, session)
    translation.activate(record["language"])
    today = {
        "today": True,
        "read_by": open_visit.clinic.read_by,
        "appointment_at": open_visit.appointment_at,
        "way_back": way_back(request, session, visit.key_of(request), timezone.now()),
    }
    return render(request, "result.html", {**result_context(record), **today})


def _as_read(open_visit: Visit, session: TriageSession) -> dict[str, Any]:
    """The record in the language of the pages. Where its release can no longer be read, as it was sent."""
    record = open_record(session)
    try:
        return in_language(record, open_visit.language)
    except ContentError:
        return record


def _handed_in(open_visit: Visit) -> TriageSession | None:
    """What was handed in. Until a correction is handed in, that is what it corrects."""
    reference = open_visit.reference if open_visit.submitted_at else open_visit.corrects
    return TriageSession.objects.get(reference=reference) if reference else None


@require_safe
@visited
def copy(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The same result in the words for staff, as plain text to take along; not on a clipboard that others find."""
    session = _handed_in(open_visit)
    if session is None or open_visit.room:
        return to_position(open_visit)
    return render(request, "copy.html", {"text": clinic_text(open_record(session))})


@require_safe
@visited
def pdf(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The same result as a PDF, for browsers that cannot print; not on a device that others use next."""
    session = _handed_in(open_visit)
    if session is None or open_visit.room:
        return to_position(open_visit)
    made = result_pdf(_as_read(open_visit, session))
    headers = {
        "Content-Disposition": f'attachment; filename="{slugify(_("Your result"))}-{session.reference}.pdf"'
    }
    return HttpResponse(made, content_type="application/pdf", headers=headers)


@post_only
@visited
def keep_open(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The patient's own device: the result stays open on it for a day."""
    response = to_position(open_visit)
    if open_visit.submitted_at and not open_visit.room:
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
    try:
        key = actions.correct(open_visit.pk, open_visit.language, timezone.now())
    except actions.CorrectedOften:
        return redirect("corrected-often")
    response = redirect("check")
    visit.remember(response, key)
    return response
