"""Saving for later, opening a code (of a saved session, or of an invitation), and saying "I am still here"."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import ceil

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from triage import actions
from triage.models import TriageSession
from triage.patient.forms import ReturnForm
from triage.patient.keeping import keep_as_draft, keeping
from triage.patient.page import post_only, published, remember_language, to_position, visited
from triage.patient.questionnaire import page_ahead
from triage.server.gate import address_of
from triage.server.next_page import NEXT_PAGE
from triage.store import codes, visit
from triage.store.rooms import mark_of
from triage.store.visit import Visit


@require_http_methods(["GET", "HEAD", "POST"])
@visited
@keeping
def save(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """A code to come back with. Looking at it again, or reloading, changes nothing."""
    key, now = visit.key_of(request), timezone.now()
    if open_visit.room and not open_visit.submitted_at:  # what is not sent ends with the person's turn
        return to_position(open_visit)
    if request.method == "POST" and open_visit.answers:
        actions.save_for_later(open_visit, key, now, anew="anew" in request.POST)
        return redirect("save")
    session = TriageSession.objects.only("return_hash", "return_until").get(pk=open_visit.pk)
    found = codes.way_back(request, session, key, now)
    if not found:
        return to_position(open_visit)
    urgent = open_visit.decision.urgency == "emergency"
    return render(
        request, "save.html", {"way_back": found, "urgent": urgent, "sent": open_visit.submitted_at}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def come_back(request: HttpRequest) -> HttpResponse:
    """Where the code is typed, or filled in from the link; opening the page alone changes nothing."""
    published(request)
    form = ReturnForm(request.POST if request.method == "POST" else None)
    try:
        opened = _open(form, request)
    except actions.InvitationOver as over:
        return render(request, "invitation_over.html", {"state": over.state}, status=410)
    if opened is None:
        status = 429 if form.has_error("code", "too-many") else 200
        return render(request, "return.html", {"form": form}, status=status)
    # What was begun leads on at once, unless there is an emergency, which has to be seen on this device too.
    response = redirect("emergency" if opened.session.last_sequence else "home")
    remember_language(response, opened.session.language)
    visit.remember(response, opened.key)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def lost_sign(request: HttpRequest, rest: str) -> HttpResponse:
    """A mail program has made a path of what stood behind the "#": it goes back there, or the code is typed."""
    code = codes.read_code(rest)
    return HttpResponseRedirect(reverse("return") + (f"#{code}" if code else ""))


def _open(form: ReturnForm, request: HttpRequest) -> actions.Opened | None:
    """What the code that was sent opens; or None, and the form says why."""
    if not form.is_valid():
        return None
    try:
        opened = actions.open_code(
            form.cleaned_data["code"],
            address_of(request),
            timezone.now(),
            visit.key_of(request),
            mark_of(request),
        )
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
    """The person is still there: keep what stands on the page. How long until the pages would close now.

    A script that asks for it is given the page that what is kept would lead to (adr/0034).
    """
    keep_as_draft(request, open_visit)
    now = timezone.now()
    actions.stay(open_visit.pk, now)
    still_open = replace(open_visit, last_active_at=now)
    ahead = page_ahead(request, still_open) if NEXT_PAGE in request.headers else None
    response = ahead or HttpResponse(content_type="text/plain")
    response.headers["Seconds-Left"] = f"{still_open.seconds_left(now)}"
    return response
