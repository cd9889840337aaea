"""API tokens: made, revoked, and noted when they are used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from triage.actions.access import note_access
from triage.actions.keys import new_key
from triage.models import AccessEntry, ApiToken
from triage.store import tokens
from triage.store.releases import sha256

LONGEST_TOKEN = timedelta(days=367)  # to the end of the day that is a year away, wherever the clock is turned


@transaction.atomic
def make_token(
    name: str, scopes: Iterable[str], ends_at: datetime, who: User, now: datetime
) -> tuple[ApiToken, str]:
    """A token for another program, and how it is written (stored nowhere). Raises IntegrityError for a name taken.

    It cannot do what its maker may not, whatever its scopes say; ValueError for an end that is too far.
    """
    if ends_at > now + LONGEST_TOKEN:
        raise ValueError("a token lasts a year at most")
    secret = new_key()
    token = ApiToken.objects.create(
        name=name,
        secret_hash=sha256(secret),
        scopes=[scope for scope in ApiToken.Scope.values if scope in set(scopes)],
        made_by=who,
        made_at=now,
        ends_at=ends_at,
    )
    until = timezone.localdate(ends_at - timedelta(microseconds=1))
    detail = f"made: {', '.join(token.scopes)}, until {until}"
    note_access(AccessEntry.What.CHANGE, who.get_username(), now, str(token), detail)
    return token, tokens.written(token.pk, secret)


@transaction.atomic
def revoke_token(pk: int, who: str, now: datetime) -> ApiToken:
    """It opens nothing from now on. Raises ApiToken.DoesNotExist, also for one that is revoked already."""
    token = ApiToken.objects.select_for_update().get(pk=pk, revoked_at=None)
    token.revoked_at = max(now, token.made_at)  # the clock may have been set back meanwhile
    token.save(update_fields=["revoked_at"])
    note_access(AccessEntry.What.CHANGE, who, now, str(token), "revoked")
    return token


def note_token_used(token: ApiToken, now: datetime) -> None:
    """To the day: more would tell when whoever runs the program is at work."""
    today = timezone.localdate(now)
    if token.last_used_on != today:
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=today)
