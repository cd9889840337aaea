"""Pages for when something went wrong. Each carries the emergency advice and needs no database and no session."""

from __future__ import annotations

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from triage.models import Clinic

RETRY_AFTER = "10"  # seconds


class LastKnown:
    """The emergency number as it was last read from the settings, for pages that cannot ask the database."""

    emergency_number: str = Clinic._meta.get_field("emergency_number").get_default()


# The pages by their address.
TEMPLATES = {
    "bad-request": (400, "400.html"),
    "forbidden": (403, "403.html"),
    "not-from-here": (403, "403_csrf.html"),
    "not-found": (404, "404.html"),
    "failed": (500, "500.html"),
    "closed": (503, "503.html"),
}


def error_page(name: str) -> HttpResponse:
    status, template = TEMPLATES[name]
    number = LastKnown.emergency_number
    context = {"emergency_number": number, "clinic": {"emergency_number": number}}
    response = HttpResponse(render_to_string(template, context), status=status)
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    response.error_page = name  # type: ignore[attr-defined]
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page("bad-request")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page("forbidden")


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's CSRF check failed: an old page, or cookies are off."""
    return error_page("not-from-here")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page("not-found")


def failed(request: HttpRequest) -> HttpResponse:
    return error_page("failed")


@require_safe
def problem(request: HttpRequest, name: str) -> HttpResponse:
    """What went wrong with a form that was sent; see the middleware below."""
    return error_page(name if name in TEMPLATES else "not-found")


class Middleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class NothingSentStaysMiddleware(Middleware):
    """Lead a patient whose form met an error on to the error's page.

    As long as a page that answers a form is in a browser's list of open pages, what was sent with the form is on
    the disk with it, whatever the headers say. After a redirect it is not.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        name = getattr(response, "error_page", None)
        if name and request.method == "POST" and not request.path.startswith(reverse("admin:index")):
            return redirect("problem", name)
        return response


class DatabaseDownMiddleware(Middleware):
    """Answer honestly while the database is away: nothing was stored, try again, and the emergency advice."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return error_page("closed") if isinstance(exception, OperationalError | InterfaceError) else None
