"""What the small cookies keep to, and what a page of questions that are over does not touch."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.visitor import Browser, Patient, publish
from triage.models import TriageSession

pytestmark = pytest.mark.django_db


def test_the_forms_cookie_ends_with_the_browser_and_at_leave():
    publish()
    browser = Browser()
    browser.get(reverse("home"))
    assert browser.cookies["csrf"]["max-age"] == ""
    assert browser.cookies["csrf"]["expires"] == ""
    before = browser.cookies["csrf"].value
    patient = Patient(client=browser)
    patient.answer(patient.start())
    left = browser.post(reverse("leave"), {"now": "on"})
    assert left.cookies["csrf"].value == ""
    browser.get(reverse("left"))
    assert browser.cookies["csrf"].value != before


def test_the_language_of_a_page_touches_no_session_that_is_over():
    publish()
    patient = Patient()
    patient.answer(patient.start())
    stamp = patient.client.stamp()
    long_ago = timezone.now() - timedelta(days=2)
    TriageSession.objects.update(started_at=long_ago)
    TriageSession.objects.get().answers.update(answered_at=long_ago)
    before = TriageSession.objects.values().get()
    client = Client()
    client.cookies["visit"] = patient.client.cookies["visit"].value
    client.post(reverse("language"), {"language": "es", "stamp": stamp, "next": "/"})
    assert TriageSession.objects.values().get() == before
