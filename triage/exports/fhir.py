"""What the FHIR resources share: our names in FHIR, and texts in several languages.

The base is a name and no address: `.example` is reserved, so nothing of anybody's can ever stand there. A clinic whose
server holds our definitions sets a base of its own, see `rebased`.
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

BASE = "https://footpath.example/fhir"
DECISION = f"{BASE}/CodeSystem/decision"
REFERENCE = f"{BASE}/NamingSystem/reference"
RELEASE = f"{BASE}/NamingSystem/release-sha256"
RECORD = f"{BASE}/NamingSystem/record-sha256"
INVITATION = f"{BASE}/NamingSystem/invitation"
PART = f"{BASE}/NamingSystem/part"
PROGRAM = f"{BASE}/NamingSystem/program"
SYSTEMS = {
    REFERENCE: "The code on a patient's result",
    RELEASE: "The SHA-256 of a release of the questions and rules",
    RECORD: "The SHA-256 of the frozen record of a submission",
    INVITATION: "The number of an invitation to answer before an appointment",
    PART: "A part of a submission: its code, a dot, and origin, root, urgency, finding, hindsight, task or document",
    PROGRAM: "The program that took the answers down",
}
HL7 = "http://hl7.org/fhir/StructureDefinition"

# FHIR's strings hold no control characters, and of the spaces only these.
NOT_IN_A_STRING = re.compile(r"[^\S \t\r\n]|[\x00-\x08\x0e-\x1f]")


def url(questionnaire: str) -> str:
    return f"{BASE}/Questionnaire/{questionnaire}"


def version(release: str, sha256: str) -> str:
    """Names one release: its own version may repeat in a draft, the hash does not."""
    return f"{release}+{sha256[:8]}"


def system(questionnaire: str, item: str) -> str:
    """The codes of one item. A code means something only beside its question: there are many a "yes"."""
    return f"{BASE}/CodeSystem/{questionnaire}/{item}"


def group_link(screen: str) -> str:
    """No item's key has a dot, so that a screen and its item may share one."""
    return f"screen.{screen}"


def extension(name: str, **value: object) -> Json:
    """An extension of ours."""
    return {"url": f"{BASE}/StructureDefinition/{name}", **value}


def string(text: str) -> str:
    return NOT_IN_A_STRING.sub(" ", text)


def identifier(system: str, value: str) -> Json:
    return {"system": system, "value": value}


def named(kind: str, system: str, value: str, display: str = "") -> Json:
    """A reference by what is known of it; where it stands is for the other server to know."""
    reference: Json = {"type": kind, "identifier": identifier(system, value)}
    return {**reference, "display": display} if display else reference


# The fields in which a name of ours stands; never what a person wrote.
OF_NAMES = {
    "expression",
    "fixedUri",
    "fullUrl",
    "ifNoneExist",
    "questionnaire",
    "system",
    "url",
    "value",
    "valueSet",
}


def rebased(resource: Any, base: str, field: str = "") -> Any:
    """With the clinic's base in place of ours, where it has set one."""
    if not base or base == BASE:
        return resource
    if isinstance(resource, dict):
        return {name: rebased(part, base, name) for name, part in resource.items()}
    if isinstance(resource, list):
        return [rebased(part, base, field) for part in resource]
    return resource.replace(BASE, base) if isinstance(resource, str) and field in OF_NAMES else resource
