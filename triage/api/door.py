"""Who comes in by the machines' door, and how: by a token alone. There is no session, no cookie and no form's token.

A program is answered here before anything that is made for browsers sees its request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.exceptions import BadRequest, DisallowedHost, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseBase
from django.http.response import Http404
from django.urls import resolve
from django.utils import timezone, translation

from triage import actions
from triage.api.refusals import Refused, refusal
from triage.models import ApiToken
from triage.server.errors import RETRY_AFTER
from triage.server.gate import MACHINES, address_of, is_elsewhere
from triage.server.guessing import MINUTE, Guesses
from triage.server.meters import meters
from triage.store import tokens

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]
# Apart from those at passwords: a program with an old token keeps nobody at its address from signing in.
wrong_tokens = Guesses()


class MachinesMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.API and request.path.startswith(MACHINES):
            return _answered(request)
        return self.get_response(request)


def _answered(request: HttpRequest) -> HttpResponseBase:
    try:
        # Nobody asks in which language; a page before may have left another.
        with translation.override(settings.LANGUAGE_CODE):
            return _found(request)(request)
    except Refused as refused:
        return refusal(request, refused)
    except (BadRequest, SuspiciousOperation):
        return refusal(request, Refused(400, "This request cannot be read."))
    except (OperationalError, InterfaceError):
        meters.went_wrong("database")
        away = Refused(
            503, "The database is away: nothing was stored. Try again.", headers={"Retry-After": RETRY_AFTER}
        )
        return refusal(request, away)
    except Exception:
        meters.went_wrong("ours")
        logger.exception("A program's request failed")
        return refusal(request, Refused(500, "Something went wrong here: nothing was stored."))


def _found(request: HttpRequest) -> View:
    """What stands at its address, under the clinic's own name if it has one."""
    try:
        request.get_host()
        if is_elsewhere(request):
            raise not_here()
        found = resolve(request.path_info, "triage.api.urls")
    except DisallowedHost:
        raise Refused(400, "Footpath is not known under this name: see ALLOWED_HOSTS.") from None
    except Http404:
        raise not_here() from None
    return lambda asked: found.func(asked, *found.args, **found.kwargs)


def not_here() -> Refused:
    return Refused(404, "There is nothing at this address.")


def by_method(**views: View) -> View:
    """The view for each method that an address takes."""

    def view(request: HttpRequest, **about: str) -> HttpResponseBase:
        if request.method not in views:
            allowed = ", ".join(views)
            raise Refused(405, f"This address takes {allowed}.", headers={"Allow": allowed})
        return views[request.method](request, **about)

    view.views = views  # type: ignore[attr-defined]
    return view


def asks(scope: ApiToken.Scope) -> Callable[[View], View]:
    """Whoever calls the view has a token that is good for this; the view is given the token."""

    def with_token(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, **about: str) -> HttpResponseBase:
            token = _let_in(request)
            if not tokens.may(token, scope):
                challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
                said = f"This token is not good for it: it needs the scope {scope}, and a maker who may."
                raise Refused(403, said, headers={"WWW-Authenticate": challenge})
            actions.note_token_used(token, timezone.now())
            return view(request, token=token, **about)

        wrapper.scope = scope  # type: ignore[attr-defined]
        return wrapper

    return with_token


def _let_in(request: HttpRequest) -> ApiToken:
    """The token that was sent. Wrong ones cost a hash and no more, and their address a pause; never a right one's."""
    sent = sent_token(request)
    if not sent:
        raise Refused(401, "Send a token in the header Authorization: Bearer.", headers=_challenge())
    token, now = tokens.known(sent), timezone.now()
    why = tokens.dead(token, now) if token else "unknown"
    if not why and token:
        return token
    if wrong_tokens.too_many(address_of(request) or ""):
        pause = {"Retry-After": f"{MINUTE:.0f}"}
        raise Refused(429, "Too many wrong tokens came from your address. Wait a minute.", headers=pause)
    if token:
        actions.note_dead_token(token, why, now)
    raise Refused(401, f"This token opens nothing: it is {why}.", headers=_challenge("invalid_token"))


def sent_token(request: HttpRequest) -> str:
    """As it was sent, whatever it is."""
    kind, _, sent = request.headers.get("Authorization", "").partition(" ")
    return sent.strip() if kind.lower() == "bearer" else ""


def _challenge(error: str = "") -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer error="{error}"' if error else "Bearer"}
