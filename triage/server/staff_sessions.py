"""Where staff's sessions are kept: under the hash of the key that the cookie has.

Whoever reads the database or a copy of it can go on with none of them.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

LENGTH = 40  # of the column


def stored_key(session_key: str) -> str:
    return sha256(session_key.encode()).hexdigest()[:LENGTH]


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Any:
        found = self.model.objects.filter(
            session_key=stored_key(self.session_key or ""), expire_date__gt=timezone.now()
        ).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return bool(self.model.objects.filter(session_key=stored_key(session_key)).exists())

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row = super().create_model_instance(data)
        row.session_key = stored_key(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(stored_key(key))
