"""Opening a session by a code: one to come back with, or that of an invitation."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac

from triage.actions.sessions import start_session, take_over
from triage.models import (
    Invitation,
    TriageSession,
    WrongCodes,
)
from triage.store.codes import code_hash, code_hashes, code_of
from triage.store.visit import Visit

logger = logging.getLogger(__name__)

# Within an hour and at one place: so many codes that open nothing are free, then each is followed by a pause,
# twice as long as the one before it.
FREE_TRIES = 20
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=10)  # others may share the address
ALARM = 1000  # wrong codes from everywhere: told in the log, and in nobody's way


class InvitationOver(Exception):
    """The code is that of an invitation which is answered, expired or revoked: its `state`."""

    def __init__(self, state: Invitation.State) -> None:
        self.state = state
        super().__init__(state.label)


class TooManyCodes(Exception):
    """Too many codes that open nothing came from this place: how long it has to `wait`."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(f"{wait}")


NO_CODE: dict[str, Any] = {"return_hash": None, "return_until": None}


@dataclass(frozen=True)
class Opened:
    """What a code opens: the key for the browser, and the session."""

    key: str
    session: TriageSession


def save_for_later(visit: Visit, key: str, now: datetime, *, anew: bool = False) -> None:
    """See to it that there is a code to come back with, as long as the clinic's settings say.

    One that works already stays as it is: somebody may have written it down. With `anew` another takes its place.
    """
    session = TriageSession.objects.filter(pk=visit.pk)
    until = now + timedelta(days=visit.clinic.return_days)
    if anew or not session.filter(return_until__gt=now).update(stayed_at=now):
        session.update(**new_code(key, until), stayed_at=now)


def new_code(key: str, until: datetime) -> dict[str, Any]:
    """What is stored of the code that the browser with this key is given."""
    return {"return_hash": code_hash(code_of(key, until)), "return_until": until}


@transaction.atomic
def open_code(code: str, address: str | None, now: datetime, held: str = "", room: str = "") -> Opened | None:
    """Open the session of this code in the browser that asks, which `held` that key until now, in that waiting room.

    A return code opens its session until it is replaced, for its days; an invitation its own until that is handed in
    or the day of the visit is over. None: the code opens nothing. Raises InvitationOver, or TooManyCodes where too
    many wrong codes came from that address.
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    place = _place(address, hour) if address else ""
    if place:
        _pause(hour, place, now)
    hashes = code_hashes(code)
    if opened := _come_back(hashes, now, held, room) or _accept(hashes, now, held, room):
        return opened
    WrongCodes.objects.filter(hour__lt=hour).delete()
    for where in sorted({"", place}):  # locked in one order
        _count(hour, where, now)
    return None


def _come_back(hashes: list[str], now: datetime, held: str, room: str) -> Opened | None:
    saved = TriageSession.objects.filter(return_hash__in=hashes, return_until__gt=now)
    taken = take_over(saved, held, now, room)
    return Opened(*taken) if taken else None


def _accept(hashes: list[str], now: datetime, held: str, room: str) -> Opened | None:
    """The session that the invitation of this code asks for: begun now, or taken over."""
    invitation = Invitation.objects.filter(code_hash__in=hashes).first()
    if invitation is None:
        return None
    if not invitation.opened_at:  # of several browsers at once, one begins it
        invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not (state := invitation.state(now)).opens:
        raise InvitationOver(state)
    own = TriageSession.objects.filter(invitation=invitation, corrects=None)
    if taken := take_over(own.filter(submitted_at=None), held, now, room):
        return Opened(*taken)
    if own.exists():  # handed in at this very moment
        raise InvitationOver(Invitation.State.SENT)
    session, key = start_session(invitation.language, now, invitation=invitation, room=room)
    return Opened(key, session)


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
