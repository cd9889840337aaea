"""Staff accounts and groups: the stock pages, for superusers only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from triage import actions
from triage.admin.lists import GuardedList
from triage.models import AccessEntry

LONGEST_KEY = 18  # digits, of the keys that every database can hold


class KeysField(forms.ModelMultipleChoiceField):
    """Refuses a key that no table can hold: SQLite fails on it."""

    def clean(self, value: Any) -> Any:
        if any(len(key) > LONGEST_KEY for key in value or ()):
            raise forms.ValidationError("That is not on the list.")
        return super().clean(value)


class SuperusersOnly(admin.ModelAdmin):
    """A right to change users would be a right to every right."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # Boxes to tick: Django's two lists side by side have controls without a name.
        plain = {"form_class": KeysField, "widget": forms.CheckboxSelectMultiple}
        return super().formfield_for_manytomany(db_field, request, **{**plain, **kwargs})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.is_superuser

    has_change_permission = has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        entry = super().log_addition(request, obj, message)
        note(request, obj, entry.get_change_message())
        return entry

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        entry = super().log_change(request, obj, message)
        note(request, obj, entry.get_change_message())
        return entry

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for account in queryset:
            note(request, account, "Deleted.")
        return super().log_deletions(request, queryset)


def note(request: HttpRequest, account: Model, detail: str) -> None:
    """The access log has it too: Django's own log can be changed unseen."""
    about = f"{account._meta.verbose_name} {account}"
    who = request.user.get_username()
    actions.note_access(AccessEntry.What.CHANGE, who, timezone.now(), about[:150], detail[:500])


admin.site.unregister([User, Group, TOTPDevice, StaticDevice])  # a device's page would show its key


class StaffForm(UserChangeForm):
    forget_device = forms.BooleanField(
        required=False,
        label="Forget their device and recovery codes",
        help_text="They set up a new device when they next sign in. Be sure that it is they who ask.",
    )


@admin.register(User)
class StaffAdmin(SuperusersOnly, GuardedList, UserAdmin):
    lookups = frozenset({"is_staff__exact", "is_superuser__exact", "is_active__exact"})
    list_display = ("username", "is_active", "is_superuser", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("username",)
    form = StaffForm
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined", "user_permissions")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Who it is", {"fields": ("first_name", "last_name", "email")}),
        # Rights come with a group. Those of one person alone are shown, and cannot be given here.
        (
            "What they may do",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Second factor", {"fields": ("forget_device",)}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.cleaned_data.get("forget_device"):
            actions.reset_second_factor(obj.username, request.user.get_username(), timezone.now())


@admin.register(Group)
class StaffGroupAdmin(SuperusersOnly, GuardedList, GroupAdmin):  # type: ignore[misc]
    filter_horizontal = ()
