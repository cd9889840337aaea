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
