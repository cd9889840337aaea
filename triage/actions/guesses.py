"""Wrong passwords and codes of staff, counted by name wherever they come from, and entered in the access log."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import salted_hmac

from triage.actions.access import note_access
from triage.actions.codes import FIRST_PAUSE, LONGEST_PAUSE
from triage.models import AccessEntry, ApiToken, WrongCodes

FREE_GUESSES = 20  # at one name within an hour, from wherever; then each is followed by a pause, ever longer
ENTERED = 5  # of what nobody signs in by; then every tenfold


def pause_for_name(name: str, now: datetime) -> timedelta:
    """How long a name has to rest after too many wrong guesses; never for who signs in on a device of theirs."""
    wrong = WrongCodes.objects.filter(hour=_hour(now), place=_place("guess", name, now)).first()
    if wrong is None or wrong.count < FREE_GUESSES or wrong.last_at is None:
        return timedelta(0)
    doubled = min(wrong.count - FREE_GUESSES, 10)  # so that the number stays small
    return max(wrong.last_at + min(FIRST_PAUSE * 2**doubled, LONGEST_PAUSE) - now, timedelta(0))


@transaction.atomic
def note_guess(name: str, now: datetime, *, held_up: bool = False, why: str = "") -> None:
    """A wrong guess at a name, or ("") at none of ours; `held_up`: nobody looked whether it was right.

    `why`: what else kept somebody out.

    Each wrong guess at a name of ours is an entry. Of the others, which anybody can send without end, some are.
    """
    kind = "held up" if held_up else "guess"
    count = _count(_place(kind, name, now), now)
    endless = held_up or not name
    if endless and count > (1 if held_up else ENTERED) and not _tenfold(count):
        return
    detail = f"locked: {count} refused unseen within this hour" if held_up else why
    if not name and count > ENTERED:
        detail = f"{count} within this hour"
    note_access(AccessEntry.What.FAILED, name, now, detail=detail)


@transaction.atomic
def note_dead_token(token: ApiToken, why: str, now: datetime) -> None:
    """A token of ours was sent that opens nothing any more. Programs ask again and again: the first of an hour is an
    entry, then every tenfold."""
    count = _count(_place("token", str(token.pk), now), now)
    if _tenfold(count):
        detail = f"{why}; {count} within this hour" if count > 1 else why
        note_access(AccessEntry.What.FAILED, str(token), now, detail=detail)


def _tenfold(count: int) -> bool:
    return str(count).rstrip("0") == "1"


def _count(place: str, now: datetime) -> int:
    WrongCodes.objects.filter(hour__lt=_hour(now)).delete()
    wrong, _created = WrongCodes.objects.select_for_update().get_or_create(hour=_hour(now), place=place)
    wrong.count, wrong.last_at = wrong.count + 1, now
    wrong.save(update_fields=["count", "last_at"])
    return wrong.count


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _place(kind: str, name: str, now: datetime) -> str:
    text = f"{_hour(now).isoformat()} {kind} {name}"
    return salted_hmac("triage.guess", text, algorithm="sha256").hexdigest()[:16]
