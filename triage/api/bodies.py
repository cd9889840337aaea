"""What a program sends: JSON, read strictly and within bounds."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, UnreadablePostError

from triage.api.refusals import Refused

JSON_TYPES = ("application/json",)


def read_json(request: HttpRequest, most: int, media_types: tuple[str, ...] = JSON_TYPES) -> dict[str, Any]:
    """The object that was sent. Nothing is read of what is too long, or of another kind."""
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if request.content_type not in media_types or charset not in ("utf-8", "utf8"):
        raise Refused(415, f"Send {' or '.join(media_types)}, in UTF-8.")
    length = request.META.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()):
        raise Refused(411, "Say how long it is, by Content-Length.")
    if len(length) > 9 or int(length) > most:
        raise Refused(413, f"Send at most {most // 1024} KB.")
    try:
        read = json.loads(
            request.read(most).decode(), object_pairs_hook=_each_once, parse_constant=_no_such_number
        )
    except UnreadablePostError:
        raise Refused(400, "The connection broke.") from None
    except (ValueError, RecursionError):
        # A message of the reader's would hold what was sent.
        raise Refused(
            400, "This is no JSON: it cannot be read, or a name stands twice in an object."
        ) from None
    if not isinstance(read, dict):
        raise Refused(400, "Send one object.")
    return read


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two of the same name, other programs take the first, the last, or both."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_such_number(_name: str) -> None:
    """JSON has no NaN and no Infinity."""
    raise ValueError
