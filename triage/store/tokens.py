"""API tokens: how they are written, and whether one is good for something now.

A token is the number of its row and a random secret, signed: what nobody here has made is told without the database.
"""

from __future__ import annotations

from datetime import datetime

from django.core.signing import BadSignature, Signer
from django.utils.crypto import constant_time_compare

from triage.models import ApiToken
from triage.store.releases import sha256

Scope = ApiToken.Scope
PREFIX = "footpath_"  # by which programs that look for secrets in the wrong place know it
MAY_MANAGE = "triage.manage_tokens"
# The right that whoever made a token has to have themselves, beside that of making any.
RIGHTS = {
    Scope.EXPORTS: "triage.export_triagesession",
    Scope.INVITATIONS: "triage.add_invitation",
    Scope.RESPONSES: MAY_MANAGE,
}
LONGEST = 200  # signs of one that could be ours


def written(pk: int, secret: str) -> str:
    return PREFIX + _signer().sign(f"{pk}.{secret}")


def known(text: str) -> ApiToken | None:
    """The token that this is, whether or not it still opens anything; with who made it."""
    if not text.startswith(PREFIX) or len(text) > LONGEST or not text.isascii():
        return None
    try:
        pk, _, secret = _signer().unsign(text.removeprefix(PREFIX)).partition(".")
    except BadSignature:
        return None
    token = ApiToken.objects.select_related("made_by").filter(pk=int(pk)).first()
    return token if token and constant_time_compare(sha256(secret), token.secret_hash) else None


def dead(token: ApiToken, now: datetime) -> str:
    """Why it opens nothing now; "" while it does."""
    if over := token.over(now):
        return over
    may = token.made_by.is_active and token.made_by.has_perm(MAY_MANAGE)
    return "" if may else "of somebody who may no longer make tokens"


def may(token: ApiToken, scope: str) -> bool:
    """Whether a token that is not dead is good for this."""
    return scope in token.scopes and token.made_by.has_perm(RIGHTS[Scope(scope)])


def _signer() -> Signer:
    return Signer(salt="triage.token", sep=".")
