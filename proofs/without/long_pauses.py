"""The sender as on a server, with pauses of tenths of a second: it tries again while a proof has time for it."""

from datetime import timedelta

import django
from django.core.management import call_command

django.setup()

from triage.actions import deliveries  # noqa: E402
from triage.integration import asking  # noqa: E402

deliveries.FIRST_PAUSE, deliveries.LONGEST_PAUSE = timedelta(seconds=0.2), timedelta(seconds=1)
deliveries.LEASE = timedelta(seconds=3)
asking.READ = 1.0
call_command("send_outbox", "--every", "1")
