"""Another system on this machine, over real HTTP: it answers what it is told to, and keeps what it was sent."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

LONG = b"x" * 2_000_000


class Asked(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Answer = tuple[int, Mapping[str, str], bytes]
Answering = Callable[[Asked], Answer | None]


class Listener:
    """`answers` are given in turn, then `usual`: each a status, or a function of what was asked that gives status,
    headers and body, or None to say nothing."""

    def __init__(self, usual: int | Answering = 204, port: int = 0) -> None:
        self.usual = usual
        self.answers: list[int | Answering] = []
        self.asked: list[Asked] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", port), handler(self))
        self.server.daemon_threads = True
        self.port: int = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, asked: Asked) -> Answer | None:
        self.asked.append(asked)
        answer = self.answers.pop(0) if self.answers else self.usual
        return (answer, {}, b"") if isinstance(answer, int) else answer(asked)


def handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = listener.answer(Asked(self.command, self.path, headers, body))
            with contextlib.suppress(OSError):  # who asked may have gone
                self.reply(answer)

        do_GET = do_POST

        def reply(self, answer: Answer | None) -> None:
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing."""

    return Handler


@contextlib.contextmanager
def listening(usual: int | Answering = 204) -> Iterator[Listener]:
    listener = Listener(usual)
    try:
        yield listener
    finally:
        listener.stop()


def saying(status: int, body: bytes = b"", **headers: str) -> Answering:
    """An answer with these headers, `-` for `_`."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda asked: (status, told, body)


def after(seconds: float, answer: int | Answering) -> Answering:
    """The same answer, late."""

    def late(asked: Asked) -> Answer | None:
        time.sleep(seconds)
        return (answer, {}, b"") if isinstance(answer, int) else answer(asked)

    return late
