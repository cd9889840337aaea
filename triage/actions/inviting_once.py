"""Inviting for another program, which asks again when an answer is lost: by the same key it gets the same invitation.

The code is stored nowhere. It is worked out of the token, the key and the moment, of which the database has the last
alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from triage.actions.access import note_access
from triage.actions.invitations import invite
from triage.models import AccessEntry, ApiToken, Invitation, SentOnce
from triage.store.codes import code_of

ASKED_AGAIN = timedelta(days=1)  # within it


class AskedOtherwise(Exception):
    """Under this key something else was asked for."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A token as it was sent, the key that goes along, and what is asked for."""

    token: ApiToken
    written: str
    key: str
    asked: Mapping[str, Any]

    @property
    def what(self) -> str:
        return self.hash_of(json.dumps(self.asked, sort_keys=True))

    def hash_of(self, text: str) -> str:
        secret = f"{self.written} {self.key}"
        return salted_hmac("triage.once", text, secret=secret, algorithm="sha256").hexdigest()

    def code(self, at: datetime) -> str:
        return code_of(f"{self.written} {self.key}", at)


def made_before(asking: Asking, now: datetime) -> tuple[Invitation, str] | None:
    """What was made by this key within a day, with its code. Raises AskedOtherwise."""
    rows = SentOnce.objects.select_related("invitation").filter(token=asking.token, at__gt=now - ASKED_AGAIN)
    once = rows.filter(key=asking.hash_of("")).first()
    if once is None:
        return None
    if once.asked != asking.what:
        raise AskedOtherwise
    note_access(AccessEntry.What.PRINT, str(asking.token), now, str(once.invitation), "link given again")
    return once.invitation, asking.code(once.at)


def invite_once(asking: Asking, wanted: Mapping[str, Any], now: datetime) -> tuple[Invitation, str]:
    """Make one, `wanted` as `invite` takes it. Raises IntegrityError where it is open already, AskedOtherwise."""
    try:
        with transaction.atomic():
            SentOnce.objects.filter(at__lte=now - ASKED_AGAIN).delete()
            wanted = {**wanted, "code": asking.code(now)}
            ((invitation, code),) = invite([wanted], asking.token.made_by, now, through=str(asking.token))
            SentOnce.objects.create(
                token=asking.token,
                key=asking.hash_of(""),
                asked=asking.what,
                invitation=invitation,
                at=now,
            )
            return invitation, code
    except IntegrityError:
        made = made_before(asking, now)  # by another that was quicker
        if made is None:
            raise
        return made
