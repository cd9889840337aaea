"""A page of paper as a PDF, set on the server: tagged, and of what a template says of the data alone."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings


def pdf(template: str, told: dict[str, Any]) -> bytes:
    """Text goes in as data and is never read as markup."""
    import typst  # here, since most processes set none

    made = typst.compile(
        str(settings.BASE_DIR / "templates" / template),
        sys_inputs={"told": json.dumps(told)},
        pdf_standards="ua-1",
        ignore_system_fonts=True,
    )
    assert isinstance(made, bytes)
    return made


def chart_pdf(reference: str, text: str) -> bytes:
    """A text for the chart on paper, its first line as the title."""
    title, *lines = text.splitlines()
    told = [_set(line) for line in lines if line.strip()]
    return pdf("chart.typ", {"title": title, "foot": reference, "lines": told})


def _set(line: str) -> dict[str, str]:
    label, colon, rest = line.partition(": ")
    if line.startswith("- "):
        return {"item": line.removeprefix("- ")}
    return {"label": f"{label}:", "text": rest} if colon and label.isupper() else {"label": "", "text": line}
