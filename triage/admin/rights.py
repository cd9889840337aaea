"""What patients have a right to: all that is held about them, and that it is deleted. For managers, with a reason."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from triage import actions
from triage.exports import disclosure
from triage.models import AccessEntry
from triage.store import retention
from triage.store.family import as_reference, family
from triage.store.records import RecordAltered

MAY_ANSWER = "triage.rights_triagesession"
STEPS = {
    "text": "All that is held, to read",
    "json": "All that is held, as data (JSON)",
    "erase": "Delete it",
}
KINDS = {"text": ("txt", "text/plain"), "json": ("json", "application/json")}
UNKNOWN = "No submission has this code. It stands on the patient’s result and has 6 letters and numbers."
ALTERED = "The record of {} is not what was handed in, so it was not deleted. Have verify_store run first."


class RightsForm(forms.Form):
    code = forms.CharField(
        max_length=20,
        label="Code",
        help_text="Of the submission, from the patient’s result. Its corrections and its invitation belong to it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    step = forms.ChoiceField(choices=list(STEPS.items()), widget=forms.RadioSelect, label="What they ask for")
    reason = forms.CharField(
        max_length=200,
        label="Who asked, and when",
        help_text="And how you know that it is they. The access log keeps it. Name no patient.",
    )

    def clean_code(self) -> str:
        reference = as_reference(self.cleaned_data["code"])
        if not family(reference):
            raise forms.ValidationError(UNKNOWN)
        return reference


def rights_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Asks for the code and the reason; then hands out a file, or deletes once that was confirmed."""
    if not request.user.has_perm(MAY_ANSWER):
        raise PermissionDenied
    form = RightsForm(request.POST if request.method == "POST" else None, initial={"step": "text"})
    context |= {"title": "Patients’ rights", "form": form}
    if form.is_valid():
        chosen = form.cleaned_data
        if chosen["step"] != "erase":
            return _file(request, **chosen)
        context |= _erased(request, **chosen) if "now" in request.POST else _to_confirm(chosen["code"])
    return TemplateResponse(request, "admin/triage/rights.html", context)


def _file(request: HttpRequest, code: str, step: str, reason: str) -> HttpResponse:
    found = disclosure.held(code)
    who = cast(User, request.user).get_username()
    detail = f"{STEPS[step]}: {reason}"
    actions.note_access(AccessEntry.What.EXPORT, who, timezone.now(), code, detail)
    ending, media_type = KINDS[step]
    return HttpResponse(
        disclosure.as_json(found) if step == "json" else disclosure.as_text(found),
        content_type=f"{media_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="footpath-{code}.{ending}"'},
    )


def _to_confirm(code: str) -> dict[str, Any]:
    return {"going": [session.reference for session in family(code)]}


def _erased(request: HttpRequest, code: str, step: str, reason: str) -> dict[str, Any]:
    try:
        count = actions.erase(code, cast(User, request.user).get_username(), reason, timezone.now())
    except RecordAltered as altered:
        return {"refused": ALTERED.format(altered)}
    retention.forget_on_disk()
    return {"erased": count, "form": RightsForm(initial={"step": "text"})}
