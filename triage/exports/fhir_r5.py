"""The same resources in FHIR R5, where it says something otherwise than R4, in which all else here is written."""

from __future__ import annotations

from typing import Any

from triage.exports.fhir import Json

R4, R5 = "4.0.1", "5.0.0"


def as_r5(resource: Json) -> Json:
    found: Json = _rewritten(resource)
    return found


def _rewritten(node: Any) -> Any:
    if isinstance(node, list):
        return [_rewritten(part) for part in node]
    if not isinstance(node, dict):
        return node
    kind = node.get("resourceType")
    return _changed(kind, {name: _rewritten(part) for name, part in node.items()})


def _changed(kind: str | None, node: Json) -> Json:
    if kind == "QuestionnaireResponse":  # it may have several
        return {name: [part] if name == "identifier" else part for name, part in node.items()}
    if node.get("type") == "choice" and "linkId" in node:
        return node | {"type": "coding", "answerConstraint": "optionsOnly"}
    if node.get("fhirVersion") == R4:
        return node | {"fhirVersion": R5}
    return node
