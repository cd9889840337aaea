"""What a clinic's monitoring should watch of what is stored: counts and times, nothing of anybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min

from triage.models import OutboxMail, TriageSession
from triage.store import deliveries
from triage.store.retention import last_purge, refused_since

Gauge = tuple[str, str, float]  # its name, what it means, what it is


def measured(now: datetime) -> Iterator[Gauge]:
    unseen = TriageSession.objects.filter(need=TriageSession.Need.UNSEEN_EMERGENCY, demo=False).aggregate(
        count=Count("pk"), oldest=Min("listed_at")
    )
    yield "footpath_unseen_emergencies", "Emergencies that nobody has acknowledged.", unseen["count"]
    waited = (now - unseen["oldest"]).total_seconds() if unseen["oldest"] else 0
    yield "footpath_unseen_emergency_seconds", "How long the oldest of them has waited.", waited
    waiting = TriageSession.objects.with_a_row().filter(demo=False)
    unseen_rows = waiting.filter(tab=TriageSession.Tab.UNSEEN).count()
    yield "footpath_worklist_unseen", "Rows of the worklist that nobody has acknowledged.", unseen_rows
    to_review = waiting.filter(tab=TriageSession.Tab.TO_REVIEW).count()
    yield (
        "footpath_worklist_to_review",
        "Rows of the worklist that are acknowledged and not reviewed.",
        to_review,
    )
    handed_in = TriageSession.objects.exclude(record_number=None).filter(demo=False)
    yield "footpath_submissions", "Submissions that are kept.", handed_in.count()
    mails = OutboxMail.objects.filter(sent_at=None)
    yield (
        "footpath_mails_waiting",
        "Mails that will be tried again.",
        mails.filter(next_at__isnull=False).count(),
    )
    yield "footpath_mails_given_up", "Mails that will not.", mails.filter(next_at=None).count()
    undelivered = deliveries.not_sent()
    waits = undelivered.filter(next_at__isnull=False).aggregate(count=Count("pk"), oldest=Min("queued_at"))
    yield (
        "footpath_deliveries_waiting",
        "Deliveries to other systems that will be tried again.",
        waits["count"],
    )
    waited = (now - waits["oldest"]).total_seconds() if waits["oldest"] else 0
    yield "footpath_delivery_seconds", "How long the oldest of them has waited.", waited
    given_up = undelivered.filter(next_at=None).count()
    yield "footpath_deliveries_given_up", "Deliveries that will not.", given_up
    if purge := last_purge():
        yield "footpath_purge_seconds", "Since the last purge.", (now - purge.at).total_seconds()
    yield "footpath_purges_refused", "Purges that refused since.", refused_since()
