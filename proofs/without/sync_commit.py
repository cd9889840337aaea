"""PostgreSQL that confirms before it has written: the refusal to serve on such a server is off."""

from triage import serving
from triage.settings import *  # noqa: F403

serving.POSTGRESQL_SETTINGS = ()  # type: ignore[assignment]
