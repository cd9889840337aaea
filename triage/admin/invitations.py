"""Inviting patients to answer before an appointment: the list, one or many at once, and the letters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format

from triage import actions
from triage.admin.invitation_list import MOST_LINES, MailedInvitationForm, PastedList, read_list
from triage.admin.lists import GuardedList
from triage.domain.content import Content
from triage.domain.decision import emergency_signs
from triage.exports.table import written
from triage.forms.invitations import LIKE_A_NAME, SAME, InvitationForm, MoveForm, languages_offered
from triage.models import STILL_OPEN, AccessEntry, Invitation, TriageSession, the_clinic
from triage.store import invited, labels, releases
from triage.store.codes import carried, for_patients, qr_code
from triage.store.rooms import Room

State = Invitation.State
REMIND, SOON = "remind", timedelta(days=2)
NOT_SO = "This invitation has changed since you opened the page. See its state now."


def in_state(state: str, now: datetime) -> Q:
    """The invitations in that state, as `Invitation.state` says it of one."""
    return {
        State.OPEN: STILL_OPEN & Q(opened_at=None, expires_at__gt=now),
        State.BEGUN: STILL_OPEN & Q(opened_at__isnull=False, expires_at__gt=now),
        State.SENT: Q(sent_at__isnull=False),
        State.EXPIRED: STILL_OPEN & Q(expires_at__lte=now),
        State.REVOKED: Q(revoked_at__isnull=False),
    }[State(state)]


class StateFilter(admin.SimpleListFilter):
    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            *((state.value, str(state.label)) for state in State),
            (REMIND, "not opened, visit in 2 days"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        state = self.value()
        if state == REMIND:
            now = timezone.now()
            return queryset.filter(in_state(State.OPEN, now), appointment_at__range=(now, now + SOON))
        if state is None or state not in State:
            return queryset
        return queryset.filter(in_state(state, timezone.now()))


class PasteForm(forms.Form):
    lines = forms.CharField(
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Paste one line for each invitation."},
    )


class RoomForm(forms.Form):
    language = forms.ChoiceField(
        required=False, help_text="Each person finds the first page in it, and may change it for themselves."
    )
    prints = forms.BooleanField(
        required=False,
        label="People may print their result there",
        help_text="Only where the paper comes out beside the person.",
    )

    def __init__(self, languages: Mapping[str, str], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        choices = [("", "the device’s own"), *languages.items()]
        self.fields["language"].choices = choices  # type: ignore[attr-defined]


@admin.register(Invitation)
class InvitationAdmin(GuardedList):
    """The newest first. An invitation is made, and then opened, revoked or made anew; never changed."""

    noted_as = "invitations"
    lookups = frozenset({"state"})
    list_display = ("label", "known", "appointment", "language", "state_shown", "session_shown", "made")
    list_filter = (StateFilter,)
    search_fields = ("label",)
    search_help_text = "Label, or how it begins"
    sortable_by = ()

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        """With what else a row shows; a join would have the database read the other table first."""
        sessions = TriageSession.objects.filter(listed_at__isnull=False).only("reference", "invitation")
        return super().get_queryset(request).prefetch_related("created_by", Prefetch("sessions", sessions))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Invitation], search_term: str
    ) -> tuple[QuerySet[Invitation], bool]:
        if not search_term:
            return queryset, False
        self.note(request, AccessEntry.What.SEARCH, "invitations", "a label")
        return queryset.filter(labels.labelled(search_term)), False

    @admin.display(description="number, phone")
    def known(self, invitation: Invitation) -> str:
        context = {"known": invited.known(invitation)}
        return render_to_string("admin/triage/invitation/known.html", context)

    @admin.display(description="appointment")
    def appointment(self, invitation: Invitation) -> str:
        return date_format(timezone.localtime(invitation.appointment_at), "D, M j, Y, H:i")

    @admin.display(description="state")
    def state_shown(self, invitation: Invitation) -> str:
        context = {"state": invitation.state(timezone.now())}
        return render_to_string("admin/triage/invitation/state.html", context)

    @admin.display(description="submission")
    def session_shown(self, invitation: Invitation) -> str:
        return render_to_string("admin/triage/invitation/sessions.html", {"invitation": invitation})

    @admin.display(description="made")
    def made(self, invitation: Invitation) -> str:
        return render_to_string("admin/triage/invitation/made.html", {"invitation": invitation})

    def get_urls(self) -> list[Any]:
        paste = path("paste/", self.admin_site.admin_view(self.paste_view), name="triage_invitation_paste")
        room = path("room/", self.admin_site.admin_view(self.room_view), name="triage_invitation_room")
        return [paste, room, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One invitation. The answer to the form is its letter, the only page that ever shows its code."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        now = timezone.now()
        kind = MailedInvitationForm if the_clinic().mail_links and settings.EMAIL_HOST else InvitationForm
        form = kind(languages_offered(), now, request.POST if request.method == "POST" else None)
        warned = ""
        if form.is_valid():
            warned = "" if "sure" in request.POST else form.like_a_name
            if not warned:
                try:
                    made = actions.invite([form.cleaned_data], _user(request), now)
                    mailed = self._mailed(request, *made[0], form.cleaned_data.get("email", ""))
                    return self._letters(request, made, to_print=not mailed)
                except IntegrityError:
                    form.add_error(None, SAME)
        context = {"form": form, "warned": warned, "like_a_name": LIKE_A_NAME}
        return self._page(request, "form.html", "Invite a patient", **context)

    def _mailed(self, request: HttpRequest, invitation: Invitation, code: str, address: str) -> bool:
        if not address:
            return False
        link = carried(request, code).link
        if fault := actions.mail_link(invitation, address, link, _user(request), timezone.now()):
            messages.error(
                request, f"The mail server did not take the mail ({fault}). Give the link another way."
            )
        else:
            messages.success(request, "The link is on its way by mail. Nothing keeps the address.")
        return not fault

    def paste_view(self, request: HttpRequest) -> HttpResponse:
        """Many at once: first what was read is shown, then all are made or none."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        now = timezone.now()
        form = PasteForm(request.POST if request.method == "POST" else None)
        found = PastedList()
        if form.is_valid():
            found = read_list(form.cleaned_data["lines"], languages_offered(), now)
            if "make" in request.POST and not found.faults:
                try:
                    return self._letters(request, actions.invite(found.rows.values(), _user(request), now))
                except IntegrityError:
                    found.faults.append((1, "An invitation of this list was made meanwhile. Check it again."))
        context = {
            "form": form,
            "found": found,
            "languages": languages_offered(),
            "most": MOST_LINES,
            "now": now,
        }
        context |= {"like_a_name": LIKE_A_NAME}
        return self._page(request, "paste.html", "Invite patients from a list", **context)

    def room_view(self, request: HttpRequest) -> HttpResponse:
        """The link that sets up a device in the waiting room. It holds nothing of anybody, so it is stored nowhere."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = RoomForm(languages_offered(), request.POST if request.method == "POST" else None)
        link = ""
        if form.is_valid():
            room = urlencode({"room": Room(**form.cleaned_data).token})
            link = for_patients(request, f"{reverse('start')}?{room}")
        context = {"form": form, "link": link, "picture": qr_code(link) if link else ""}
        return self._page(request, "room.html", "A device in the waiting room", **context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One invitation: revoke it, or make it anew."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        invitation = self.get_object(request, unquote(object_id))
        if invitation is None:
            raise Http404
        if request.method == "POST":
            return self._act(request, invitation)
        self.note(request, AccessEntry.What.VIEW, str(invitation))
        now = timezone.now()
        context = {
            "invitation": invitation,
            "known": invited.known(invitation),
            "state": invitation.state(now),
            "may_act": self.has_change_permission(request) and self.has_add_permission(request),
            "lasts": now < invitation.expires_at,
            "move": MoveForm(now),
        }
        return self._page(request, "invitation.html", invitation.label, **context)

    def _act(self, request: HttpRequest, invitation: Invitation) -> HttpResponse:
        if not (self.has_change_permission(request) and self.has_add_permission(request)):
            raise PermissionDenied
        user, now = _user(request), timezone.now()
        try:
            if "move" in request.POST:
                self._move(request, invitation, now)
            if "again" in request.POST:
                return self._letters(request, actions.invite_again(invitation.pk, user, now))
            if "revoke" in request.POST:
                actions.revoke(invitation.pk, user, now)
                messages.success(request, f"{invitation.label}: revoked. The code opens nothing.")
        except (actions.ChangedMeanwhile, IntegrityError):
            messages.error(request, NOT_SO)
        return redirect(request.path)

    def _move(self, request: HttpRequest, invitation: Invitation, now: datetime) -> None:
        form = MoveForm(now, request.POST)
        if not form.is_valid():
            messages.error(
                request, " ".join(str(error) for errors in form.errors.values() for error in errors)
            )
            return
        moved = actions.move(invitation.pk, form.cleaned_data["appointment_at"], _user(request), now)
        when = date_format(timezone.localtime(moved.appointment_at), "D, M j, Y, H:i")
        messages.success(request, f"{invitation.label}: moved to {when}. The letter’s code stays the same.")

    def _letters(
        self, request: HttpRequest, made: list[tuple[Invitation, str]], *, to_print: bool = True
    ) -> HttpResponse:
        """One page of paper for each. Nothing keeps the codes, so nothing can show them again."""
        letters: list[dict[str, Any]] = [
            {
                "invitation": invitation,
                "carried": carried(request, code),
                "signs": [sign.text for sign in emergency_signs(_content(invitation.language))],
            }
            for invitation, code in made
        ]
        context = {"letters": letters, "as_csv": _as_csv(letters), "to_print": to_print}
        return self._page(request, "letters.html", "Print now" if to_print else "Sent by mail", **context)

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        context |= {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(request, f"admin/triage/invitation/{template}", context)


def _as_csv(letters: list[dict[str, Any]]) -> str:
    """For a mail-merge or a text-message service."""
    rows = [
        [
            letter["invitation"].label,
            timezone.localtime(letter["invitation"].appointment_at).strftime("%Y-%m-%d %H:%M"),
            letter["invitation"].language,
            letter["carried"].link,
            invited.known(letter["invitation"]).patient_phone,
        ]
        for letter in letters
    ]
    return written([["label", "appointment", "language", "link", "phone"], *rows])


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)  # the admin lets in nobody else


def _content(language: str) -> Content:
    return releases.content(releases.current().sha256, language)
