"""Nothing answers for a database that is away: its errors are errors."""

from triage.settings import *  # noqa: F403
from triage.settings import MIDDLEWARE

MIDDLEWARE = [name for name in MIDDLEWARE if name != "triage.server.errors.DatabaseDownMiddleware"]
