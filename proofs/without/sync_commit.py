"""PostgreSQL that confirms before it has written: the refusal to serve on such a server is off."""

from triage.server import checks
from triage.settings import *  # noqa: F403

checks.POSTGRESQL_SETTINGS = ()  # type: ignore[assignment]
