"""The codes that people carry: made, typed in groups of four or brought by a link, and shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac

from triage.domain.drawing import Markup
from triage.models import TriageSession

# No vowels, so that no word appears; no 0, 1, I, L, O, which are misread.
SIGNS = "23456789BCDFGHJKMNPQRSTVWXZ"
LENGTH = 12  # of these: 57 bits
# With what people and programs put between them, and among what mail programs add.
WRITTEN = re.compile(rf"(?<![A-Z0-9])[{SIGNS}](?:[\W_]{{0,3}}[{SIGNS}]){{{LENGTH - 1}}}(?![A-Z0-9])")


def code_hash(code: str, secret: str | None = None) -> str:
    """Keyed, since so short a code could be found from a plain hash by trying."""
    return salted_hmac("triage.return", code, secret=secret, algorithm="sha256").hexdigest()


def code_hashes(code: str) -> list[str]:
    """The same by each key, the newest first: a letter outlives the SECRET_KEY it was made with."""
    return [code_hash(code, secret) for secret in known_secrets()]


def known_secrets() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def code_of(key: str, until: datetime) -> str:
    """The code that was given to the browser with this key, to work until then.

    It is stored nowhere, and that browser can be shown it again as long as it has its key.
    """
    number = int(
        salted_hmac(
            "triage.code", until.astimezone(UTC).isoformat(), secret=key, algorithm="sha256"
        ).hexdigest(),
        16,
    )
    signs = []
    for _place in range(LENGTH):
        number, place = divmod(number, len(SIGNS))
        signs.append(SIGNS[place])
    return "".join(signs)


def read_code(text: str) -> str:
    """The code in what was typed, pasted or linked; "" where there is none."""
    text = unquote(text).upper()
    found = WRITTEN.search(text.rpartition("#")[2]) or WRITTEN.search(text)
    return signs_of(found[0]) if found else ""


def signs_of(text: str) -> str:
    return "".join(sign for sign in text.upper() if sign.isalnum())


@dataclass(frozen=True)
class Carried:
    """A code as it is shown."""

    code: str
    address: str  # of the page where it is typed
    link: str

    @property
    def grouped(self) -> str:
        return "-".join(self.code[place : place + 4] for place in range(0, len(self.code), 4))

    @property
    def picture(self) -> Markup:
        return qr_code(self.link)


def carried(request: HttpRequest, code: str) -> Carried:
    address = for_patients(request, reverse("return"))
    # After the "#": a browser keeps that part to itself, so no server, log or Referer ever holds the code.
    return Carried(code, address, f"{address}#{code}")


def for_patients(request: HttpRequest, path: str) -> str:
    """The full address of one of their pages, also where staff have a name of their own."""
    here = request.build_absolute_uri(path)
    own = settings.STAFF_HOST
    return here.replace(f"//{own}", f"//{settings.ALLOWED_HOSTS[0].lstrip('.')}", 1) if own else here


@dataclass(frozen=True)
class WayBack:
    """The code that opens a session now: until when, and itself where this browser was given it."""

    until: datetime
    carried: Carried | None


def way_back(request: HttpRequest, session: TriageSession, key: str, now: datetime) -> WayBack | None:
    until = session.return_until
    if not until or until <= now:
        return None
    code = code_of(key, until)
    return WayBack(until, carried(request, code) if session.return_hash in code_hashes(code) else None)


def qr_code(text: str) -> Markup:
    """An SVG of attributes alone, as the content policy wants it."""
    import segno  # here, since most processes draw none

    return Markup(segno.make(text, micro=False).svg_inline(omitsize=True, border=4, light="#fff"))
