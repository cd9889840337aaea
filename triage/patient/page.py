"""What every page of a patient keeps to: whose session it is, in which language, and where the person is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_POST

from triage.domain.content import Content
from triage.domain.loading import ContentError
from triage.domain.walk import next_screen
from triage.models import Clinic, the_clinic
from triage.server.errors import LastKnown
from triage.store import releases, visit
from triage.store.records import RecordAltered
from triage.store.visit import Visit
from triage.store.words import clinic_words

VisitView = Callable[..., HttpResponse]


def post_only(view: VisitView) -> VisitView:
    """Store on POST; an old bookmark or a reload of such an address leads to where the person is."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return (
            redirect("go-on")
            if request.method in ("GET", "HEAD")
            else require_POST(view)(request, *args, **kwargs)
        )

    return wrapper


def visited(view: VisitView) -> VisitView:
    """Give the view the session that the cookie names; without one, say kindly that there is none to go on with."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = visit.key_of(request)
        found = visit.find(key, translation.get_language()) if key else None
        readable = found is not None and _readable(found)
        if found is None or found.expired(timezone.now()) or not (readable or found.submitted_at):
            response = redirect(_closed(key))
            visit.forget(response)
            return response
        if readable:
            speak(request, found.content, found.clinic)
        request.visit = found  # type: ignore[attr-defined]
        try:
            return view(request, found, *args, **kwargs)
        except RecordAltered:
            return render(request, "record_altered.html", status=500)

    return wrapper


def _closed(key: str) -> str:
    """The page that says why this browser's key opens nothing."""
    if not key:
        return "home"
    return "elsewhere" if visit.taken_over(key) else "expired"


def _readable(open_visit: Visit) -> bool:
    """Whether this program can still read the release. A submitted result needs its record alone."""
    try:
        return bool(open_visit.content)
    except ContentError:
        return False


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What every page's frame shows. Without a visit it is read where a template asks: error pages do without."""
    open_visit: Visit | None = getattr(request, "visit", None)
    return {
        "clinic": _clinic(request) if open_visit else SimpleLazyObject(partial(_clinic, request)),
        "languages": [
            {"code": code, "name": name, "current": code == translation.get_language()}
            for code, name in getattr(request, "languages", {}).items()
        ],
        "under_way": open_visit is not None,
        "may_save": bool(open_visit and open_visit.answers),
        "kept_open_until": open_visit.kept_open_until if open_visit else None,
        "seconds_left": open_visit.seconds_left(timezone.now()) if open_visit else 0,
    }


def _clinic(request: HttpRequest) -> dict[str, str]:
    open_visit: Visit | None = getattr(request, "visit", None)
    clinic = open_visit.clinic if open_visit else getattr(request, "clinic", None) or the_clinic()
    current = clinic.as_settings()
    LastKnown.emergency_number = current["emergency_number"]
    return clinic_words(current)


def speak(request: HttpRequest, content: Content, clinic: Clinic) -> None:
    """A page is in one language throughout: one that the release has, and the clinic offers."""
    request.languages = {  # type: ignore[attr-defined]
        code: name for code, name in content.languages.items() if clinic.offers(code)
    }
    translation.activate(content.language)
    request.LANGUAGE_CODE = content.language


def published(request: HttpRequest) -> Content:
    clinic = request.clinic = the_clinic()  # type: ignore[attr-defined]
    content = releases.content(releases.current().sha256, clinic.spoken(translation.get_language()))
    speak(request, content, clinic)
    return content


def position(open_visit: Visit) -> str:
    """The address of the page where the person is."""
    if open_visit.submitted_at:
        return reverse("result")
    if open_visit.walk.exit:
        return reverse("under-16")
    screen = next_screen(open_visit.content, open_visit.walk)
    return reverse("question", args=[screen.key]) if screen else reverse("check")


def to_position(open_visit: Visit) -> HttpResponse:
    return HttpResponseRedirect(position(open_visit))
