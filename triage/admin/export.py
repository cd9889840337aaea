"""The page on which a manager takes submissions out as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from triage import actions
from triage.exports import BOM, FHIR, FORMATS, export, reviewed, reviews, what_it_holds
from triage.exports.fhir_questionnaire import as_text
from triage.models import AccessEntry, TriageSession
from triage.store import releases

MAY_EXPORT = "triage.export_triagesession"
NAMES = {
    "submissions": "CSV, a row for each submission",
    "answers": "CSV, a row for each answer",
    "json": "JSON, a line for each submission",
    "fhir-responses": "FHIR R4, a QuestionnaireResponse for each submission",
    "fhir-bundles": "FHIR R4, a transaction for each submission: answers, decision, task",
}
REVIEWS = "reviews"
MAY_EXPORT_REVIEWS = "triage.export_reviews"
OF_REVIEWS = {
    REVIEWS: "CSV, a row for each submission with its review: state, who and when, outcomes, findings, label"
}
QUESTIONNAIRE = "fhir-questionnaire"
OF_A_RELEASE = {QUESTIONNAIRE: "FHIR R4, the published questions as a Questionnaire: no patient’s data"}


class ExportForm(forms.Form):
    what = forms.ChoiceField(
        choices=list({**NAMES, **OF_REVIEWS, **OF_A_RELEASE}.items()),
        widget=forms.RadioSelect,
        label="What to export",
        initial="submissions",
    )
    since = forms.DateField(
        required=False, label="Submitted on or after", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="Submitted on or before", widget=forms.DateInput(attrs={"type": "date"})
    )
    urgency = forms.TypedChoiceField(
        required=False,
        choices=[("", "all"), *TriageSession.Urgency.choices],
        coerce=int,
        empty_value=None,
        label="Urgency",
    )
    notes = forms.BooleanField(
        required=False, label="With what patients wrote in their own words, and their numbers"
    )
    with_reviews = forms.BooleanField(
        required=False,
        label="With the review, label and appointment of each",
    )
    r5 = forms.BooleanField(required=False, label="FHIR in its release R5")
    purpose = forms.CharField(
        max_length=200, label="What it is for", help_text="The access log keeps it. Name no patient."
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("with_reviews") and cleaned.get("what") == QUESTIONNAIRE:
            self.add_error(
                "with_reviews", "The questions have no reviews: untick this, or choose submissions."
            )
        if cleaned.get("r5") and cleaned.get("what") not in (*FHIR, QUESTIONNAIRE):
            self.add_error("r5", "This is no FHIR: untick it, or choose a file that is.")
        return cleaned


def export_view(request: HttpRequest, context: dict[str, object]) -> HttpResponseBase:
    """Asks what to take out, and for a POST sends it, one submission after the other."""
    if not request.user.has_perm(MAY_EXPORT):
        raise PermissionDenied
    form = ExportForm(request.POST if request.method == "POST" else None)
    if not request.user.has_perm(MAY_EXPORT_REVIEWS):
        what = form.fields["what"]
        what.choices = [choice for choice in what.choices if choice[0] != REVIEWS]  # type: ignore[attr-defined]
        del form.fields["with_reviews"]
    if not form.is_valid():
        context |= {"title": "Export submissions", "form": form}
        return TemplateResponse(request, "admin/triage/export.html", context)
    if form.cleaned_data["what"] == QUESTIONNAIRE:
        return _questionnaire(
            cast(User, request.user), form.cleaned_data["purpose"], r5=form.cleaned_data["r5"]
        )
    return _file(cast(User, request.user), **form.cleaned_data)


def _questionnaire(user: User, purpose: str, *, r5: bool) -> HttpResponseBase:
    release = releases.current()
    detail = f"{QUESTIONNAIRE}{', R5' if r5 else ''}: {purpose}"
    actions.note_access(
        AccessEntry.What.EXPORT, user.get_username(), timezone.now(), f"release {release}", detail
    )
    return HttpResponse(
        as_text(release, r5=r5),
        content_type="application/fhir+json; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="footpath-questionnaire-{release.sha256[:8]}.json"'
        },
    )


def _file(
    user: User,
    what: str,
    since: date | None,
    until: date | None,
    urgency: int | None,
    notes: bool,
    purpose: str,
    r5: bool,
    with_reviews: bool = False,
) -> HttpResponseBase:
    detail = f"{what_it_holds(what, since, notes, until, urgency, with_reviews, r5)}: {purpose}"
    actions.note_access(AccessEntry.What.EXPORT, user.get_username(), timezone.now(), "submissions", detail)
    texts: Iterator[str]
    if what == REVIEWS:
        ending, media_type, texts = "csv", "text/csv", reviews.lines(reviewed(since, until, urgency))
    else:
        form = FORMATS[what]
        ending, media_type = form.ending, form.media_type
        texts = iter(export(what, since, until, urgency, notes=notes, with_reviews=with_reviews, r5=r5))
    name = f"footpath-{what}-{timezone.localdate():%Y-%m-%d}.{ending}"
    return StreamingHttpResponse(
        chain([BOM], texts) if ending == "csv" else texts,
        content_type=f"{media_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
