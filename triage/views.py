"""The patient's pages. One view serves every question; where the person should be is computed, never stored."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.datastructures import MultiValueDict
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from triage import __version__, actions, releases, visit
from triage.domain.citation.resting import resting_on
from triage.domain.content import Content, Screen
from triage.domain.decision import emergency_signs
from triage.domain.loading import ContentError
from triage.domain.published_cases import own_tally
from triage.domain.result import (
    advice,
    answer_words,
    citation,
    citations,
    say,
    section,
)
from triage.domain.walk import next_screen, open_screens, path_screens
from triage.domain.wording import phrases
from triage.errors import LastKnown
from triage.forms import ScreenForm
from triage.models import Clinic, TriageSession, the_clinic
from triage.pages import clinic_text, clinic_words, result_context
from triage.prepared import Prepared
from triage.records import RecordAltered, open_record
from triage.serving import database_faults
from triage.visit import Visit

VisitView = Callable[..., HttpResponse]
RECORD = Prepared(
    TriageSession.objects.filter(reference=""),
    ["id", "reference", "record", "record_sha256", "record_number"],
)


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
            response = redirect("expired") if key else redirect("home")
            visit.forget(response)
            return response
        if readable:
            _speak(request, found.content, found.clinic)
        request.visit = found  # type: ignore[attr-defined]
        try:
            return view(request, found, *args, **kwargs)
        except RecordAltered:
            return render(request, "record_altered.html", status=500)

    return wrapper


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
        "seconds_left": open_visit.seconds_left(timezone.now()) if open_visit else 0,
    }


def _clinic(request: HttpRequest) -> dict[str, str]:
    open_visit: Visit | None = getattr(request, "visit", None)
    clinic = open_visit.clinic if open_visit else getattr(request, "clinic", None) or the_clinic()
    current = clinic.as_settings()
    LastKnown.emergency_number = current["emergency_number"]
    return clinic_words(current)


def _speak(request: HttpRequest, content: Content, clinic: Clinic) -> None:
    """A page is in one language throughout: one that the release has, and the clinic offers."""
    request.languages = {  # type: ignore[attr-defined]
        code: name for code, name in content.languages.items() if clinic.offers(code)
    }
    translation.activate(content.language)
    request.LANGUAGE_CODE = content.language


def published(request: HttpRequest) -> Content:
    clinic = request.clinic = the_clinic()  # type: ignore[attr-defined]
    content = releases.content(releases.current().sha256, clinic.spoken(translation.get_language()))
    _speak(request, content, clinic)
    return content


def _position(open_visit: Visit) -> str:
    """The address of the page where the person is."""
    if open_visit.submitted_at:
        return reverse("result")
    if open_visit.walk.exit:
        return reverse("under-16")
    screen = next_screen(open_visit.content, open_visit.walk)
    return reverse("question", args=[screen.key]) if screen else reverse("check")


def _to_position(open_visit: Visit) -> HttpResponse:
    return HttpResponseRedirect(_position(open_visit))


# The questionnaire


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    content = published(request)
    key = visit.key_of(request)
    found = visit.find(key, content.language) if key else None
    if found and not found.expired(timezone.now()):
        request.visit = found  # type: ignore[attr-defined]
    clinic = request.clinic.as_settings()  # type: ignore[attr-defined]
    context = {
        "safety_net": section(content, "safety-net", clinic),
        "emergency": [option.text for option in emergency_signs(content)],
        "count": len(content.screens),
        "answered": bool(found and found.answers),
    }
    return render(request, "start.html", context)


@post_only
def start(request: HttpRequest) -> HttpResponse:
    session, key = actions.start_session(translation.get_language(), timezone.now())
    content = releases.content(session.release.sha256, session.language)
    response = redirect("question", content.screens[0].key)
    visit.remember(response, key)
    return response


@require_safe
@visited
def go_on(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """Where the person is: the next question, the check page or the result."""
    return _to_position(open_visit)


@visited
def question(request: HttpRequest, open_visit: Visit, key: str) -> HttpResponse:
    """Any screen: show it, or store its answers and go on to where they lead."""
    screen = open_visit.content.screen_by_key.get(key)
    if screen is None:
        raise Http404
    if open_visit.submitted_at or screen not in open_screens(open_visit.content, open_visit.walk):
        return _to_position(open_visit)
    if request.method == "POST":
        form = ScreenForm(open_visit.content, screen, open_visit.walk, request.POST)
        return _store(request, open_visit, form) if form.is_valid() else _refuse(open_visit, form)
    refused = (open_visit.refused or {}).get(key)
    form = ScreenForm(
        open_visit.content, screen, open_visit.walk, MultiValueDict(refused) if refused else None
    )
    return _show(request, open_visit, screen, form)


def _refuse(open_visit: Visit, form: ScreenForm) -> HttpResponse:
    """By a redirect: a page that answers a POST stays in the browser's list of open pages with what was sent."""
    actions.keep_refused(open_visit, form.screen.key, form.sent())
    return redirect("question", form.screen.key)


def _store(request: HttpRequest, open_visit: Visit, form: ScreenForm) -> HttpResponse:
    given = form.answers()
    try:
        after = actions.record_answers(open_visit, given, timezone.now())
    except actions.AlreadySubmitted:
        return redirect("result")
    except actions.AnsweredMeanwhile:
        return question(request, form.screen.key)  # anew, on what is stored now
    except (OperationalError, InterfaceError):
        after = open_visit.with_answers(given)
        if not _emergency_is_new(open_visit, after):
            raise
        # What is urgent is told even when it could not be stored; going on leads back to the question.
        answer = _emergency_page(request, after, request.path)
        answer.status_code = 503
        return answer
    return redirect("emergency") if _emergency_is_new(open_visit, after) else _to_position(after)


def _emergency_is_new(before: Visit, after: Visit) -> bool:
    return bool(after.emergencies) and not after.emergencies <= before.emergencies


def _show(request: HttpRequest, open_visit: Visit, screen: Screen, form: ScreenForm) -> HttpResponse:
    content, walked = open_visit.content, open_visit.walk
    screens = path_screens(content, walked)
    place = screens.index(screen)
    why = say(screen.why, phrases(content, walked.facts))
    context = {
        "screen": screen,
        "form": form,
        "why": why,
        "citations": tuple(citation(content, source) for source in why.sources),
        "position": place + 1,
        "total": len(screens),
        "back_url": reverse("question", args=[screens[place - 1].key]) if place else reverse("home"),
        "reopened": any(item.key in walked.answers for item in form.items)
        and any(item.key not in walked.answers for item in form.items),
    }
    return render(request, "question.html", context)


@require_safe
@visited
def emergency(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """One message: get help now."""
    if open_visit.decision.urgency != "emergency":
        return _to_position(open_visit)
    return _emergency_page(request, open_visit, _position(open_visit))


def _emergency_page(request: HttpRequest, open_visit: Visit, go_on_url: str) -> HttpResponse:
    said = advice(open_visit.content, open_visit.walk, open_visit.decision, open_visit.clinic.as_settings())
    return render(request, "emergency.html", {"advice": said, "go_on_url": go_on_url})


@require_safe
@visited
def under_16(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The exit for those these questions were not made for."""
    if not open_visit.walk.exit:
        return _to_position(open_visit)
    clinic = open_visit.clinic.as_settings()
    first = open_visit.content.screens[0]
    context = {
        "sentences": section(open_visit.content, open_visit.walk.exit, clinic),
        "safety_net": section(open_visit.content, "safety-net", clinic),
        "back_url": reverse("question", args=[first.key]),
    }
    return render(request, "under_16.html", context)


@require_safe
@visited
def check(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """Check your answers, each with a way to change it."""
    if open_visit.submitted_at or not open_visit.walk.complete:
        return _to_position(open_visit)
    content, walked = open_visit.content, open_visit.walk
    groups = [
        {
            "screen": screen,
            "change_url": reverse("question", args=[screen.key]),
            "rows": [
                {"item": item, "answer": answer_words(content, item.key, walked.answers[item.key])}
                for item in walked.asks(screen)
            ],
        }
        for screen in path_screens(content, walked)
    ]
    urgent = open_visit.decision.urgency == "emergency"
    return render(
        request, "check.html", {"groups": groups, "urgent": urgent, "corrects": open_visit.corrects}
    )


@post_only
@visited
def submit(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    try:
        actions.submit(open_visit, timezone.now())
    except actions.NotComplete:
        return _to_position(open_visit)
    except actions.AnsweredMeanwhile:
        return submit(request)  # anew, with what is stored now
    return redirect("result")


@require_safe
@visited
def result(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The result, from the frozen record and nothing else."""
    record = _record(open_visit)
    if record is None:
        return _to_position(open_visit)
    translation.activate(record["language"])
    return render(request, "result.html", result_context(record))


def _record(open_visit: Visit) -> dict[str, Any] | None:
    """The record of what was handed in. Until a correction is handed in, that is what it corrects."""
    reference = open_visit.reference if open_visit.submitted_at else open_visit.corrects
    return open_record(RECORD.first(reference)) if reference else None


@require_safe
@visited
def copy(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The same result in the words for staff, as plain text to take along."""
    record = _record(open_visit)
    if record is None:
        return _to_position(open_visit)
    return render(request, "copy.html", {"text": clinic_text(record)})


@post_only
@visited
def correct(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """Begin a correction: this browser goes on with a copy of the answers; what was handed in stays."""
    if not open_visit.submitted_at:
        return _to_position(open_visit)
    response = redirect("check")
    visit.remember(response, actions.correct(open_visit.pk, open_visit.language, timezone.now()))
    return response


@post_only
def leave(request: HttpRequest) -> HttpResponse:
    """Finish on this device: the key goes, and the browser is asked to drop what it kept."""
    response = redirect("left")
    visit.forget(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@post_only
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the pages, at any moment; no answer is touched."""
    code = request.POST.get("language", "")
    if code not in dict(settings.LANGUAGES):
        raise BadRequest("unknown language")
    key = visit.key_of(request)
    found = visit.find(key, code) if key else None
    if found:
        actions.speak(found, found.language)
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    response = redirect(back if safe else "home")
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


# Pages beside the questionnaire


@require_safe
def how_it_works(request: HttpRequest) -> HttpResponse:
    content = published(request)
    clinic = request.clinic.as_settings()  # type: ignore[attr-defined]
    context = {
        "how": section(content, "how", clinic),
        "limits": section(content, "limits", clinic),
        "tally": own_tally(content),
        "citations": citations(content),
    }
    return render(request, "how.html", context)


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """Every source of the content, and what rests on it."""
    content = published(request)
    clinic = request.clinic.as_settings()  # type: ignore[attr-defined]
    found = citations(content, releases.passages())
    documents = {
        kind: [
            {"source": found[id], "resting": resting_on(content, {id}, clinic)}
            for id, source in content.guidance.items()
            if source.kind == kind
        ]
        for kind in ("guidance", "research")
    }
    context = {
        "article": content.article,
        "passages": [
            {
                "passage": passage,
                "claims": [found[claim.id] for claim in passage.claims],
                "resting": resting_on(content, {claim.id for claim in passage.claims}, clinic),
            }
            for passage in content.article.passages
        ],
        **documents,
    }
    return render(request, "sources.html", context)


def plain_page(template: str) -> Callable[[HttpRequest], HttpResponse]:
    """A page of words alone."""

    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        published(request)
        return render(request, template)

    return view


# For machines


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
