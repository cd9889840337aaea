"""What the FHIR resources share: our names in FHIR, and texts in several languages.

The base is a name and no address: `.example` is reserved, so nothing of anybody's can ever stand there.
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

BASE = "https://footpath.example/fhir"
DECISION = f"{BASE}/CodeSystem/decision"
REFERENCE = f"{BASE}/NamingSystem/reference"
RELEASE = f"{BASE}/NamingSystem/release-sha256"
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
