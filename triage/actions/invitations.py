"""Asking patients of the clinic to answer before an appointment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from triage.actions.access import note_access
from triage.actions.keys import signs
from triage.actions.reviews import ChangedMeanwhile
from triage.models import (
    AccessEntry,
    Invitation,
    TriageSession,
)
from triage.store import invited, outbox
from triage.store.codes import LENGTH, code_hash
from triage.store.labels import label_key


@transaction.atomic
def invite(
    wanted: Iterable[Mapping[str, Any]], who: User, now: datetime, through: str = ""
) -> list[tuple[Invitation, str]]:
    """Make invitations, each with the code that opens it (stored nowhere): all of them or none.

    `wanted` has the label, appointment_at and language of each, and of some patient_number and patient_phone, or the
    code that it is to have. `through`: what made them in that person's stead. Raises IntegrityError where one of them
    is open already, by a label and time that are the same.
    """
    by = through or who.get_username()
    made = []
    for fields in wanted:
        code = fields.get("code") or signs(LENGTH)
        expires_at = end_of_day(fields["appointment_at"])
        hashed = code_hash(code)
        invitation = Invitation(
            label=fields["label"],
            appointment_at=fields["appointment_at"],
            language=fields["language"],
            **invited.sealed(fields, hashed),
            label_key=label_key(fields["label"]),
            code_hash=hashed,
            created_by=who,
            created_at=now,
            expires_at=expires_at,
        )
        made.append((invitation, code))
    for invitation in Invitation.objects.bulk_create(invitation for invitation, _code in made):
        note_access(AccessEntry.What.CHANGE, by, now, str(invitation), "made")
        note_access(AccessEntry.What.PRINT, by, now, str(invitation), "link" if through else "letter")
    return made


def end_of_day(moment: datetime) -> datetime:
    """The midnight after it, at the clinic."""
    day = timezone.localdate(moment) + timedelta(days=1)
    return datetime.combine(day, time.min, timezone.get_current_timezone())


@transaction.atomic
def revoke(pk: int, who: User, now: datetime) -> None:
    """The invitation's code opens nothing from now on. Raises ChangedMeanwhile where it opens nothing now.

    What was begun with it stays open where it is, and keeps its appointment.
    """
    invitation = Invitation.objects.select_for_update().get(pk=pk)
    if not invitation.state(now).opens:
        raise ChangedMeanwhile
    invitation.revoked_at = now
    invitation.save(update_fields=["revoked_at"])
    note_access(AccessEntry.What.CHANGE, who.get_username(), now, str(invitation), "revoked")


@transaction.atomic
def move(pk: int, appointment_at: datetime, who: User, now: datetime) -> Invitation:
    """The visit is at another time; the code stays the same and works until the end of that day.

    What was begun moves along, but for records: those say what was so when they were handed in. Raises
    ChangedMeanwhile where the code opens nothing any more, IntegrityError where there is an invitation for that time.
    """
    invitation = Invitation.objects.select_for_update().get(pk=pk)
    if not invitation.state(now).opens:
        raise ChangedMeanwhile
    invitation.appointment_at = appointment_at
    invitation.expires_at = end_of_day(appointment_at)
    invitation.save(update_fields=["appointment_at", "expires_at"])
    TriageSession.objects.filter(invitation=invitation, submitted_at=None).update(
        appointment_at=appointment_at
    )
    note_access(AccessEntry.What.CHANGE, who.get_username(), now, str(invitation), "moved to another time")
    return invitation


@transaction.atomic
def invite_again(pk: int, who: User, now: datetime) -> list[tuple[Invitation, str]]:
    """The same invitation with a new code; the code before stops working. What was begun with that, the new one
    does not open: the old letter may have gone to somebody else.

    Raises ChangedMeanwhile once it has expired, IntegrityError where the same was made anew already.
    """
    old = Invitation.objects.select_for_update().get(pk=pk)
    if now >= old.expires_at:
        raise ChangedMeanwhile
    if old.state(now).opens:
        revoke(pk, who, now)
    same = {"label": old.label, "appointment_at": old.appointment_at, "language": old.language}
    return invite([same | invited.known(old)._asdict()], who, now)


def mail_link(invitation: Invitation, address: str, link: str, who: User, now: datetime) -> str:
    """Send the link to an address that nothing keeps, so at once and not by the outbox. What went wrong, or ""."""
    note_access(AccessEntry.What.CHANGE, who.get_username(), now, str(invitation), "link sent by mail")
    try:
        outbox.link_message(address, link, invitation.language).send()
    except OSError as error:
        return type(error).__name__
    return ""
