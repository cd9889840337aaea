"""Accounts, for managers: who works here, inviting, disabling, and a new start for whoever lost the way in."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django_otp.plugins.otp_totp.models import TOTPDevice

from triage import actions
from triage.models import StaffIdentity

MAY_MANAGE = "triage.manage_staff"
IN_WORDS = {
    actions.REVIEWERS: "read and review submissions, and invite patients",
    actions.MANAGERS: "do that, and change the clinic’s settings, publish releases, export, and manage accounts",
    actions.AUDITORS: "read the access log, and nothing of patients",
}


class InviteForm(forms.Form):
    username = forms.CharField(
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        label="Name to sign in with",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    group = forms.ChoiceField(
        choices=[(name, f"{name}: {words}") for name, words in IN_WORDS.items()],
        widget=forms.RadioSelect,
        label="What they may do",
        initial=actions.REVIEWERS,
    )


def staff_view(request: HttpRequest) -> HttpResponse:
    """The accounts that a manager may manage; a POST invites, disables, enables, or starts one anew."""
    if not request.user.has_perm(MAY_MANAGE):
        raise PermissionDenied
    form, link, whose = InviteForm(), "", ""
    if request.method == "POST":
        if "invite" not in request.POST:
            user = _act(request)
            if user is None:
                return redirect(request.path)
            link, whose = one_time_link(request, user), user.get_username()
        else:
            form = InviteForm(request.POST)
            if form.is_valid():
                who, now = request.user.get_username(), timezone.now()
                try:
                    user = actions.invite_staff(**form.cleaned_data, who=who, now=now)
                    link, whose, form = one_time_link(request, user), user.get_username(), InviteForm()
                except IntegrityError:
                    form.add_error("username", "There is an account of that name already.")
    context = {
        **admin.site.each_context(request),
        "title": "Accounts",
        "form": form,
        "link": link,
        "whose": whose,
        "people": _people(cast(User, request.user)),
        "groups": IN_WORDS,
    }
    return TemplateResponse(request, "admin/triage/clinic/staff.html", context)


def _people(me: User) -> list[dict[str, Any]]:
    with_device = set(TOTPDevice.objects.values_list("user", flat=True))
    provided = set(StaffIdentity.objects.values_list("user", flat=True))
    users = actions.managed_staff().prefetch_related("groups").order_by("username")
    return [
        {
            "user": user,
            "groups": ", ".join(group.name for group in user.groups.all()),
            "device": user.pk in with_device,
            "provided": user.pk in provided,
            "me": user.pk == me.pk,
        }
        for user in users
    ]


def _act(request: HttpRequest) -> User | None:
    """Do what the button says; the account that gets a new link, if it is that."""
    who, now = request.user.get_username(), timezone.now()
    what, _sep, pk = next(
        (name for name in request.POST if name.startswith(("disable-", "enable-", "reset-"))), ""
    ).partition("-")
    try:
        user = actions.manage_staff(int(pk) if pk.isdecimal() and len(pk) < 10 else 0, what, who, now)
    except (User.DoesNotExist, actions.NotToManage):
        raise PermissionDenied from None
    if what == "reset" and not StaffIdentity.objects.filter(user=user).exists():
        return user
    done = "device forgotten" if what == "reset" else f"{what}d"
    messages.success(request, f"{user.get_username()}: {done}.")
    return None


def one_time_link(request: HttpRequest, user: User) -> str:
    """Sets a password, once; then, or after a day, it opens nothing."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("admin:welcome", args=[uid, default_token_generator.make_token(user)])
    return request.build_absolute_uri(path)


class WelcomeView(PasswordResetConfirmView):
    """The page of a one-time link: the person chooses the password, and nobody else has ever known one."""

    template_name = "admin/sign_in/welcome.html"
    success_url = reverse_lazy("admin:login")
    title = "Choose your password"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "Your password is set. Sign in with it.")
        response = super().form_valid(form)
        actions.note_own_password(cast(User, self.user), timezone.now())
        return response
