"""What the page of one submission shows, gathered from its frozen record and from nothing else.

An unfinished session with an emergency sign has no record: its answers so far are decided on the spot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.dateparse import parse_datetime

from triage.domain import flags
from triage.domain.decision import decide
from triage.domain.loading import ContentError
from triage.domain.result import build
from triage.domain.walk import walk
from triage.models import Review, TriageSession
from triage.store import invited, releases
from triage.store.notes import opened
from triage.store.records import RecordAltered, open_record
from triage.store.stories import the_telling
from triage.store.visit import CONTACT
from triage.templatetags.footpath import sources_of

Sheet = dict[str, Any]

# The parts of a result that staff read, and whose sources the sheet lists.
STAFF_PARTS = ("why_urgent", "why_origin", "why_root", "points_to", "lines")
# Up to how many letters one page of paper holds in type of that size; of more, in the smallest.
TYPE_SIZES = {"large": 2100, "middle": 2900, "small": 4300}
SMALLEST = "smallest"


def sheet_of(session: TriageSession) -> Sheet:
    """Raises RecordAltered when the record is not what was submitted."""
    contact = opened(session.contact, session.reference, CONTACT)
    known = invited.known(session.invitation)
    return {
        **(_submitted(session) if session.submitted_at else _unfinished(session)),
        "contact": contact,
        "known": known,
    }


def story_of(sheet: Sheet) -> str:
    """The submission in one line; nothing where nothing was decided."""
    if "result" not in sheet:
        return ""
    code = sheet["language"]
    language = str(dict(settings.LANGUAGES).get(code, code))
    return the_telling().story(sheet["lines"], "" if code == settings.LANGUAGE_CODE else language)


def history(session: TriageSession) -> list[Review]:
    """The reviews so far; one that leads back says so."""
    reviews, before = list(session.reviews.select_related("reviewer")), 0
    for review in reviews:
        review.opened_again = review.state < before  # type: ignore[attr-defined]
        before = review.state
    return reviews


def chart_text(session: TriageSession, sheet: Sheet, told: str, reviews: list[Review]) -> str:
    """Plain text in a shape that any record takes; of what is not handed in, none."""
    if not sheet["submitted_at"]:
        return ""
    context = {
        "session": session,
        "sheet": sheet,
        "result": sheet["result"],
        "story": told,
        "reviews": reviews,
    }
    return render_to_string("admin/triage/triagesession/chart.txt", context).strip() + "\n"


def type_size(sheet: Sheet, *others: str) -> str:
    """On paper: as large as what there is to say leaves room for, with these other texts on it."""
    if "result" not in sheet:
        return SMALLEST
    result = sheet["result"]
    flags = [
        answer for question in sheet["taken_back"] for flag in question["flags"] for answer in flag["answers"]
    ]
    letters = _letters([*_parts(result), sheet["taken_back"]]) + sum(
        map(len, (result["note"], sheet["contact"], *flags, *others))
    )
    return next((size for size, most in TYPE_SIZES.items() if letters <= most), SMALLEST)


def _submitted(session: TriageSession) -> Sheet:
    record = open_record(session)
    source = record.get("source")  # old records do not say
    answers = [
        {**answer, "answered_at": parse_datetime(answer["answered_at"])} for answer in record["answers"]
    ]
    return {
        "reference": record["reference"],
        "submitted_at": parse_datetime(record["submitted_at"]),
        "language": record["language"],
        "source": source,
        "authored": parse_datetime(source["authored"]) if source else None,
        "release": record["release"],
        "number": record["number"],
        "sha256": session.record_sha256,
        "taken_back": _taken_back(record["taken_back"]),
        **_decided(_staff_result(record), unanswered=()),
        "changed": _changed(session, record),
        **_raw(answers, record["dropped"]),
    }


def _staff_result(record: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = record["staff_result"] or record["result"]
    return result


def _changed(session: TriageSession, record: dict[str, Any]) -> list[dict[str, str]]:
    """What a correction answers otherwise, in words, in the order of its questions; then what is no longer asked."""
    if session.corrects is None:
        return []
    try:
        before = _answers(_staff_result(open_record(session.corrects)))
    except RecordAltered:  # its own sheet says so
        return []
    after = _answers(_staff_result(record))
    return [
        {
            "label": (after.get(item) or before[item])[0],
            "before": before.get(item, NOT_ASKED)[1],
            "after": after.get(item, NOT_ASKED)[1],
        }
        for item in {**after, **before}
        if before.get(item, NOT_ASKED)[1] != after.get(item, NOT_ASKED)[1]
    ]


NOT_ASKED = ("", "not asked")


def _answers(result: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Of each item asked its label and what was said; the patient's own words among them."""
    said = {line["item"]: (line["label"], line["answer"]) for line in result["lines"]}
    return said | ({"note": ("In the patient’s words", result["note"])} if result["note"] else {})


def _unfinished(session: TriageSession) -> Sheet:
    rows = list(session.answers.all())
    given = {row.item: tuple(opened(row.given, session.reference, row.item)) for row in rows}
    answers = [{"item": row.item, "given": given[row.item], "answered_at": row.answered_at} for row in rows]
    sheet: Sheet = {
        "reference": session.reference,
        "submitted_at": None,
        "language": session.language,
        "release": {"version": session.release.version, "sha256": session.release.sha256},
    }
    try:
        content = releases.content(session.release.sha256, settings.LANGUAGE_CODE)
    except ContentError:  # this program can no longer read the release: the codes say what was given
        return sheet | _raw(answers, ())
    walked = walk(content, given)
    taken_back = flags.in_words(content, given, {row.item: row.taken_back for row in rows})
    sheet |= {"taken_back": _taken_back(taken_back), **_raw(answers, walked.dropped)}
    if walked.exit:  # the person gave a sign, then an age under 16: there is nothing to decide
        return sheet
    result = build(
        content, walked, decide(content, walked), session.clinic.as_settings(), releases.passages()
    )
    return sheet | _decided(result.as_data(), walked.unanswered)


def _decided(result: dict[str, Any], unanswered: tuple[str, ...]) -> Sheet:
    cited = sources_of(result["citations"], *_parts(result))
    asked = [line for line in result["lines"] if line["item"] not in unanswered]
    return {
        "result": result,
        "why_urgent": [_rested(reason, unanswered) for reason in result["why_urgent"]],
        "lines": asked,
        "not_sure": [line for line in asked if not line["known"]],
        "not_answered": [line for line in result["lines"] if line["item"] in unanswered],
        "citations": [result["citations"][id] for id in sorted(cited)],
        "marks": {id: source.mark for id, source in cited.items() if source.citation["kind"] != "article"},
    }


def _rested(reason: dict[str, Any], unanswered: tuple[str, ...]) -> dict[str, Any]:
    """With the answers it rests on, none to a question that was not asked yet; of reasons that share them the sheet
    shows them once."""
    answers = [given for given in reason["answers"] if given["item"] not in unanswered]
    said = [(given["question"], given["answer"]) for given in answers]
    return {**reason, "answers": answers, "said": said}


def _parts(result: dict[str, Any]) -> Iterator[Any]:
    yield from (result[part] for part in STAFF_PARTS)
    for name, section in result["staff_sections"].items():
        if name != "caution" or result["why_root"]:  # it goes with a root
            yield section


def _letters(part: Any) -> int:
    """How many letters of a part are on the sheet. What the patient was told is not, and answers stand there once."""
    if isinstance(part, dict):
        return sum(
            len(value) if name in ("text", "question", "answer") else _letters(value)
            for name, value in part.items()
            if name not in ("patient", "answers")
        )
    return sum(map(_letters, part)) if isinstance(part, list | tuple) else 0


def _raw(answers: list[dict[str, Any]], dropped: Any) -> Sheet:
    """The codes as they were given, in that order; those that counted for nothing too."""
    return {"raw": [{**answer, "off_path": answer["item"] in dropped} for answer in answers]}


def _taken_back(flags: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """By question; what was given and taken back at the same moments is told together."""
    questions: dict[str, dict[tuple[Any, ...], list[str]]] = {}
    for flag in flags:
        times = (parse_datetime(flag["given_at"]), parse_datetime(flag["taken_back_at"]), flag["again"])
        questions.setdefault(flag["question"], {}).setdefault(times, []).append(flag["answer"])
    return [
        {
            "question": question,
            "flags": [
                {"answers": answers, "given_at": given_at, "taken_back_at": taken_back_at, "again": again}
                for (given_at, taken_back_at, again), answers in together.items()
            ],
        }
        for question, together in questions.items()
    ]
