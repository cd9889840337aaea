"""Staff sign in with their accounts of the clinic's provider (OpenID Connect): to it, back from it, and out.

Authlib sends them there and checks what comes back: state, PKCE, nonce, signature, issuer, audience, times. What that
opens here is decided here. See docs/adr/0035-the-clinics-own-accounts.md.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from triage import actions
from triage.admin import sign_in
from triage.models import StaffIdentity
from triage.server.authorities import authorities
from triage.server.environment import Provider
from triage.server.hashing import Busy

NAME = "provider"  # under which the library keeps in the session what was begun
SECONDS = 3.0  # for each of the provider's answers
CLOCKS_DIFFER = 60  # seconds
HINT, LONGEST_HINT = "provider_hint", 4000  # the ID token in the session, and what an address has room for
LONGEST_SUBJECT = 255  # by the protocol
# By a key that the provider alone has: not "none", and nothing that somebody could make who knows a public key.
SIGNATURES = [f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)] + [
    "EdDSA",
    "Ed25519",
]
PLAIN_WORD = re.compile(r"[a-z_]{1,40}")
# A provider that is slow holds up no more of this process's threads: the others are the patients'.
places = threading.BoundedSemaphore(2)


class Refused(Exception):
    """Nobody is signed in: which of the reasons on the page, and what IT needs to know."""

    def __init__(self, reason: str, why: str = "") -> None:
        super().__init__(reason)
        self.reason, self.why = reason, why


# What it answers with: a fault of nobody here, and the wait for a provider that is away
STATUS = {"away": 503, "elsewhere": 400}


def the_provider() -> Provider:
    if settings.PROVIDER is None:
        raise Http404
    return settings.PROVIDER


@contextmanager
def asked() -> Iterator[Any]:
    """The library's client, which has read what the provider says of itself. Raises Refused, Busy."""
    # Here, since a clinic that signs its staff in by itself needs none of it.
    from authlib.integrations.base_client import OAuthError
    from joserfc.errors import JoseError
    from requests import RequestException

    if not places.acquire(blocking=False):
        raise Busy
    try:
        yield _client(the_provider())
    except OAuthError as fault:
        # A code that was used, or is too old, is for the person to try again; all else for IT to set right.
        raise Refused(
            "elsewhere" if fault.error == "invalid_grant" else "untrusted", _word(fault.error)
        ) from fault
    except RequestException as fault:
        raise Refused("away", type(fault).__name__) from fault
    except (
        JoseError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as fault:
        raise Refused("untrusted", _cause(fault)) from fault
    finally:
        places.release()


def _client(provider: Provider) -> Any:
    """Made anew each time, so that a key that the provider withdraws counts no more."""
    from authlib.integrations.django_client import OAuth

    client = OAuth().register(
        NAME,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        server_metadata_url=discovery(provider.issuer),
        client_kwargs={
            "scope": provider.scope,
            "code_challenge_method": "S256",
            "default_timeout": SECONDS,
            "verify": authorities(),
        },
    )
    said = client.load_server_metadata()
    if said.get("issuer") != provider.issuer:
        raise Refused("untrusted", "another issuer")
    asked_at = [said.get(name) or "" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if not all(url.startswith(("https://", provider.issuer.partition("//")[0])) for url in asked_at):
        raise Refused("untrusted", "an endpoint without https")
    said["id_token_signing_alg_values_supported"] = SIGNATURES
    return client


def discovery(issuer: str) -> str:
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def _word(text: Any) -> str:
    """What others chose is repeated only if it is one plain word."""
    return text if isinstance(text, str) and PLAIN_WORD.fullmatch(text) else "no reason given"


def _cause(fault: Exception) -> str:
    """The class of the fault and the claim, if it is one: never what the provider said of a person."""
    return " ".join(filter(None, (type(fault).__name__, getattr(fault, "claim", ""))))


# To the provider, and back


@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """A link and no form, since a policy that lets forms lead nowhere else is worth more."""
    the_provider()
    wanted = _wanted(request)
    if admin.site.has_permission(request):
        return redirect(wanted)
    if turned_away := sign_in.held_up(request, None):
        return turned_away
    there = request.build_absolute_uri(reverse("admin:provider_back"))
    try:
        with asked() as client:
            begun = client.create_authorization_url(there)
    except Refused as refused:
        return _refused(request, refused)
    client.save_authorize_data(request, redirect_uri=there, wanted=wanted, **begun)
    request.session.set_expiry(sign_in.PASSWORD_HOLDS)
    return redirect(begun["url"])


def _wanted(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    here = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if here else reverse("admin:index")


@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    provider = the_provider()
    if admin.site.has_permission(request):
        return redirect("admin:index")  # another tab was quicker, or this page is loaded again
    try:
        token, wanted = _shown(request)
        claims = token["userinfo"]
        user = _let_in(provider, claims)
    except Refused as refused:
        return _refused(request, refused)
    if settings.STAFF_SECOND_FACTOR and not _asked_for_a_code(provider, claims):
        answer = sign_in.to_the_code(request, user, wanted)
    else:
        request.session.flush()
        request.session[sign_in.CODE_BY] = provider.issuer
        login(request, user, backend=sign_in.BACKEND)
        answer = redirect(wanted)
    if len(token["id_token"]) <= LONGEST_HINT:
        request.session[HINT] = token["id_token"]
    return answer


def _shown(request: HttpRequest) -> tuple[dict[str, Any], str]:
    """What the provider gives for who comes back to this browser, and the page they wanted."""
    from authlib.integrations.django_client import DjangoIntegration

    begun = DjangoIntegration(NAME).get_state_data(request.session, request.GET.get("state", ""))
    if not begun:
        raise Refused("elsewhere")
    if "error" in request.GET:
        raise Refused("declined", _word(request.GET["error"]))
    issuer = {"iss": {"essential": True, "value": the_provider().issuer}}
    with asked() as client:
        token = client.authorize_access_token(request, claims_options=issuer, leeway=CLOCKS_DIFFER)
    if not token.get("userinfo"):
        raise Refused("untrusted", "no ID token")
    return token, begun["wanted"]


def _let_in(provider: Provider, claims: dict[str, Any]) -> User:
    groups = _listed(claims.get(provider.groups_claim))
    roles = {provider.roles[group] for group in groups if group in provider.roles}
    subject = claims["sub"]
    if not (isinstance(subject, str) and subject.isprintable() and len(subject) <= LONGEST_SUBJECT):
        raise Refused("untrusted", "a subject that is none")
    name = str(claims.get("preferred_username") or claims.get("email") or subject)
    now = timezone.now()
    try:
        return actions.let_in(provider.issuer, subject, name, roles, now)
    except actions.NotLetIn as refusal:
        actions.note_guess(refusal.who, now, why=f"by the provider: {refusal.why}")
        raise Refused(refusal.why) from None


def _asked_for_a_code(provider: Provider, claims: dict[str, Any]) -> bool:
    return any(value in _listed(claims.get(name)) for name, value in provider.second_factor)


def _listed(said: Any) -> list[str]:
    """A claim that is one text or several."""
    return [text for text in (said if isinstance(said, list) else [said]) if isinstance(text, str)]


def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    if refused.reason in ("declined", "untrusted"):
        why = f"by the provider: {refused.reason}, {refused.why}"
        actions.note_guess("", timezone.now(), why=why)
    page = sign_in.staff_page(
        request, "not_let_in", title="You are not signed in", reason=refused.reason, why=refused.why
    )
    page.status_code = STATUS.get(refused.reason, 403)
    return page.render()


# Out


def is_provided(user: Any) -> bool:
    return settings.PROVIDER is not None and StaffIdentity.objects.filter(user=user.pk).exists()


def signed_out(request: HttpRequest, hint: str | None) -> HttpResponse:
    """Signed out here; now there too, or the next person at this computer would come in as this one.

    Not by a redirect: what answers a form may lead nowhere else.
    """
    there = _way_out(request, hint)
    page = sign_in.staff_page(request, "signed_out", title="You are signed out of Footpath", there=there)
    if there:
        page.headers["Refresh"] = f"0; url={there}"
    return page.render()


def _way_out(request: HttpRequest, hint: str | None) -> str:
    """The provider's own sign-out; "" where it has none, or does not answer."""
    after = request.build_absolute_uri(reverse("admin:login"))
    try:
        with asked() as client:
            if not client.server_metadata.get("end_session_endpoint"):
                return ""
            way: str = client.create_logout_url(after, hint, client_id=the_provider().client_id)["url"]
            return way
    except (Refused, Busy):
        return ""
