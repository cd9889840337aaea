"""What our names in FHIR mean, as FHIR itself says it: extensions, codes, identifiers, what we ask of a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from triage.domain.content import Content, Item
from triage.domain.loading import languages
from triage.exports import fhir
from triage.exports.fhir import BASE, HL7, Json
from triage.exports.fhir_r5 import R4, as_r5
from triage.models import Release, TriageSession, the_clinic
from triage.store import releases

# By name: where it stands, what it is, and its value; or, within it, the values of its parts.
EXTENSIONS: dict[str, tuple[str, str, str | dict[str, str]]] = {
    "ends": ("Questionnaire.item.answerOption", "The exit page to which this answer leads", "code"),
    "wording": (
        "Element",
        "How else it is said to somebody, by the answers above",
        {"lang": "code", "content": "string"},
    ),
    "rule": ("Observation", "A rule that gave this value", "string"),
    "taken-back": (
        "QuestionnaireResponse",
        "What raised the urgency and was un-ticked again",
        {"question": "string", "answer": "Coding", "given": "dateTime", "taken-back": "dateTime"},
    ),
    "review": (
        "QuestionnaireResponse",
        "What staff did about it",
        {
            "label": "string",
            "appointment-at": "dateTime",
            "state": "string",
            "assigned-to": "string",
            "first-step-at": "dateTime",
            "minutes-to-first-step": "integer",
            "reviewed-at": "dateTime",
            "reviewer": "string",
            "outcomes": "string",
            "finding": "string",
            "finding-root": "string",
            "urgency-in-hindsight": "string",
        },
    ),
    "corrects": ("QuestionnaireResponse", "The submission that this one corrects", "Identifier"),
    "contact": ("QuestionnaireResponse", "The number to reach the patient at", "ContactPoint"),
}
DECISION_PARTS = {
    "origin": "What the answers fit: the back or the foot",
    "root": "The pattern of a nerve root",
    "urgency": "What to do, and how soon",
    "finding": "What a clinician found the pain to come from",
    "hindsight": "How urgent a clinician says it was",
}
ORIGINS = {value: str(label) for value, label in TriageSession.Origin.choices}
ROOTS = {"L5": "L5", "S1": "S1", "unspecified": "No pattern of one root"}
URGENCIES = {"emergency": "Emergency", "same-day": "Same day", "routine": "Routine"}
ASKED_FOR = ("QuestionnaireResponse", "Observation", "Task", "DocumentReference", "Provenance")


def as_text(release: Release, *, r5: bool = False) -> str:
    bundle = fhir.rebased(definitions(release), the_clinic().fhir_base)
    bundle = as_r5(bundle) if r5 else bundle
    return json.dumps(bundle, ensure_ascii=False, indent=2) + "\n"


def definitions(release: Release) -> Json:
    """With the codes of this release's questions."""
    content = releases.content(release.sha256, languages(releases.trees(release.sha256))[0])
    about = {"status": "active", "date": release.created_at.isoformat()}
    resources = [
        *(_extension(name, *said) for name, said in EXTENSIONS.items()),
        *(part for system in _code_systems(content) for part in (system, _value_set(system))),
        *(_naming_system(url, what) for url, what in fhir.SYSTEMS.items()),
        _capabilities(),
    ]
    entries = [{"fullUrl": resource.pop("fullUrl"), "resource": resource | about} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": about["date"], "entry": entries}


def _resource(type_: str, name: str, title: str, **more: Any) -> Json:
    """With an address that says what it is, and the name that programs like."""
    url = f"{BASE}/{type_}/{name}"
    words = name.replace("/", "-").split("-")
    return {
        "resourceType": type_,
        "fullUrl": url,
        "id": name.replace("/", "-"),
        "url": url,
        "name": "".join(word[:1].upper() + word[1:] for word in words),
        "title": title,
        **more,
    }


def _extension(name: str, place: str, what: str, value: str | dict[str, str]) -> Json:
    url = f"{BASE}/StructureDefinition/{name}"
    return _resource(
        "StructureDefinition",
        name,
        what,
        description=what,
        fhirVersion=R4,
        kind="complex-type",
        abstract=False,
        context=[{"type": "element", "expression": place}],
        type="Extension",
        baseDefinition=f"{HL7}/Extension",
        derivation="constraint",
        differential={
            "element": [{"id": "Extension", "path": "Extension", "short": what}, *_elements(url, value)]
        },
    )


def _elements(url: str, value: str | dict[str, str]) -> Iterator[Json]:
    if isinstance(value, str):
        yield {"id": "Extension.extension", "path": "Extension.extension", "max": "0"}
        yield {"id": "Extension.url", "path": "Extension.url", "fixedUri": url}
        yield {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{"code": value}]}
        return
    for part, kind in value.items():
        within = f"Extension.extension:{part}"
        yield {"id": within, "path": "Extension.extension", "sliceName": part, "max": "1"}
        yield {"id": f"{within}.url", "path": "Extension.extension.url", "fixedUri": part}
        yield {
            "id": f"{within}.value[x]",
            "path": "Extension.extension.value[x]",
            "min": 1,
            "type": [{"code": kind}],
        }
    yield {"id": "Extension.url", "path": "Extension.url", "fixedUri": url}
    yield {"id": "Extension.value[x]", "path": "Extension.value[x]", "max": "0"}


def _code_systems(content: Content) -> Iterator[Json]:
    yield _code_system("decision", "The parts of a decision", DECISION_PARTS)
    for part, codes in (("origin", ORIGINS), ("root", ROOTS), ("urgency", URGENCIES)):
        yield _code_system(f"decision-{part}", DECISION_PARTS[part], codes)
    for item in content.items.values():
        if item.options:
            yield _code_system(f"{content.key}/{item.key}", item.text, _codes(item))


def _codes(item: Item) -> dict[str, str]:
    """“Not sure” counts for every question, also for one that does not offer it in words."""
    codes = {option.code: option.text for option in item.options}
    return {**codes, item.unsure: codes.get(item.unsure, "Not sure")}


def _code_system(name: str, title: str, codes: dict[str, str]) -> Json:
    concepts = [{"code": code, "display": fhir.string(text)} for code, text in codes.items()]
    return _resource(
        "CodeSystem",
        name,
        fhir.string(title),
        caseSensitive=True,
        content="complete",
        count=len(concepts),
        valueSet=f"{BASE}/ValueSet/{name}",
        concept=concepts,
    )


def _value_set(system: Json) -> Json:
    name = system["url"].removeprefix(f"{BASE}/CodeSystem/")
    return _resource("ValueSet", name, system["title"], compose={"include": [{"system": system["url"]}]})


def _naming_system(url: str, what: str) -> Json:
    name = url.removeprefix(f"{BASE}/NamingSystem/")
    resource = _resource("NamingSystem", name, what)
    for field in ("url", "title"):  # which a NamingSystem has not in R4
        resource.pop(field)
    unique = {"type": "uri", "value": url, "preferred": True}
    return {**resource, "kind": "identifier", "description": what, "uniqueId": [unique]}


def _capabilities() -> Json:
    """Of a server that takes our transactions."""
    return _resource(
        "CapabilityStatement",
        "receiver",
        "What a server needs that takes Footpath's transactions",
        kind="requirements",
        fhirVersion=R4,
        format=["json"],
        rest=[
            {
                "mode": "server",
                "resource": [
                    {
                        "type": kind,
                        "interaction": [{"code": "create"}, {"code": "update"}],
                        "conditionalCreate": True,
                        "conditionalUpdate": True,
                    }
                    for kind in ASKED_FOR
                ],
                "interaction": [{"code": "transaction"}],
            }
        ],
    )
