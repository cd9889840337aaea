"""How a program is told that something was not done: as problem details (RFC 9457), or in FHIR's own way. Never a page.

No reason repeats what was sent: it may be an answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

FHIR = "/fhir/"
PROBLEM_TYPE, FHIR_TYPE = "application/problem+json", "application/fhir+json"
# What FHIR calls it (IssueType).
ISSUES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    409: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    429: "throttled",
    503: "transient",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with what was sent: where, and what to do about it."""

    where: str  # a JSON pointer, or in FHIR an expression
    said: str
    issue: str = ""  # what FHIR calls it, where it is something more precise


@dataclass
class Refused(Exception):
    """Nothing was done, and why."""

    status: int
    said: str
    faults: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    if request.path.startswith(FHIR):
        body, media_type = outcome(refused), FHIR_TYPE
    else:
        body, media_type = _problem(refused), PROBLEM_TYPE
    response = reply(body, refused.status, media_type)
    for name, value in refused.headers.items():
        response.headers[name] = value
    return response


def reply(body: object, status: int, media_type: str = "application/json") -> HttpResponse:
    return HttpResponse(json.dumps(body) + "\n", content_type=media_type, status=status)


def _problem(refused: Refused) -> dict[str, Any]:
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(refused.status).phrase,
        "status": refused.status,
        "detail": refused.said,
    }
    errors = [{"pointer": fault.where, "detail": fault.said} for fault in refused.faults]
    return problem | ({"errors": errors} if errors else {})


def outcome(refused: Refused) -> dict[str, Any]:
    """An OperationOutcome, with an issue for each fault."""
    issue = ISSUES.get(refused.status, "exception")
    issues = [
        {
            "severity": "error",
            "code": fault.issue or issue,
            "details": {"text": fault.said},
            "expression": [fault.where],
        }
        for fault in refused.faults
    ] or [{"severity": "error", "code": issue, "details": {"text": refused.said}}]
    return {"resourceType": "OperationOutcome", "issue": issues}
