"""The door for a WSGI server: `gunicorn triage.wsgi`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "triage.settings")

from django.core.wsgi import get_wsgi_application

from triage.server.checks import refuse_unless_fit
from triage.server.gate import Request

application = get_wsgi_application()
application.request_class = Request
refuse_unless_fit()
