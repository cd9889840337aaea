"""Waiting rooms: devices of the clinic that people use one after the other, set up by a link that staff make."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

from triage.models import TriageSession

SIGNER = Signer(salt="triage.room")
LASTS = timedelta(hours=12)  # on a device where nobody opens the link or begins


@dataclass(frozen=True)
class Room:
    language: str = ""  # that each person finds; "": the browser's
    prints: bool = False

    @property
    def mark(self) -> str:
        """What a session that is open there is marked with."""
        return TriageSession.Room.PRINTS if self.prints else TriageSession.Room.PLAIN

    @property
    def token(self) -> str:
        """What the link carries: signed, so that only staff send people into it, and no secret."""
        return SIGNER.sign_object(asdict(self))


def read_room(token: str) -> Room | None:
    try:
        return Room(**SIGNER.unsign_object(token))
    except (BadSignature, TypeError, ValueError):
        return None


def room_of(request: HttpRequest) -> Room | None:
    """The waiting room that this browser stands in."""
    token = request.COOKIES.get(settings.ROOM_COOKIE_NAME, "")
    return read_room(token) if token else None


def mark_of(request: HttpRequest) -> str:
    room = room_of(request)
    return room.mark if room else TriageSession.Room.NONE


def enter(response: HttpResponse, room: Room) -> None:
    response.set_cookie(
        settings.ROOM_COOKIE_NAME,
        room.token,
        max_age=LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
        path="/",
    )
