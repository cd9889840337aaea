"""Pages with Django's own headers alone."""

from triage.settings import *  # noqa: F403
from triage.settings import MIDDLEWARE

OURS = ("triage.headers.PrivateHeadersMiddleware", "csp.middleware.CSPMiddleware")
MIDDLEWARE = [name for name in MIDDLEWARE if name not in OURS]
