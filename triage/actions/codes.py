"""Opening a session by a code: one to come back with, or that of an invitation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import salted_hmac

from triage.actions.keys import CODE_SIGNS, code_hash, new_key, signs
from triage.actions.sessions import start_session
from triage.models import (
    Invitation,
    TriageSession,
    WrongCodes,
)
from triage.store import releases
from triage.store.visit import Visit

# Within an hour; only codes that open nothing count.
MOST_WRONG_CODES = 1000
MOST_WRONG_CODES_AT_ONE_PLACE = 20


class InvitationOver(Exception):
    """The code is that of an invitation which is used, expired or revoked: its `state`."""

    def __init__(self, state: Invitation.State) -> None:
        self.state = state
        super().__init__(state.label)


class TooManyCodes(Exception):
    """Too many codes that open nothing were typed within this hour."""


@dataclass(frozen=True)
class Opened:
    """What a code opens: the key for the browser; of an invitation also the language that it was written in."""

    key: str
    language: str = ""


def save_for_later(visit: Visit, now: datetime) -> tuple[str, datetime]:
    """A code that opens the session in another browser, once, and until when. An earlier code stops working."""
    code = signs(CODE_SIGNS)
    until = now + timedelta(days=visit.clinic.return_days)
    TriageSession.objects.filter(pk=visit.pk).update(
        return_hash=code_hash(code), return_until=until, stayed_at=now
    )
    return code, until


@transaction.atomic
def open_code(code: str, address: str, now: datetime) -> Opened | None:
    """Open the saved session, or the invitation, of this code. None: it opens nothing.

    Raises InvitationOver, or TooManyCodes where too many wrong codes came before.
    """
    counts = _wrong_codes(address, now)
    if opened := _come_back(code_hash(code), now) or _accept(code_hash(code), now):
        return opened
    for count in counts:
        count.count += 1
        count.save(update_fields=["count"])
    return None


def _come_back(code_hash: str, now: datetime) -> Opened | None:
    """Move the session of this code to a new browser. The one it was in can open it no longer."""
    key = new_key()
    moved = TriageSession.objects.filter(return_hash=code_hash, return_until__gt=now).update(
        key_hash=releases.sha256(key), return_hash=None, return_until=None, reopened_at=now
    )
    return Opened(key) if moved else None


def _accept(code_hash: str, now: datetime) -> Opened | None:
    """Start the session that the invitation of this code asks for."""
    invitation = Invitation.objects.select_for_update().filter(code_hash=code_hash).first()
    if invitation is None:
        return None
    if (state := invitation.state(now)) != Invitation.State.OPEN:
        raise InvitationOver(state)
    _session, key = start_session(invitation.language, now, invitation=invitation)
    return Opened(key, invitation.language)


def _wrong_codes(address: str, now: datetime) -> list[WrongCodes]:
    """This hour's counts, locked: of all wrong codes, and of those from this address."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    WrongCodes.objects.filter(hour__lt=hour).delete()
    place = salted_hmac("triage.place", f"{hour.isoformat()} {address}", algorithm="sha256").hexdigest()[:4]
    counts = []
    for where, most in (("", MOST_WRONG_CODES), (place, MOST_WRONG_CODES_AT_ONE_PLACE)):
        count, _created = WrongCodes.objects.select_for_update().get_or_create(hour=hour, place=where)
        if count.count >= most:
            raise TooManyCodes
        counts.append(count)
    return counts
