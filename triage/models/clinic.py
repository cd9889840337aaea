"""The clinic's settings."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator, URLValidator
from django.db import models
from django.db.models import JSONField, Q, Value
from django.utils.translation import gettext_lazy, override

KEPT_DAYS = 365  # until the clinic says otherwise
PHONE = RegexValidator(r"^(?=.*[0-9])[0-9+*#() .-]+$", "Use digits, spaces and + ( ) - only.")


NAMELESS = "The clinic"
CALLED = gettext_lazy("The clinic")  # in each language
OUTCOMES = ["Rang", "Sent to emergency", "Advised", "Booked"]
OPEN_OUTCOMES = ["No answer"]


def outcomes() -> list[str]:
    return list(OUTCOMES)


def open_outcomes() -> list[str]:
    return list(OPEN_OUTCOMES)


class Clinic(models.Model):
    """The clinic's own settings. There is one row."""

    class TellAbout(models.TextChoices):
        NOTHING = "nothing", "nothing"
        EMERGENCY = "emergency", "emergencies"
        URGENT = "urgent", "emergencies and same-day needs"

    class ReadBy(models.TextChoices):
        VISIT = "visit", "when the patient comes"
        NEXT_DAY = "next-day", "by the end of the next working day"
        SAME_DAY = "same-day", "on the same day, in opening hours"

    name = models.CharField(max_length=100, default=NAMELESS)
    phone = models.CharField(max_length=30, blank=True, validators=[PHONE])
    hours = models.CharField(
        "opening hours",
        max_length=200,
        blank=True,
        help_text="In other languages after a line each: Mon–Fri 8–5 | es: lun–vie 8–17",
    )
    emergency_number = models.CharField(max_length=30, default="911", validators=[PHONE])
    # What a manager wants in its place, until another one agrees: see actions/clinic.py.
    proposed_number = models.CharField(
        "proposed emergency number",
        max_length=30,
        blank=True,
        default="",
        db_default="",
        validators=[PHONE],
        editable=False,
    )
    proposed_by = models.CharField(max_length=150, blank=True, default="", db_default="", editable=False)
    emergency_text = models.CharField(
        "emergency number for text messages",
        max_length=30,
        blank=True,
        default="",
        db_default="",
        validators=[PHONE],
        help_text="For patients who cannot call. Only where text messages to it are answered.",
    )
    advice_line = models.CharField("urgent advice line", max_length=30, blank=True, validators=[PHONE])
    languages = models.JSONField(
        "languages offered",
        default=list,
        blank=True,
        help_text="None chosen: every language that the questions are written in.",
    )
    show_roots = models.BooleanField(
        "show nerve roots to patients",
        default=False,
        help_text="Telling L5 from S1 by questions is weak science: a clinician decides whether patients see it.",
    )
    ask_number = models.BooleanField(
        "ask for a number to reach the patient at",
        default=True,
        db_default=True,
        help_text="On the emergency page and on the last question page; only staff see it. Without it nobody can call "
        "back somebody who came without an invitation.",
    )
    read_by = models.CharField(
        "answers are read",
        max_length=8,
        choices=ReadBy,
        default=ReadBy.VISIT,
        db_default=ReadBy.VISIT,
        help_text="Patients are told so once they have sent them. Promise what is kept every day.",
    )
    return_days = models.PositiveSmallIntegerField(
        "days a return code works",
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
        help_text="With it a patient comes back, changes the device, or reads the result again. From 1 to 30.",
    )
    sheet_footer = models.CharField(
        "foot of the appointment sheet",
        max_length=200,
        blank=True,
        help_text="Printed under each sheet: who reads it, where it is filed. No patient’s name.",
    )
    retention_days = models.PositiveSmallIntegerField(
        "days submissions are kept",
        default=KEPT_DAYS,
        db_default=KEPT_DAYS,
        validators=[MinValueValidator(31)],
        help_text="Then `manage.py purge` deletes them. Patients are told so at the start. At least 31.",
    )
    privacy_contact = models.CharField(
        "who answers questions about privacy",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Name of the office or officer, and a phone number or address. On the privacy page, as it is here.",
    )
    complaint_route = models.CharField(
        "where patients can complain",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="The authority for privacy or health data where you are, and how to reach it. On the privacy page.",
    )
    signed_off = models.CharField(
        "decisions signed by",
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="The clinician who has read the decisions of docs/clinical-safety.md and signed them, and the day.",
    )
    outcomes = models.JSONField(
        "outcomes that settle a submission",
        default=outcomes,
        db_default=Value(OUTCOMES, JSONField()),
        blank=True,
        help_text="One a line: each is a button on the sheet. It stands in the review, with who and when.",
    )
    open_outcomes = models.JSONField(
        "outcomes after which it stays to review",
        default=open_outcomes,
        db_default=Value(OPEN_OUTCOMES, JSONField()),
        blank=True,
        help_text="One a line, as those above.",
    )
    tell_about = models.CharField(
        "send a mail about",
        max_length=9,
        choices=TellAbout,
        default=TellAbout.NOTHING,
        help_text="Once it is handed in; an emergency sign also where nothing is handed in. The mail says how urgent "
        "it is and how many are unseen, with codes and links, and nothing of what was answered.",
    )
    mail = models.EmailField("mail to", blank=True)
    tell_after = models.PositiveSmallIntegerField(
        "minutes until an unfinished emergency is told",
        default=3,
        db_default=3,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text="An emergency sign was given, and the page was left or is still open. From 1 to 60.",
    )
    second_mail = models.EmailField(
        "second mail to",
        blank=True,
        default="",
        db_default="",
        help_text="Told of an emergency that nobody has acknowledged in time. Empty: nobody is.",
    )
    second_after = models.PositiveSmallIntegerField(
        "minutes until the second is told",
        default=30,
        db_default=30,
        validators=[MinValueValidator(5), MaxValueValidator(1440)],
        help_text="Since the emergency sign was given. From 5 to 1440.",
    )

    mail_links = models.BooleanField(
        "send an invitation’s link by mail",
        default=False,
        db_default=False,
        help_text="The address is used once and not kept; the mail has the link and nothing else. Whoever reads that "
        "mailbox can answer in the patient’s place.",
    )

    fhir_base = models.CharField(
        "base address of our names in FHIR",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        validators=[
            URLValidator(schemes=["https"]),
            RegexValidator(r"[^/]\Z", "Without a slash at its end."),
        ],
        help_text="Where what `manage.py export fhir-definitions` writes stands, as https://fhir.example.org/foot. "
        "Empty: a name that is no address. Once another system has read an export, leave it as it is.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "clinic settings"
        permissions = [("manage_staff", "Can invite, disable and reset staff")]
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="one_clinic"),
            models.CheckConstraint(
                condition=Q(tell_about="nothing") | ~Q(mail=""),
                name="mails_have_an_address",
                violation_error_message="Give the address that the mails go to.",
            ),
        ]

    def __str__(self) -> str:
        return "Clinic settings"

    def offers(self, language: str) -> bool:
        return not self.languages or language in self.languages

    def spoken(self, language: str) -> str:
        """This language, or the clinic's first where it is not offered."""
        first: str = language if self.offers(language) else self.languages[0]
        return first

    def as_settings(self, language: str = "") -> dict[str, str]:
        """The values that sentences may name, see `domain.content.CLINIC_SETTINGS`; as they are, or in a language."""
        settings = {
            "clinic_name": self.name,
            "clinic_phone": self.phone,
            "clinic_hours": self.hours,
            "emergency_number": self.emergency_number,
            "advice_line": self.advice_line,
        }
        return settings_in(settings, language) if language else settings


def settings_in(settings: Mapping[str, str], language: str) -> dict[str, str]:
    """With the opening hours that are given in it; what a clinic without a name is called is no name, but words."""
    first, *others = settings["clinic_hours"].split("|")
    hours = dict(part.strip().split(": ", 1) for part in others if ": " in part)
    with override(language):
        name = str(CALLED) if settings["clinic_name"] == NAMELESS else settings["clinic_name"]
    return {**settings, "clinic_name": name, "clinic_hours": hours.get(language, first.strip())}


def the_clinic() -> Clinic:
    """The clinic's settings; the defaults where none were saved yet."""
    return Clinic.objects.filter(pk=1).first() or Clinic(pk=1)
