"""What comes to the worklist: which row it has there, and what came from one place in such numbers that it has none.

Nobody is refused: above a cap in an hour, what comes from one address is taken all the same, and stands as one row
below all others, which shares one mail. Who was invited is never counted, and a correction takes the row of what it
corrects.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac

from triage.models import Arrivals, TriageSession

CAP = 30  # an hour from one place: more than the devices of a waiting room hand in
KEPT = timedelta(hours=2)


def arrived(session: TriageSession, address: str | None, now: datetime) -> None:
    """A session that has come to the worklist gets its row there. In the transaction that brought it."""
    if session.corrects_id:
        take_row(session)
    elif address and not session.invitation_id and not session.demo:
        _count(session, address, now)


def take_row(correction: TriageSession) -> None:
    """The correction's is the row from now on, and stands where that of what it corrects stood."""
    assert correction.corrects_id
    old = TriageSession.objects.only("crowded", "behind").get(pk=correction.corrects_id)
    correction.crowded = old.crowded
    correction.behind_id = old.behind_id if old.crowded and old.behind_id != correction.pk else None
    TriageSession.objects.filter(pk=correction.pk).update(
        crowded=correction.crowded, behind=correction.behind_id
    )
    behind_old = TriageSession.objects.filter(behind=old.pk).exclude(pk=correction.pk)
    behind_old.update(behind=correction.pk)
    TriageSession.objects.filter(pk=old.pk).update(behind=correction.pk, crowded=False)
    Arrivals.objects.filter(head=old.pk).update(head=correction.pk)


def _count(session: TriageSession, address: str, now: datetime) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    place = salted_hmac("triage.arrival", f"{hour.isoformat()} {address}", algorithm="sha256").hexdigest()[
        :16
    ]
    row, new = Arrivals.objects.select_for_update(of=("self",)).get_or_create(hour=hour, place=place)
    if new:
        Arrivals.objects.filter(hour__lt=hour - KEPT).delete()
    row.count += 1
    if row.count > CAP:
        row.head_id = _head(row, session)
        session.crowded, session.behind_id = True, row.head_id if row.head_id != session.pk else None
        TriageSession.objects.filter(pk=session.pk).update(crowded=True, behind=session.behind_id)
    row.save(update_fields=["count", "head"])


def _head(row: Arrivals, session: TriageSession) -> int:
    """The row that stands for all: one that nobody has seen, so that what is new is never behind what is done."""
    unseen = TriageSession.objects.with_a_row().filter(pk=row.head_id or 0, tab=TriageSession.Tab.UNSEEN)
    head: int = unseen.values_list("pk", flat=True).first() or session.pk
    return head


def step_forward(head: TriageSession) -> None:
    """Somebody has seen the row that stood for many: the most urgent that nobody has seen stands for the rest."""
    rest = TriageSession.objects.filter(behind=head.pk, crowded=True)
    unseen = rest.filter(tab=TriageSession.Tab.UNSEEN).order_by("-need", "waits_since", "pk")
    first = unseen.values_list("pk", flat=True).first()
    if first is None:
        return
    rest.exclude(pk=first).update(behind=first)
    TriageSession.objects.filter(pk=first).update(behind=None)
    Arrivals.objects.filter(head=head.pk).update(head=first)
