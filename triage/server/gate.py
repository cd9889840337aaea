"""What no page of ours sends, turned away before any page reads it."""

import re
from collections.abc import Callable
from functools import cache
from ipaddress import IPv6Address, ip_address
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.files.uploadhandler import FileUploadHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.http.request import split_domain_port
from django.urls import reverse

from triage.domain.plain import UNREAD, plain

METHODS = ("GET", "HEAD", "POST")
# Where programs come in, if the clinic lets any: see api/door.py.
MACHINES = ("/api/", "/fhir/")
CHARSETS = ("utf-8", "utf8")
REPLACEMENT = UNREAD  # what decoding puts in place of bytes that are not text
TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


class TooLarge(BadRequest):
    """A form that is too much to be read."""


class NoFile(FileUploadHandler):
    """Where no page asks for a file, none is read."""

    def new_file(self, *about: Any, **more: Any) -> None:
        raise TooManyFilesSent("no page of ours asks for a file here")


# As proxies write an address: in brackets, or with the port of the connection.
WITH_PORT = (re.compile(r"\[([^]]*)\](?::\d{1,5})?"), re.compile(r"([\d.]+):\d{1,5}"))
NETWORK = ~((1 << 64) - 1)  # of an IPv6 address: the half that a provider gives to one household


def address_of(request: HttpRequest) -> str | None:
    """Where a request comes from: as our own proxy wrote it, where there is one, and never as the sender did.

    Of IPv6 the network alone (the /64), since its other half is anybody's own to choose. None: nobody says where.
    """
    written = _forwarded(request)
    return read_address(request.META.get("REMOTE_ADDR", "") if written is None else written)


def _forwarded(request: HttpRequest) -> str | None:
    """What our proxy wrote: the last of the list, before which stands what the sender wrote."""
    if not settings.ENVIRONMENT.trust_proxy:
        return None
    written: str | None = request.META.get("HTTP_X_FORWARDED_FOR")
    return written.rstrip(", ").rpartition(",")[2] if written else None


def read_address(text: str) -> str | None:
    text = text.strip(' "')
    for form in WITH_PORT:
        if found := form.fullmatch(text):
            text = found[1]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Address(int(address) & NETWORK)
    return str(address)


class Request(WSGIRequest):
    """Django fails on a Content-Type that cannot be read, before there is a request to answer."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except ValueError:
            self.content_type, self.content_params = "", {}


class StaffTokenMiddleware:
    """The staff's forms have a token of their own: whoever signs in gets a new one, and a patient's page that is open
    in the same browser goes on with its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(reverse("admin:index")):
            return self.get_response(request)
        name, own = settings.CSRF_COOKIE_NAME, settings.STAFF_CSRF_COOKIE_NAME
        request.COOKIES.pop(name, None)
        if own in request.COOKIES:
            request.COOKIES[name] = request.COOKIES[own]
        response = self.get_response(request)
        if name in response.cookies:
            cookie = response.cookies.pop(name)
            cookie.set(own, cookie.value, cookie.coded_value)
            response.cookies[own] = cookie
        return response


class GateMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        if request.path in _probed() and settings.ALLOWED_HOSTS:
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].lstrip(".")
        # All whose address cannot be read would be counted as one.
        if _forwarded(request) and address_of(request) is None:
            raise BadRequest("X-Forwarded-For does not end in an address: see TRUST_PROXY")
        # Django reads a form in whatever encoding it names: in some of them half a sign is a sign.
        if (request.content_params or {}).get("charset", CHARSETS[0]).lower() not in CHARSETS:
            raise BadRequest("our pages are in UTF-8")
        # A cookie's value may hold any sign in quotes, NUL too, which PostgreSQL cannot be asked for.
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if value.isprintable()}
        if request.path.startswith(reverse("admin:index")) and is_elsewhere(request):
            raise Http404
        _read_plainly(request)
        return self.get_response(request)


def is_elsewhere(request: HttpRequest) -> bool:
    """Whether what is the clinic's own is asked for under a name that is not the clinic's."""
    if not settings.STAFF_HOST:
        return False
    return split_domain_port(request.get_host())[0] != settings.STAFF_HOST


@cache
def _probed() -> tuple[str, ...]:
    """What machines ask, under whatever name: a balancer's probe sends an address as its `Host`."""
    return reverse("healthz"), reverse("readyz")


@cache
def _takes_a_file() -> str:
    """The one address at which a page of ours asks for a file."""
    return reverse("admin:triage_release_upload")


def _read_plainly(request: HttpRequest) -> None:
    """What was sent with a form, as other programs can hold it too: see `plain`."""
    if request.method == "POST" and request.path != _takes_a_file():
        request.upload_handlers = [NoFile(request)]
    try:
        sent = request.POST
    except TOO_MUCH:
        # Anybody can send one: no fault of ours, as Django would enter it in the log.
        raise TooLarge("a form larger than any page of ours sends") from None
    except UnreadablePostError:  # the connection broke: the check of the form's token says so
        return
    cleaned = {name: [plain(value) for value in values] for name, values in sent.lists()}
    if any(cleaned[name] != values for name, values in sent.lists()):
        read = sent.copy()
        for name, values in cleaned.items():
            read.setlist(name, values)
        request.POST = cast(Any, read)  # whose type in the stubs is that of one that nobody may change
