"""What no page of ours sends, turned away before any page reads it."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

METHODS = ("GET", "HEAD", "POST")
CHARSETS = ("utf-8", "utf8")
REPLACEMENT = "\ufffd"  # what decoding puts in place of bytes that are not text


def address_of(request: HttpRequest) -> str | None:
    """Where a request comes from: as our own proxy wrote it, where there is one, and never as the sender did."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.ENVIRONMENT.trust_proxy:
        address = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2]
    try:
        return str(ip_address(address.strip().partition("%")[0]))
    except ValueError:
        return None


class Request(WSGIRequest):
    """Django fails on a Content-Type that cannot be read, before there is a request to answer."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except ValueError:
            self.content_type, self.content_params = "", {}


class GateMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        # Django reads a form in whatever encoding it names: in some of them half a sign is a sign.
        if (request.content_params or {}).get("charset", CHARSETS[0]).lower() not in CHARSETS:
            raise BadRequest("our pages are in UTF-8")
        # A cookie's value may hold any sign in quotes, NUL too, which PostgreSQL cannot be asked for.
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if value.isprintable()}
        return self.get_response(request)
