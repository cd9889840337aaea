"""How staff come in, and how long they stay: first the password, then a code from a device of their own.

Nobody is signed in by a password alone. Until the code is right, the session says who gave the password and no more.
For whom a provider vouches, provider.py stands in place of the password, and of the code where that is the provider's.
"""

from __future__ import annotations

import textwrap
from base64 import b32encode
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, wraps
from math import ceil, floor
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_lockout_response
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import Permission, User
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import LoginView
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.cache import never_cache
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.util import random_hex

from triage import actions
from triage.admin import known_devices
from triage.models import StaffDevice, StaffIdentity
from triage.models.accounts import opened_key, sealed_key
from triage.server.gate import address_of
from triage.server.guessing import crowd, guesses
from triage.server.hashing import Busy
from triage.server.meters import meters
from triage.store.codes import qr_code

ON_KNOWN_DEVICE = " (known device)"  # no name has spaces
BUSY = timedelta(seconds=2)
IDLE = timedelta(minutes=15)
NOTED_EVERY = timedelta(minutes=1)
LONGEST = timedelta(hours=8)
PASSWORD_HOLDS = timedelta(minutes=10)  # until the code is there
HALF_IN = "password_given_by"
CODE_BY = "second_factor_by"  # in the session: the provider that asked for it in our place
BACKEND = "triage.admin.sign_in.ByGroup"

Page = Callable[[HttpRequest, User], HttpResponseBase]


class ByGroup(ModelBackend):
    """Rights come with a group: those of one person alone count for nothing, and are not asked for on each page."""

    def _get_user_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return Permission.objects.none()

    def authenticate(self, request: HttpRequest | None, *args: Any, **credentials: Any) -> Any:
        """By password; never into an account of the provider's, whoever has given it one."""
        user = super().authenticate(request, *args, **credentials)
        return None if user and StaffIdentity.objects.filter(user=user.pk).exists() else user


# How long a session lasts


def begin(session: SessionBase, now: datetime) -> None:
    session["began_at"] = session["seen_at"] = now.timestamp()


def seconds_left(session: SessionBase, now: datetime) -> int:
    """Until the nearer of the two limits, if nothing is done; less than none once it is past."""
    if "began_at" not in session:
        return -1
    began, seen = (datetime.fromtimestamp(session[name], now.tzinfo) for name in ("began_at", "seen_at"))
    return floor(min(began + LONGEST - now, seen + IDLE - now).total_seconds())


def goes_on(session: SessionBase, now: datetime, *, quiet: bool = False) -> bool:
    """Whether neither limit is reached; if so, the idle time begins anew (noted once a minute, to write less).

    Not for a look that a page takes by itself, `quiet`: nobody need be there.
    """
    if seconds_left(session, now) < 0:
        return False
    if now.timestamp() - session["seen_at"] >= NOTED_EVERY.total_seconds() and not quiet:
        session["seen_at"] = now.timestamp()
    return True


def is_verified(request: HttpRequest) -> bool:
    """Whether this session came about by a device that its user still has, or the provider's, or needs none."""
    if not settings.STAFF_SECOND_FACTOR or getattr(request.user, "otp_device", None) is not None:
        return True
    return settings.PROVIDER is not None and request.session.get(CODE_BY) == settings.PROVIDER.issuer


# The password


class AnotherPassword:
    """Whoever changes a password does not keep it."""

    def validate(self, password: str, user: User | None = None) -> None:
        if user is not None and user.pk and user.check_password(password):
            raise forms.ValidationError("Choose another password than the one you have.")

    def get_help_text(self) -> str:
        return "Not the one you have."


class PasswordView(LoginView):
    next_page = "admin:index"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What holds up a guess comes before the password is looked at, which takes most of a second."""
        user = User.objects.filter(username=request.POST.get("username", "")).first()
        return held_up(request, user) or super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        if not settings.STAFF_SECOND_FACTOR:
            response = super().form_valid(form)
            known_devices.remember(self.request, response, form.get_user())
            return response
        return to_the_code(self.request, form.get_user(), self.get_success_url())


def to_the_code(request: HttpRequest, user: User, wanted: str) -> HttpResponse:
    """Who this is was shown by a password or a provider; what is left is the code."""
    session = request.session
    session.flush()  # a new key: somebody else may know the old one
    session[HALF_IN] = {
        "user": user.pk,
        "at": timezone.now().timestamp(),
        "next": wanted,
        "hash": user.get_session_auth_hash(),
        "key": sealed_key(random_hex(20), user.pk),  # for a device to be set up
    }
    return redirect("admin:second_factor")


def half_in(request: HttpRequest) -> User | None:
    """Who gave the right password a short while ago and has yet to give a code."""
    half = request.session.get(HALF_IN)
    if half is None or timezone.now().timestamp() - half["at"] > PASSWORD_HOLDS.total_seconds():
        return None
    user = User.objects.filter(pk=half["user"], is_active=True, is_staff=True).first()
    # A changed password ends this, as it ends sessions.
    same = user is not None and constant_time_compare(user.get_session_auth_hash(), half["hash"])
    return user if same else None


def between(view: Page) -> Callable[[HttpRequest], HttpResponseBase]:
    """A page between the password and the code; for everybody else there is the log-in page."""

    @never_cache
    @wraps(view)
    def wrapper(request: HttpRequest) -> HttpResponseBase:
        user = half_in(request)
        return redirect("admin:login") if user is None else view(request, user)

    return wrapper


# The code


class CodeForm(forms.Form):
    WRONG = "That is not the code, or it has been used. Wait for the next one and type that."

    code = forms.CharField(
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false", "size": 12}
        ),
    )


@between
def ask_code(request: HttpRequest, user: User) -> HttpResponseBase:
    if not StaffDevice.objects.filter(user=user).exists():
        return redirect("admin:second_factor_set_up")
    if not AxesProxyHandler.is_allowed(request, {"username": user.get_username()}):
        return get_lockout_response(request)
    if request.method == "POST" and (turned_away := held_up(request, user)):
        return turned_away
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if device := actions.check_second_factor(user, form.cleaned_data["code"]):
            _tell_what_is_left(request, device)
            response = redirect(_come_in(request, user, device))
            known_devices.remember(request, response, user)
            return response
        user_login_failed.send(__name__, credentials={"username": user.get_username()}, request=request)
        form.add_error("code", CodeForm.WRONG)
    return staff_page(request, "code", title="Your code", form=form)


@between
def set_up(request: HttpRequest, user: User) -> HttpResponseBase:
    """The first time: tie the account to a device. Who has one needs that to come in, and gets no other here."""
    if StaffDevice.objects.filter(user=user).exists():
        return redirect("admin:second_factor")
    key = opened_key(request.session[HALF_IN]["key"], user.pk)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            device, codes = actions.set_up_second_factor(user, key, form.cleaned_data["code"], timezone.now())
        except actions.WrongCode:
            form.add_error("code", CodeForm.WRONG)
        else:
            go_on_url = _come_in(request, user, device)
            page = staff_page(
                request,
                "recovery",
                title="Your recovery codes for Footpath",
                codes=codes,
                go_on_url=go_on_url,
            )
            known_devices.remember(request, page, user)
            return page
    link = StaffDevice(user=user, key=key).config_url
    return staff_page(
        request,
        "set_up",
        title="Set up your second factor",
        form=form,
        link=link,
        picture=qr_code(link),
        key=" ".join(textwrap.wrap(b32encode(bytes.fromhex(key)).decode(), 4)),
    )


def _come_in(request: HttpRequest, user: User, device: Device) -> str:
    """Sign in, under a new session key. Returns the address the person wanted."""
    wanted: str = request.session.pop(HALF_IN)["next"]
    user.otp_device = device  # type: ignore[attr-defined]  # django-otp ties the session to it
    login(request, user, backend=BACKEND)
    return wanted


def _tell_what_is_left(request: HttpRequest, device: Device) -> None:
    if isinstance(device, StaticDevice):
        count = device.token_set.count()
        messages.warning(
            request,
            f"That recovery code is used up; {count} of {actions.RECOVERY_CODES} are left. When you have a new "
            "device, ask for yours to be reset.",
        )


def staff_page(request: HttpRequest, name: str, **context: Any) -> TemplateResponse:
    return TemplateResponse(
        request, f"admin/sign_in/{name}.html", {**admin.site.each_context(request), **context}
    )


# Too many wrong ones


def held_up(request: HttpRequest, user: User | None) -> HttpResponse | None:
    """The page for who has to wait: too many came from there, or at this name from wherever. None: go on."""
    if guesses.too_many(address_of(request) or ""):
        return _refused_page(request, timedelta(minutes=1), 429)
    if user is None or known_devices.knows(request, user):
        return None
    now = timezone.now()
    if wait := actions.pause_for_name(user.get_username(), now):
        actions.note_guess(user.get_username(), now, held_up=True)
        return _refused_page(request, wait, 429)
    return None


class CrowdMiddleware:
    """Where more ask for a page of the sign-in at once than a clinic has people, the rest get one that costs next to
    nothing: patients are answered by the same processes. A known device is counted apart, so that it still comes in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path
        if path not in _doors() or not crowd.too_many(path, known_devices.whose(request)):
            return self.get_response(request)
        meters.went_wrong(
            "crowd"
        )  # which tells of it: a line in the log for each would cost more than the page
        page = HttpResponse(_crowded(), status=429, headers={"Retry-After": str(int(BUSY.total_seconds()))})
        page._has_been_logged = True  # type: ignore[attr-defined]
        return page


@cache
def _doors() -> frozenset[str]:
    """The pages of the sign-in: those of the admin that somebody unknown gets to see."""
    names = ("login", "second_factor", "second_factor_set_up", "provider", "provider_back")
    return frozenset(reverse(f"admin:{name}") for name in names)


@cache
def _crowded() -> str:
    return render_to_string("admin/sign_in/crowded.html")


class BusyMiddleware:
    """Whoever comes while others have their passwords checked is told to try again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return _refused_page(request, BUSY, 503) if isinstance(exception, Busy) else None


def _refused_page(request: HttpRequest, wait: timedelta, status: int) -> HttpResponse:
    seconds = ceil(wait.total_seconds())
    page = staff_page(
        request, "wait", title="Try again in a moment", seconds=seconds, minutes=ceil(seconds / 60)
    )
    page.status_code = status
    page.headers["Retry-After"] = str(seconds)
    return page.render()


def name_for_lock(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The name to count under; a hash where it is not one of ours: people type passwords into the wrong field.

    On a known device apart, so that nobody locks a name for its owner.
    """
    name = (credentials or {}).get("username") or ""
    if user := User.objects.filter(username=name).first():
        return f"{name}{ON_KNOWN_DEVICE}" if known_devices.knows(request, user) else name
    return salted_hmac("triage.admin.sign_in", name, algorithm="sha256").hexdigest()[:32]


def locked(request: HttpRequest) -> HttpResponse:
    page = staff_page(request, "locked", title="Locked for 15 minutes")
    page.status_code = 429
    page.headers["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return page.render()
