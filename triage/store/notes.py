"""The patient's own words at rest: encrypted where NOTE_KEYS is set.

Each text becomes a token that only its own session and item can open. The first key seals, all of them open; so a new
key goes in front, and the old one stays until what it sealed is purged. Without its key a text is lost, and nothing
else is: what decides is never sealed.
"""

from __future__ import annotations

import json
import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from triage.models import sealing

# No patient can type the sign at both ends: a note with it is refused.
TOKEN = re.compile("\x01([a-z0-9-]+):([A-Za-z0-9_=-]+)\x01")
SEALED = json.dumps("\x01").strip('"')  # the sign in a JSON text, which has no other way to write it


def sealed(text: str, reference: str, item: str) -> str:
    """The token of a text; the text itself where there is no key."""
    if not settings.NOTE_KEYS:
        return text
    return f"\x01{item}:{sealing.seal(text.encode(), _place(reference, item))}\x01"


def read(text: str, reference: str) -> Any:
    """What a JSON text holds, with every token in it opened. Most hold none."""
    data = json.loads(text)
    return opened(data, reference) if SEALED in text else data


def opened(value: Any, reference: str, item: str = "") -> Any:
    """The same with every token in it opened: a text, or whatever JSON holds. With `item`, tokens of that one alone."""
    if isinstance(value, str):
        return TOKEN.sub(lambda token: _open(token, reference, item), value) if "\x01" in value else value
    if isinstance(value, dict):
        return {key: opened(each, reference, item) for key, each in value.items()}
    return [opened(each, reference, item) for each in value] if isinstance(value, list) else value


def can_be_opened(text: str, reference: str, item: str) -> bool:
    """Whether nothing in it stays shut: for what another program reads, which knows no words in its place."""
    tokens = TOKEN.finditer(text)
    return all(sealing.unseal(token[2], _place(reference, item)) is not None for token in tokens)


def opened_texts(texts: list[str], reference: str, item: str) -> tuple[str, ...]:
    """The texts of one answer, opened. Nearly all are codes, in which nothing is sealed."""
    return tuple([opened(text, reference, item) if "\x01" in text else text for text in texts])


def _open(token: re.Match[str], reference: str, item: str) -> str:
    of = token[1]
    data = sealing.unseal(token[2], _place(reference, of)) if item in ("", of) else None
    if data is None:
        return _("(This text cannot be read here: its key is missing, or it was altered.)")
    return data.decode()


def _place(reference: str, item: str) -> str:
    return f"{reference} {item}"
