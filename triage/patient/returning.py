"""Saving for later, opening a code (of a saved session, or of an invitation), and saying "I am still here"."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import ceil

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from triage import actions
from triage.patient.forms import ReturnForm
from triage.patient.language import remember_language
from triage.patient.page import post_only, published, visited
from triage.server.gate import address_of
from triage.store import visit
from triage.store.codes import carried
from triage.store.visit import Visit


@post_only
@visited
def save(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """A code to come back with. It is stored as a hash, so this answer is the only place that ever shows it."""
    code, until = actions.save_for_later(open_visit, timezone.now())
    shown = carried(request, code)
    context = {
        "code": shown.grouped,
        "until": until,
        "address": shown.address,
        "link": shown.link,
        "picture": shown.picture,
        "urgent": open_visit.decision.urgency == "emergency",
    }
    return render(request, "save.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def come_back(request: HttpRequest) -> HttpResponse:
    """Where the code is typed, or filled in from the link; opening the page alone changes nothing."""
    content = published(request)
    form = ReturnForm(request.POST if request.method == "POST" else None)
    try:
        opened = _open(form, address_of(request))
    except actions.InvitationOver as over:
        under_way = visit.find(visit.key_of(request), content.language)
        context = {"state": over.state, "begun": under_way and not under_way.expired(timezone.now())}
        return render(request, "invitation_over.html", context, status=410)
    if opened is None:
        status = 429 if form.has_error("code", "too-many") else 200
        return render(request, "return.html", {"form": form}, status=status)
    # A saved session leads on at once unless there is an emergency, which has to be seen on this device too.
    response = redirect("home" if opened.language else "emergency")
    if opened.language:
        remember_language(response, opened.language)
    visit.remember(response, opened.key)
    return response


def _open(form: ReturnForm, address: str | None) -> actions.Opened | None:
    """What the code that was sent opens; or None, and the form says why."""
    if not form.is_valid():
        return None
    try:
        opened = actions.open_code(form.cleaned_data["code"], address, timezone.now())
    except actions.TooManyCodes as too_many:
        minutes = {"minutes": ceil(too_many.wait / timedelta(minutes=1))}
        form.add_error("code", ValidationError(form.TOO_MANY, code="too-many", params=minutes))
        return None
    if opened is None:
        form.add_error("code", form.UNKNOWN)
    return opened


@post_only
@visited
def stay(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The person is still there: the seconds until the pages would close now."""
    now = timezone.now()
    actions.stay(open_visit.pk, now)
    still_open = replace(open_visit, last_active_at=now)
    return HttpResponse(f"{still_open.seconds_left(now)}", content_type="text/plain")
