"""What monitoring reads: of what is stored, and of the requests of this server's processes. Off without a token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from triage import __version__
from triage.server.backups import FOLDER, newest
from triage.server.meters import meters
from triage.store.measured import measured


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN:
        raise Http404
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        refusal = HttpResponse(
            "Send the METRICS_TOKEN as a bearer token.\n", content_type="text/plain", status=401
        )
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal
    lines = (*_stored(), *meters.lines())
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type="text/plain; version=0.0.4")


def _stored() -> list[str]:
    """While the database is away, that it is: what the processes have counted is wanted then most."""
    try:
        return [*gauges(timezone.now(), FOLDER), *_gauge("footpath_database", "Whether it answers.", 1)]
    except (DatabaseError, InterfaceError):
        return list(_gauge("footpath_database", "Whether it answers.", 0))


def gauges(now: datetime, backups: Path) -> Iterator[str]:
    for name, meaning, value in measured(now):
        yield from _gauge(name, meaning, value)
    if found := newest(backups):
        yield from _gauge(
            "footpath_backup_seconds", "Since the newest backup.", (now - found).total_seconds()
        )
    yield f'footpath_build{{version="{__version__}"}} 1'


def _gauge(name: str, meaning: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} gauge"
    yield f"{name} {value:.15g}"
