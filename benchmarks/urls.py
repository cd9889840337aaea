"""Footpath's addresses, and behind them those of what it is measured against."""

from django.urls import path

from benchmarks import peers
from triage.urls import handler400, handler403, handler404, handler500
from triage.urls import urlpatterns as ours

__all__ = ["handler400", "handler403", "handler404", "handler500"]

urlpatterns = [
    *ours,
    path("peer/", peers.peer),
    path("peer/<slug:step>/", peers.peer, name="peer"),
]
