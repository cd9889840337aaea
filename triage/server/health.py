"""What machines ask: is this process alive, is it ready."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from triage import __version__
from triage.domain.loading import ContentError
from triage.server.checks import database_faults
from triage.store import releases


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers. Nothing is asked that an outage could take away."""
    return _plain("ok", f"footpath {__version__}")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready: the database is there, safe to write to, and content is published."""
    try:
        release = releases.current().sha256
        releases.content(release, settings.LANGUAGE_CODE)
        faults = database_faults()
    except (DatabaseError, InterfaceError, ContentError, releases.NothingPublished) as error:
        faults = [type(error).__name__]
    if faults:
        return _plain(*faults, status=503)
    return _plain("ready", f"footpath {__version__}", f"release {release[:8]}")


def _plain(*lines: str, status: int = 200) -> HttpResponse:
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type="text/plain", status=status)
