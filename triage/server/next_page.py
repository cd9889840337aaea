"""A form that our script sent is answered by the page that it leads to: one way there and back in place of two.

A browser keeps what was sent with the page that answers a form (adr/0016), nothing of what a script sent (adr/0032).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware

# By this header the script asks for the next page; in it the answer says which page it is.
NEXT_PAGE = "Next-Page"
# By this one it says which page it shows already (adr/0034): where a form leads to just that, nothing is sent anew.
MARK = "Page-Mark"


class NextPageMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if NEXT_PAGE not in request.headers:
            return response
        if MARK in request.headers and response.headers.get(MARK) == request.headers[MARK]:
            return _nothing_new(response)
        if address := _leads_to(response):
            sent_along = response.cookies
            response = self.get_response(_followed(request, response, address))
            for name, cookie in sent_along.items():
                response.cookies.setdefault(name, cookie)
            response.headers[NEXT_PAGE] = address
        # How long a compressed page is can tell its secrets to somebody who has it made with other things in it, again
        # and again. No other site can have this one made: it takes the header, and the form's token.
        return cast(HttpResponse, GZipMiddleware(self.get_response).process_response(request, response))


def _nothing_new(response: HttpResponse) -> HttpResponse:
    empty = HttpResponse(status=204)
    empty.cookies = response.cookies
    return empty


def _leads_to(response: HttpResponse) -> str:
    """A page of ours, if the answer says nothing else that the browser has to do."""
    address: str = response.headers.get("Location", "")
    ours = address.startswith("/") and not address.startswith("//")
    return address if ours and "Clear-Site-Data" not in response.headers else ""


def _followed(request: HttpRequest, response: HttpResponse, address: str) -> HttpRequest:
    """The request by which this browser would follow."""
    path, query = urlsplit(address).path, urlsplit(address).query
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": unquote(path), "QUERY_STRING": query}
    nothing = {"CONTENT_LENGTH": "0", "wsgi.input": io.BytesIO()}
    as_asked: Any = type(request)  # Django's for WSGI, or ours
    followed: HttpRequest = as_asked({**request.META, **asked, **nothing})
    given = {name: cookie.value for name, cookie in response.cookies.items()}
    followed.COOKIES = {name: value for name, value in (request.COOKIES | given).items() if value}
    return followed
