"""A number for each request: in the lines of the log that it causes, and on the error page for whoever tells of it."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
A_PROXYS = re.compile(r"[\w-]{8,64}", re.ASCII)
current: ContextVar[str] = ContextVar("request number", default="")


class RequestNumberMiddleware:
    """Comes first: a form and the page it leads to, where one request brings both, have one number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = _given(request) or secrets.token_hex(4)  # short enough to be said
        request.number = number  # type: ignore[attr-defined]
        before = current.set(number)
        try:
            return self.get_response(request)
        finally:
            current.reset(before)


def _given(request: HttpRequest) -> str:
    """The one in our proxy's own log, if it gives one."""
    number = request.headers.get(HEADER, "") if settings.ENVIRONMENT.trust_proxy else ""
    return number if A_PROXYS.fullmatch(number) else ""


def of_record(record: logging.LogRecord) -> str:
    """Django tells of an answer when the middleware is done; it says of which request."""
    number: str = getattr(getattr(record, "request", None), "number", "") or current.get()
    return number
