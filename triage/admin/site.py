"""The staff's site: Django's admin under our name, in one language throughout, and who comes and goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django_otp.plugins.otp_static.models import StaticDevice

from triage import actions
from triage.admin import kept, provider, sign_in, staff, tokens, worklist
from triage.models import AccessEntry, FirstPassword, the_clinic
from triage.store import outbox, readiness, retention

TO_CHOOSE = "own_password_to_choose"  # in the session of whoever has yet to choose their own
OPEN_BEFORE = ("admin:password_change", "admin:logout")

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def in_staff_language(view: View) -> View:
    """Our staff texts are in English; half a page in the browser's language beside them would be no help."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        translation.activate(settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = settings.LANGUAGE_CODE
        return view(request, *args, **kwargs)

    return cast("View", wrapper)


def while_signed_in(view: View) -> View:
    """A session past its limits, or whose second factor is gone, ends before the view sees it."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not (
            sign_in.is_verified(request)
            and sign_in.goes_on(request.session, timezone.now(), quiet="X-Quiet" in request.headers)
        ):
            if request.method == "POST":
                kept.keep(request, request.path)
            logout(request)
            messages.info(request, "You have been signed out. Please sign in again.")
        if request.session.get(TO_CHOOSE) and request.path not in map(reverse, OPEN_BEFORE):
            messages.warning(request, "Choose a password of your own first: others may have read this one.")
            return redirect("admin:password_change")
        response = view(request, *args, **kwargs)
        if request.user.is_authenticated:
            kept.forget_if_saved(request, response.status_code)
        return response

    return cast("View", wrapper)


def with_its_own_refusal(view: View) -> View:
    """Who may not see a page is told so among the staff's pages, in words for staff."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except PermissionDenied:
            context = {**admin.site.each_context(request), "title": "Your account does not open this page"}
            return TemplateResponse(request, "admin/refused.html", context, status=403)

    return cast("View", wrapper)


class StaffSite(admin.AdminSite):
    """Every page of it goes through `admin_view` or is one of those that lead to it: log-in, code, set-up."""

    site_header = site_title = "Footpath"
    index_title = "Clinic staff"
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Without the two addresses of Django's that no page of ours leads to."""
        unused = ("autocomplete", "view_on_site")
        return [
            path("session/", kept.session_view, name="session"),
            path("welcome/<uidb64>/<token>/", in_staff_language(staff.WelcomeView.as_view()), name="welcome"),
            path("staff/", self.admin_view(staff.staff_view), name="triage_staff"),
            path("tokens/", self.admin_view(tokens.tokens_view), name="triage_tokens"),
            path("provider/", in_staff_language(provider.start), name="provider"),
            path("provider/back/", in_staff_language(provider.back), name="provider_back"),
            path("second-factor/", in_staff_language(sign_in.ask_code), name="second_factor"),
            path("second-factor/set-up/", in_staff_language(sign_in.set_up), name="second_factor_set_up"),
            *(url for url in super().get_urls() if getattr(url, "name", "") not in unused),
        ]

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        return in_staff_language(while_signed_in(with_its_own_refusal(super().admin_view(view, cacheable))))

    def has_permission(self, request: HttpRequest) -> bool:
        in_time = sign_in.seconds_left(request.session, timezone.now()) >= 0
        return super().has_permission(request) and sign_in.is_verified(request) and in_time

    @method_decorator((never_cache, in_staff_language))
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's own, except that a right password may lead on to the code."""
        if request.method == "GET" and self.has_permission(request):
            return redirect("admin:index")
        context = {
            **self.each_context(request),
            "title": "Log in",
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            **(extra_context or {}),
        }
        view = sign_in.PasswordView.as_view(
            extra_context=context,
            authentication_form=AdminAuthenticationForm,
            template_name="admin/login.html",
        )
        return cast(HttpResponse, view(request))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        provided, hint = provider.is_provided(request.user), request.session.get(provider.HINT)
        page = super().logout(request, extra_context)
        return provider.signed_out(request, hint) if provided and request.method == "POST" else page

    def password_change(  # type: ignore[override]  # once it is changed, it leads on
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        page = super().password_change(request, extra_context)
        if request.method == "POST" and page.status_code == 302:
            actions.note_own_password(cast(User, request.user), timezone.now())
            request.session.pop(TO_CHOOSE, None)
        return page

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With what should have gone out: whoever works here has to know that nobody was told."""
        told = request.user.has_perm("triage.view_outboxmail") and self.has_permission(request)
        request.clinic = getattr(request, "clinic", None) or the_clinic()  # type: ignore[attr-defined]
        late = outbox.late(request.clinic, timezone.now()) if told else None  # type: ignore[attr-defined]
        return {
            **super().each_context(request),
            **kept.context(request),
            "late": late,
            # No more of it: the rest has a secret among it.
            "provider_name": settings.PROVIDER.name if settings.PROVIDER else "",
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        seen = request.user.has_perm("triage.view_triagesession")
        purges = {"last_purge": retention.last_purge(), "refused": retention.refused_since()} if seen else {}
        clinic = getattr(request, "clinic", None) or the_clinic()
        day = {"tabs": worklist.counted(), "visits": worklist.next_visits()} if seen else {}
        system: dict[str, Any] = {}
        if request.user.has_perm("triage.change_clinic"):
            steps = readiness.steps(clinic)
            left = [step for step in steps if not step.done]
            system = {"wishes": list(readiness.wishes(clinic)), "steps": steps, "open_steps": left}
            system["proposed_number"] = clinic.proposed_number
        context = {**day, **system, "api": settings.API}
        return super().index(request, {**context, **purges, **(extra_context or {})})


@in_staff_language
def locked_out(request: HttpRequest, *_more: Any) -> HttpResponse:
    """What django-axes shows after too many wrong passwords or codes."""
    return sign_in.locked(request)


def note_coming_and_going() -> None:
    """Have each login, logout and refused login entered in the access log."""
    user_logged_in.connect(_came)
    user_logged_out.connect(_went)
    user_login_failed.connect(_refused)


def _came(user: User, request: HttpRequest, **_signal: Any) -> None:
    now = timezone.now()
    sign_in.begin(request.session, now)
    kept.remember(request, user)
    if FirstPassword.objects.filter(user=user).exists():
        request.session[TO_CHOOSE] = True
    ways = {
        "by the provider": provider.is_provided(user),
        "with a recovery code": isinstance(getattr(user, "otp_device", None), StaticDevice),
    }
    detail = ", ".join(way for way, taken in ways.items() if taken)
    actions.note_access(AccessEntry.What.LOGIN, user.get_username(), now, detail=detail)


def _went(user: User | None, **_signal: Any) -> None:
    if user is not None:
        actions.note_access(AccessEntry.What.LOGOUT, user.get_username(), timezone.now())


def _refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_signal: Any) -> None:
    """Under the name that was tried only where it is one of ours: people type passwords into the wrong field."""
    tried = User.objects.filter(username=credentials.get("username") or "").first()
    locked = bool(getattr(request, "axes_locked_out", False))
    actions.note_guess(tried.get_username() if tried else "", timezone.now(), held_up=locked)
