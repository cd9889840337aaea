"""CSV: a row for each submission, or for each answer. No cell can run as a formula."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable

from triage.exports.public import Public
from triage.exports.stream import Format

Columns = dict[str, Callable[[Public], object]]

# What a spreadsheet may take for the beginning of a formula, or cut off to find one behind it.
FORMULA = re.compile(r'[\s"]*[=+\-@]')
# Where a spreadsheet that parts cells by other signs than commas may begin a new one.
PARTS = re.compile("([;|\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029])")
CUT_OFF = ("\t", "\r", "\n")  # at the beginning of a cell
MARK = "'"


def safe(cell: str) -> str:
    """The cell as plain text for every spreadsheet, also where it parts cells by ; | or tabs; see `as_it_was`."""
    text = "".join(part if place % 2 else _harmless(part) for place, part in enumerate(PARTS.split(cell)))
    return MARK + text if cell.startswith(CUT_OFF) else text


def _harmless(part: str) -> str:
    # NFKC makes full-width, small and raised forms of the signs the signs themselves.
    begins = unicodedata.normalize("NFKC", part)
    return MARK + part if FORMULA.match(begins) or part.startswith(MARK) else part


def as_it_was(cell: str) -> str:
    """What `safe` made of a cell, undone: one ' goes at its beginning and after each sign that may part cells."""
    return "".join(
        part if place % 2 else part.removeprefix(MARK) for place, part in enumerate(PARTS.split(cell))
    )


def rules(data: Public) -> str:
    reasons = data["decision"]["reasons"]
    return " ".join(dict.fromkeys(reason["rule"] for part in reasons.values() for reason in part))


WHOSE: Columns = {
    "reference": lambda data: data["reference"],
    "record": lambda data: "whole",
    "number": lambda data: data["number"],
    "demo": lambda data: yes_no(data["demo"]),
    "submitted_at": lambda data: data["submitted_at"],
    "language": lambda data: data["language"],
    "release_version": lambda data: data["release"]["version"],
    "release_sha256": lambda data: data["release"]["sha256"],
}
SUBMISSION: Columns = WHOSE | {
    "corrects": lambda data: data["corrects"] or "",
    "source": lambda data: (data["source"] or {}).get("program", ""),
    "started_at": lambda data: data["started_at"],
    "origin": lambda data: data["decision"]["origin"],
    "root": lambda data: data["decision"]["root"] or "",
    "urgency": lambda data: data["decision"]["urgency"],
    "rules": rules,
    "taken_back": lambda data: " ".join(f"{flag['item']}:{flag['code']}" for flag in data["taken_back"]),
    "asked": lambda data: len(data["answers"]),
    "not_known": lambda data: sum(not answer["known"] for answer in data["answers"]),
    "note": lambda data: "\n".join(data.get("notes", {}).values()),
    "contact": lambda data: data.get("contact", ""),
}
ANSWER: Columns = WHOSE | {
    "position": lambda data: data["position"],
    "item": lambda data: data["item"],
    "question": lambda data: data["question"],
    "codes": lambda data: " ".join(data["codes"]),
    "answer": lambda data: data["answer"],
    "known": lambda data: yes_no(data["known"]),
    "speaks_for": lambda data: " ".join(data["speaks_for"]),
    "answered_at": lambda data: data["answered_at"],
}


def yes_no(value: bool) -> str:
    return "yes" if value else "no"


def answers(data: Public) -> Iterable[Public]:
    """A row for each answer, and one for each note that goes along."""
    notes = [
        {"item": key, "question": "", "codes": (), "answer": text}
        for key, text in data.get("notes", {}).items()
    ]
    for position, answer in enumerate([*data["answers"], *notes], start=1):
        yield {**data, "known": True, "speaks_for": (), "answered_at": "", **answer, "position": position}


def rows(columns: Columns, data: Iterable[Public]) -> str:
    return written([cell(row) for cell in columns.values()] for row in data)


def written(lines: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([safe(str(cell)) for cell in line] for line in lines)
    return text.getvalue()


def table(columns: Columns, split: Callable[[Public], Iterable[Public]]) -> Format:
    return Format(
        ending="csv",
        media_type="text/csv",
        head=written([columns]),
        write=lambda data: rows(columns, split(data)),
        refuse=lambda reference: written([[reference, "altered", *[""] * (len(columns) - 2)]]),
    )


SUBMISSIONS = table(SUBMISSION, lambda data: [data])
ANSWERS = table(ANSWER, answers)
