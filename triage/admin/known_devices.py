"""Browsers in which somebody has signed in before: what others do to a name does not hold up its owner there."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponseBase

SIGNER = TimestampSigner(salt="triage.device")
LASTS = timedelta(days=180)
MOST = 20  # people of one browser: a ward's


def _people(request: HttpRequest) -> list[int]:
    try:
        found = SIGNER.unsign_object(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), max_age=LASTS)
    except BadSignature:
        return []
    return found if isinstance(found, list) else []


def knows(request: HttpRequest, user: User) -> bool:
    return user.pk in _people(request)


def whose(request: HttpRequest) -> str:
    """Who signed in last in this browser, as a key to count by; "" for a browser in which nobody has."""
    return str(next(iter(_people(request)), ""))


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """It opens nothing: who has it still needs the password and the code."""
    people = [user.pk, *(pk for pk in _people(request) if pk != user.pk)][:MOST]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        SIGNER.sign_object(people),
        max_age=LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
        path="/",
    )
