"""Footpath's addresses, and behind them those of what it is measured against."""

from django.urls import path

from benchmarks import peers
from triage.urls import handler400, handler403, handler404, handler500
from triage.urls import urlpatterns as ours

__all__ = ["handler400", "handler403", "handler404", "handler500"]

urlpatterns = [
    *ours,
    path("bare/", peers.bare),
    *(path(f"{pack}/", peers.peer, {"pack": pack}) for pack in peers.PACKS),
    *(path(f"{pack}/<slug:step>/", peers.peer, {"pack": pack}, name=pack) for pack in peers.PACKS),
]
