"""What staff have typed outlives their session; what they see does not.

A form that comes when the session has ended is kept for the person who sent it, and is there when they have signed in
again. static/admin-session.js warns, keeps what is typed, and covers the page; without scripts all the rest holds.
"""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from triage import actions
from triage.admin import sign_in
from triage.server import errors
from triage.store.kept import Fields, kept_fields, kept_paths

KEPT = "kept"  # in the session: the pages on which something waits
LONGEST_PATH = 200
# Fields that nobody types, and the address of a mail, which is used once.
NOT_KEPT = ("csrfmiddlewaretoken", "kept-path", "stay", "email")


def keep(request: HttpRequest, path: str) -> None:
    """What was sent, for this page and this person. Never a password."""
    fields = {name: values for name, values in request.POST.lists() if name not in NOT_KEPT}
    if not fields or any("password" in name for name in fields) or len(path) > LONGEST_PATH:
        return
    actions.keep_form(cast(User, request.user), path, fields, timezone.now())
    request.session[KEPT] = [*request.session.get(KEPT, ()), path]


def remember(request: HttpRequest, user: User) -> None:
    """Whoever signs in finds again what was kept."""
    if paths := kept_paths(user):
        request.session[KEPT] = paths


def kept(request: HttpRequest) -> Fields:
    """What waits on this page for whoever asks for it."""
    if request.method != "GET" or request.path not in request.session.get(KEPT, ()):
        return {}
    return kept_fields(cast(User, request.user), request.path)


def forget_if_saved(request: HttpRequest, status: int) -> None:
    """A form that was taken leads on; one that was refused is shown again."""
    paths = request.session.get(KEPT, ())
    if request.method == "POST" and status == 302 and request.path in paths:
        actions.drop_form(cast(User, request.user), request.path)
        request.session[KEPT] = [path for path in paths if path != request.path]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def session_view(request: HttpRequest) -> HttpResponse:
    """How many seconds this person's session has left. Asking counts for nothing; "stay" makes it last."""
    now, session = timezone.now(), request.session
    signed_in = request.user.is_authenticated and sign_in.is_verified(request)
    left = sign_in.seconds_left(session, now) if signed_in else 0
    if request.method == "POST" and request.user.is_authenticated:
        if "kept-path" in request.POST:
            keep(request, request.POST["kept-path"])
        if "stay" in request.POST and left > 0:
            session["seen_at"] = now.timestamp()
            left = sign_in.seconds_left(session, now)
    return HttpResponse(str(max(0, left)), content_type="text/plain")


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form with a token that is no longer the browser's. Staff have then signed in meanwhile, in another tab."""
    if not request.path.startswith(reverse("admin:index")):
        return errors.not_from_here(request, reason)
    if request.user.is_authenticated and request.path == reverse("admin:login"):
        messages.info(request, "You are signed in: another tab was quicker.")
        return redirect("admin:index")
    if request.user.is_authenticated:
        keep(request, request.path)
        messages.warning(request, "You signed in anew after this page was made, so nothing was saved yet.")
        return redirect(request.path)
    messages.info(request, "This page was open for a long time. Please sign in again.")
    return redirect(f"{reverse('admin:login')}?{urlencode({'next': request.GET.get('next', request.path)})}")


def context(request: HttpRequest) -> dict[str, Any]:
    """What every page of the site shows of it: the page to sign in again has no time to run out."""
    left = sign_in.seconds_left(request.session, timezone.now()) if request.user.is_authenticated else 0
    return {"seconds_left": left, "kept": kept(request)} if left > 0 else {}
