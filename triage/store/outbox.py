"""The mails that tell the clinic of an urgent submission. They carry its reference and a link, and no answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.urls import reverse

from triage.models import OutboxMail

LATE = timedelta(minutes=15)
MOST_COUNTED = 100
SUBJECT = "Footpath: a questionnaire was handed in"
TEXT = """\
A patient has handed in a questionnaire of which your clinic wants to be told.

Reference: {reference}
{link}

This mail says nothing of what was answered. Sign in to see it.
"""


def message(mail: OutboxMail) -> EmailMessage:
    host = settings.STAFF_HOST or settings.ALLOWED_HOSTS[0].lstrip(".")
    page = reverse("admin:triage_triagesession_change", args=[mail.session_id])
    link = f"{'https' if settings.HTTPS else 'http'}://{host}{page}"
    return EmailMessage(
        subject=SUBJECT,
        body=TEXT.format(reference=mail.session.reference, link=link),
        to=[mail.session.clinic.mail],
        headers={
            "Message-ID": f"<{mail.pk}.{mail.session.reference}@{host}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def late(now: datetime) -> int:
    """How many mails were given up, or should have gone out long ago."""
    stuck = OutboxMail.objects.filter(Q(next_at=None) | Q(created_at__lt=now - LATE), sent_at=None)
    return stuck[:MOST_COUNTED].count()
