"""A submission as a FHIR R4 QuestionnaireResponse, with its decision as Observations inside it.

Questions and answers stand in it as the patient read them. Our reader of it all is a clinician, so each part of
the decision also carries its name and reasons for staff.
"""

from __future__ import annotations

from triage.domain.content import Content, Item
from triage.domain.logic import Facts
from triage.domain.walk import walk
from triage.domain.wording import worded
from triage.exports import fhir
from triage.exports.fhir import Json
from triage.exports.json_lines import line
from triage.exports.public import PARTS, Public
from triage.exports.stream import Format
from triage.store import releases
from triage.store.records import RecordAltered

TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}


def response(data: Public) -> Json:
    """Raises RecordAltered when the submission's release is not what was published."""
    try:
        content = releases.content(data["release"]["sha256"], data["language"])
    except ValueError:
        raise RecordAltered(data["reference"]) from None
    release = data["release"]
    version = fhir.version(release["version"], release["sha256"])
    resource: Json = {
        "resourceType": "QuestionnaireResponse",
        "meta": {"tag": [TEST_DATA]} if data["demo"] else None,
        "language": data["language"],
        "contained": [_observation(data, part) for part in PARTS if data["decision"][part]],
        "extension": [
            *_corrects(data["corrects"]),
            *(_taken_back(content, flag) for flag in data["taken_back"]),
            *_contact(data.get("contact", "")),
            *_review(data.get("review", {})),
        ],
        "identifier": _identifier(data["reference"]),
        "questionnaire": f"{fhir.url(content.key)}|{version}",
        "status": "completed",
        "authored": data["submitted_at"],
        "item": _groups(content, data),
    }
    return {name: value for name, value in resource.items() if value}


def _identifier(reference: str) -> Json:
    return {"system": fhir.REFERENCE, "value": reference}


def _corrects(reference: str | None) -> list[Json]:
    return [fhir.extension("corrects", valueIdentifier=_identifier(reference))] if reference else []


def _contact(number: str) -> list[Json]:
    point = {"system": "phone", "value": fhir.string(number)}
    return [fhir.extension("contact", valueContactPoint=point)] if number else []


def _review(review: Public) -> list[Json]:
    parts = [(name, _value(name, value)) for name, value in review.items() if value != ""]
    return [_in_parts("review", parts)] if parts else []


def _value(name: str, value: object) -> Json:
    if name.endswith("_at"):
        return {"valueDateTime": value}
    return {"valueInteger": value} if isinstance(value, int) else {"valueString": fhir.string(str(value))}


def _taken_back(content: Content, flag: Public) -> Json:
    parts = [
        ("question", {"valueString": flag["item"]}),
        ("answer", {"valueCoding": _coding(content, content.items[flag["item"]], flag["code"])}),
        ("given", {"valueDateTime": flag["given_at"]}),
        ("taken-back", {"valueDateTime": flag["taken_back_at"]}),
    ]
    return _in_parts("taken-back", parts)


def _in_parts(name: str, parts: list[tuple[str, Json]]) -> Json:
    """An extension of ours whose parts are named within it, by a bare name."""
    return fhir.extension(name, extension=[{"url": part.replace("_", "-"), **value} for part, value in parts])


# Answers


def _groups(content: Content, data: Public) -> list[Json]:
    """The screens that asked something, each with the items that were asked."""
    facts = walk(content, {answer["item"]: tuple(answer["codes"]) for answer in data["answers"]}).facts
    answered = {answer["item"]: _choice(content, answer, facts) for answer in data["answers"]}
    answered |= {key: _text(content.items[key], text) for key, text in data.get("notes", {}).items()}
    groups = []
    for screen in content.screens:
        items = [answered[item.key] for item in screen.items if item.key in answered]
        if items:
            link = fhir.group_link(screen.key)
            groups.append({"linkId": link, "text": fhir.string(screen.title), "item": items})
    return groups


def _choice(content: Content, answer: Public, facts: Facts) -> Json:
    item = worded(content, content.items[answer["item"]], facts)
    return {
        "linkId": item.key,
        "text": fhir.string(answer["question"]),
        "answer": [{"valueCoding": _coding(content, item, code)} for code in answer["codes"]],
    }


def _coding(content: Content, item: Item, code: str) -> Json:
    coding = {"system": fhir.system(content.key, item.key), "code": code}
    # "Not sure" counts for every question, also for one that does not offer it in words.
    return coding | {"display": fhir.string(item.option(code).text)} if code in item.codes else coding


def _text(item: Item, text: str) -> Json:
    return {
        "linkId": item.key,
        "text": fhir.string(item.text),
        "answer": [{"valueString": fhir.string(text)}],
    }


# The decision


def _observation(data: Public, part: str) -> Json:
    """One part of the decision. Preliminary: no clinician has looked at it yet."""
    decision = data["decision"]
    reasons = decision["reasons"][part]
    value: Json = {
        "coding": [
            {"system": f"{fhir.DECISION}-{part}", "code": decision[part], "display": decision["names"][part]}
        ]
    }
    if part in decision["shown"]:
        value["text"] = fhir.string(decision["shown"][part])
    observation: Json = {
        "resourceType": "Observation",
        "id": part,
        "extension": [fhir.extension("rule", valueString=reason["rule"]) for reason in reasons],
        "status": "preliminary",
        "code": {"coding": [{"system": fhir.DECISION, "code": part}]},
        "effectiveDateTime": data["submitted_at"],
        "valueCodeableConcept": value,
        "note": [{"text": fhir.string(reason["text"])} for reason in reasons],
        "derivedFrom": [{"reference": "#"}],
    }
    return {name: value for name, value in observation.items() if value}


# The stream


def _refusal(reference: str) -> str:
    issue = {
        "severity": "error",
        "code": "conflict",
        "diagnostics": f"{reference}: the stored record is not what was submitted, and is left out.",
    }
    return line({"resourceType": "OperationOutcome", "issue": [issue]})


NDJSON = Format(
    ending="ndjson",
    media_type="application/fhir+ndjson",
    head="",
    write=lambda data: line(response(data)),
    refuse=_refusal,
)
