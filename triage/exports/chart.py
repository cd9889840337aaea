"""A submission as one file that a chart holds: the words for staff, set on the server as a tagged PDF."""

from __future__ import annotations

from triage.models import TriageSession
from triage.store.records import open_record
from triage.store.typesetting import chart_pdf
from triage.store.words import clinic_text

RESULTS = ("result", "staff_result")


def chart(session: TriageSession, *, notes: bool) -> bytes:
    """Raises RecordAltered when the record is not what was submitted. The patient's own words where they are wanted."""
    record = open_record(session)
    if not notes:
        record |= {name: {**record[name], "note": ""} for name in RESULTS if record[name]}
    return chart_pdf(session.reference, clinic_text(record))
