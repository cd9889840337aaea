"""Submissions taken out by a program: what `manage.py export` writes, of some days."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from triage import actions
from triage.api.door import asks, not_here
from triage.api.refusals import Fault, Refused
from triage.domain.loading import languages
from triage.exports import (
    FHIR,
    FORMATS,
    export,
    fhir_definitions,
    fhir_questionnaire,
    reviewed,
    what_it_holds,
)
from triage.exports.reviews import lines
from triage.models import AccessEntry, ApiToken, TriageSession
from triage.store import releases

REVIEWS = "reviews"
MAY_EXPORT_REVIEWS = "triage.export_reviews"
OF_A_RELEASE = ("fhir-questionnaire", "fhir-definitions")
KINDS = (*FORMATS, REVIEWS, *OF_A_RELEASE)
MOST_DAYS = 366
URGENCIES = {level.name.lower().replace("_", "-"): level.value for level in TriageSession.Urgency}
SWITCH = {"on": True, "off": False}
BUSY = "Another export is under way. Try again when it has ended."
AGAIN = {"Retry-After": "10"}

# One at a time in each process: the other threads are the patients'.
place = threading.BoundedSemaphore(1)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _word(text: str) -> str:
    if not text:
        raise ValueError
    return text


# By kind of export, what its query may hold: how it is read, and what to write.
Reader = tuple[Callable[[str], Any], str]
DAYS: dict[str, Reader] = {
    "since": (_day, "Write a day as 2026-12-01."),
    "until": (_day, "Write a day as 2026-12-01."),
    "urgency": (URGENCIES.__getitem__, f"Write one of {', '.join(URGENCIES)}."),
}
WITH_MORE: dict[str, Reader] = {
    "notes": (SWITCH.__getitem__, "Write on or off."),
    "reviews": (SWITCH.__getitem__, "Write on or off."),
}
RELEASES = {"R4": False, "R5": True}
OF_FHIR: dict[str, Reader] = {"fhir": (RELEASES.__getitem__, f"Write one of {', '.join(RELEASES)}.")}
LANGUAGE: dict[str, Reader] = {"language": (_word, "Write the code of a language.")}


def parameters(what: str) -> dict[str, Reader]:
    of_fhir = OF_FHIR if what in (*FHIR, *OF_A_RELEASE) else {}
    if what in OF_A_RELEASE:
        return of_fhir | (LANGUAGE if what == "fhir-questionnaire" else {})
    return of_fhir | (DAYS if what == REVIEWS else DAYS | WITH_MORE)


@asks(ApiToken.Scope.EXPORTS)
def export_view(request: HttpRequest, token: ApiToken, what: str) -> HttpResponseBase:
    if what not in KINDS:
        raise not_here()
    asked = _read(request, what)
    if what in OF_A_RELEASE:
        return _of_a_release(token, what, **asked)
    _check_days(asked)
    if (what == REVIEWS or asked.get("reviews")) and not token.made_by.has_perm(MAY_EXPORT_REVIEWS):
        raise Refused(403, "Whoever made this token may not export reviews.")
    return _of_submissions(token, what, **asked)


def _read(request: HttpRequest, what: str) -> dict[str, Any]:
    known, read, faults = parameters(what), {}, []
    for name, values in request.GET.lists():
        if name not in known:
            faults.append(Fault("", f"A parameter is not one of: {', '.join(known) or 'none'}."))
            continue
        reader, remedy = known[name]
        try:
            (value,) = values
            read[name] = reader(value)
        except (KeyError, ValueError):
            faults.append(Fault(name, remedy))
    if faults:
        raise Refused(400, "Something is wrong with the query.", faults)
    return read


def _check_days(asked: dict[str, Any]) -> None:
    """A program's export is always of some days: without them it would grow with the years."""
    missing = [Fault(name, "It is required.") for name in ("since", "until") if name not in asked]
    if missing:
        raise Refused(400, "Say of which days, by since and until.", missing)
    if not asked["since"] <= asked["until"] <= asked["since"] + timedelta(days=MOST_DAYS):
        wrong = [Fault("until", f"It is from since to {MOST_DAYS} days after it.")]
        raise Refused(400, "Ask for fewer days at once.", wrong)


def _of_a_release(token: ApiToken, what: str, language: str = "", *, fhir: bool = False) -> HttpResponse:
    release = releases.current()
    known = languages(releases.trees(release.sha256))
    if language and language not in known:
        raise Refused(
            400, "There is no such language.", [Fault("language", f"Write one of {', '.join(known)}.")]
        )
    _note(token, f"release {release}", what)
    if what == "fhir-questionnaire":
        text = fhir_questionnaire.as_text(release, language or None, r5=fhir)
    else:
        text = fhir_definitions.as_text(release, r5=fhir)
    return HttpResponse(text, content_type="application/fhir+json; charset=utf-8")


def _of_submissions(
    token: ApiToken,
    what: str,
    since: date,
    until: date,
    urgency: int | None = None,
    *,
    notes: bool = False,
    reviews: bool = False,
    fhir: bool = False,
) -> StreamingHttpResponse:
    if not place.acquire(blocking=False):
        raise Refused(503, BUSY, headers=AGAIN)
    try:
        _note(token, "submissions", what_it_holds(what, since, notes, until, urgency, reviews, fhir))
        if what == REVIEWS:
            texts, media_type = lines(reviewed(since, until, urgency)), "text/csv"
        else:
            found = export(what, since, until, urgency, notes=notes, with_reviews=reviews, r5=fhir)
            texts, media_type = iter(found), found.form.media_type
        return StreamingHttpResponse(Held(texts), content_type=f"{media_type}; charset=utf-8")
    except BaseException:
        place.release()
        raise


def _note(token: ApiToken, about: str, what: str) -> None:
    detail = f"{what}: by a token of {token.made_by.get_username()}"
    actions.note_access(AccessEntry.What.EXPORT, str(token), timezone.now(), about, detail)


class Held:
    """The texts, and the place for one export, which is free again once they were sent or nobody wants them."""

    def __init__(self, texts: Iterator[str]) -> None:
        self.texts, self.holds = texts, [place]

    def __iter__(self) -> Iterator[str]:
        try:
            yield from self.texts
        finally:
            self.close()  # before whoever asked hears that this was all, and asks for the next

    def close(self) -> None:
        if self.holds:
            self.holds.pop().release()
