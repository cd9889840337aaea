"""The door for a WSGI server: `gunicorn triage.wsgi`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "triage.settings")

from django.core.wsgi import get_wsgi_application

from triage.gate import Request
from triage.serving import refuse_unless_fit

application = get_wsgi_application()
application.request_class = Request
refuse_unless_fit()
