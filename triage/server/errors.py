"""Pages for when something went wrong. Each carries the emergency advice and needs no database and no session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language_from_request
from django.views.decorators.http import require_safe

from triage.models import Clinic
from triage.server import next_page
from triage.server.gate import TooLarge
from triage.server.meters import meters
from triage.server.request_number import current

RETRY_AFTER = "10"  # seconds


class LastKnown:
    """What was last read of the clinic's settings, for pages that cannot ask the database."""

    emergency_number: str = Clinic._meta.get_field("emergency_number").get_default()
    languages: Sequence[str] = ()  # that it offers; none: all


def learn(clinic: Clinic) -> None:
    LastKnown.emergency_number, LastKnown.languages = clinic.emergency_number, tuple(clinic.languages)


# The pages by their address.
TEMPLATES = {
    "bad-request": (400, "400.html"),
    "too-large": (413, "413.html"),
    "forbidden": (403, "403.html"),
    "not-from-here": (403, "403_csrf.html"),
    "not-found": (404, "404.html"),
    "failed": (500, "500.html"),
    "closed": (503, "503.html"),
    "refused": (400, "refused.html"),
}

OUR_FAULT = ("failed", "closed")


def languages_for(request: HttpRequest | None) -> list[tuple[str, Any]]:
    """The language of the pages in this browser; where it says nothing, every one that the clinic offers."""
    offered = [each for each in settings.LANGUAGES if each[0] in (LastKnown.languages or each)]
    if request is None or not (
        request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) or request.META.get("HTTP_ACCEPT_LANGUAGE")
    ):
        return offered
    language = get_language_from_request(request)
    return [each for each in offered if each[0] == language] or offered


def error_page(name: str, request: HttpRequest | None = None, *, request_number: str = "") -> HttpResponse:
    """`request_number`: of the one that failed, for whoever looks into it."""
    status, template = TEMPLATES[name]
    number = LastKnown.emergency_number
    context = {
        "emergency_number": number,
        "clinic": {"emergency_number": number},
        "languages": languages_for(request),
        "request_number": request_number,
    }
    response = HttpResponse(render_to_string(template, context), status=status)
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    response.error_page = name  # type: ignore[attr-defined]
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page("too-large" if isinstance(exception, TooLarge) else "bad-request", request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page("forbidden", request)


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's CSRF check failed: an old page, or cookies are off."""
    return error_page("not-from-here", request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page("not-found", request)


def failed(request: HttpRequest) -> HttpResponse:
    meters.went_wrong("ours")
    return error_page("failed", request, request_number=current.get())


@require_safe
def problem(request: HttpRequest, name: str) -> HttpResponse:
    """What went wrong with a form that was sent; see the middleware below."""
    # Where our script asks, this page is part of the request that failed; where a redirect leads here, of another.
    number = current.get() if next_page.NEXT_PAGE in request.headers and name in OUR_FAULT else ""
    return error_page(name if name in TEMPLATES else "not-found", request, request_number=number)


class Middleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class NothingSentStaysMiddleware(Middleware):
    """Lead a patient whose form met an error on to the error's page; no refusal is an empty page.

    As long as a page that answers a form is in a browser's list of open pages, what was sent with the form is on
    the disk with it, whatever the headers say. After a redirect it is not.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        name = getattr(response, "error_page", None)
        if response.status_code == 405 and not response.content:
            response.content = error_page("bad-request", request).content
        if name and request.method == "POST" and not request.path.startswith(reverse("admin:index")):
            return redirect("problem", name)
        return response


class DatabaseDownMiddleware(Middleware):
    """Answer honestly while the database is away: nothing was stored, try again, and the emergency advice."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        meters.went_wrong("database")
        return error_page("closed", request, request_number=current.get())
