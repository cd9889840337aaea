"""The clinic's settings, on one page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from triage import actions
from triage.admin.lists import GuardedList
from triage.models import Clinic


@admin.register(Clinic)
class ClinicAdmin(GuardedList):
    """One row, so the list leads straight to it."""

    fieldsets = (
        (None, {"fields": ("name", "phone", "hours")}),
        ("In an emergency", {"fields": ("emergency_number", "advice_line")}),
        ("Results", {"fields": ("show_roots",)}),
        ("Coming back", {"fields": ("return_days",)}),
        ("Keeping", {"fields": ("retention_days",)}),
        ("Telling the clinic", {"fields": ("tell_about", "mail")}),
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
