"""Opening a session by a code: one to come back with, or that of an invitation."""

from __future__ import annotations

import logging
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

logger = logging.getLogger(__name__)

# Within an hour and at one place: so many codes that open nothing are free, then each is followed by a pause,
# twice as long as the one before it.
FREE_TRIES = 20
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=10)  # others may share the address
ALARM = 1000  # wrong codes from everywhere: told in the log, and in nobody's way


class InvitationOver(Exception):
    """The code is that of an invitation which is used, expired or revoked: its `state`."""

    def __init__(self, state: Invitation.State) -> None:
        self.state = state
        super().__init__(state.label)


class TooManyCodes(Exception):
    """Too many codes that open nothing came from this place: how long it has to `wait`."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(f"{wait}")


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
def open_code(code: str, address: str | None, now: datetime) -> Opened | None:
    """Open the saved session, or the invitation, of this code. None: it opens nothing.

    Raises InvitationOver, or TooManyCodes where too many wrong codes came from that address.
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    place = _place(address, hour) if address else ""
    if place:
        _pause(hour, place, now)
    if opened := _come_back(code_hash(code), now) or _accept(code_hash(code), now):
        return opened
    WrongCodes.objects.filter(hour__lt=hour).delete()
    for where in sorted({"", place}):  # locked in one order
        _count(hour, where, now)
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


def _place(address: str, hour: datetime) -> str:
    return salted_hmac("triage.place", f"{hour.isoformat()} {address}", algorithm="sha256").hexdigest()[:16]


def _pause(hour: datetime, place: str, now: datetime) -> None:
    """Raises TooManyCodes within the pause that follows this place's last wrong code."""
    wrong = WrongCodes.objects.filter(hour=hour, place=place).first()
    if wrong is None or wrong.count < FREE_TRIES or wrong.last_at is None:
        return
    doubled = min(wrong.count - FREE_TRIES, 10)  # so that the number stays small
    wait = wrong.last_at + min(FIRST_PAUSE * 2**doubled, LONGEST_PAUSE) - now
    if wait > timedelta(0):
        raise TooManyCodes(wait)


def _count(hour: datetime, place: str, now: datetime) -> None:
    wrong, _created = WrongCodes.objects.select_for_update().get_or_create(hour=hour, place=place)
    wrong.count, wrong.last_at = wrong.count + 1, now
    wrong.save(update_fields=["count", "last_at"])
    if not place and wrong.count % ALARM == 0:
        logger.warning("%s codes that open nothing were typed within this hour", wrong.count)
