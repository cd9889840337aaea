"""The language of the pages."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from triage import actions
from triage.patient.keeping import keep_page
from triage.patient.page import inside, post_only, visited
from triage.store.visit import Visit


@post_only
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the pages, at any moment; no answer is touched."""
    code = request.POST.get("language", "")
    if code not in dict(settings.LANGUAGES):
        raise BadRequest("unknown language")
    return _of_session(request, code) if request.POST.get("stamp") else _switched(request, code)


@visited
def _of_session(request: HttpRequest, open_visit: Visit, code: str) -> HttpResponse:
    """The language of somebody's questions; a page of others has no say in it."""
    urgent = keep_page(request, open_visit)
    if urgent and urgent.status_code >= 500:
        return urgent
    actions.speak(open_visit, open_visit.clinic.spoken(code))
    return _switched(request, code, urgent)


def _switched(request: HttpRequest, code: str, urgent: HttpResponse | None = None) -> HttpResponse:
    back = request.POST.get("next", "")
    response = urgent or redirect(back if inside(back) else "home")
    remember_language(response, code)
    return response


def remember_language(response: HttpResponse, code: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
