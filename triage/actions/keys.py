"""What opens a session: random keys and codes, and the hashes under which they are known."""

from __future__ import annotations

import secrets

from django.utils.crypto import salted_hmac

# No vowels, so that no word appears; no 0, 1, I, L, O, which are misread.
REFERENCE_SIGNS = "23456789BCDFGHJKMNPQRSTVWXZ"
CODE_SIGNS = 12  # of these: 57 bits


def new_key() -> str:
    return secrets.token_urlsafe(32)


def signs(count: int) -> str:
    return "".join(secrets.choice(REFERENCE_SIGNS) for _place in range(count))


def code_hash(code: str) -> str:
    """Keyed, since so short a code could be found from a plain hash by trying."""
    return salted_hmac("triage.return", code, algorithm="sha256").hexdigest()
