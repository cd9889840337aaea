"""What opens a session: random keys and signs."""

from __future__ import annotations

import secrets

from triage.store.codes import SIGNS


def new_key() -> str:
    return secrets.token_urlsafe(32)


def signs(count: int) -> str:
    return "".join(secrets.choice(SIGNS) for _place in range(count))
