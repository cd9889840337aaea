"""A browser in the same process as the application, so that what one request costs can be counted."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit
from wsgiref.util import setup_testing_defaults

from proofs.patients import Reply, fields, stamp_of
from triage.domain.walk import Answers

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]
Around = Callable[[], AbstractContextManager[object]]


class Browser:
    """Sends requests straight to a WSGI application; `around` is entered for the application's part alone."""

    def __init__(self, application: Application, around: Around = nullcontext) -> None:
        self.application, self.around = application, around
        self.cookies: dict[str, str] = {}
        self.stamp = ""
        self.requests = self.bytes = 0

    def get(self, path: str) -> Reply:
        return self.send("GET", path)

    def post(self, path: str, data: dict[str, Any]) -> Reply:
        token = self.cookies.get("staff-csrf" if path.startswith("/admin/") else "csrf", "")
        return self.send("POST", path, {**data, "csrfmiddlewaretoken": token, "stamp": self.stamp})

    def send(self, method: str, path: str, data: dict[str, Any] | None = None) -> Reply:
        environ = self._environ(method, path, urlencode(data or {}, doseq=True).encode())
        started: list[Any] = []
        with self.around():
            body = self.application(environ, lambda *head: started.append(head))
            text = b"".join(body)
            body.close()
        status, headers = started[0]
        self.requests += 1
        self.bytes += len(text)
        for name, value in headers:
            if name == "Set-Cookie":
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(value).items()}
        self.stamp = stamp_of(text.decode()) or self.stamp
        return Reply(int(status.split()[0]), dict(headers).get("Location", ""), text.decode())

    def _environ(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        parts = urlsplit(path)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        setup_testing_defaults(environ)
        return environ


def filled(page: Reply, answers: Answers) -> dict[str, list[str]]:
    """The fields of a page, with these answers in them."""
    return {name: list(answers[name]) for name in fields(page.text)}


def journey(browser: Browser, answers: Answers) -> Iterator[tuple[str, Reply]]:
    """A patient's way from the start page to the result, each request with what it was for."""
    yield "start page", browser.get("/")
    begun = browser.post("/start/", {})
    yield "start", begun
    path = begun.location
    while path not in ("/check/", "/result/"):
        page = browser.get(path)
        if path == "/emergency/":
            yield "emergency page", page
            path = "/go-on/"
        elif page.status == 302:
            yield "go on", page
            path = page.location
        else:
            yield "question", page
            answered = browser.post(path, filled(page, answers))
            assert answered.status == 302, (path, answered)
            yield "answer", answered
            path = answered.location
    yield "check page", browser.get("/check/")
    yield "submit", browser.post("/submit/", {})
    yield "result page", browser.get("/result/")
