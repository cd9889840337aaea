"""A questionnaire filled in by another program, as a FHIR QuestionnaireResponse: read, checked as our pages check,
taken in and decided like any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime

from triage import actions
from triage.api.bodies import read_json
from triage.api.door import asks
from triage.api.refusals import FHIR_TYPE, Fault, Refused, reply
from triage.domain.content import Item
from triage.domain.loading import languages
from triage.domain.plain import plain
from triage.domain.walk import Answers, walk
from triage.exports import fhir, fhir_response
from triage.exports.public import public
from triage.forms.answers import AnswersForm
from triage.models import ApiToken, the_clinic
from triage.store import releases

MOST_BYTES = 256 * 1024
MEDIA_TYPES = (FHIR_TYPE, "application/json")
RESPONSE = "QuestionnaireResponse"
LONGEST = 255  # signs of a name
MOST_FAULTS = 50

# What is wrong with an answer, by what the form says: what FHIR calls it, and in words that repeat no answer.
SAID = {
    "required": ("required", "This question is asked and has no answer."),
    "invalid_choice": ("code-invalid", "This code is none of this question's."),
    "invalid_list": ("structure", "The answers to this question cannot be read."),
    "alone": ("business-rule", "An answer that stands alone has another beside it."),
    "max_length": ("too-long", "This text is longer than the question takes."),
    "signs": ("value", "Some signs in this text cannot be read."),
}
NOT_TAKEN = ("value", "This answer cannot be taken.")


@asks(ApiToken.Scope.RESPONSES)
def create(request: HttpRequest, token: ApiToken) -> HttpResponse:
    """Take it in, and answer with what it stands as: its reference, and what was decided. The same again is answered so
    again, and makes nothing new."""
    filled = Reader(read_json(request, MOST_BYTES, MEDIA_TYPES)).filled()
    try:
        session, new = actions.take_in(filled, token, timezone.now())
    except actions.SentOtherwise:
        said = "Something else was taken in under this identifier: give this one another."
        raise Refused(409, said, [Fault(f"{RESPONSE}.identifier", said)]) from None
    except actions.PublishedMeanwhile:
        raise not_published() from None
    taken = fhir_response.response(public(session, notes=False))
    return reply(fhir.rebased(taken, the_clinic().fhir_base), 201 if new else 200, FHIR_TYPE)


def not_published() -> Refused:
    said = "This version of the questionnaire is not published. Take in the one that is, and have it filled in anew."
    return Refused(422, said, [Fault(f"{RESPONSE}.questionnaire", said, "not-found")])


class Reader:
    """Reads one resource; all that is wrong with a part of it is said at once."""

    def __init__(self, resource: dict[str, Any]) -> None:
        self.resource, self.base = resource, the_clinic().fhir_base
        self.release = releases.current()
        self.faults: list[Fault] = []

    def filled(self) -> actions.Filled:
        if self.resource.get("resourceType") != RESPONSE:
            raise Refused(400, f"Send a {RESPONSE}.")
        language = self._language()
        self.content = releases.content(self.release.sha256, language)
        if self.resource.get("status") != "completed":
            self._wrong(f"{RESPONSE}.status", "value", "Send it once it is completed.")
        given, authored, identifier = self._given(), self._authored(), self._identifier()
        self._stop_at_faults()
        answers = self._as_asked(given)
        self._stop_at_faults()
        return actions.Filled(
            release=self.release.sha256,
            answers=answers,
            language=self.content.language,
            authored=authored,
            demo=self._is_test_data(),
            identifier=identifier,
        )

    def _wrong(self, where: str, issue: str, said: str) -> None:
        self.faults.append(Fault(where, said, issue))

    def _stop_at_faults(self) -> None:
        if self.faults:
            raise Refused(422, "It cannot be taken in as it is.", self.faults[:MOST_FAULTS])

    def _our(self, name: str) -> str:
        """A name of ours as it stands in what the clinic exports."""
        found: str = fhir.rebased({"url": name}, self.base)["url"]
        return found

    # About the whole

    def _language(self) -> str:
        """By what it says, or by the questionnaire in one language alone; else the first. Raises Refused where the
        questionnaire is none that is published."""
        known = languages(releases.trees(self.release.sha256))
        key = releases.content(self.release.sha256, known[0]).key
        url, _, version = _text(self.resource.get("questionnaire")).partition("|")
        by_url = {
            self._our(fhir.url(key)): "",
            **{self._our(fhir.url(f"{key}-{each}")): each for each in known},
        }
        if url not in by_url or version != fhir.version(self.release.version, self.release.sha256):
            raise not_published()
        said = _text(self.resource.get("language")).partition("-")[0]
        return next((each for each in (said, by_url[url]) if each in known), known[0])

    def _identifier(self) -> str:
        where, found = f"{RESPONSE}.identifier", self.resource.get("identifier")
        if isinstance(found, list) and len(found) == 1:  # as R5 has it
            found = found[0]
        system, value = (
            (_text(found.get(name)) for name in ("system", "value")) if isinstance(found, dict) else ("", "")
        )
        if not (system and value):
            self._wrong(
                where, "required", "Give it an identifier of system and value, by which it is known again."
            )
        return f"{system}|{value}"

    def _authored(self) -> str:
        said = self.resource.get("authored")
        if said is None:
            return ""
        try:
            at = parse_datetime(said) if isinstance(said, str) else None
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            self._wrong(
                f"{RESPONSE}.authored", "value", "Write date and time with a time zone, or leave it out."
            )
            return ""
        return at.isoformat()

    def _is_test_data(self) -> bool:
        found = self.resource.get("meta")
        tags = found.get("tag") if isinstance(found, dict) else None
        return isinstance(tags, list) and any(
            isinstance(tag, dict) and tag.get("code") == fhir_response.TEST_DATA["code"] for tag in tags
        )

    # The answers, as they stand in it

    def _given(self) -> dict[str, list[str]]:
        """By item. Each stands in the group of its screen, as the questionnaire has it."""
        self._no_modifiers(self.resource, RESPONSE)
        groups = {fhir.group_link(screen.key): screen for screen in self.content.screens}
        given: dict[str, list[str]] = {}
        seen = set()
        for where, node in self._items(self.resource, RESPONSE):
            link = node.get("linkId")
            if link not in groups or link in seen:
                self._wrong(
                    where, "structure", "There is no such group in this questionnaire, or it is there twice."
                )
                continue
            seen.add(link)
            if "answer" in node:
                self._wrong(where, "structure", "A group has no answer.")
            items = {item.key: item for item in groups[link].items}
            for below, part in self._items(node, where):
                item = items.get(_text(part.get("linkId")))
                if item is None or item.key in given:
                    self._wrong(
                        below, "structure", "There is no such question in this group, or it is there twice."
                    )
                else:
                    given[item.key] = list(self._answers(item, part, below))
        return {key: answers for key, answers in given.items() if answers}

    def _items(self, node: dict[str, Any], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for place, part in self._list(node, "item", where):
            if not isinstance(part, dict):
                self._wrong(place, "structure", "This is no item.")
                continue
            self._no_modifiers(part, place)
            yield place, part

    def _list(self, node: dict[str, Any], name: str, where: str) -> Iterator[tuple[str, Any]]:
        found = node.get(name, [])
        if not isinstance(found, list):
            self._wrong(f"{where}.{name}", "structure", "This is no list.")
            return
        for number, part in enumerate(found):
            yield f"{where}.{name}[{number}]", part

    def _no_modifiers(self, node: dict[str, Any], where: str) -> None:
        """What may turn the meaning of all the rest into its opposite cannot be left aside."""
        if "modifierExtension" in node:
            self._wrong(where, "extension", "Leave out modifierExtension: none is known here.")

    def _answers(self, item: Item, node: dict[str, Any], where: str) -> Iterator[str]:
        if "item" in node:
            self._wrong(where, "structure", "No question stands within a question.")
        for place, answer in self._list(node, "answer", where):
            value = self._value(item, answer, place)
            if value is not None:
                yield value

    def _value(self, item: Item, answer: Any, where: str) -> str | None:
        name = "valueString" if item.kind == "text" else "valueCoding"
        if not isinstance(answer, dict) or [part for part in answer if part.startswith("value")] != [name]:
            self._wrong(where, "structure", f"This question is answered by {name}, and by that alone.")
            return None
        if "item" in answer or "modifierExtension" in answer:
            self._wrong(where, "structure", "An answer holds a value alone.")
        value = answer[name]
        return self._string(value, where) if item.kind == "text" else self._code(item, value, where)

    def _string(self, value: Any, where: str) -> str | None:
        if isinstance(value, str) and value and plain(value) == value:
            return value
        self._wrong(where, "value", "Write plain text; where there is none, leave the answer out.")
        return None

    def _code(self, item: Item, value: Any, where: str) -> str | None:
        system = self._our(fhir.system(self.content.key, item.key))
        if not isinstance(value, dict) or value.get("system") != system or not _text(value.get("code")):
            self._wrong(where, "code-invalid", "Give the question's own system, and a code.")
            return None
        return _text(value["code"])

    # The answers, as our pages ask

    def _as_asked(self, given: dict[str, list[str]]) -> Answers:
        """Screen by screen, each checked by the form of our pages; what is not asked may not be answered."""
        answers: Answers = {}
        for screen in self.content.screens:
            while unanswered := [
                item for item in walk(self.content, answers).asks(screen) if item.key not in answers
            ]:
                self._one_each(unanswered, given)
                form = AnswersForm(self.content, screen, walk(self.content, answers), MultiValueDict(given))
                if not form.is_valid() or self.faults:
                    self._said(form)
                    return answers
                answers = {**answers, **form.answers()}
        walked = walk(self.content, answers)
        if walked.exit:
            said = "With this answer the questions end: they are not made for this person, and nothing is decided."
            self._wrong(_of(walked.asked[-1]), "business-rule", said)
        for key in given:
            if key not in walked.asked:
                self._wrong(_of(key), "business-rule", "After the other answers this question is not asked.")
        return answers

    def _one_each(self, items: list[Item], given: dict[str, list[str]]) -> None:
        for item in items:
            if (item.takes_one or item.kind == "text") and len(given.get(item.key, ())) > 1:
                self._wrong(_of(item.key), "business-rule", "This question takes one answer.")

    def _said(self, form: AnswersForm) -> None:
        for key, errors in form.errors.as_data().items():
            for error in errors:
                issue, said = SAID.get(error.code or "", NOT_TAKEN)
                self._wrong(_of(key), issue, said)


def _of(key: str) -> str:
    """Where a question stands, or would stand."""
    return f"{RESPONSE}.repeat(item).where(linkId='{key}')"


def _text(value: Any) -> str:
    """A short text that can be read; "" for anything else."""
    readable = isinstance(value, str) and len(value) <= LONGEST and value.isprintable()
    return value if readable else ""
