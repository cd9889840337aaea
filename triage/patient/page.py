"""What every page of a patient keeps to: whose session it is, in which language, and where the person is."""

from __future__ import annotations

from functools import partial, wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from triage import actions
from triage.domain.content import Content, Screen
from triage.domain.loading import ContentError
from triage.domain.walk import next_screen, open_screens
from triage.models import Clinic, the_clinic
from triage.patient.contact import keep_contact
from triage.patient.keeping import VisitView, emergency_page, keep_as_draft
from triage.server.errors import learn
from triage.store import releases, visit
from triage.store.records import RecordAltered
from triage.store.rooms import Room, enter, room_of
from triage.store.visit import Visit
from triage.store.words import clinic_words


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
    """Give the view the session that the cookie names; without one, say kindly that there is none to go on with.

    A page acts on the session that it was made for, or on none.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = visit_here(request)
        if request.method == "POST" and not made_for(request, found):
            return _of_others(request, found)
        if found is None:
            return closed(request, known="ended" in request.GET)
        if _readable(found):
            speak(request, found.content, found.clinic)
        found = keep_contact(request, found)
        request.visit = found  # type: ignore[attr-defined]
        try:
            return view(request, found, *args, **kwargs)
        except RecordAltered:
            return render(request, "record_altered.html", status=500)
        except actions.AnsweredMeanwhile:
            return wrapper(request, *args, **kwargs)  # anew, on what is stored now
        except actions.AlreadySubmitted:
            return redirect("result")

    return wrapper


def visit_here(request: HttpRequest) -> Visit | None:
    """The session that is open in this browser."""
    key = visit.key_of(request)
    found = visit.find(key, translation.get_language()) if key else None
    still = (
        found is not None and not found.expired(timezone.now()) and (found.submitted_at or _readable(found))
    )
    return found if still else None


def made_for(request: HttpRequest, found: Visit | None) -> bool:
    """Whether the page that was sent was made for this session."""
    return found is not None and request.POST.get("stamp") == found.stamp


def closed(request: HttpRequest, known: bool = False) -> HttpResponse:
    """Why nothing is open here; `known`: a page of a session has just been sent, or has ended by itself."""
    if room := room_of(request):
        return ready_for_next(room)
    key = visit.key_of(request)
    response = redirect(_closed(key) if key else "expired" if known else "home")
    visit.forget(response)
    return response


def _closed(key: str) -> str:
    """The page that says why this browser's key opens nothing."""
    return "elsewhere" if visit.taken_over(key) else "expired"


def ready_for_next(room: Room) -> HttpResponse:
    """In a waiting room: the first page, as the next person should find it."""
    response = redirect("home")
    visit.forget(response)
    remember_language(response, room.language)
    enter(response, room)
    return response


def _of_others(request: HttpRequest, here: Visit | None) -> HttpResponse:
    """A page was sent that was made for questions which are not, or no longer, those that are open here.

    It changes nothing. What stands on it is kept for its own questions, whoever can still reach them, as a draft.
    """
    owner = visit.stamped(request.POST.get("stamp", ""), translation.get_language())
    if owner:
        owner = keep_contact(request, owner)
    if owner and _readable(owner) and (urgent := keep_as_draft(request, owner)):
        speak(request, owner.content, owner.clinic)
        return emergency_page(request, urgent, reverse("go-on"), status=409)
    if here is None:
        return closed(request, known=owner is not None)
    begun = f"?begun={owner.started_at:%Y-%m-%dT%H:%MZ}" if owner else ""
    return redirect(reverse("not-open") + begun)


def _readable(open_visit: Visit) -> bool:
    """Whether this program can still read the release. A submitted result needs its record alone."""
    try:
        return bool(open_visit.content)
    except ContentError:
        return False


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What every page's frame shows. Without a visit it is read where a template asks: error pages do without."""
    open_visit: Visit | None = getattr(request, "visit", None)
    room = room_of(request)
    return {
        "clinic": _clinic(request) if open_visit else SimpleLazyObject(partial(_clinic, request)),
        "languages": [
            {"code": code, "name": name, "current": code == translation.get_language()}
            for code, name in getattr(request, "languages", {}).items()
        ],
        "under_way": open_visit is not None,
        "room": open_visit.room if open_visit else room and room.mark,
        "room_token": room.token if room else "",
        "may_save": bool(open_visit and open_visit.answers and not open_visit.room),
        "kept_open_until": open_visit.kept_open_until if open_visit else None,
        "stamp": open_visit.stamp if open_visit else "",
        "seconds_left": open_visit.seconds_left(timezone.now()) if open_visit else 0,
    }


def _clinic(request: HttpRequest) -> dict[str, str]:
    open_visit: Visit | None = getattr(request, "visit", None)
    clinic = open_visit.clinic if open_visit else getattr(request, "clinic", None) or the_clinic()
    learn(clinic)
    return clinic_words(clinic.as_settings())


def speak(request: HttpRequest, content: Content, clinic: Clinic) -> None:
    """A page is in one language throughout: one that the release has, and the clinic offers."""
    request.languages = {  # type: ignore[attr-defined]
        code: name for code, name in content.languages.items() if clinic.offers(code)
    }
    translation.activate(content.language)
    request.LANGUAGE_CODE = content.language


def remember_language(response: HttpResponse, code: str) -> None:
    """The language of the pages in this browser; "" for its own."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=None if code else 0,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )


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
    screen = next_screen(open_visit.content, open_visit.walk) or unfinished(open_visit)
    return reverse("question", args=[screen.key]) if screen else reverse("check")


def unfinished(open_visit: Visit) -> Screen | None:
    """The first screen on the path with something on its page that is no answer: it would not be sent."""
    for screen in open_screens(open_visit.content, open_visit.walk):
        if any(item.key in open_visit.drafts for item in open_visit.walk.asks(screen)):
            return screen
    return None


def inside(address: str) -> bool:
    """Whether a form may name this as the page to go to."""
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)


def to_position(open_visit: Visit) -> HttpResponse:
    return HttpResponseRedirect(position(open_visit))
