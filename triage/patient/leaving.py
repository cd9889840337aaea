"""Leaving this device."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from triage.patient.page import post_only
from triage.store import visit


@post_only
def leave(request: HttpRequest) -> HttpResponse:
    """Finish on this device: the key goes, and the browser is asked to drop what it kept."""
    response = redirect("left")
    visit.forget(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
