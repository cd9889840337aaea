"""Pages for when something went wrong. Each carries the emergency advice and needs no database and no session."""

from __future__ import annotations

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from triage.models import Clinic

RETRY_AFTER = "10"  # seconds


class LastKnown:
    """The emergency number as it was last read from the settings, for pages that cannot ask the database."""

    emergency_number: str = Clinic._meta.get_field("emergency_number").get_default()


def error_page(status: int, template: str = "") -> HttpResponse:
    number = LastKnown.emergency_number
    context = {"emergency_number": number, "clinic": {"emergency_number": number}}
    return HttpResponse(render_to_string(template or f"{status}.html", context), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(403)


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's CSRF check failed: an old page, or cookies are off."""
    return error_page(403, "403_csrf.html")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(404)


def failed(request: HttpRequest) -> HttpResponse:
    return error_page(500)


class DatabaseDownMiddleware:
    """Answer honestly while the database is away: nothing was stored, try again, and the emergency advice."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        response = error_page(503)
        response.headers["Retry-After"] = RETRY_AFTER
        return response
