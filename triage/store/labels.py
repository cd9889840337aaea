"""Labels of invitations as people type them: found in any case, with any quotes and spaces, composed or not."""

from __future__ import annotations

import unicodedata

from django.db import connection
from django.db.models import Q

from triage.models.invitations import LABEL_KEY

INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}  # of Unicode: control and format signs, ends of lines and paragraphs
ALIKE = str.maketrans("‘’‚‛ʼ´`′“”„‟″‐‑‒–—−", "''''''''\"\"\"\"\"------")
LAST_SIGN = "\U0010ffff"


def visible(text: str) -> str:
    """What was typed or pasted, without invisible signs, and with one space where there were several."""
    kept = "".join(" " if sign.isspace() else sign for sign in text)
    seen = (sign for sign in kept if unicodedata.category(sign) not in INVISIBLE)
    return " ".join("".join(seen).split())


def label_key(label: str) -> str:
    """The one form of all the ways to write it."""
    folded = unicodedata.normalize("NFKC", visible(label).translate(ALIKE)).translate(ALIKE).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())[:LABEL_KEY]


def labelled(typed: str) -> Q:
    """The invitations whose label begins so. Each database finds a beginning in its index in its own way."""
    key = label_key(typed)
    if not key:
        return Q(pk__in=[])
    if connection.vendor == "postgresql":
        return Q(label_key__startswith=key)
    return Q(label_key__gte=key, label_key__lt=key + LAST_SIGN)
