"""JSON lines: one object for each submission, just as `public` gives it."""

from __future__ import annotations

import json

from triage.exports.stream import Format


def line(data: object) -> str:
    """In ASCII, so that no sign in a note can be taken for the end of a line."""
    return json.dumps(data) + "\n"


JSON = Format(
    ending="jsonl",
    media_type="application/jsonl",
    head="",
    write=line,
    refuse=lambda reference: line({"reference": reference, "altered": True}),
)
