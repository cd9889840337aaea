"""The outbox of what other systems are to hear: put into it with the event itself, sent by `manage.py send_outbox`."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from triage.actions.access import note_access
from triage.models import AccessEntry, Delivery, TriageSession
from triage.store.deliveries import receivers

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=2)
GIVEN_UP_AFTER = timedelta(days=7)
# How long a sender has what it took to itself. Who died meanwhile sends it again: nothing is made twice by that.
LEASE = timedelta(minutes=5)

STEPS = {
    TriageSession.ReviewState.ACKNOWLEDGED: Delivery.Event.ACKNOWLEDGED,
    TriageSession.ReviewState.REVIEWED: Delivery.Event.REVIEWED,
    TriageSession.ReviewState.CLOSED: Delivery.Event.CLOSED,
}


def queue_deliveries(session: TriageSession, event: str, now: datetime) -> None:
    """Each receiver is to hear of it. Part of the event's own transaction; what is made up is nobody's to hear."""
    if session.demo:
        return
    about = {"session": session, "event": event, "event_id": uuid4()}
    times = {"event_at": now, "queued_at": now, "next_at": now}
    Delivery.objects.bulk_create(Delivery(receiver=receiver, **about, **times) for receiver in receivers())


@transaction.atomic
def take_deliveries(receiver: str, to: str, now: datetime, *, together: bool) -> list[Delivery]:
    """What this receiver is to hear next, of one submission, counted as tried; all of it at once, or one event.

    It is in the access log before anything is sent. What another sender has under way stays with that one.
    """
    under_way = Delivery.objects.filter(
        session=OuterRef("session"),
        receiver=receiver,
        sent_at=None,
        last_outcome="",
        tried_at__gt=now - LEASE,
        tried_at__lte=now,
    )
    due = Delivery.objects.filter(receiver=receiver, next_at__lte=now).exclude(Exists(under_way))
    first = due.order_by("next_at", "pk").first()
    if first is None:
        return []
    of_session = Delivery.objects.filter(session=first.session_id, receiver=receiver, sent_at=None)
    # All of them are locked, always in this order: two senders take them one after the other.
    rows = list(of_session.select_for_update(of=("self",)).select_related("session").order_by("pk"))
    if any(_under_way(row, now) for row in rows):
        return []
    taken = rows if together else [row for row in rows if row.pk == first.pk]
    for row in taken:
        if row.next_at is None:  # refused or given up before: it arrives with what is sent now, or stays so
            continue
        if not row.tries:
            detail = f"{row.get_event_display()}: sent to {to}"
            note_access(AccessEntry.What.EXPORT, "", now, row.session.reference, detail)
        row.tries, row.tried_at, row.next_at, row.last_outcome = row.tries + 1, now, now + LEASE, ""
    Delivery.objects.bulk_update(taken, ["tries", "tried_at", "next_at", "last_outcome"])
    return taken


def _under_way(row: Delivery, now: datetime) -> bool:
    return row.tried_at is not None and not row.last_outcome and now - LEASE < row.tried_at <= now


def delivered(rows: Iterable[Delivery], said: str, now: datetime) -> None:
    _still(rows).update(sent_at=now, next_at=None, last_outcome=said)


def refused(rows: Iterable[Delivery], said: str) -> None:
    """It would be refused again: it waits for somebody to look into it."""
    _still(rows).filter(next_at__isnull=False).update(next_at=None, last_outcome=said)


@transaction.atomic
def put_off(rows: Iterable[Delivery], said: str, now: datetime, wait: timedelta = timedelta()) -> None:
    """It is tried again after a pause, or given up after a week. `wait`: what the receiver itself has asked for, of
    which it is left in peace altogether."""
    waiting = [row for row in rows if row.next_at]
    for row in waiting:
        next_at = now + max(wait, pause_after(row.tries))
        row.next_at = next_at if next_at <= row.queued_at + GIVEN_UP_AFTER else None
        row.last_outcome = said
    # By their keys alone: a submission that was erased meanwhile has taken its deliveries along.
    Delivery.objects.bulk_update(waiting, ["next_at", "last_outcome"])
    if wait and waiting:
        others = Delivery.objects.filter(receiver=waiting[0].receiver, next_at__lt=now + wait)
        others.update(next_at=now + wait)


def pause_after(tries: int) -> timedelta:
    """Twice as long each time, up to the longest; somewhat less by chance, so that senders do not come all at once."""
    whole = min(FIRST_PAUSE * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
    return whole * (0.5 + secrets.randbelow(501) / 1000)


def _still(rows: Iterable[Delivery]) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk__in=[row.pk for row in rows])


@transaction.atomic
def send_again(pk: int, who: str, now: datetime) -> Delivery:
    """As if it had just happened. What has arrived before is not made twice there."""
    row = Delivery.objects.select_for_update(of=("self",)).select_related("session").get(pk=pk)
    row.queued_at = row.next_at = now
    row.tries, row.tried_at, row.sent_at, row.last_outcome = 0, None, None, ""
    row.save()
    detail = f"{row.get_event_display()}: to be sent again to the {row.get_receiver_display()}"
    note_access(AccessEntry.What.CHANGE, who, now, row.session.reference, detail)
    return row
