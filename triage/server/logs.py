"""What a fault may tell: where it happened, never what a person typed or from which address."""

import json
import logging
import re
import traceback
from collections.abc import ItemsView
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

from triage.server.request_number import of_record

# The web server names a refused request with its address and bytes, and a failed one with its query.
PERSONAL = re.compile(r"(?<=Invalid request) from ip=.*|\?\S*", re.DOTALL)


class PlainFormatter(logging.Formatter):
    """One line for an event; for an error its class and the lines of code it went through.

    The error's own message stays out: a database puts the refused row into it.
    """

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:
        told = PERSONAL.sub("", record.message)
        # What was sent may hold the end of a line, and after it a line that never happened.
        record.message = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in told)
        if number := of_record(record):
            record.message += f" [{number}]"
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        return "\n".join(f"  {line}" for line in (*places(ei[2]), name(ei[0])))


class JsonFormatter(PlainFormatter):
    """The same as one JSON object a line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": PERSONAL.sub("", record.getMessage()),
        }
        if number := of_record(record):
            line["request"] = number
        if record.exc_info and record.exc_info[0]:
            line |= {"error": name(record.exc_info[0]), "places": places(record.exc_info[2])}
        return json.dumps(line, ensure_ascii=False)


def places(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def name(error: type[BaseException]) -> str:
    return f"{error.__module__}.{error.__qualname__}"


class NothingPersonal(SafeExceptionReporterFilter):
    """Keeps form data, cookies and local variables out of Django's error reports, DEBUG or not."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {}

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        return {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: Any
    ) -> ItemsView[str, Any]:
        return {}.items()
