"""What staff had typed when their session ended, for themselves alone to read again."""

from __future__ import annotations

import json

from django.contrib.auth.models import User

from triage.models import KeptForm
from triage.store.notes import opened

PLACE = "kept"  # that it is sealed for

Fields = dict[str, list[str]]


def sealed_for(user: User) -> str:
    return f"staff-{user.pk}"


def kept_paths(user: User) -> list[str]:
    """The pages on which something was kept for this person."""
    return list(KeptForm.objects.filter(user=user).values_list("path", flat=True))


def kept_fields(user: User, path: str) -> Fields:
    """What was typed there; nothing where it cannot be read any more."""
    row = KeptForm.objects.filter(user=user, path=path).first()
    try:
        fields: Fields = json.loads(opened(row.fields, sealed_for(user), PLACE)) if row else {}
    except ValueError:  # its key is gone
        return {}
    return fields
