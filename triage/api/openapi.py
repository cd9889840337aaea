"""What this door takes and gives, as an OpenAPI document: for programs that are written against it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from triage import __version__
from triage.api import exports, invitations, responses
from triage.api.bodies import JSON_TYPES
from triage.api.refusals import FHIR_TYPE, PROBLEM_TYPE, reply
from triage.models import ApiToken

Json = dict[str, Any]
Scope = ApiToken.Scope

MEANINGS = {
    400: "It cannot be read",
    401: "No token, or one that opens nothing",
    403: "The token is not good for this",
    404: "There is nothing at this address",
    409: "Something of the kind is there already",
    411: "Its length is not said",
    413: "It is too long",
    415: "It is of another kind",
    422: "It cannot be taken as it is: each fault is named",
    429: "Too many wrong tokens from this address",
    500: "Something went wrong here",
    503: "Not now: try again",
}
OF_ALL = (401, 403, 429, 500, 503)
OF_A_BODY = (400, 411, 413, 415, 422)
TEXT: Json = {"type": "string"}
PARAMETERS: dict[str, Json] = {
    "since": {"type": "string", "format": "date"},
    "until": {"type": "string", "format": "date"},
    "urgency": {"enum": [*exports.URGENCIES]},
    "notes": {"enum": [*exports.SWITCH]},
    "reviews": {"enum": [*exports.SWITCH]},
    "fhir": {"enum": [*exports.RELEASES]},
    "language": {"enum": ["en", "es"]},
}
REQUIRED = ("since", "until")
OUTCOME: Json = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code", "details"],
                "properties": {
                    "severity": {"const": "error"},
                    "code": TEXT,
                    "details": {"type": "object", "required": ["text"], "properties": {"text": TEXT}},
                    "expression": {"type": "array", "items": TEXT},
                },
            },
        },
    },
}
PROBLEM: Json = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": TEXT, "detail": TEXT},
            },
        },
    },
}
INVITATION: Json = {
    "type": "object",
    "required": [*invitations.COLUMNS],
    "additionalProperties": False,
    "properties": {
        "label": {"type": "string", "minLength": 1, "maxLength": 40},
        "appointment_at": {"type": "string", "format": "date-time"},
        "language": PARAMETERS["language"],
        "patient_number": {"type": "string", "maxLength": 40},
        "patient_phone": {"type": "string", "maxLength": 30},
        invitations.SURE: {"type": "boolean"},
    },
}
INVITED: Json = {
    "type": "object",
    "required": ["number", "appointment_at", "language", "works_until", "code", "link"],
    "properties": {
        "number": {"type": "integer"},
        "appointment_at": {"type": "string", "format": "date-time"},
        "language": TEXT,
        "works_until": {"type": "string", "format": "date-time"},
        "code": TEXT,
        "link": {"type": "string", "format": "uri"},
    },
}
# No more than its frame: what stands in it is for the questionnaire to say.
RESPONSE: Json = {
    "type": "object",
    "required": ["resourceType", "identifier", "questionnaire", "status"],
    "properties": {
        "resourceType": {"const": responses.RESPONSE},
        "identifier": {
            "type": "object",
            "required": ["system", "value"],
            "properties": {"system": TEXT, "value": TEXT},
        },
        "questionnaire": TEXT,
        "status": {"const": "completed"},
        "language": TEXT,
        "authored": {"type": "string", "format": "date-time"},
        "item": {"type": "array", "items": {"type": "object"}},
    },
}
MEDIA = {"submissions": "text/csv", "answers": "text/csv", "reviews": "text/csv", "json": "application/jsonl"}


def openapi(request: HttpRequest) -> HttpResponse:
    """For anybody: it says nothing of anybody."""
    return reply(document(), 200)


def document() -> Json:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Footpath",
            "version": __version__,
            "description": "For the clinic's own programs. docs/api.md says it in words.",
        },
        "security": [{"token": []}],
        "paths": {
            "/api/openapi.json": {"get": _this()},
            **{f"/api/exports/{what}": {"get": _export(what)} for what in exports.KINDS},
            "/api/invitations": {"post": _invitation()},
            "/fhir/QuestionnaireResponse": {"post": _response()},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Problem": PROBLEM,
                "OperationOutcome": OUTCOME,
                "Invitation": INVITATION,
                "Invited": INVITED,
                "QuestionnaireResponse": RESPONSE,
            },
        },
    }


def _this() -> Json:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": "openapi",
        "summary": "This document",
        "security": [],
        "responses": {"200": {"description": "It", "content": content}, **_refusals((500,), PROBLEM_TYPE)},
    }


def _export(what: str) -> Json:
    media_type = MEDIA.get(what, FHIR_TYPE if what in exports.OF_A_RELEASE else "application/fhir+ndjson")
    schema = {"type": "object"} if what in exports.OF_A_RELEASE else TEXT
    parameters = [
        {"name": name, "in": "query", "required": name in REQUIRED, "schema": PARAMETERS[name]}
        for name in exports.parameters(what)
    ]
    return {
        "operationId": f"export-{what}",
        "summary": f"What manage.py export gives: {what}",
        "x-scope": Scope.EXPORTS.value,
        "parameters": parameters,
        "responses": {
            "200": {"description": "The export", "content": {media_type: {"schema": schema}}},
            **_refusals((400, *OF_ALL), PROBLEM_TYPE),
        },
    }


def _invitation() -> Json:
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "Another for each invitation. By the same one the same invitation is given again, for a day.",
        "schema": {"type": "string", "minLength": 8, "maxLength": 255, "pattern": "^[!-~]{8,255}$"},
    }
    return {
        "operationId": "invite",
        "summary": "Invite a patient to answer before an appointment",
        "x-scope": Scope.INVITATIONS.value,
        "parameters": [key],
        "requestBody": _body("Invitation", JSON_TYPES),
        "responses": {
            "201": {
                "description": "The invitation, with its code",
                "content": _content("Invited", JSON_TYPES),
            },
            **_refusals((409, *OF_A_BODY, *OF_ALL), PROBLEM_TYPE),
        },
    }


def _response() -> Json:
    taken = {"description": "What it stands as", "content": {FHIR_TYPE: {"schema": {"type": "object"}}}}
    return {
        "operationId": "take-in",
        "summary": "Hand in a questionnaire that was filled in elsewhere",
        "x-scope": Scope.RESPONSES.value,
        "requestBody": _body("QuestionnaireResponse", responses.MEDIA_TYPES),
        "responses": {
            "200": {**taken, "description": "It was taken in before: what it stands as"},
            "201": taken,
            **_refusals((409, *OF_A_BODY, *OF_ALL), FHIR_TYPE),
        },
    }


def _body(schema: str, media_types: tuple[str, ...]) -> Json:
    return {"required": True, "content": _content(schema, media_types)}


def _content(schema: str, media_types: tuple[str, ...]) -> Json:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}} for media_type in media_types}


def _refusals(statuses: tuple[int, ...], media_type: str) -> Json:
    schema = "OperationOutcome" if media_type == FHIR_TYPE else "Problem"
    return {
        str(status): {"description": MEANINGS[status], "content": _content(schema, (media_type,))}
        for status in sorted(statuses)
    }
