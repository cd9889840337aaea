"""The clinic's settings. Where two people are asked for, no manager changes the emergency number alone."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from triage.actions.access import note_access
from triage.actions.accounts import MANAGERS
from triage.actions.content import NeedsTwoPeople
from triage.models import AccessEntry, Clinic


@transaction.atomic
def save_clinic(clinic: Clinic, who: str, now: datetime) -> bool:
    """Store the clinic's settings; every page shows them from now on. Raises ValidationError.

    The access log keeps each setting's value before and after. False: another manager has to agree to the emergency
    number, which stays as it was until then.
    """
    clinic.full_clean()
    before = Clinic.objects.select_for_update().filter(pk=clinic.pk).first() or Clinic()
    waits = clinic.emergency_number != before.emergency_number and _somebody_else_could_agree(who)
    if waits:
        clinic.proposed_number, clinic.proposed_by = clinic.emergency_number, who
        clinic.emergency_number = before.emergency_number
    clinic.save()
    _note_changes(before, clinic, who, now)
    return not waits


@transaction.atomic
def agree_to_number(seen: str, who: str, now: datetime) -> None:
    """The number that another manager proposed, and that this one has `seen`, is the emergency number from now on.

    Raises NeedsTwoPeople where it is their own, LookupError where it is no longer proposed.
    """
    before, clinic = _proposed(seen)
    if clinic.proposed_by == who:
        raise NeedsTwoPeople
    clinic.emergency_number, clinic.proposed_number, clinic.proposed_by = seen, "", ""
    clinic.save()
    _note_changes(before, clinic, who, now)


@transaction.atomic
def refuse_number(seen: str, who: str, now: datetime) -> None:
    """It stays as it is. Raises LookupError where that number is no longer proposed."""
    before, clinic = _proposed(seen)
    clinic.proposed_number = clinic.proposed_by = ""
    clinic.save()
    _note_changes(before, clinic, who, now)


def _proposed(seen: str) -> tuple[Clinic, Clinic]:
    """The settings twice, as they are and to be changed."""
    found = Clinic.objects.select_for_update().filter(proposed_number=seen).exclude(proposed_number="")
    before = found.first()
    if before is None:
        raise LookupError(seen)
    return before, found.get()


def _somebody_else_could_agree(who: str) -> bool:
    """In a clinic with one manager nobody could ever change it."""
    managers = User.objects.filter(groups__name=MANAGERS, is_active=True, is_staff=True)
    return settings.TWO_PEOPLE_PUBLISH and managers.exclude(username=who).exists()


def _note_changes(before: Clinic, clinic: Clinic, who: str, now: datetime) -> None:
    for field in Clinic._meta.fields:
        old, new = field.value_from_object(before), field.value_from_object(clinic)
        if old != new and not field.primary_key:
            detail = f"{field.verbose_name}: {old!r} to {new!r}"
            note_access(AccessEntry.What.CHANGE, who, now, "clinic settings", detail)
