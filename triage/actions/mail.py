"""The outbox: mail that tells the clinic of a submission."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from triage.models import OutboxMail
from triage.store.outbox import message

# From one try to send a mail to the next; after the last it is given up.
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30, 60, 120, 240)]


@transaction.atomic
def take_mail(now: datetime) -> OutboxMail | None:
    """A mail that is due, counted as tried; it comes up again after a pause unless `mail_sent` is told."""
    due = OutboxMail.objects.select_for_update(of=("self",)).select_related("session__clinic")
    mail = due.filter(next_at__lte=now).order_by("next_at").first()
    if mail:
        mail.next_at = now + PAUSES[mail.tries] if mail.tries < len(PAUSES) else None
        mail.tries += 1
        mail.save(update_fields=["next_at", "tries"])
    return mail


def mail_sent(mail: OutboxMail, now: datetime) -> None:
    OutboxMail.objects.filter(pk=mail.pk).update(sent_at=now, next_at=None, last_error="")


def mail_failed(mail: OutboxMail, error: str) -> None:
    OutboxMail.objects.filter(pk=mail.pk).update(last_error=error)


def take_up_mails_again(now: datetime) -> None:
    """Those that were given up, from the first try on."""
    OutboxMail.objects.filter(next_at=None, sent_at=None).update(next_at=now, tries=0)


def send_due(now: datetime) -> tuple[int, int]:
    """Try each mail whose time has come, once. Returns how many went out and how many did not.

    Never in a transaction: a mail server may be slow, and patients write to the same database. So a mail counts as
    tried before it is sent. Who dies in between sends it again; its Message-ID stays the same.
    """
    sent = failed = 0
    while mail := take_mail(now):
        try:
            message(mail).send()
        except OSError as error:  # each of the mail library's errors is one
            mail_failed(mail, type(error).__name__)
            failed += 1
        else:
            mail_sent(mail, now)
            sent += 1
    return sent, failed
