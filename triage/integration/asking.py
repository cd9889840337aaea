"""One request to another system, bounded in time and size, and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, NamedTuple

from triage.server.authorities import authorities

CONNECT, READ, WHOLE = 5.0, 15.0, 60.0  # seconds: to be let in, between two pieces, and for all of a reply
LONGEST = 1024 * 1024  # bytes of a reply
LONGEST_WAIT = timedelta(hours=6)  # that a receiver may ask for
# What a receiver would say again of the same request. All else may be mended there: a key, an address, a full disk.
NEVER = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422, 501})


class Verdict(Enum):
    DONE = "done"
    AGAIN = "again"
    NEVER = "never"


class Outcome(NamedTuple):
    """What became of a delivery, said by a status or an error's class; what the other side wrote is nowhere."""

    verdict: Verdict
    said: str
    wait: timedelta = timedelta()  # which the receiver has asked for


class Reply(NamedTuple):
    status: int
    media_type: str
    body: bytes
    wait: timedelta


class NoReply(Exception):
    """None that is to be had or believed; its text is the class of the error."""


def ask(
    method: str,
    url: str,
    now: datetime,
    *,
    data: bytes | Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    token: str = "",
    read: bool = True,
) -> Reply:
    """Raises NoReply. A redirect is a reply, and is not followed: what is sent is for this address alone."""
    import requests  # here, since a clinic that tells nobody needs none of it
    from urllib3.exceptions import HTTPError

    began = time.monotonic()
    try:
        with (
            requests.Session() as session,
            session.request(
                method,
                url,
                data=data,
                headers={
                    "Accept-Encoding": "identity",
                    **(headers or {}),
                },  # what is packed could be of any length
                auth=_bearer(token),
                timeout=(CONNECT, READ),
                allow_redirects=False,
                stream=True,
                verify=authorities(),
            ) as answer,
        ):
            body = _body(answer, began) if read else b""
            media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Reply(
                answer.status_code,
                media_type,
                body,
                wait_asked_for(answer.headers.get("Retry-After", ""), now),
            )
    except (requests.RequestException, HTTPError) as error:
        raise NoReply(type(error).__name__) from None


def _bearer(token: str) -> Any:
    """Also where there is no token: else the library would look for a password in the machine's own files."""

    def sign(request: Any) -> Any:
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _body(answer: Any, began: float) -> bytes:
    body = bytearray()
    for piece in answer.raw.stream(64 * 1024, decode_content=False):
        body += piece
        if len(body) > LONGEST:
            raise NoReply("TooLong")
        if time.monotonic() - began > WHOLE:
            raise NoReply("TooSlow")
    return bytes(body)


def wait_asked_for(said: str, now: datetime) -> timedelta:
    """What Retry-After asks for, in seconds or as a date; of nonsense nothing."""
    try:
        wait = timedelta(seconds=int(said)) if said.isdecimal() else parsedate_to_datetime(said) - now
    except (ValueError, TypeError, OverflowError):
        return timedelta()
    return min(max(wait, timedelta()), LONGEST_WAIT)


def outcome_of(reply: Reply) -> Outcome:
    """By its status alone."""
    said = str(reply.status)
    if 200 <= reply.status < 300:
        return Outcome(Verdict.DONE, said)
    if reply.status in NEVER:
        return Outcome(Verdict.NEVER, said)
    return Outcome(Verdict.AGAIN, said, reply.wait)
