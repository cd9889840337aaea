"""The other systems that Footpath tells of submissions, as the environment names them; see environment.py."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")
# What signs a request for access, see integration/access.py: RS384 and ES384, which SMART asks every server to take.
KEY_KINDS = (("RSA", None), ("EC", "P-384"))
# Of SMART: to create, update and search for what we send, and to find the patient.
SCOPE = " ".join(
    [
        f"system/{kind}.cus"
        for kind in ("QuestionnaireResponse", "Observation", "Task", "DocumentReference", "Provenance")
    ]
    + ["system/Patient.s"]
)
WEBHOOK_KEY = "whsec_"  # how a key of Standard Webhooks begins
WEBHOOK_KEY_LENGTH = range(24, 65)  # bytes, by that standard


@dataclass(frozen=True, slots=True)
class SmartClient:
    """As what Footpath asks for access (SMART backend services), and the private key (a JWK) that shows it."""

    token_url: str
    client_id: str
    key: dict[str, str] = field(repr=False)
    scope: str


@dataclass(frozen=True, slots=True)
class FhirServer:
    """Into whose record submissions go."""

    base: str
    client: SmartClient | None = None  # none: it asks for no token
    patient_system: str = ""  # of the clinic's patient numbers there
    notes: bool = False  # also what patients wrote in their own words


@dataclass(frozen=True, slots=True)
class Webhook:
    """Who is told that there is something new, and by which keys that is signed, the newest first."""

    url: str
    keys: tuple[bytes, ...] = field(repr=False)


def is_secure(address: str) -> bool:
    """By https; on this very machine, for tests and for a program that stands next door, also without."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    )


def address(value: str) -> str:
    # The value may hold a secret in a place that is for none, so the message does not repeat it.
    try:
        parts = urlsplit(value)
        usable = is_secure(value) and not (parts.username or parts.password or parts.fragment) and bool(parts)
        usable = usable and parts.port != 0 and value.isprintable() and " " not in value
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("the value is not an address; set one that begins with https:// and names nobody")
    return value


def fhir_base(value: str) -> str:
    if "?" in address(value):
        raise ValueError(
            "the value is not the base address of a FHIR server; set one without a question mark"
        )
    return value.rstrip("/")


def client_key(value: str) -> dict[str, str]:
    """The key in that file, which nobody else on the machine may read."""
    file = Path(value)
    try:
        private = not file.stat().st_mode & 0o077
        key = json.loads(file.read_text(encoding="utf-8"))
        usable = {"kid", "d", "kty"} <= key.keys() and (key["kty"], key.get("crv")) in KEY_KINDS
    except (OSError, ValueError, AttributeError, TypeError):
        raise ValueError("the file cannot be read as a key; make one with manage.py fhir_key FILE") from None
    if not private:
        raise ValueError("others than its owner may read the file; chmod 0400, and chown it to the service")
    if not usable:
        raise ValueError(
            "the file holds no private key that this takes; make one with manage.py fhir_key FILE"
        )
    return key


def uri(value: str) -> str:
    if not urlsplit(value).scheme or not value.isprintable() or {" ", "|"} & set(value):
        raise ValueError(f"“{value}” is not a URI; set one such as urn:oid:1.2.36.146.595.217.0.1")
    return value


def webhook_keys(value: str) -> tuple[bytes, ...]:
    # The value is secret, so the message does not repeat it.
    keys = tuple(map(_webhook_key, value.split(",")))
    if not all(len(key) in WEBHOOK_KEY_LENGTH for key in keys):
        raise ValueError(
            f"these are no keys; set {WEBHOOK_KEY} and 24 to 64 random bytes in base64, or several parted by commas, "
            "the newest first"
        )
    return keys


def _webhook_key(value: str) -> bytes:
    value = value.strip()
    try:
        return b64decode(value.removeprefix(WEBHOOK_KEY), validate=True) * value.startswith(WEBHOOK_KEY)
    except ValueError:
        return b""


def fhir_server(values: dict[str, object], faults: list[str]) -> FhirServer | None:
    """Take its variables out of the others. Access is asked for with all that this needs, or not at all."""
    said: dict[str, Any] = {
        name.removeprefix("fhir_"): values.pop(name) for name in list(values) if name.startswith("fhir_")
    }
    if not said:
        return None
    if not (base := said.pop("server", None)):
        faults.append("FHIR_SERVER: the other FHIR_ variables need it; set it, or none of them.")
    asks = {name: said.pop(name, None) for name in ("token_url", "client_id", "client_key_file")}
    scope = said.pop("scope", None)
    if any(asks.values()) or scope:
        faults += [
            f"FHIR_{name.upper()}: asking for access needs it; set it, or none of FHIR_TOKEN_URL, FHIR_CLIENT_ID, "
            "FHIR_CLIENT_KEY_FILE and FHIR_SCOPE."
            for name, value in asks.items()
            if not value
        ]
    if not base or faults:
        return None
    client = None
    if all(asks.values()):
        key = asks.pop("client_key_file")
        client = SmartClient(**asks, key=key, scope=scope or SCOPE)
    return FhirServer(base, client, **said)


def webhook(values: dict[str, object], faults: list[str]) -> Webhook | None:
    """Take its variables out of the others: both, or none."""
    url, keys = (values.pop(name, None) for name in ("webhook_url", "webhook_key"))
    for name, here, other in (("WEBHOOK_URL", url, keys), ("WEBHOOK_KEY", keys, url)):
        if other and not here:
            faults.append(f"{name}: a webhook needs an address and a key; set both, or neither.")
    return Webhook(url, keys) if url and keys else None  # type: ignore[arg-type]
