"""The clinic's settings."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from triage.actions.access import note_access
from triage.models import (
    AccessEntry,
    Clinic,
)


@transaction.atomic
def save_clinic(clinic: Clinic, who: str, now: datetime) -> None:
    """Store the clinic's settings; every page shows them from now on. Raises ValidationError.

    The access log keeps each setting's value before and after.
    """
    clinic.full_clean()
    before = Clinic.objects.select_for_update().filter(pk=clinic.pk).first() or Clinic()
    clinic.save()
    for field in Clinic._meta.fields:
        old, new = field.value_from_object(before), field.value_from_object(clinic)
        if old != new and not field.primary_key:
            detail = f"{field.verbose_name}: {old!r} to {new!r}"
            note_access(AccessEntry.What.CHANGE, who, now, "clinic settings", detail)
