"""What of a submission leaves Footpath: one projection of its frozen record, which every format writes in its way.

Only what counted: answers off the path stay behind, and a note goes along only where it is asked for. Nothing is
decided or worded again.
"""

from __future__ import annotations

from typing import Any

from triage.models import TriageSession
from triage.store.notes import opened
from triage.store.records import open_record
from triage.store.visit import CONTACT

Public = dict[str, Any]

FORMAT = 1
PARTS = ("origin", "root", "urgency")


def public(session: TriageSession, *, notes: bool) -> Public:
    """Raises RecordAltered when the record is not what was submitted."""
    record = open_record(session)
    given = {row["item"]: row for row in record["answers"]}
    lines = {line["item"]: line for line in record["result"]["lines"]}  # free text has none
    data = {
        "format": FORMAT,
        "reference": record["reference"],
        "number": record["number"],
        "sha256": session.record_sha256,
        "corrects": record["corrects"],
        "invitation": record.get("invitation"),
        "source": record.get("source"),  # old records do not say
        "demo": session.demo,
        "release": record["release"],
        "language": record["language"],
        "started_at": record["started_at"],
        "submitted_at": record["submitted_at"],
        "decision": _decision(record),
        "taken_back": record["taken_back"],
        "answers": [_answer(lines[key], given[key]) for key in record["path"] if key in lines],
    }
    if notes:
        data["contact"] = opened(session.contact, session.reference, CONTACT)
        data["notes"] = {
            key: text for key in record["path"] if key not in lines for text in given[key]["given"]
        }
    return data


def _decision(record: dict[str, Any]) -> Public:
    result = record["result"]
    for_staff = record["staff_result"] or result
    shown = dict(result["names"]["patient"])
    if not record["show_roots"]:
        shown.pop("root", None)  # the clinic kept it from the patient
    return {
        **{part: result[part] for part in PARTS},
        "shown": shown,
        "names": for_staff["names"]["staff"],
        "reasons": {
            "origin": [_reason(for_staff["why_origin"])],
            "root": [_reason(for_staff["why_root"])] if result["root"] else [],
            "urgency": [_reason(reason) for reason in for_staff["why_urgent"]],
        },
    }


def _reason(reason: dict[str, Any]) -> Public:
    return {"rule": reason["rule"], "text": reason["staff"]["text"]}


def _answer(line: dict[str, Any], given: dict[str, Any]) -> Public:
    return {
        "item": line["item"],
        "question": line["question"],
        "codes": given["given"],
        "answer": line["answer"],
        "known": line["known"],
        "speaks_for": line["speaks_for"],
        "answered_at": given["answered_at"],
    }
