"""The page on which a manager takes submissions out as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import cast

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from triage import actions
from triage.exports import BOM, FORMATS, chosen, what_it_holds
from triage.exports.fhir_questionnaire import as_text
from triage.exports.stream import Export
from triage.models import AccessEntry
from triage.store import releases

MAY_EXPORT = "triage.export_triagesession"
NAMES = {
    "submissions": "CSV, a row for each submission",
    "answers": "CSV, a row for each answer",
    "json": "JSON, a line for each submission",
    "fhir-responses": "FHIR R4, a QuestionnaireResponse for each submission",
}
QUESTIONNAIRE = "fhir-questionnaire"
OF_A_RELEASE = {QUESTIONNAIRE: "FHIR R4, the published questions as a Questionnaire: no patient’s data"}


class ExportForm(forms.Form):
    what = forms.ChoiceField(
        choices=list({**NAMES, **OF_A_RELEASE}.items()),
        widget=forms.RadioSelect,
        label="What to export",
        initial="submissions",
    )
    since = forms.DateField(
        required=False, label="Submitted on or after", widget=forms.DateInput(attrs={"type": "date"})
    )
    notes = forms.BooleanField(
        required=False, label="With what patients wrote in their own words, and their numbers"
    )
    purpose = forms.CharField(
        max_length=200, label="What it is for", help_text="The access log keeps it. Name no patient."
    )


def export_view(request: HttpRequest, context: dict[str, object]) -> HttpResponseBase:
    """Asks what to take out, and for a POST sends it, one submission after the other."""
    if not request.user.has_perm(MAY_EXPORT):
        raise PermissionDenied
    form = ExportForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context |= {"title": "Export submissions", "form": form}
        return TemplateResponse(request, "admin/triage/export.html", context)
    if form.cleaned_data["what"] == QUESTIONNAIRE:
        return _questionnaire(cast(User, request.user), form.cleaned_data["purpose"])
    return _file(cast(User, request.user), **form.cleaned_data)


def _questionnaire(user: User, purpose: str) -> HttpResponseBase:
    release = releases.current()
    detail = f"{QUESTIONNAIRE}: {purpose}"
    actions.note_access(
        AccessEntry.What.EXPORT, user.get_username(), timezone.now(), f"release {release}", detail
    )
    return HttpResponse(
        as_text(release),
        content_type="application/fhir+json; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="footpath-questionnaire-{release.sha256[:8]}.json"'
        },
    )


def _file(user: User, what: str, since: date | None, notes: bool, purpose: str) -> HttpResponseBase:
    detail = f"{what_it_holds(what, since, notes)}: {purpose}"
    actions.note_access(AccessEntry.What.EXPORT, user.get_username(), timezone.now(), "submissions", detail)
    form = FORMATS[what]
    texts: Iterator[str] = iter(Export(form, chosen(since), notes=notes))
    name = f"footpath-{what}-{timezone.localdate():%Y-%m-%d}.{form.ending}"
    return StreamingHttpResponse(
        chain([BOM], texts) if form.ending == "csv" else texts,
        content_type=f"{form.media_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
