"""The mails that tell the clinic of what is urgent: how urgent, how many are unseen, codes and links, and no answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import translation

from triage.models import Clinic, OutboxMail, TriageSession
from triage.store import deliveries
from triage.store.counted import Counted

Why = OutboxMail.Why
LATE = timedelta(minutes=15)
MOST_COUNTED = 100
MOST_NAMED = 20  # in one mail
# Who is told why. What one receiver has to be told at a time goes out as one mail.
FIRST, SECOND = (Why.HANDED_IN, Why.LEFT), (Why.UNANSWERED,)

TEXT = """\
{head}

{lines}

This mail says nothing of what was answered. Sign in to see it.
"""
NOBODY = "Nobody has acknowledged it for {minutes} minutes."
TEST_SUBJECT = "Footpath: this is a test"
TEST_TEXT = "Mails to this address arrive. This one is about nobody.\n"


# What has to be told


def untold(clinic: Clinic, now: datetime) -> Iterator[tuple[Why, QuerySet[TriageSession]]]:
    """The emergencies that nobody has acknowledged, and that were not told of though their time has come."""
    if clinic.tell_about == Clinic.TellAbout.NOTHING:
        return
    unseen = unseen_emergencies()
    left_before = now - timedelta(minutes=clinic.tell_after)
    # A correction has the time of the sign it corrects; it is new all the same.
    left = unseen.filter(submitted_at=None, emergency_at__lte=left_before, started_at__lte=left_before)
    yield Why.LEFT, _not_told(left, Why.LEFT)
    if clinic.second_mail:
        before = now - timedelta(minutes=clinic.second_after)
        waiting = unseen.filter(waits_since__lte=before, started_at__lte=before)
        yield Why.UNANSWERED, _not_told(waiting, Why.UNANSWERED)


def unseen_emergencies() -> QuerySet[TriageSession]:
    # By the tab, whose rows are few and have an index: by the need alone every row would be read.
    unseen = TriageSession.objects.with_a_row().filter(tab=TriageSession.Tab.UNSEEN)
    return unseen.filter(need=TriageSession.Need.UNSEEN_EMERGENCY, demo=False)


def unseen_same_day() -> QuerySet[TriageSession]:
    unseen = TriageSession.objects.with_a_row().filter(tab=TriageSession.Tab.UNSEEN)
    return unseen.filter(need=TriageSession.Need.SAME_DAY, demo=False)


def _not_told(sessions: QuerySet[TriageSession], why: Why) -> QuerySet[TriageSession]:
    return sessions.exclude(Exists(OutboxMail.objects.filter(session=OuterRef("pk"), why=why)))


class Late(NamedTuple):
    """How many mails, and how many deliveries to other systems."""

    mails: int
    deliveries: int


def late(clinic: Clinic, now: datetime) -> Late:
    """How many were given up, should have gone out long ago, or were never put into the outbox: staff have to know.

    Asked for on each of their pages, so at once.
    """
    stuck = OutboxMail.objects.filter(Q(next_at=None) | Q(created_at__lt=now - LATE), sent_at=None)
    untold_yet = {why.name.lower(): sessions for why, sessions in untold(clinic, now - LATE)}
    asked: dict[str, QuerySet[Any]] = {"stuck": stuck, **untold_yet}
    if deliveries.receivers():
        asked["deliveries"] = deliveries.late(now)
    wanted = {name: Counted(rows.order_by().values("pk")[:MOST_COUNTED]) for name, rows in asked.items()}
    found = cast("dict[str, int]", Clinic.objects.filter(pk=clinic.pk).values(**wanted).first() or {})
    undelivered = found.pop("deliveries", 0)
    return Late(sum(found.values()), undelivered)


# The mail


def message(mails: Sequence[OutboxMail]) -> EmailMessage:
    """One mail to one receiver about all of these."""
    clinic, host = mails[0].session.clinic, _host()
    second = mails[0].why in SECOND
    head = NOBODY.format(minutes=clinic.second_after) if second else "Not acknowledged yet:"
    return EmailMessage(
        subject=_subject(mails, second),
        body=TEXT.format(head=head, lines="\n".join(_lines(mails, host))),
        to=[(clinic.second_mail if second else "") or clinic.mail],
        headers={
            # The same for the same mail: who sends it twice sends one.
            "Message-ID": f"<{sha256(repr(sorted(mail.pk for mail in mails)).encode()).hexdigest()[:32]}@{host}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def test_message(to: str) -> EmailMessage:
    return EmailMessage(TEST_SUBJECT, TEST_TEXT, to=[to], headers={"Auto-Submitted": "auto-generated"})


def link_message(to: str, link: str, language: str) -> EmailMessage:
    """An invitation's link and nothing else; its subject is the letter's heading."""
    with translation.override(language):
        subject = translation.gettext("Answer a few questions before your visit")
    return EmailMessage(subject, f"{link}\n", to=[to], headers={"Auto-Submitted": "auto-generated"})


def _subject(mails: Sequence[OutboxMail], second: bool) -> str:
    levels = {is_emergency(mail.session) for mail in mails}
    told = []
    if True in levels:
        name = "emergency not acknowledged" if second else "emergency"
        told.append(f"{name} ({_counted(unseen_emergencies())} unseen)")
    if False in levels:
        told.append(f"same day ({_counted(unseen_same_day())} unseen)")
    return f"Footpath: {', '.join(told)}"


def is_emergency(session: TriageSession) -> bool:
    """As the worklist counts it: a sign that was taken back is one until it was seen."""
    return bool(session.emergency_at) or session.urgency == TriageSession.Urgency.EMERGENCY


def _counted(sessions: QuerySet[TriageSession]) -> str:
    count = sessions[:MOST_COUNTED].count()
    return f"{count}{'+' * (count == MOST_COUNTED)}"


def _lines(mails: Sequence[OutboxMail], host: str) -> Iterator[str]:
    scheme = "https" if settings.HTTPS else "http"
    ordered = sorted(mails, key=lambda mail: (not is_emergency(mail.session), mail.created_at))
    for mail in ordered[:MOST_NAMED]:
        level = "emergency" if is_emergency(mail.session) else "same day"
        unfinished = "" if mail.session.submitted_at else ", not finished"
        page = reverse("admin:triage_triagesession_change", args=[mail.session_id])
        yield f"{mail.session.reference} ({level}{unfinished})\n{scheme}://{host}{page}"
    if len(mails) > MOST_NAMED:
        yield f"and {len(mails) - MOST_NAMED} more on the worklist"


def _host() -> str:
    return str(settings.STAFF_HOST or settings.ALLOWED_HOSTS[0].lstrip("."))
