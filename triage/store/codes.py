"""The codes that people carry: typed in groups of four, or as a link in a QR code."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from triage.domain.drawing import Markup


@dataclass(frozen=True)
class Carried:
    """A code as it is shown, once."""

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
    address = request.build_absolute_uri(reverse("return"))
    # After the "#": a browser keeps that part to itself, so no server, log or Referer ever holds the code.
    return Carried(code, address, f"{address}#{code}")


def qr_code(text: str) -> Markup:
    """An SVG of attributes alone, as the content policy wants it."""
    import segno  # here, since most processes draw none

    return Markup(segno.make(text, micro=False).svg_inline(omitsize=True, border=4, light="#fff"))
