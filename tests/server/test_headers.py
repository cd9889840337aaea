"""The headers of every page, to the letter: for patients, staff, errors, redirects and refusals."""

import re

import pytest
from django.db import OperationalError

from tests.addresses import World, expected, routes
from triage.patient import page
from triage.server.headers import OF_PAGES, PrivateHeadersMiddleware

pytestmark = [pytest.mark.django_db, pytest.mark.alike("headers are set by middleware, whatever is stored")]
SECURITY = {
    "Content-Security-Policy": (
        "base-uri 'none'; connect-src 'self'; default-src 'none'; form-action 'self'; "
        "frame-ancestors 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'"
    ),
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "microphone=(), payment=(), usb=()"
    ),
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PRIVATE = (
    "no-store",
    "max-age=0, no-cache, no-store, must-revalidate, private",
)  # ours, and Django's for the admin
# What else a page may carry, and nothing beside it.
PLAIN = {
    "Content-Type",
    "Content-Length",
    "Content-Language",
    "Vary",
    "Expires",
    "Location",
    "Allow",
    "Cache-Control",
}
PLAIN |= {"Page-Mark", "Seconds-Left"}  # for our script; see ADR 34
PLAIN |= {"Clear-Site-Data", "Retry-After", "Content-Disposition", "X-Robots-Tag"}


@pytest.fixture
def world(db, settings):
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    return World()


def headers_of(answer):
    headers = dict(answer.headers)
    policy = headers.get("Content-Security-Policy", "")
    return headers | {
        "Content-Security-Policy": "; ".join(sorted(policy.split("; ")))
    }  # its order means nothing


def faults(answer):
    headers = headers_of(answer)
    page = headers["Content-Type"].startswith("text/html")
    for name, value in SECURITY.items():
        if headers.pop(name, None) != (value if page or name not in OF_PAGES else None):
            yield f"{name} is {answer.headers.get(name)}"
    if headers["Cache-Control"] not in PRIVATE:
        yield f"Cache-Control is {headers['Cache-Control']}"
    if not re.fullmatch(
        r"text/((html|plain|javascript|calendar); charset=\"?utf-8\"?|plain)|application/pdf",
        headers["Content-Type"],
    ):
        yield f"Content-Type is {headers['Content-Type']}"
    yield from (f"{name} is there" for name in set(headers) - PLAIN)


def everything(world):
    """Each kind of answer that an address gives: one call for each."""
    for route in routes():
        seen = set()
        for kind, method, wanted in expected(route):
            if (method, wanted) not in seen:
                seen.add((method, wanted))
                yield f"{method} {route} as {kind}", world.call(kind, method, world.path(route), secure=True)


def errors(world):
    yield "404", world.call("nobody", "GET", "/no-such-page/", secure=True)
    yield "400", world.call("nobody", "GET", "/", headers={"host": "elsewhere.example"}, secure=True)
    yield "403", world.call("nobody", "POST", "/start/", strict=True, secure=True)
    yield "404 of a file", world.call("nobody", "GET", "/static/no-such-file.css", secure=True)


def test_headers(world, proof):
    answers = [*everything(world), *errors(world)]
    proof.counted(answers=len(answers), kinds=len({answer.status_code for _name, answer in answers}))
    assert [f"{name}: {fault}" for name, answer in answers for fault in faults(answer)] == []


def test_a_fault_and_an_outage_carry_them_too(world, monkeypatch):
    for error, status in ((RuntimeError, 500), (OperationalError, 503)):
        monkeypatch.setattr(page, "the_clinic", lambda error=error: (_ for _ in ()).throw(error()))
        answer = world.call("nobody", "GET", "/", secure=True)
        assert answer.status_code == status
        assert list(faults(answer)) == []


def test_a_file_carries_them_and_may_be_kept(world):
    answer = world.call("nobody", "GET", "/static/footpath.css", secure=True)
    assert answer.status_code == 200
    of_files = {name: value for name, value in SECURITY.items() if name not in OF_PAGES}
    assert {name: headers_of(answer)[name] for name in of_files} == of_files
    assert "no-store" not in answer.headers["Cache-Control"]


def test_a_page_without_them_is_told(world, monkeypatch):
    monkeypatch.setattr(
        PrivateHeadersMiddleware, "__call__", lambda self, request: self.get_response(request)
    )
    answer = world.call("nobody", "GET", "/privacy/", secure=True)
    with pytest.raises(KeyError):
        list(faults(answer))
