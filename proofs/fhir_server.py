"""A FHIR server on this machine, over real HTTP, as far as Footpath needs one: transactions that are taken whole or not
at all, conditional create and update, search by identifier, and a token endpoint that checks what it is shown.

Honest until it is told otherwise: see proofs/listener.py. Knows nothing of Footpath.
"""

from __future__ import annotations

import copy
import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from proofs.listener import Answer, Answering, Asked, Listener

Json = dict[str, Any]
FHIR = "application/fhir+json"
ALGORITHMS = ["RS384", "ES384"]


class Failed(Exception):
    """With this status the whole transaction is refused."""


class FhirServer(Listener):
    """`stored` by kind and id; `versions` counts how often each was written. With `keys` (a JWK Set) it wants a token.

    One that is `careless` looks at no condition: it makes all that it is sent.
    """

    def __init__(self, port: int = 0, careless: bool = False) -> None:
        super().__init__(usual=self.serve, port=port)
        self.base, self.careless = f"{self.url}/r4", careless
        self.stored: dict[str, dict[str, Json]] = {}
        self.versions: dict[tuple[str, str], int] = {}
        self.numbers, self.lock = itertools.count(1), threading.Lock()
        self.keys: Any = None
        self.client, self.lasts, self.granted = "footpath", 300, 0
        self.tokens: set[str] = set()
        self.shown: set[str] = set()

    def all(self, kind: str) -> list[Json]:
        return list(self.stored.get(kind, {}).values())

    def count(self) -> dict[str, int]:
        return {kind: len(found) for kind, found in sorted(self.stored.items())}

    # What it answers

    def serve(self, asked: Asked) -> Answer:
        path = asked.path.removeprefix("/r4")
        if asked.path == "/token":
            return self.token(asked)
        if self.keys and asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return issue(401, "login")
        if path == "/metadata":
            rest = [{"mode": "server", "interaction": [{"code": "transaction"}]}]
            said = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": rest}
            return resource(200, said)
        if path.endswith("/_search"):
            return self.search(path.split("/")[1], parse_qs(asked.body.decode()))
        if path == "" and asked.headers.get("content-type") == FHIR:
            return self.transaction(json.loads(asked.body))
        return issue(404, "not-found")

    def search(self, kind: str, asked: Mapping[str, list[str]]) -> Answer:
        with self.lock:
            found = self.matches(kind, f"identifier={asked['identifier'][0]}")
            entries = [{"resource": self.stored[kind][number]} for number in found]
        return resource(200, {"resourceType": "Bundle", "type": "searchset", "entry": entries})

    def matches(self, kind: str, search: str) -> list[str]:
        by, _, text = search.partition("=")
        wanted = parted(text)

        def known(each: Json) -> set[tuple[str, ...]]:
            if by == "_tag":
                return {(tag["system"], tag["code"]) for tag in each.get("meta", {}).get("tag", ())}
            named = each.get("identifier", [])
            return {(one["system"], one["value"]) for one in (named if isinstance(named, list) else [named])}

        return [number for number, each in self.stored.get(kind, {}).items() if wanted in known(each)]

    def transaction(self, bundle: Json) -> Answer:
        with self.lock:
            before = copy.copy(self.stored), copy.copy(self.versions)
            try:
                assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
                entries = self.take(bundle["entry"])
            except Failed as failed:
                self.stored, self.versions = before
                return issue(failed.args[0], "conflict")
        return resource(200, {"resourceType": "Bundle", "type": "transaction-response", "entry": entries})

    def take(self, entries: list[Json]) -> list[Json]:
        places, taken = {}, []
        for entry in entries:
            kind, request = entry["resource"]["resourceType"], entry["request"]
            search = request.get("ifNoneExist") or request["url"].partition("?")[2]
            found = [] if self.careless else self.matches(kind, search)
            if len(found) > 1:
                raise Failed(412)
            number = found[0] if found else str(next(self.numbers))
            places[entry["fullUrl"]] = f"{kind}/{number}"
            taken.append(
                (entry["resource"], kind, number, not found or request["method"] == "PUT", bool(found))
            )
        for made, kind, number, written, _there in taken:
            if written:
                text = json.dumps(made | {"id": number})
                for place, literal in places.items():
                    text = text.replace(f'"{place}"', f'"{literal}"')
                self.stored[kind] = {**self.stored.get(kind, {}), number: json.loads(text)}
                self.versions[kind, number] = self.versions.get((kind, number), 0) + 1
        return [
            {"response": {"status": "200 OK" if there else "201 Created", "location": f"{kind}/{number}"}}
            for _made, kind, number, _written, there in taken
        ]

    # Who asks

    def token(self, asked: Asked) -> Answer:
        said = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if not self.is_client(said):
            return 400, {"Content-Type": "application/json"}, b'{"error": "invalid_client"}'
        self.granted += 1
        token = f"token-{self.granted}"
        self.tokens.add(token)
        answer = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": self.lasts,
            "scope": said["scope"],
        }
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def is_client(self, said: Mapping[str, str]) -> bool:
        """As SMART's backend services have it. The clock is that of the assertion: tests turn Footpath's."""
        kinds = "client_credentials", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        if (said.get("grant_type"), said.get("client_assertion_type")) != kinds:
            return False
        try:
            keys = KeySet.import_key_set(self.keys)
            read = jwt.decode(said["client_assertion"], keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError, KeyError):
            return False
        claims = read.claims
        right = (claims["iss"], claims["sub"], claims["aud"]) == (
            self.client,
            self.client,
            f"{self.url}/token",
        )
        soon = 0 < claims["exp"] - claims["iat"] <= 300
        new = claims["jti"] not in self.shown
        self.shown.add(claims["jti"])
        return right and soon and new and read.header["typ"] == "JWT"


def parted(text: str) -> tuple[str, ...]:
    """System and value of a token in a search, where a backslash takes what follows as it is."""
    parts, signs = [""], iter(text)
    for sign in signs:
        if sign == "\\":
            parts[-1] += next(signs)
        elif sign == "|":
            parts.append("")
        else:
            parts[-1] += sign
    return tuple(parts)


def resource(status: int, made: Json) -> Answer:
    return status, {"Content-Type": f"{FHIR}; charset=utf-8"}, json.dumps(made).encode()


def issue(status: int, code: str) -> Answer:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}
    return resource(status, outcome)


@contextmanager
def fhir_server() -> Iterator[FhirServer]:
    server = FhirServer()
    try:
        yield server
    finally:
        server.stop()


def lost(server: FhirServer) -> Answering:
    """It is stored, and who asked hears nothing of it."""

    def answer(asked: Asked) -> None:
        server.serve(asked)

    return answer
