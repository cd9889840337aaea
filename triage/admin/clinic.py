"""The clinic's settings, on one page."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Field
from django.forms import CharField, CheckboxSelectMultiple, ModelForm, MultipleChoiceField, Textarea
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.text import capfirst

from triage import actions
from triage.admin.lists import GuardedList
from triage.models import Clinic, the_clinic
from triage.store.labels import visible


def of_field(name: str) -> dict[str, Any]:
    field = cast("Field[Any, Any]", Clinic._meta.get_field(name))
    return {"label": capfirst(str(field.verbose_name)), "help_text": field.help_text}


NO_SERVER = "This server sends no mail: whoever runs it has to set EMAIL_URL first."


class LinesField(CharField):
    """A list of short texts, one a line."""

    widget = Textarea(attrs={"rows": 5})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = (visible(line) for line in (value or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def validate(self, value: Any) -> None:
        if any(len(line) > LONGEST_OUTCOME for line in value) or len(value) > MOST_OUTCOMES:
            raise ValidationError(
                f"At most {MOST_OUTCOMES} lines, each of at most {LONGEST_OUTCOME} letters."
            )

    def run_validators(self, value: Any) -> None:
        pass  # those of one text


MOST_OUTCOMES, LONGEST_OUTCOME = 10, 40


class ClinicForm(ModelForm):
    def clean_tell_about(self) -> str:
        about: str = self.cleaned_data["tell_about"]
        if about != Clinic.TellAbout.NOTHING and not settings.EMAIL_HOST:
            raise ValidationError(NO_SERVER)
        return about

    def clean_mail_links(self) -> bool:
        wanted: bool = self.cleaned_data["mail_links"]
        if wanted and not settings.EMAIL_HOST:
            raise ValidationError(NO_SERVER)
        return wanted


@admin.register(Clinic)
class ClinicAdmin(GuardedList):
    """One row, so the list leads straight to it."""

    fieldsets = (
        (None, {"fields": ("name", "phone", "hours")}),
        ("In an emergency", {"fields": ("emergency_number", "emergency_text", "advice_line", "ask_number")}),
        ("Questions and results", {"fields": ("languages", "show_roots", "signed_off")}),
        ("Appointment sheet", {"fields": ("sheet_footer",)}),
        ("Inviting", {"fields": ("mail_links",)}),
        ("Review", {"fields": ("outcomes", "open_outcomes")}),
        ("After sending, and coming back", {"fields": ("read_by", "return_days")}),
        ("Keeping", {"fields": ("retention_days", "privacy_contact", "complaint_route")}),
        ("Exports", {"fields": ("fhir_base",)}),
        (
            "Telling the clinic",
            {"fields": ("tell_about", "mail", "tell_after", "second_mail", "second_after")},
        ),
    )
    form = ClinicForm

    def get_urls(self) -> list[Any]:
        test = path("test-mail/", self.admin_site.admin_view(self.test_mail_view), name="triage_test_mail")
        number = path("number/", self.admin_site.admin_view(self.number_view), name="triage_clinic_number")
        return [test, number, *super().get_urls()]

    def test_mail_view(self, request: HttpRequest) -> HttpResponse:
        """Try the addresses that are saved; whoever set them sees at once whether mails arrive."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        clinic = the_clinic()
        if request.method == "POST":
            if not settings.EMAIL_HOST:
                messages.error(request, NO_SERVER)
            elif not clinic.mail:
                messages.error(request, "Give the address that the mails go to, and save it first.")
            elif fault := actions.send_test_mail(clinic, request.user.get_username(), timezone.now()):
                messages.error(request, f"The mail server did not take it ({fault}).")
            else:
                to = " and ".join(filter(None, (clinic.mail, clinic.second_mail)))
                messages.success(request, f"Sent to {to}. See whether it arrives.")
        return redirect("admin:triage_clinic_change", 1)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("outcomes", "open_outcomes"):
            return LinesField(required=False, **of_field(db_field.name))
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
