"""The FHIR server: each submission goes there as a transaction, with what staff did about it where there is something.

What is sent is made when it is sent, of what is stored then, so that it brings the record there up to date whichever
event it was for; sent twice it makes nothing twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from triage import __version__
from triage.exports import fhir, reviews
from triage.exports.chart import chart
from triage.exports.fhir import Json
from triage.exports.fhir_bundle import Filed, bundle
from triage.exports.public import Public, public
from triage.integration.access import NoToken, access_to
from triage.integration.asking import NoReply, Outcome, Reply, Verdict, ask, outcome_of
from triage.models import Delivery, TriageSession, the_clinic
from triage.server.other_systems import FhirServer
from triage.store import invited
from triage.store.records import RecordAltered
from triage.store.snapshot import one_moment

MEDIA_TYPE = "application/fhir+json"
READ_AS = (MEDIA_TYPE, "application/json", "application/json+fhir")
# Of these a look tells whether it is there already.
MAY_BE_THERE = (409, 412)
ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


class NotFhir(Exception):
    """What answers is no FHIR server, or not as one answers this; its text is a status and what it was about."""

    def __init__(self, said: str, wait: timedelta = timedelta()) -> None:
        super().__init__(said)
        self.wait = wait


def the_server() -> FhirServer:
    assert settings.FHIR_SERVER, "there is one where something is sent to it"
    return settings.FHIR_SERVER


def name() -> str:
    """Whom the access log says it was sent to."""
    return f"the FHIR server at {urlsplit(the_server().base).hostname}"


def send(deliveries: Sequence[Delivery], now: datetime) -> Outcome:
    """All of these are of one submission."""
    try:
        return _send(Server(the_server(), now), deliveries[0].session_id)
    except (NoToken, NotFhir) as fault:
        return Outcome(Verdict.AGAIN, str(fault), fault.wait)
    except NoReply as none:
        return Outcome(Verdict.AGAIN, str(none))
    except RecordAltered:
        return Outcome(Verdict.NEVER, "altered record")
    except TriageSession.DoesNotExist:
        return Outcome(Verdict.NEVER, "erased")


# To it


class Server:
    """Asked at one moment: with a token where it wants one, and once more with a new one where it refuses that."""

    def __init__(self, server: FhirServer, now: datetime) -> None:
        self.server, self.now = server, now
        self.access = access_to(server.client) if server.client else None

    def ask(
        self, method: str, path: str, data: bytes | dict[str, str] | None = None, **headers: str
    ) -> Reply:
        """Raises NoToken, NoReply."""
        reply = self._ask(method, path, data, headers)
        if reply.status == 401 and self.access:
            self.access.forget()
            reply = self._ask(method, path, data, headers)
        return reply

    def _ask(self, method: str, path: str, data: Any, headers: dict[str, str]) -> Reply:
        token = self.access.token(self.now) if self.access else ""
        told = {"Accept": MEDIA_TYPE, "User-Agent": f"Footpath/{__version__}", **headers}
        return ask(method, self.server.base + path, self.now, data=data, headers=told, token=token)

    def found(self, kind: str, system: str, value: str) -> list[str]:
        """The ids of what has this identifier. By a form and not by an address, since addresses end in logs."""
        asked = {"identifier": f"{_escaped(system)}|{_escaped(value)}", "_elements": "id", "_count": "5"}
        reply = self.ask("POST", f"/{kind}/_search", asked)
        if reply.status != 200:
            raise NotFhir(f"{kind}: {reply.status}", reply.wait)
        entries = _resource(reply, "Bundle").get("entry") or []
        resources = [entry.get("resource") or {} for entry in entries]
        return [str(each.get("id")) for each in resources if each.get("resourceType") == kind]


def _escaped(value: str) -> str:
    """What parts values in a search is none here."""
    return re.sub(r"([\\|,$])", r"\\\1", value)


def _resource(reply: Reply, kind: str) -> Json:
    """Raises NotFhir."""
    try:
        resource = json.loads(reply.body) if reply.media_type in READ_AS else None
    except ValueError:
        resource = None
    if not isinstance(resource, dict) or resource.get("resourceType") != kind:
        raise NotFhir(f"{reply.status}, not FHIR")
    return resource


def capabilities(now: datetime) -> Json:
    """What it says of itself, once it has given a token. Raises NoToken, NoReply, NotFhir."""
    server = Server(the_server(), now)
    return _resource(server.ask("GET", "/metadata"), "CapabilityStatement")


# A submission


def _send(server: Server, pk: int) -> Outcome:
    said, number, page = _said(pk, notes=server.server.notes)
    filed = Filed(_patient(server, number), page)
    transaction = fhir.rebased(bundle(said, filed), the_clinic().fhir_base)
    sent = json.dumps(transaction, ensure_ascii=False).encode()
    reply = server.ask("POST", "", sent, **{"Content-Type": MEDIA_TYPE, "Prefer": "return=minimal"})
    if reply.status in (200, 201):
        _all_taken(_resource(reply, "Bundle"), len(transaction["entry"]))
    elif reply.status in MAY_BE_THERE and "review" not in said and _is_there(server, said["reference"]):
        return Outcome(Verdict.DONE, f"{reply.status}, is there")
    elif 200 <= reply.status < 300:
        raise NotFhir(f"{reply.status}, not FHIR")
    return outcome_of(reply)


def _said(pk: int, *, notes: bool) -> tuple[Public, str, bytes]:
    """What goes out of this submission, its patient's number with the clinic, and the page for the chart."""
    with one_moment():
        rows = TriageSession.objects.select_related("release", "invitation", "assigned_to")
        session = rows.defer("release__content").prefetch_related("reviews__reviewer").get(pk=pk)
        said = public(session, notes=notes)
        if session.review_state != TriageSession.ReviewState.NEW:
            said |= reviews.beside(session)
        number = invited.patient_number(session.invitation)
        return said, number, chart(session, notes=notes)


def _patient(server: Server, number: str) -> Json | None:
    """Whose it is there. Where several have the number, or nobody, a person there has to see to it: none is guessed."""
    if not (server.server.patient_system and number):
        return None
    known = fhir.named("Patient", server.server.patient_system, number)
    ids = server.found("Patient", server.server.patient_system, number)
    if len(ids) == 1 and ID.fullmatch(ids[0]):
        return {"reference": f"Patient/{ids[0]}", **known}
    return known


def _is_there(server: Server, reference: str) -> bool:
    """All of a transaction is there, or nothing of it."""
    base = the_clinic().fhir_base
    system: str = fhir.rebased({"system": fhir.REFERENCE}, base)["system"]
    return bool(server.found("QuestionnaireResponse", system, reference))


def _all_taken(answer: Json, sent: int) -> None:
    """Raises NotFhir unless it says of each part that it was taken, or was there."""
    entries = answer.get("entry") or []
    statuses = [str((entry.get("response") or {}).get("status", "")) for entry in entries]
    if len(statuses) != sent or not all(status.startswith(("2", "304")) for status in statuses):
        raise NotFhir("200, not all taken")
