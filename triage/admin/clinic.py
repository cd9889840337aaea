"""The clinic's settings, on one page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Field
from django.forms import CheckboxSelectMultiple, ModelForm, MultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.text import capfirst

from triage import actions
from triage.admin.lists import GuardedList
from triage.models import Clinic


@admin.register(Clinic)
class ClinicAdmin(GuardedList):
    """One row, so the list leads straight to it."""

    fieldsets = (
        (None, {"fields": ("name", "phone", "hours")}),
        ("In an emergency", {"fields": ("emergency_number", "emergency_text", "advice_line", "ask_number")}),
        ("Questions and results", {"fields": ("languages", "show_roots")}),
        ("Appointment sheet", {"fields": ("sheet_footer",)}),
        ("After sending, and coming back", {"fields": ("read_by", "return_days")}),
        ("Keeping", {"fields": ("retention_days",)}),
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
        actions.save_clinic(obj, request.user.get_username(), timezone.now())
