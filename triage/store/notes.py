"""The patient's own words at rest: encrypted where NOTE_KEYS is set.

Each text becomes a token that only its own session and item can open. The first key seals, all of them open; so a new
key goes in front, and the old one stays until what it sealed is purged. Without its key a text is lost, and nothing
else is: what decides is never sealed.
"""

from __future__ import annotations

import json
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

# No patient can type the sign at both ends: a note with it is refused.
TOKEN = re.compile("\x01([a-z0-9-]+):([A-Za-z0-9_=-]+)\x01")
SEALED = json.dumps("\x01").strip('"')  # the sign in a JSON text, which has no other way to write it
NAME, NONCE = 4, 12  # bytes


def sealed(text: str, reference: str, item: str) -> str:
    """The token of a text; the text itself where there is no key."""
    if not settings.NOTE_KEYS:
        return text
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # slow to load, and most do without

    key, nonce = settings.NOTE_KEYS[0], os.urandom(NONCE)
    secret = AESGCM(key).encrypt(nonce, text.encode(), _place(reference, item))
    return f"\x01{item}:{urlsafe_b64encode(_name(key) + nonce + secret).decode()}\x01"


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


def opened_texts(texts: list[str], reference: str, item: str) -> tuple[str, ...]:
    """The texts of one answer, opened. Nearly all are codes, in which nothing is sealed."""
    return tuple([opened(text, reference, item) if "\x01" in text else text for text in texts])


def _open(token: re.Match[str], reference: str, item: str) -> str:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    of = token[1]
    try:
        data = urlsafe_b64decode(token[2])
        key = next(key for key in settings.NOTE_KEYS if _name(key) == data[:NAME])
        nonce, secret = data[NAME : NAME + NONCE], data[NAME + NONCE :]
        as_written = urlsafe_b64encode(data).decode() == token[2]  # its last sign has bits that mean nothing
        if as_written and item in ("", of):
            return AESGCM(key).decrypt(nonce, secret, _place(reference, of)).decode()
    except (ValueError, StopIteration, InvalidTag):
        pass
    return _("(This text cannot be read here: its key is missing, or it was altered.)")


def _place(reference: str, item: str) -> bytes:
    return f"{reference} {item}".encode()


def _name(key: bytes) -> bytes:
    """By which a token says its key."""
    return sha256(key).digest()[:NAME]
