"""All that is held about one patient's submission, to be handed to that patient: as data, and to read.

Made from the tables themselves, so that a column or a table that is added is in it too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import ForeignKey, Model
from django.template.loader import render_to_string

from triage.domain.loading import ContentError
from triage.domain.result import answer_words
from triage.models import AccessEntry, Invitation, Review, TriageSession
from triage.store import access_log, notes, releases, words
from triage.store.family import family

# What opens a session, and what says nothing of the person.
SECRET = {"key_hash", "former_key_hash", "return_hash", "code_hash", "id", "session", "clinic", "record"}
OF_STAFF = {"reviewer", "created_by"}  # who of the staff it was, is theirs
Held = dict[str, Any]


def held(reference: str) -> Held:
    """Raises LookupError where there is no such submission."""
    sessions = family(reference)
    if not sessions:
        raise LookupError(reference)
    references = [session.reference for session in sessions]
    return {
        "reference": reference,
        "sessions": [_session(session) for session in sessions],
        "invitations": [
            _row(invitation, invitation.code_hash)
            for invitation in Invitation.objects.filter(sessions__in=sessions).distinct()
        ],
        "access_log": [
            {"at": entry.at.isoformat(), "what": entry.get_what_display(), "detail": entry.detail}
            for entry in AccessEntry.objects.filter(access_log.about_any(references)).order_by("number")
        ],
    }


def as_json(found: Held) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False, default=str) + "\n"


def as_text(found: Held) -> str:
    return render_to_string("disclosure.txt", found)


def _session(session: TriageSession) -> Held:
    record = notes.read(session.record, session.reference) if session.record else None
    return {
        **_row(session, session.reference),
        "answers": list(_answers(session)),
        "reviews": [_review(review) for review in session.reviews.all()],
        "others": {
            name: rows for name, rows in _others(session) if name not in ("answer", "review", "triagesession")
        },
        "record": record,
        "told": words.clinic_text(record) if record else "",
    }


def _answers(session: TriageSession) -> Iterator[Held]:
    """Each answer in codes and, where this program can read the questions, in words."""
    try:
        content = releases.content(session.release.sha256, session.language)
    except ContentError:
        content = None
    for answer in session.answers.all():
        row = _row(answer, session.reference)
        item = content.items.get(answer.item) if content else None
        if content and item:
            row |= {
                "question": item.text,
                "words": answer_words(content, answer.item, tuple(row["given"])),
            }
        yield row


def _review(review: Review) -> Held:
    return {**_row(review, review.session.reference), "state": review.get_state_display()}


def _others(session: TriageSession) -> Iterator[tuple[str, list[Held]]]:
    """What else hangs on it, whatever table is added."""
    for relation in TriageSession._meta.related_objects:
        model = relation.related_model
        if not isinstance(model, str):
            rows = model._default_manager.filter(**{relation.field.name: session})
            yield str(model._meta.model_name), [_row(row, session.reference) for row in rows]


def _row(row: Model, reference: str) -> Held:
    """Its columns as JSON holds them, the patient's own words opened."""
    found: Held = {}
    for field in row._meta.concrete_fields:
        if field.name in SECRET | OF_STAFF or isinstance(field, ForeignKey):
            continue
        value = field.value_from_object(row)
        if value not in (None, "", [], {}):
            found[field.name] = (
                notes.opened(value, reference) if isinstance(value, str | list | dict) else value
            )
    return json.loads(json.dumps(found, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
