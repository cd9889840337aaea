"""The journey: start, the questions, urgent help, check your answers, send. One view serves every question; where the
person should be is computed, never stored."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods, require_safe

from triage import actions
from triage.domain.content import Content, Screen
from triage.domain.decision import emergency_signs
from triage.domain.result import chosen_words, citation, say, section
from triage.domain.walk import open_screens, path_screens
from triage.domain.wording import phrases, worded
from triage.patient.contact import contact_field
from triage.patient.forms import ScreenForm
from triage.patient.keeping import (
    answered,
    asked_again,
    emergency_is_new,
    emergency_page,
    keeping,
    sent_page,
    store,
    taken,
)
from triage.patient.page import (
    inside,
    made_for,
    position,
    post_only,
    published,
    ready_for_next,
    to_position,
    unfinished,
    visit_here,
    visited,
)
from triage.server.gate import address_of
from triage.server.next_page import MARK, NEXT_PAGE
from triage.store import releases, visit
from triage.store.rooms import enter, read_room, room_of
from triage.store.visit import Visit


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    content = published(request)
    found = visit_here(request)
    if found:
        request.visit = found  # type: ignore[attr-defined]
    clinic = request.clinic.as_settings(content.language)  # type: ignore[attr-defined]
    context = {
        "safety_net": section(content, "safety-net", clinic),
        "emergency": [option.text for option in emergency_signs(content)],
        "count": len(content.screens),
        "under_way": found,
        "kept_days": request.clinic.retention_days,  # type: ignore[attr-defined]
    }
    response = render(request, "start.html", context)
    response.headers["X-Robots-Tag"] = "all"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Begin; or, with the link that staff make, set up this device for a waiting room.

    Where others' answers, or one's own, are under way in this browser, ask once: the way back to them ends.
    """
    if request.method != "POST":
        room = read_room(request.GET.get("room", ""))
        return ready_for_next(room) if room else redirect("go-on")
    here = visit_here(request)
    if here and here.begun:
        if "now" not in request.POST:
            return redirect("start-again")
        if not made_for(request, here):
            return redirect("not-open")
    room = read_room(request.POST.get("room", "")) or room_of(request)
    key, content = _begin(request, here, room.mark if room else "")
    response = redirect("question", content.screens[0].key)
    visit.remember(response, key)
    if room:
        enter(response, room)
    return response


def _begin(request: HttpRequest, here: Visit | None, room: str) -> tuple[str, Content]:
    """New questions, or those in which nobody has given anything yet: the key to them, and what they ask."""
    language, now = translation.get_language(), timezone.now()
    untouched = here and not here.begun and made_for(request, here) and "anew" not in request.POST
    if here and untouched and (key := actions.renew(here, language, now, room)):
        return key, here.content
    session, key = actions.start_session(language, now, room=room)
    return key, releases.content(session.release.sha256, session.language)


@require_http_methods(["GET", "HEAD", "POST"])
@visited
@keeping
def go_on(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """To the page that a button names, or else where the person is: the next question, the check page or the result."""
    to = request.POST.get("to", "")
    return redirect(to) if inside(to) else to_position(open_visit)


@visited
def question(request: HttpRequest, open_visit: Visit, key: str) -> HttpResponse:
    """Any screen: show it, or store its answers and go on to where they lead."""
    screen = open_visit.content.screen_by_key.get(key)
    if screen is None:
        raise Http404
    if open_visit.submitted_at or screen not in open_screens(open_visit.content, open_visit.walk):
        return to_position(open_visit)
    if request.method == "POST":
        form = ScreenForm(open_visit.content, screen, open_visit.walk, request.POST)
        return _store(request, open_visit, form) if form.is_valid() else _refuse(request, open_visit, form)
    return _show(request, open_visit, screen)


def page_ahead(request: HttpRequest, open_visit: Visit) -> HttpResponse | None:
    """The question page that the answers on the page which was sent would lead to; nothing is stored.

    None where they cannot be taken as they stand, are urgent, or lead to any other kind of page.
    """
    form = sent_page(request, open_visit)
    if form is None or not form.is_valid():
        return None
    after = answered(open_visit, form)
    if emergency_is_new(open_visit, after):
        return None
    address = _after(form, open_visit, after)["Location"]
    screens = path_screens(after.content, after.walk)
    screen = next((each for each in screens if reverse("question", args=[each.key]) == address), None)
    if screen is None:
        return None
    request.visit = after  # type: ignore[attr-defined]
    request.path = address  # a page tells its own
    page = _show(request, after, screen)
    page.headers[NEXT_PAGE], page.headers[MARK] = address, _mark(address, after)
    return page


def _mark(address: str, of: Visit) -> str:
    """Two question pages with the same mark are the same: this address after this many answers."""
    return f"{address} {of.last_sequence}"


def _store(request: HttpRequest, open_visit: Visit, form: ScreenForm) -> HttpResponse:
    drafts = answered(open_visit, form).drafts
    urgent = store(request, open_visit, form, form.answers(), drafts)
    if urgent:
        return urgent
    led = _after(form, open_visit, request.visit)  # type: ignore[attr-defined]
    led.headers[MARK] = _mark(led["Location"], request.visit)  # type: ignore[attr-defined]
    return led


def _after(form: ScreenForm, before: Visit, now: Visit) -> HttpResponse:
    """Where they lead: to old answers that count again; after a change back to its row; else where the person is."""
    reopened = [key for key in now.walk.asked if key in now.walk.answers and key not in before.walk.asked]
    if reopened:
        return redirect(reverse("question", args=[now.content.screen_of[reopened[0]].key]) + "?before")
    led = to_position(now)
    if before.walk.complete and led["Location"] == reverse("check"):
        changed = (
            item.key for item in form.items if before.answers.get(item.key) != now.answers.get(item.key)
        )
        led["Location"] += f"#row-{next(changed, form.items[0].key)}"
    return led


def _refuse(request: HttpRequest, open_visit: Visit, form: ScreenForm) -> HttpResponse:
    given, drafts = taken(open_visit, form, seen=open_visit.last_sequence)
    urgent = store(request, open_visit, form, given, drafts, refused=form.screen.key)
    return urgent or asked_again(form)


def _show(request: HttpRequest, open_visit: Visit, screen: Screen) -> HttpResponse:
    content, walked = open_visit.content, open_visit.walk
    form = ScreenForm(
        content,
        screen,
        walked,
        drafts=open_visit.drafts,
        refused=open_visit.refused == screen.key,
        contact=contact_field(open_visit) if screen == content.screens[-1] else None,
    )
    screens = path_screens(content, walked)
    place = screens.index(screen)
    why = say(screen.why, phrases(content, walked.facts))
    context = {
        "screen": screen,
        "seen": open_visit.last_sequence,
        "form": form,
        "before": "before" in request.GET,
        "why": why,
        "citations": tuple(citation(content, source) for source in why.sources),
        "position": place + 1,
        # Answers open and close pages: these two never go back.
        "reached": content.screens.index(screen) + 1,
        "most": len(content.screens),
        "back_url": reverse("question", args=[screens[place - 1].key]) if place else reverse("home"),
    }
    return render(request, "question.html", context)


@require_safe
@visited
def emergency(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """One message: get help now."""
    if open_visit.decision.urgency != "emergency":
        return to_position(open_visit)
    return emergency_page(request, open_visit, position(open_visit))


@require_safe
@visited
def under_16(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """The exit for those these questions were not made for."""
    if not open_visit.walk.exit:
        return to_position(open_visit)
    clinic = open_visit.clinic.as_settings(open_visit.content.language)
    first = open_visit.content.screens[0]
    context = {
        "sentences": section(open_visit.content, open_visit.walk.exit, clinic),
        "back_url": reverse("question", args=[first.key]),
    }
    return render(request, "under_16.html", context)


@require_safe
@visited
def check(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """Check your answers, each with a way to change it."""
    if open_visit.submitted_at or not open_visit.walk.complete or unfinished(open_visit):
        return to_position(open_visit)
    content, walked = open_visit.content, open_visit.walk
    groups = [
        {
            "screen": screen,
            "change_url": reverse("question", args=[screen.key]),
            "rows": [
                {"item": item, "answer": chosen_words(item, walked.answers[item.key])}
                for item in (worded(content, item, walked.facts) for item in walked.asks(screen))
            ],
        }
        for screen in path_screens(content, walked)
    ]
    context = {
        "groups": groups,
        "urgent": open_visit.decision.urgency == "emergency",
        "corrects": open_visit.corrects,
        "number": contact_field(open_visit),
        "number_url": reverse("question", args=[content.screens[-1].key]) + "#contact",
    }
    return render(request, "check.html", context)


@post_only
@visited
def submit(request: HttpRequest, open_visit: Visit) -> HttpResponse:
    """Hand in; not while something stands on a page that would stay behind."""
    if not open_visit.submitted_at and unfinished(open_visit):
        return to_position(open_visit)
    try:
        actions.submit(open_visit, timezone.now(), visit.key_of(request), address_of(request))
    except actions.NotComplete:
        return to_position(open_visit)
    return redirect("result")
