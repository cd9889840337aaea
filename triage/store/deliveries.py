"""The deliveries to other systems: to whom, and which have not arrived."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from triage.models import Delivery

Receiver = Delivery.Receiver
LATE = timedelta(hours=1)  # a server is down for that long when it is looked after


def receivers() -> list[Receiver]:
    """Those that this server is set to tell."""
    told = {Receiver.FHIR: settings.FHIR_SERVER, Receiver.WEBHOOK: settings.WEBHOOK}
    return [receiver for receiver, is_set in told.items() if is_set]


def not_sent() -> QuerySet[Delivery]:
    """What waits, was refused or was given up; of a receiver that is no longer set, nothing is awaited."""
    return Delivery.objects.filter(sent_at=None, receiver__in=receivers())


def late(now: datetime) -> QuerySet[Delivery]:
    """What was refused or given up, or should have gone out long ago: staff have to know."""
    return not_sent().filter(Q(next_at=None) | Q(queued_at__lt=now - LATE))
