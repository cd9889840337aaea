"""A submission as a FHIR R4 QuestionnaireResponse, its decision as Observations inside it (fhir_bundle.py: beside).

Questions and answers stand in it as the patient read them. Our reader of it all is a clinician, so each part of
the decision also carries its name and reasons for staff.
"""

from __future__ import annotations

from collections.abc import Callable

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

PROGRAM = fhir.named("Device", fhir.PROGRAM, "footpath", "Footpath")
TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}


def response(data: Public) -> Json:
    """The answers with the decision inside. Raises RecordAltered when the release is not what was published."""
    inside = [
        observation(data, part) | {"id": part, "derivedFrom": [{"reference": "#"}]} for part in parts(data)
    ]
    return {**answers(data), "contained": inside}


def parts(data: Public) -> list[str]:
    return [part for part in PARTS if data["decision"][part]]


def answers(data: Public) -> Json:
    """The answers alone."""
    try:
        content = releases.content(data["release"]["sha256"], data["language"])
    except ValueError:
        raise RecordAltered(data["reference"]) from None
    release = data["release"]
    version = fhir.version(release["version"], release["sha256"])
    resource: Json = {
        "resourceType": "QuestionnaireResponse",
        "id": data["reference"],
        "meta": meta(data),
        "language": data["language"],
        "extension": [
            *_corrects(data["corrects"]),
            *(_taken_back(content, flag) for flag in data["taken_back"]),
            *_contact(data.get("contact", "")),
            *_review(data.get("review", {})),
        ],
        "identifier": _identifier(data["reference"]),
        "basedOn": _based_on(data["invitation"]),
        "questionnaire": f"{fhir.url(content.key)}|{version}",
        "status": "completed",
        "subject": patient(data),
        "authored": data["submitted_at"],
        "author": author(data),
        "source": patient(data),
        "item": _groups(content, data),
    }
    return {name: value for name, value in resource.items() if value}


def meta(data: Public) -> Json | None:
    return {"tag": [TEST_DATA]} if data["demo"] else None


def author(data: Public) -> Json:
    """The program that took the answers down."""
    source = data["source"]
    return fhir.named("Device", fhir.PROGRAM, source["program"], source["program"]) if source else PROGRAM


def patient(data: Public) -> Json:
    """A patient gives no name: whoever has this code, unless it is known who that is in the other system."""
    return data.get("patient") or fhir.named(
        "Patient", fhir.REFERENCE, data["reference"], "who has this code on their result"
    )


def _based_on(invitation: int | None) -> list[Json]:
    """What asked for the answers: the clinic's invitation, in the place of an order."""
    return [fhir.named("ServiceRequest", fhir.INVITATION, str(invitation))] if invitation else []


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


def observation(data: Public, part: str) -> Json:
    """One part of the decision. Preliminary: no clinician has looked at it yet."""
    decision = data["decision"]
    reasons = decision["reasons"][part]
    value: Json = {"coding": [coded(part, decision[part]) | {"display": decision["names"][part]}]}
    if part in decision["shown"]:
        value["text"] = fhir.string(decision["shown"][part])
    resource: Json = {
        "resourceType": "Observation",
        "extension": [fhir.extension("rule", valueString=reason["rule"]) for reason in reasons],
        "status": "preliminary",
        "code": {"coding": [{"system": fhir.DECISION, "code": part}]},
        "subject": patient(data),
        "effectiveDateTime": data["submitted_at"],
        "performer": [PROGRAM],
        "valueCodeableConcept": value,
        "note": [{"text": fhir.string(reason["text"])} for reason in reasons],
    }
    return {name: value for name, value in resource.items() if value}


def coded(part: str, code: str) -> Json:
    return {"system": f"{fhir.DECISION}-{part}", "code": code}


# The stream


def _refusal(reference: str) -> str:
    issue = {
        "severity": "error",
        "code": "conflict",
        "diagnostics": f"{reference}: the stored record is not what was submitted, and is left out.",
    }
    return line({"resourceType": "OperationOutcome", "issue": [issue]})


def ndjson(write: Callable[[Public], Json], base: str = "") -> Format:
    return Format(
        ending="ndjson",
        media_type="application/fhir+ndjson",
        head="",
        write=lambda data: line(fhir.rebased(write(data), base)),
        refuse=_refusal,
    )
