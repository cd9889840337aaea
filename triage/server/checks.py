"""What must hold before a process serves patients; the README's table of variables says how to set it.

Commands that serve nobody run without any of it.
"""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)

SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
POSTGRESQL_SETTINGS = ("synchronous_commit", "fsync", "full_page_writes")
# What a role or a database may have set otherwise for all who sign in by it, and what we are written for.
POSTGRESQL_AS_SHIPPED = {
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "lock_timeout": "0",
    "DateStyle": "ISO",
}


def database_faults() -> list[str]:
    """Ways in which the database, as it runs, could lose an answer that was confirmed."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            return list(_sqlite_faults(cursor))
        return list(_postgresql_faults(cursor))


def _sqlite_faults(cursor: Any) -> Iterator[str]:
    for name, wanted in SQLITE_PRAGMAS.items():
        found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            yield f"SQLite runs with {name}={found} and has to run with {name}={wanted}."
    if (mode := connection.settings_dict["OPTIONS"].get("transaction_mode")) != "IMMEDIATE":
        yield f"SQLite begins transactions {mode} and has to begin them IMMEDIATE."


def _postgresql_faults(cursor: Any) -> Iterator[str]:
    for name in POSTGRESQL_SETTINGS:
        cursor.execute(f"SHOW {name}")
        if cursor.fetchone()[0] == "off":
            yield f"PostgreSQL runs with {name}=off; set it to on, or a power cut loses confirmed answers."
    for name, wanted in POSTGRESQL_AS_SHIPPED.items():
        cursor.execute(f"SHOW {name}")
        found = cursor.fetchone()[0].partition(",")[0]
        if found != wanted:
            yield f"PostgreSQL runs with {name}={found}; run ALTER ROLE … RESET {name} for the role in DATABASE_URL."


def no_answer(fault: Exception) -> str:
    """Why the database does not answer, in one line. PostgreSQL's pool keeps that to itself: so ask without it."""
    if connection.vendor == "postgresql":
        asked = {name: value for name, value in connection.get_connection_params().items() if name != "pool"}
        try:
            psycopg.connect(**{**asked, "connect_timeout": 2}).close()
        except psycopg.Error as cause:
            fault = cause
    return " ".join(str(fault).split())


def set_up_faults() -> list[str]:
    """What nobody has set or made yet."""
    if settings.DEBUG:
        return []
    faults = []
    if not settings.ENVIRONMENT.secret_key:
        faults.append("SECRET_KEY is not set; set 50 or more random characters.")
    if not settings.ALLOWED_HOSTS:
        faults.append("ALLOWED_HOSTS is not set; set the host names under which Footpath is reached.")
    if not (settings.STATIC_ROOT / "staticfiles.json").exists():
        faults.append("The static files are not collected; run manage.py collectstatic.")
    return faults


def refuse_unless_fit() -> None:
    """Raise ImproperlyConfigured, naming every fault at once, unless this process may serve."""
    faults = set_up_faults()
    try:
        faults += database_faults()
        learn_settings()
    except DatabaseError as fault:
        # Whoever starts during an outage serves pages that say so, and recovers by itself; readyz tells.
        logger.warning("The database does not answer (%s).", type(fault).__name__)
    finally:
        _close_connection()
    if faults:
        raise ImproperlyConfigured("\n".join(faults))


def learn_settings() -> None:
    """So that the first error page has the clinic's number and languages; none yet before the tables are made."""
    from triage.models import the_clinic  # here, since this file is read before there are models
    from triage.server.errors import learn

    with contextlib.suppress(DatabaseError):
        learn(the_clinic())


def _close_connection() -> None:
    """Leave nothing open: the web server forks after this."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]
