"""Invitations for tests: made by staff over HTTP, opened by patients."""

import re
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from tests.visitor import FOOT_ONLY, Browser, Patient
from triage.models import Invitation

LIST = "/admin/triage/invitation/"
ADD, PASTE = LIST + "add/", LIST + "paste/"
LABEL = "Q. Z."
CODE = re.compile(r"<strong>([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4})</strong>")


def when(days=7, hour=14):
    return timezone.localtime().replace(hour=hour, minute=30, second=0, microsecond=0) + timedelta(days=days)


def typed(moment):
    return moment.strftime("%Y-%m-%d %H:%M")


def send(client, label=LABEL, language="en", **moment):
    form = {"label": label, "appointment_at": when(**moment).strftime("%Y-%m-%dT%H:%M"), "language": language}
    return client.post(ADD, form)


def codes(letters):
    return CODE.findall(letters.content.decode())


def invite(client, **fields):
    """The code of a new invitation."""
    (code,) = codes(send(client, **fields))
    return code


def open_code(code, client=None, **options):
    return (client or Browser()).post(reverse("return"), {"code": code}, **{"follow": True} | options)


def answered(code, answers=FOOT_ONLY):
    """A patient who has opened the code and sent their answers."""
    patient = Patient(answers)
    open_code(code, patient.client)
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    return patient, patient.submit()


def revoke(reviewer):
    return reviewer.post(f"{LIST}{Invitation.objects.earliest('pk').pk}/change/", {"revoke": ""}, follow=True)


def again(reviewer):
    return reviewer.post(f"{LIST}{Invitation.objects.earliest('pk').pk}/change/", {"again": ""}, follow=True)
