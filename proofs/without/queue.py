"""SQLite's writers wait as SQLite lets them: by trying again after a pause."""

from triage.settings import *  # noqa: F403
from triage.settings import DATABASES

DATABASES["default"]["ENGINE"] = "django.db.backends.sqlite3"
