"""Leaving this device, and pages whose questions have left it."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from triage import actions
from triage.patient.keeping import keeping
from triage.patient.page import ready_for_next, visited
from triage.store import visit
from triage.store.rooms import room_of
from triage.store.visit import Visit

TO_CLEAR = '"cache", "storage"'  # of what a browser keeps, its pages for Back among it


@require_http_methods(["GET", "HEAD", "POST"])
@visited
@keeping
def leave(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """Ask once, since the way back ends; then the key goes, and the browser is asked to drop what it kept."""
    if request.method != "POST":
        sent = bool(open_visit.submitted_at)
        context = {"sent": sent, "may_delete": not sent and not open_visit.emergency_at and open_visit.begun}
        return render(request, "leave.html", {**context, "urgent_kept": not sent and open_visit.emergency_at})
    if not {"now", "delete"} & set(request.POST):
        return redirect("leave")
    deleted = "delete" in request.POST and actions.delete_unsent(open_visit)
    room = room_of(request)
    response = ready_for_next(room) if room else redirect("deleted" if deleted else "left")
    visit.forget(response)
    response.delete_cookie(settings.CSRF_COOKIE_NAME, path="/", samesite="Lax")
    response.headers["Clear-Site-Data"] = TO_CLEAR
    return response


@require_safe
@visited
def start_again(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The same question before new questions take the place of those that are open here."""
    return render(request, "start_again.html", {"sent": bool(open_visit.submitted_at)})


@require_safe
@visited
def not_open(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """What was pressed stood on a page of other questions than those that are open here."""
    context = {"begun": _moment(request.GET.get("begun", "")), "here_since": open_visit.started_at}
    return render(request, "not_open.html", context)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError:
        return None
