"""A token for the FHIR server: SMART backend services, that is OAuth 2 client credentials with a signed JWT.

Kept in memory until it ends, and asked for anew when the server does not take it any more.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from triage.integration.asking import NoReply, Reply, ask
from triage.server.other_systems import SmartClient

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = {"RSA": "RS384", "EC": "ES384"}  # which SMART asks every server to take
SIGNED_FOR = timedelta(minutes=4)  # at most five, by SMART
BEFORE_ITS_END = timedelta(seconds=30)
LONGEST = timedelta(hours=1)  # however long it is said to last


class NoToken(Exception):
    """None is given; its text is a status or the class of an error."""

    def __init__(self, said: str, wait: timedelta = timedelta()) -> None:
        super().__init__(said)
        self.wait = wait


class Access:
    """To one server, as one client."""

    def __init__(self, client: SmartClient) -> None:
        self.client = client
        self.kept, self.until = "", datetime.min.replace(tzinfo=UTC)

    def token(self, now: datetime) -> str:
        """Raises NoToken."""
        if self.kept and now < self.until:
            return self.kept
        try:
            reply = ask("POST", self.client.token_url, now, data=self._request(now), headers=JSON)
        except NoReply as none:
            raise NoToken(f"token: {none}") from None
        self.kept, lasts = _read(reply)
        self.until = now + min(lasts, LONGEST) - BEFORE_ITS_END
        return self.kept

    def forget(self) -> None:
        self.kept = ""

    def _request(self, now: datetime) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "scope": self.client.scope,
            "client_assertion_type": ASSERTION,
            "client_assertion": self._assertion(now),
        }

    def _assertion(self, now: datetime) -> str:
        from joserfc import jwt  # here, since only the sender needs it
        from joserfc.jwk import JWKRegistry

        algorithm, issued = ALGORITHMS[self.client.key["kty"]], int(now.timestamp())
        claims = {
            "iss": self.client.client_id,
            "sub": self.client.client_id,
            "aud": self.client.token_url,
            "iat": issued,
            "exp": issued + int(SIGNED_FOR.total_seconds()),
            "jti": secrets.token_urlsafe(24),
        }
        header = {"alg": algorithm, "typ": "JWT", "kid": self.client.key["kid"]}
        key: Any = JWKRegistry.import_key(dict(self.client.key))
        return str(jwt.encode(header, claims, key, algorithms=[algorithm]))


JSON = {"Accept": "application/json"}


def _read(reply: Reply) -> tuple[str, timedelta]:
    if reply.status != 200:
        raise NoToken(f"token: {reply.status}", reply.wait)
    try:
        said = json.loads(reply.body)
        token, lasts = str(said["access_token"]), timedelta(seconds=float(said.get("expires_in", 60)))
        usable = (
            bool(token) and token.isascii() and token.isprintable() and said["token_type"].lower() == "bearer"
        )
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
        usable = False
    if not usable:
        raise NoToken("token: not readable")
    return token, lasts


_to: dict[tuple[str, ...], Access] = {}


def access_to(client: SmartClient) -> Access:
    """With the token that this process has for it."""
    asked = (client.token_url, client.client_id, client.key["kid"], client.scope)
    return _to.setdefault(asked, Access(client))
