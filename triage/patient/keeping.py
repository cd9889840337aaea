"""Every button takes along what stands on its page: as answers where it can be one, as a draft where it cannot.

What is urgent is told before anything else, whichever button was pressed and whatever could be stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from triage import actions
from triage.domain.result import Advice, advice
from triage.domain.walk import Answers, open_screens
from triage.patient.contact import contact_field
from triage.patient.forms import ScreenForm
from triage.server.gate import address_of
from triage.store import visit
from triage.store.visit import Drafts, Visit

VisitView = Callable[..., HttpResponse]


def keeping(view: VisitView) -> VisitView:
    """Keep what was sent along, then let the view do what the button is for."""

    @wraps(view)
    def wrapper(request: HttpRequest, open_visit: Visit, *args: Any, **kwargs: Any) -> HttpResponse:
        urgent = keep_page(request, open_visit)
        return urgent or view(request, request.visit, *args, **kwargs)  # type: ignore[attr-defined]

    return wrapper


def keep_page(request: HttpRequest, open_visit: Visit) -> HttpResponse | None:
    """Keep the questions that were sent along, if any; then `request.visit` has them. What has to be told at once."""
    form = sent_page(request, open_visit)
    if form is None:
        return None
    given, drafts = taken(open_visit, form, _made_at(request))
    if not given and drafts == open_visit.drafts:
        return None
    if _says_both(open_visit, form, given, drafts):
        return store(request, open_visit, form, given, drafts, form.screen.key) or asked_again(form)
    return store(request, open_visit, form, given, drafts)


def _says_both(open_visit: Visit, form: ScreenForm, given: Answers, drafts: Drafts) -> bool:
    """Whether an emergency sign stands beside what rules it out: that is asked again, whatever was pressed."""
    ticked = {item: tuple(drafts[item]) for item in form.errors if drafts.get(item)}
    return bool(ticked) and emergency_is_new(open_visit, open_visit.with_answers({**given, **ticked}))


def asked_again(form: ScreenForm) -> HttpResponse:
    """By a redirect: a page that answers a POST stays in the browser's list of open pages with what was sent."""
    return redirect("question", form.screen.key)


def keep_as_draft(request: HttpRequest, of: Visit) -> Visit | None:
    """The same, but answers too stay drafts, which nothing but their page reads.

    Where they would be urgent: the session as it would be with them.
    """
    form = sent_page(request, of)
    if form is None:
        return None
    given, drafts = taken(of, form, _made_at(request))
    after = of.with_answers(given)
    urgent = after if emergency_is_new(of, after) else None
    sent = form.sent()
    drafts |= {item: sent[item] for item in given}
    try:
        if drafts != of.drafts:
            actions.keep_drafts(of, drafts)
    except actions.AlreadySubmitted:
        return None
    except actions.AnsweredMeanwhile:
        again = visit.stamped(of.stamp, of.language)
        return keep_as_draft(request, again) if again else None
    except (OperationalError, InterfaceError):
        if not urgent:
            raise
    return urgent


def sent_page(request: HttpRequest, open_visit: Visit) -> ScreenForm | None:
    """The questions that were sent along with a button, where they are still open."""
    screen = open_visit.content.screen_by_key.get(request.POST.get("screen", ""))
    if open_visit.submitted_at or screen not in open_screens(open_visit.content, open_visit.walk):
        return None
    return ScreenForm(open_visit.content, screen, open_visit.walk, request.POST)


def _made_at(request: HttpRequest) -> int:
    """The number of the last answer that the page knew. What was answered later, on another page, is newer."""
    seen = request.POST.get("seen", "")
    return int(seen) if seen.isdecimal() and len(seen) < 10 else 0


def taken(
    open_visit: Visit, form: ScreenForm, seen: int
) -> tuple[dict[str, tuple[str, ...]], dict[str, list[str]]]:
    """What stands on a page, parted into new answers and drafts, the drafts of other pages among them."""
    wrong, sent, valid = form.errors, form.sent(), form.answers()
    given, drafts = {}, dict(open_visit.drafts)
    for item in form.fields:
        if item in open_visit.stored and open_visit.stored[item].sequence > seen:
            continue
        drafts.pop(item, None)
        answer = open_visit.answers.get(item, ())
        if item in wrong and (sent[item] or answer):
            drafts[item] = sent[item]
        elif valid.get(item, answer) != answer:
            given[item] = valid[item]
    return given, drafts


def answered(open_visit: Visit, form: ScreenForm) -> Visit:
    """The session as it is once the answers of this page are stored, all of them."""
    given = form.answers()
    drafts = {item: said for item, said in open_visit.drafts.items() if item not in form.fields}
    last = open_visit.last_sequence + len(given)
    return replace(open_visit.with_answers(given), drafts=drafts, refused="", last_sequence=last)


def store(
    request: HttpRequest,
    open_visit: Visit,
    form: ScreenForm,
    given: Answers,
    drafts: Drafts,
    refused: str = "",
) -> HttpResponse | None:
    """Store it; then `request.visit` has it. What has to be told at once, if anything."""
    after = open_visit.with_answers(given)
    urgent = emergency_is_new(open_visit, after)
    try:
        address = address_of(request)
        after = actions.record_answers(open_visit, given, timezone.now(), drafts, refused, address)
    except (OperationalError, InterfaceError):
        if not urgent:
            raise
        # Told also where it could not be stored; going on leads back to the question.
        back = reverse("question", args=[form.screen.key])
        return emergency_page(request, after, back, status=503)
    request.visit = after  # type: ignore[attr-defined]
    return redirect("emergency") if urgent else None


def emergency_is_new(before: Visit, after: Visit) -> bool:
    return bool(after.emergencies) and not after.emergencies <= before.emergencies


def _rests_on(open_visit: Visit, said: Advice) -> list[dict[str, str]]:
    """The questions that made it an emergency, in the order asked: where a tick by mistake is mended."""
    items = {given.item for reason in said.reasons for given in reason.answers}
    return [
        {"label": item.label, "url": reverse("question", args=[screen.key]) + f"#id_{item.key}"}
        for screen in open_screens(open_visit.content, open_visit.walk)
        for item in open_visit.walk.asks(screen)
        if item.key in items
    ]


def emergency_page(
    request: HttpRequest, open_visit: Visit, go_on_url: str, status: int = 200
) -> HttpResponse:
    said = advice(
        open_visit.content,
        open_visit.walk,
        open_visit.decision,
        open_visit.clinic.as_settings(open_visit.content.language),
    )
    context = {
        "advice": said,
        "go_on_url": go_on_url,
        "mistakes": _rests_on(open_visit, said),
        "text_number": open_visit.clinic.emergency_text,
        "number": contact_field(open_visit),
        "stamp": open_visit.stamp,
    }
    return render(request, "emergency.html", context, status=status)
