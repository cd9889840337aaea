"""Bytes sealed with NOTE_KEYS: each for its own place, which alone can open them.

The first key seals, all of them open: a new one goes in front, and the old one stays as long as something needs it.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from django.conf import settings

NAME, NONCE = 4, 12  # bytes


def seal(data: bytes, place: str) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # slow to load, and most do without

    key, nonce = settings.NOTE_KEYS[0], os.urandom(NONCE)
    return urlsafe_b64encode(_name(key) + nonce + AESGCM(key).encrypt(nonce, data, place.encode())).decode()


def unseal(token: str, place: str) -> bytes | None:
    """None where its key is missing, or it was altered or made for another place."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        data = urlsafe_b64decode(token)
        key = next(key for key in settings.NOTE_KEYS if _name(key) == data[:NAME])
        nonce, secret = data[NAME : NAME + NONCE], data[NAME + NONCE :]
        if urlsafe_b64encode(data).decode() == token:  # its last sign has bits that mean nothing
            return AESGCM(key).decrypt(nonce, secret, place.encode())
    except (ValueError, StopIteration, InvalidTag):
        pass
    return None


def by_newest_key(token: str) -> bool:
    return urlsafe_b64decode(token)[:NAME] == _name(settings.NOTE_KEYS[0])


def _name(key: bytes) -> bytes:
    """By which a token says its key."""
    return sha256(key).digest()[:NAME]
