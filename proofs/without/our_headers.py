"""Pages with Django's own headers alone."""

from triage.settings import *  # noqa: F403
from triage.settings import MIDDLEWARE

MIDDLEWARE = [name for name in MIDDLEWARE if name != "triage.server.headers.PrivateHeadersMiddleware"]
