"""The page on which a manager sees how the questionnaire fares: pictures and tables of counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from triage import actions
from triage.admin.overview.charts import FEW
from triage.admin.overview.counts import MOST_DAYS, USUAL_DAYS, Overview
from triage.models import AccessEntry
from triage.store import releases

MAY_SEE = "triage.overview_triagesession"
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
EARLIEST, LATEST, MOST = date(2000, 1, 1), date(2099, 12, 31), timedelta(days=MOST_DAYS)


class RangeForm(forms.Form):
    first = forms.DateField(label="First day", widget=DATE)
    last = forms.DateField(label="Last day", widget=DATE)
    demo = forms.BooleanField(required=False, label="Made-up submissions only")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and not (EARLIEST <= first <= last <= LATEST and last - first < MOST):
            raise forms.ValidationError(
                f"Choose at most {MOST_DAYS} days of this century, and a last day that is not before the first."
            )
        return cleaned


def overview_view(request: HttpRequest, context: dict[str, object]) -> HttpResponse:
    """The last days, or those asked for."""
    if not request.user.has_perm(MAY_SEE):
        raise PermissionDenied
    usual = _usual(timezone.localdate())
    asked = {name: request.GET[name] for name in RangeForm.base_fields if name in request.GET}
    form = RangeForm({**usual, **asked})
    context |= {"title": "Overview", "form": form, "few": FEW}
    if form.is_valid():
        content = releases.content(releases.current().sha256, settings.LANGUAGE_CODE)
        context["overview"] = overview = Overview(content=content, **form.cleaned_data)
        user = cast(User, request.user)
        days = f"{overview.first} to {overview.last}"
        actions.note_access(AccessEntry.What.VIEW, user.get_username(), timezone.now(), "overview", days)
    return TemplateResponse(request, "admin/triage/overview.html", context)


def _usual(today: date) -> dict[str, date]:
    return {"first": today - timedelta(days=USUAL_DAYS - 1), "last": today}
