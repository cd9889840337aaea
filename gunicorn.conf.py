"""How gunicorn serves Footpath; `gunicorn triage.wsgi --bind …` reads this file by itself."""

import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from gunicorn import util
from gunicorn.config import Config
from gunicorn.glogging import Logger

# Here, before any worker starts: a wrong setting then ends in sentences and not in a stack of errors,
# and the workers inherit what is loaded.
try:
    import triage.wsgi  # noqa: F401
except ImproperlyConfigured as fault:
    sys.exit(f"Footpath cannot start.\n{fault}")

from django.conf import settings
from django.utils.module_loading import import_string


class OurLogger(Logger):
    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(import_string(settings.LOG_FORMATTER)())


logger_class = OurLogger
accesslog = None  # who asked for what, and when, is nobody's business

worker_class = "gthread"
workers = 2
threads = 4
timeout = 30
graceful_timeout = 10
# A connection for each request: the process that is free takes it. Kept ones stay with the process that took them
# first, and where chance gave one process more of them, its patients waited twice as long.
keepalive = 0

limit_request_line = 4094
limit_request_fields = 50
limit_request_field_size = 8190


def refuse(client: Any, status: int, reason: str, _message: str) -> None:
    """What gunicorn itself could not read: our page with the emergency advice in place of its own."""
    from triage.server.errors import error_page
    from triage.server.headers import HEADERS, OF_PAGES

    page = error_page("failed" if status >= 500 else "refused")
    headers = {"Content-Type": "text/html; charset=utf-8", "Connection": "close", **HEADERS, **OF_PAGES}
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(page.content)}", "", ""])
    util.write_nonblock(client, head.encode("latin-1") + page.content)


util.write_error = refuse  # by which its workers answer then

control_socket_disable = True
forwarded_allow_ips = ""  # whether a proxy is believed is for TRUST_PROXY to say
