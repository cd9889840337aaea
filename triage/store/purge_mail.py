"""The mail that tells the clinic that its purge did not run: what should be gone is still there."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage

from triage.models import the_clinic
from triage.store.retention import refused_since

FIRST, AGAIN = 2, 14  # after so many in a row; the timer comes twice a day, so once a week from then on
SUBJECT = "Footpath: the purge has failed {} times"
TEXT = """\
What your clinic keeps longer than it decided is still there: the purge has failed {count} times since it last ran.

The reason of the last time: {reason}

On the server, `manage.py purge` says what is due and why it was not deleted. This mail names no patient.
"""


def message(reason: str) -> EmailMessage | None:
    """To the address of the clinic's mails and to its managers; None where none is due or nobody can be told."""
    count = refused_since()
    due = count == FIRST or (count > FIRST and (count - FIRST) % AGAIN == 0)
    managers = User.objects.filter(groups__name="Managers", is_active=True).exclude(email="")
    to = sorted({the_clinic().mail, *managers.values_list("email", flat=True)} - {""})
    if not (due and to and settings.EMAIL_HOST):
        return None
    return EmailMessage(
        subject=SUBJECT.format(count),
        body=TEXT.format(count=count, reason=reason),
        to=to,
        headers={"Auto-Submitted": "auto-generated"},
    )
