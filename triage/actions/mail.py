"""The outbox: mail that tells the clinic of what is urgent."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from triage.actions.access import note_access
from triage.models import AccessEntry, Clinic, OutboxMail, TriageSession, the_clinic
from triage.store import outbox

# From one try to send a mail to the next; after the last it is given up.
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30, 60, 120, 240)]
GATHER = timedelta(
    minutes=1
)  # from one mail to the next to the same receiver: what comes meanwhile is one mail
MOST = 1000  # at a time; more wait for the next turn


def note_untold(now: datetime) -> None:
    """Put into the outbox what was left unfinished, and what nobody has acknowledged in time."""
    for why, sessions in outbox.untold(the_clinic(), now):
        rows = (
            OutboxMail(session_id=pk, why=why, created_at=now, next_at=now)
            for pk in sessions.values_list("pk", flat=True)[:MOST]
        )
        OutboxMail.objects.bulk_create(rows, ignore_conflicts=True)  # another sender may have been quicker


@transaction.atomic
def take_mails(whys: tuple[str, ...], now: datetime) -> list[OutboxMail]:
    """What one receiver is to be told now, counted as tried; what is not sent comes up again after a pause.

    What somebody has acknowledged meanwhile needs no mail any more.
    """
    to_receiver = OutboxMail.objects.filter(why__in=whys)
    if to_receiver.filter(tried_at__gt=now - GATHER, tried_at__lte=now).exists():
        return []
    due = to_receiver.select_for_update(of=("self",)).select_related("session__clinic")
    mails = list(due.filter(next_at__lte=now).order_by("next_at", "pk")[:MOST])
    seen = [mail for mail in mails if mail.session.review_state != TriageSession.ReviewState.NEW]
    OutboxMail.objects.filter(pk__in=[mail.pk for mail in seen]).delete()
    waiting = [mail for mail in mails if mail not in seen]
    for mail in waiting:
        mail.next_at = now + PAUSES[mail.tries] if mail.tries < len(PAUSES) else None
        mail.tries, mail.tried_at = mail.tries + 1, now
    OutboxMail.objects.bulk_update(waiting, ["next_at", "tries", "tried_at"])
    return waiting


def mails_sent(mails: list[OutboxMail], now: datetime) -> None:
    _rows(mails).update(sent_at=now, next_at=None, last_error="")


def mails_failed(mails: list[OutboxMail], error: str) -> None:
    _rows(mails).update(last_error=error)


def _rows(mails: list[OutboxMail]) -> QuerySet[OutboxMail]:
    return OutboxMail.objects.filter(pk__in=[mail.pk for mail in mails])


def take_up_mails_again(now: datetime) -> None:
    """Those that were given up, from the first try on."""
    OutboxMail.objects.filter(next_at=None, sent_at=None).update(next_at=now, tries=0)


def send_due(now: datetime) -> tuple[int, int]:
    """Note what has to be told by now, and try each mail whose time has come, once: how many went out, how many not.

    Never in a transaction: a mail server may be slow, and patients write to the same database. So a mail counts as
    tried before it is sent. Who dies in between sends it again; its Message-ID stays the same.
    """
    note_untold(now)
    sent = failed = 0
    for whys in (outbox.FIRST, outbox.SECOND):
        mails = take_mails(whys, now)
        if not mails:
            continue
        try:
            outbox.message(mails).send()
        except OSError as error:  # each of the mail library's errors is one
            mails_failed(mails, type(error).__name__)
            failed += 1
        else:
            mails_sent(mails, now)
            sent += 1
    return sent, failed


def send_test_mail(clinic: Clinic, who: str, now: datetime) -> str:
    """Try a mail about nobody to each of the clinic's addresses. What went wrong, or ""."""
    note_access(AccessEntry.What.CHANGE, who, now, "clinic settings", "test mail asked for")
    try:
        for address in filter(None, (clinic.mail, clinic.second_mail)):
            outbox.test_message(address).send()
    except OSError as error:
        return type(error).__name__
    return ""
