"""API tokens, for managers: which programs come in, making a token, and ending one."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from triage import actions
from triage.models import ApiToken
from triage.models.tokens import NAME
from triage.store import tokens
from triage.store.labels import visible

MOST_SHOWN = 200  # the newest
DAYS, LONGEST = 90, timedelta(days=365)  # proposed; and at most


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=NAME,
        label="Name of the program",
        help_text="Stands in the access log, and on the sheet of what comes in by it. Each name is used once.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Write which program it is for."},
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick what the program may do."},
    )
    until = forms.DateField(
        label="Works until the end of",
        help_text="At most a year from today.",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Say when it ends."},
    )

    def __init__(self, user: User, now: datetime, data: Any = None) -> None:
        super().__init__(data, initial={"until": timezone.localdate(now) + timedelta(days=DAYS)})
        self.now = now
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.value, f"{scope.label} ({scope.value})")
            for scope in ApiToken.Scope
            if user.has_perm(tokens.RIGHTS[scope])
        ]

    def clean_name(self) -> str:
        name: str = visible(self.cleaned_data["name"])
        if not name or not name.isprintable():
            raise forms.ValidationError("Some signs in it cannot be read. Type it again.")
        return name

    def clean_until(self) -> datetime:
        until: date = self.cleaned_data["until"]
        if until < timezone.localdate(self.now):
            raise forms.ValidationError("This day is over. Check the date.")
        if until > timezone.localdate(self.now) + LONGEST:
            raise forms.ValidationError("This is more than a year from now. Check the year.")
        return actions.end_of_day(timezone.make_aware(datetime.combine(until, time())))


def tokens_view(request: HttpRequest) -> HttpResponse:
    """The tokens there are; a POST makes one, which the answer alone shows, or revokes one."""
    if not settings.API:
        raise Http404
    if not request.user.has_perm(tokens.MAY_MANAGE):
        raise PermissionDenied
    user, now = cast(User, request.user), timezone.now()
    form, written = TokenForm(user, now), ""
    if request.method == "POST":
        if "make" not in request.POST:
            return _revoke(request, now)
        form = TokenForm(user, now, request.POST)
        written = _make(form, user, now)
    context = {
        **admin.site.each_context(request),
        "title": "API tokens",
        "form": TokenForm(user, now) if written else form,
        "written": written,
        "name": form.cleaned_data["name"] if written else "",
        "rows": _rows(now),
    }
    return TemplateResponse(request, "admin/triage/clinic/tokens.html", context)


def _make(form: TokenForm, user: User, now: datetime) -> str:
    """The new token as it is written; "" where there is none."""
    if not form.is_valid():
        return ""
    wanted = form.cleaned_data
    try:
        return actions.make_token(wanted["name"], wanted["scopes"], wanted["until"], user, now)[1]
    except IntegrityError:
        form.add_error("name", "There is a token of this name, or there was. Take another name.")
        return ""


def _revoke(request: HttpRequest, now: datetime) -> HttpResponse:
    pk = next((name.removeprefix("revoke-") for name in request.POST if name.startswith("revoke-")), "")
    try:
        token = actions.revoke_token(
            int(pk) if pk.isdecimal() and len(pk) < 10 else 0, request.user.get_username(), now
        )
        messages.success(request, f"{token.name}: revoked. It opens nothing from now on.")
    except ApiToken.DoesNotExist:
        messages.error(request, "This token was revoked already.")
    return redirect(request.path)


def _rows(now: datetime) -> list[dict[str, Any]]:
    found = ApiToken.objects.select_related("made_by")[:MOST_SHOWN]
    return [{"token": token, "dead": tokens.dead(token, now)} for token in found]
