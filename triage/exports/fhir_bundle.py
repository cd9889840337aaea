"""A submission as a FHIR R4 transaction that another server takes in: answers, decision, task, and whence.

It may be sent twice. What staff did since, where it goes along, brings what stands there already up to date. Into a
patient's record it goes with whose it is there and the page for the chart, see `Filed`.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from triage.exports import fhir
from triage.exports.fhir import Json
from triage.exports.fhir_response import PROGRAM, answers, author, coded, meta, observation, parts, patient
from triage.exports.public import Public

PRIORITIES = {"emergency": "stat", "same-day": "urgent"}  # all else is nobody's task
LOOKED_AT = ("reviewed", "closed")
AS_HANDED_IN = ("response", "document", "provenance")  # which nobody changes
TASK_STATUS = {"new": "requested", "acknowledged": "accepted", "reviewed": "completed", "closed": "completed"}
JUDGED = {"finding": ("finding", "origin"), "hindsight": ("urgency_in_hindsight", "urgency")}


class Filed(NamedTuple):
    """What goes along into a patient's record alone: a reference to the patient, if one is known, and the chart's page.

    What staff did is then in the Observations and the Task, which are brought up to date, and not in the response.
    """

    patient: Json | None
    page: bytes


def bundle(data: Public, filed: Filed | None = None) -> Json:
    """Raises RecordAltered when the release is not what was published."""
    response = _full_url(data, "response")
    data = data | {"patient": filed.patient} if filed else data
    resources = {"response": answers(data | {"review": {}} if filed else data)}
    resources |= {part: _decided(data, part, response) for part in parts(data)}
    resources |= {name: _judged(data, name, response) for name in JUDGED if _said(data, name)}
    if data["decision"]["urgency"] in PRIORITIES:
        resources["task"] = _task(data, response)
    if filed:
        resources["document"] = _document(data, filed.page, response)
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            *(_entry(data, name, resource) for name, resource in resources.items()),
            _entry(data, "provenance", _provenance(data, resources)),
        ],
    }


def _full_url(data: Public, name: str) -> str:
    """The same in every export of this submission."""
    return uuid5(NAMESPACE_URL, f"{fhir.REFERENCE}|{data['reference']}|{name}").urn


def _part(data: Public, name: str) -> Json:
    return fhir.identifier(fhir.PART, f"{data['reference']}.{name}")


def _entry(data: Public, name: str, resource: Json) -> Json:
    """Made unless it is there; what changes with a review is put in place of what is there."""
    kind = resource["resourceType"]
    known = fhir.identifier(fhir.REFERENCE, data["reference"]) if name == "response" else _part(data, name)
    # A Provenance has no identifier, so it goes by a tag.
    by = "_tag" if name == "provenance" else "identifier"
    search = f"{by}={known['system']}|{known['value']}"
    if "review" in data and name not in AS_HANDED_IN:
        request = {"method": "PUT", "url": f"{kind}?{search}"}
    else:
        request = {"method": "POST", "url": kind, "ifNoneExist": search}
    return {"fullUrl": _full_url(data, name), "resource": resource, "request": request}


def _decided(data: Public, part: str, response: str) -> Json:
    looked_at = data.get("review", {}).get("state") in LOOKED_AT
    return _kept(
        {
            **observation(data, part),
            "meta": meta(data),
            "identifier": [_part(data, part)],
            "status": "final" if looked_at else "preliminary",
            "derivedFrom": [{"reference": response}],
        }
    )


def _said(data: Public, name: str) -> str:
    said: str = data.get("review", {}).get(JUDGED[name][0], "")
    return said


def _judged(data: Public, name: str, response: str) -> Json:
    """What a clinician found, beside what was decided from the answers."""
    review = data["review"]
    return _kept(
        {
            "resourceType": "Observation",
            "meta": meta(data),
            "identifier": [_part(data, name)],
            "status": "final",
            "code": {"coding": [{"system": fhir.DECISION, "code": name}]},
            "subject": patient(data),
            "effectiveDateTime": review["reviewed_at"] or review["first_step_at"],
            "performer": [{"type": "Practitioner", "display": fhir.string(review["reviewer"])}],
            "valueCodeableConcept": {"coding": [coded(JUDGED[name][1], _said(data, name))]},
            "derivedFrom": [{"reference": response}],
        }
    )


def _task(data: Public, response: str) -> Json:
    """That somebody of the clinic is to see to it."""
    urgency = data["decision"]["urgency"]
    return _kept(
        {
            "resourceType": "Task",
            "meta": meta(data),
            "identifier": [_part(data, "task")],
            "status": TASK_STATUS[data.get("review", {}).get("state", "new")],
            "intent": "order",
            "priority": PRIORITIES[urgency],
            "code": {"coding": [coded("urgency", urgency)]},
            "description": fhir.string(data["decision"]["names"]["urgency"]),
            "focus": {"reference": response},
            "for": patient(data),
            "authoredOn": data["submitted_at"],
            "requester": PROGRAM,
        }
    )


def _document(data: Public, page: bytes, response: str) -> Json:
    """The page for the chart. Its hash is SHA-1 because R4 says so; nothing rests on it."""
    return _kept(
        {
            "resourceType": "DocumentReference",
            "meta": meta(data),
            "identifier": [_part(data, "document")],
            "status": "current",
            "type": {"text": "Self-assessment before a visit"},
            "subject": patient(data),
            "date": data["submitted_at"],
            "author": [PROGRAM],
            "description": f"{data['reference']}: {fhir.string(data['decision']['names']['urgency'])}",
            "content": [
                {
                    "attachment": {
                        "contentType": "application/pdf",
                        "language": "en",
                        "data": b64encode(page).decode(),
                        "size": len(page),
                        "hash": b64encode(sha1(page, usedforsecurity=False).digest()).decode(),
                        "title": f"footpath-{data['reference']}.pdf",
                        "creation": data["submitted_at"],
                    }
                }
            ],
            "context": {"related": [{"reference": response}]},
        }
    )


def _provenance(data: Public, resources: dict[str, Json]) -> Json:
    known = _part(data, "provenance")
    tags = [{"system": known["system"], "code": known["value"]}, *(meta(data) or {}).get("tag", ())]
    return {
        "resourceType": "Provenance",
        "meta": {"tag": tags},
        "target": [{"reference": _full_url(data, name)} for name in resources],
        "recorded": data["submitted_at"],
        "agent": [
            {"who": PROGRAM},
            *([{"who": author(data)}] if data["source"] else []),
            {"who": patient(data)},
        ],
        "entity": [
            {"role": "source", "what": {"identifier": fhir.identifier(fhir.RECORD, data["sha256"])}},
            {
                "role": "source",
                "what": {"identifier": fhir.identifier(fhir.RELEASE, data["release"]["sha256"])},
            },
        ],
    }


def _kept(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if value}
