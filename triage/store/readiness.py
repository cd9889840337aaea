"""What a clinic has to settle before it goes live, and what the system wants from day to day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django_otp.plugins.otp_totp.models import TOTPDevice

from triage.models import AttachedPassage, Clinic, Release
from triage.models.clinic import NAMELESS


@dataclass(frozen=True, slots=True)
class Step:
    """One of the steps towards going live."""

    text: str
    done: bool


def steps(clinic: Clinic) -> list[Step]:
    """All that has to be settled, in the order in which it is."""
    return [
        Step("Give the clinic’s name: patients read it", clinic.name != NAMELESS),
        Step("Give the number that patients call", bool(clinic.phone)),
        Step("Give the opening hours", bool(clinic.hours)),
        Step("Choose the languages offered", bool(clinic.languages)),
        Step("Decide how long submissions are kept", bool(clinic.retention_days)),
        Step(
            "Have emergencies told by mail, and to a second receiver",
            bool(
                settings.EMAIL_HOST and clinic.second_mail and clinic.tell_about != Clinic.TellAbout.NOTHING
            ),
        ),
        Step("Have a second manager, who reads what the first one publishes", managers() > 1),
        Step("Attach the article’s text, or decide to go without", AttachedPassage.objects.exists()),
        Step("Have a clinician sign the decisions of docs/clinical-safety.md", bool(clinic.signed_off)),
    ]


def managers() -> int:
    may = User.objects.filter(is_active=True, is_staff=True)
    return may.filter(groups__permissions__codename="publish_release").distinct().count()


def wishes(clinic: Clinic) -> Iterator[str]:
    """What should not stay as it is, beside mails and purges, which have words of their own."""
    if not clinic.phone:
        yield "No number is set for patients to call."
    if settings.STAFF_SECOND_FACTOR:
        without = User.objects.filter(is_active=True, is_staff=True, last_login__isnull=False).exclude(
            pk__in=TOTPDevice.objects.values("user")
        )
        if count := without.count():
            yield f"{count} staff account{'s' * (count > 1)} have no second factor yet."
    if count := Release.objects.filter(state=Release.State.DRAFT).count():
        yield f"{count} release draft{'s wait' if count > 1 else ' waits'} to be read and published."
