"""A provider of accounts (OpenID Connect) on this machine, over real HTTP: honest, until it is told to lie.

It does what the protocol asks of it and checks what it asks of others: the client's secret, the address to go back to,
PKCE, each code once. Its keys are made here.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import JWSRegistry

from triage.server.environment import Provider

CLIENT, SECRET = "footpath", "a-secret-of-the-client"
ROLES = {"nurses": "Reviewers", "leads": "Managers", "office": "Auditors"}
HONEST = {"signed_by": "rsa", "alg": "RS256", "kid": True}


class TestProvider:
    """Who signs in there is `person`; `claims` are said over what is true, and None leaves one out."""

    __test__ = False

    def __init__(self):
        self.keys = {
            "rsa": RSAKey.generate_key(2048, {"kid": "rsa"}),
            "ec": ECKey.generate_key("P-256", {"kid": "ec"}),
            "stranger": RSAKey.generate_key(2048, {"kid": "stranger"}),
        }
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}/realm"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.answers = {
            ".well-known/openid-configuration": self.configuration,
            "keys": self.published_keys,
            "authorize": self.authorize,
            "token": self.token,
            "end": self.end,
        }
        self.be_honest()

    def be_honest(self):
        self.person = {
            "sub": "0a1b",
            "preferred_username": "anna",
            "groups": ["nurses", "choir"],
            "amr": ["mfa"],
        }
        self.claims, self.metadata, self.fails = {}, {}, {}
        self.signing = dict(HONEST)
        self.published = ["rsa", "ec"]
        self.asks = False  # whether it shows a page with a button first
        self.signed_out = 0
        self.codes, self.seen = {}, []

    def settings(self, **changed):
        said = {
            "issuer": self.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "roles": ROLES,
            "name": "Mercy",
        }
        return Provider(**{**said, **changed})

    # What it answers

    def configuration(self, asked):
        here = self.issuer
        return 200, {
            "issuer": here,
            "authorization_endpoint": f"{here}/authorize",
            "token_endpoint": f"{here}/token",
            "jwks_uri": f"{here}/keys",
            "end_session_endpoint": f"{here}/end",
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
            "code_challenge_methods_supported": ["S256"],
            **self.metadata,
        }

    def published_keys(self, asked):
        return 200, KeySet([self.keys[name] for name in self.published]).as_dict(private=False)

    def authorize(self, asked):
        if asked.get("client_id") != CLIENT or not asked.get("redirect_uri", "").endswith(
            "/admin/provider/back/"
        ):
            return 400, "unknown client, or unknown address to go back to"
        if self.asks and "yes" not in asked:
            query = urlencode({**asked, "yes": "1"})
            return (
                200,
                f'<title>Mercy</title><h1>Mercy</h1><a href="{self.issuer}/authorize?{query}">Go on as Anna</a>',
            )
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return 302, f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked):
        if asked["authorization"] != "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode():
            return 401, {"error": "invalid_client"}
        begun = self.codes.pop(asked.get("code"), None)  # once
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        challenge = unpadded(digest).decode()
        if begun is None or (begun["code_challenge"], begun["redirect_uri"]) != (
            challenge,
            asked["redirect_uri"],
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(begun["nonce"])}

    def id_token(self, nonce):
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.person,
        }
        claims = {name: value for name, value in {**honest, **self.claims}.items() if value is not None}
        key = self.keys.get(self.signing["signed_by"])
        header = {"alg": self.signing["alg"]}
        if self.signing["kid"]:
            header["kid"] = self.signing["signed_by"]
        if header["alg"] in ("none", "HS256"):
            return self.forged(header, claims)
        return jwt.encode(header, claims, key, registry=JWSRegistry(algorithms=[header["alg"]]))

    def forged(self, header, claims):
        """As anybody can make one: unsigned, or signed with the key that all can read. No library lends a hand."""
        parts = b".".join(unpadded(json.dumps(part).encode()) for part in (header, claims))
        public = self.keys["rsa"].as_pem(private=False)
        signature = hmac.digest(public, parts, "sha256") if header["alg"] == "HS256" else b""
        return b".".join([parts, unpadded(signature)]).decode()

    def end(self, asked):
        self.signed_out += 1
        return 302, f"{asked['post_logout_redirect_uri']}?state={asked['state']}"


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def nothing(asked):
    return 404, "nothing here"


def handler(provider):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *about):
            pass

        def do_GET(self):
            self.reply(parse_qs(urlsplit(self.path).query))

        def do_POST(self):
            self.reply(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def reply(self, query):
            asked = {name: values[0] for name, values in query.items()}
            asked["authorization"] = self.headers.get("Authorization")
            name = urlsplit(self.path).path.removeprefix("/realm/")
            provider.seen.append((self.command, name))
            status, said = (
                provider.fails[name]()
                if name in provider.fails
                else provider.answers.get(name, nothing)(asked)
            )
            self.send_response(status)
            if status == 302:
                self.send_header("Location", said)
            self.send_header("Content-Type", "text/html" if isinstance(said, str) else "application/json")
            self.end_headers()
            self.wfile.write(said.encode() if isinstance(said, str) else json.dumps(said).encode())

    return Handler
