"""Print what a clinic's monitoring should watch, in Prometheus' text format. Counts and times: nothing of anybody."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count, Min
from django.utils import timezone

from triage import __version__
from triage.models import OutboxMail, TriageSession
from triage.store.retention import last_purge, refused_since


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        for name, meaning, value in measured(timezone.now()):
            self.stdout.write(f"# HELP {name} {meaning}\n# TYPE {name} gauge\n{name} {value:g}")
        self.stdout.write(f'footpath_build{{version="{__version__}"}} 1')


def measured(now: datetime) -> Iterator[tuple[str, str, float]]:
    unseen = TriageSession.objects.filter(need=TriageSession.Need.UNSEEN_EMERGENCY, demo=False).aggregate(
        count=Count("pk"), oldest=Min("listed_at")
    )
    yield "footpath_unseen_emergencies", "Emergencies that nobody has acknowledged.", unseen["count"]
    waited = (now - unseen["oldest"]).total_seconds() if unseen["oldest"] else 0
    yield "footpath_unseen_emergency_seconds", "How long the oldest of them has waited.", waited
    handed_in = TriageSession.objects.exclude(record_number=None).filter(demo=False)
    yield "footpath_submissions", "Submissions that are kept.", handed_in.count()
    mails = OutboxMail.objects.filter(sent_at=None)
    yield (
        "footpath_mails_waiting",
        "Mails that will be tried again.",
        mails.filter(next_at__isnull=False).count(),
    )
    yield "footpath_mails_given_up", "Mails that will not.", mails.filter(next_at=None).count()
    if purge := last_purge():
        yield "footpath_purge_seconds", "Since the last purge.", (now - purge.at).total_seconds()
    yield "footpath_purges_refused", "Purges that refused since.", refused_since()
