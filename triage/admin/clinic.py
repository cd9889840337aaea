"""The clinic's settings, on one page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Field
from django.forms import CheckboxSelectMultiple, ModelForm, MultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.text import capfirst

from triage import actions
from triage.admin.lists import GuardedList
from triage.models import Clinic, the_clinic


@admin.register(Clinic)
class ClinicAdmin(GuardedList):
    """One row, so the list leads straight to it."""

    fieldsets = (
        (None, {"fields": ("name", "phone", "hours")}),
        ("In an emergency", {"fields": ("emergency_number", "emergency_text", "advice_line", "ask_number")}),
        ("Questions and results", {"fields": ("languages", "show_roots")}),
        ("Appointment sheet", {"fields": ("sheet_footer",)}),
        ("After sending, and coming back", {"fields": ("read_by", "return_days")}),
        ("Keeping", {"fields": ("retention_days", "privacy_contact", "complaint_route")}),
        ("Telling the clinic", {"fields": ("tell_about", "mail")}),
    )

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "languages":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return MultipleChoiceField(
            choices=settings.LANGUAGES,
            widget=CheckboxSelectMultiple,
            required=False,
            label=capfirst(db_field.verbose_name),
            help_text=db_field.help_text,
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("admin:triage_clinic_change", 1)

    def save_model(self, request: HttpRequest, obj: Clinic, form: ModelForm, change: bool) -> None:
        if not actions.save_clinic(obj, request.user.get_username(), timezone.now()):
            messages.warning(request, f"Another manager has to agree to {obj.proposed_number} first.")

    def get_urls(self) -> list[Any]:
        number = path("number/", self.admin_site.admin_view(self.number_view), name="triage_clinic_number")
        return [number, *super().get_urls()]

    def number_view(self, request: HttpRequest) -> HttpResponse:
        """The emergency number that a manager has proposed: another one agrees or refuses."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            self._answer(request)
            return redirect("admin:index")
        clinic = the_clinic()
        context = {
            **self.admin_site.each_context(request),
            "title": "Emergency number",
            "proposed": clinic if clinic.proposed_number else None,
            "own": clinic.proposed_by == request.user.get_username(),
        }
        return TemplateResponse(request, "admin/triage/number.html", context)

    def _answer(self, request: HttpRequest) -> None:
        seen, who, now = request.POST.get("seen", ""), request.user.get_username(), timezone.now()
        try:
            if "agree" in request.POST:
                actions.agree_to_number(seen, who, now)
                messages.success(request, f"In an emergency patients call {seen} from now on.")
            elif "refuse" in request.POST:
                actions.refuse_number(seen, who, now)
                messages.success(request, "The emergency number stays as it is.")
        except actions.NeedsTwoPeople:
            messages.error(request, "You proposed it, so another manager agrees.")
        except LookupError:
            messages.error(request, "That number is no longer proposed. See what is now.")
