"""A release as a FHIR R4 Questionnaire: a group for each screen, in it an item for each question.

Another system that shows it asks the same questions for the same answers; docs/exports.md has the mapping.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from triage.domain.content import Content, Item, Option, Screen
from triage.domain.loading import languages
from triage.domain.logic import All, AnyOf, Condition
from triage.domain.wording import filled, phrases, texts_of, wordings
from triage.exports import fhir, fhir_conditions
from triage.exports.fhir import HL7, Json
from triage.models import Release
from triage.store import releases

STATUS = {Release.State.DRAFT: "draft", Release.State.PUBLISHED: "active", Release.State.RETIRED: "retired"}
SDC_EXPRESSION = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
TYPES = {"one": "choice", "many": "choice", "scale": "choice", "text": "text"}
CONTROLS = {"one": "radio-button", "many": "check-box", "scale": "radio-button"}


def as_text(release: Release, language: str | None = None) -> str:
    return json.dumps(of_release(release, language), ensure_ascii=False, indent=2) + "\n"


def of_release(release: Release, language: str | None = None) -> Json:
    """In the language, or the release's own; each text carries its translations into the others."""
    every = {
        code: releases.content(release.sha256, code) for code in languages(releases.trees(release.sha256))
    }
    own = next(iter(every.values()))
    main = language or own.language
    content = every[main]
    return {
        "resourceType": "Questionnaire",
        "id": f"{content.key}-{release.sha256[:8]}",
        "language": main,
        "url": fhir.url(content.key),
        "identifier": [{"system": fhir.RELEASE, "value": release.sha256}],
        "version": fhir.version(release.version, release.sha256),
        "name": "".join(part.capitalize() for part in content.key.split("-")),
        "status": STATUS[Release.State(release.state)],
        "subjectType": ["Patient"],
        "date": (release.published_at or release.created_at).isoformat(),
        **_Writer(content, every).resource(),
    }


class _Writer:
    """Writes the items in the main language, with the same texts of the other languages beside them."""

    def __init__(self, main: Content, every: Mapping[str, Content]) -> None:
        self.main = main
        self.others = {code: content for code, content in every.items() if content is not main}

    def resource(self) -> Json:
        return self._words("title", lambda content: content.title) | {
            "item": [self._group(screen) for screen in self.main.screens]
        }

    def _words(self, field: str, read: Callable[[Content], str]) -> Json:
        """The field and, in the field beside it that FHIR has for this, its translations."""
        translations = [
            {
                "url": f"{HL7}/translation",
                "extension": [
                    {"url": "lang", "valueCode": code},
                    {"url": "content", "valueString": fhir.string(read(content))},
                ],
            }
            for code, content in self.others.items()
        ]
        words: Json = {field: fhir.string(read(self.main))}
        return words | {f"_{field}": {"extension": translations}} if translations else words

    def _wordings(self, field: str, item: Item, name: str) -> Json:
        """The field as it is said to anybody; beside it its translations, and how else it is said to somebody."""
        words = self._words(field, lambda content: texts_of(content.items[item.key])[name])
        others = [
            fhir.extension(
                "wording",
                extension=[
                    {"url": "lang", "valueCode": code},
                    {"url": "content", "valueString": fhir.string(text)},
                ],
            )
            for code, content in ((self.main.language, self.main), *self.others.items())
            for text in wordings(content, content.items[item.key], name)
        ]
        if others:
            beside = words.setdefault(f"_{field}", {"extension": []})
            beside["extension"] = [*beside["extension"], *others]
        return words

    def _group(self, screen: Screen) -> Json:
        why = self._help(
            f"{fhir.group_link(screen.key)}.why", lambda content: content.screen_by_key[screen.key].why.text
        )
        return {
            "linkId": fhir.group_link(screen.key),
            **self._words("text", lambda content: content.screen_by_key[screen.key].title),
            "type": "group",
            **self._enabled(self._exits_before(screen)),
            "item": [
                why,
                *(
                    part
                    for item in screen.items
                    for part in (*self._cautions(item), self._item(item, screen))
                ),
            ],
        }

    def _cautions(self, item: Item) -> Iterator[Json]:
        """What stands above a question for somebody: before it, since many systems show no text within a question."""
        for place, caution in enumerate(item.cautions):
            asked = [item.ask_when] if item.ask_when else []
            yield {
                "linkId": f"{item.key}.caution.{caution.key}",
                **self._words("text", lambda content: _caution(content, item.key, place)),  # noqa: B023
                "type": "display",
                **self._enabled([*asked, caution.when]),
            }

    def _item(self, item: Item, screen: Screen) -> Json:
        conditions = [
            *_exits(screen.items[: screen.items.index(item)]),
            *([item.ask_when] if item.ask_when else []),
        ]
        enabled = self._enabled(conditions)
        extensions = enabled.pop("extension", [])
        if item.kind in CONTROLS:
            extensions = [_control(CONTROLS[item.kind]), *extensions]
        if item.kind == "scale":
            extensions.append({"url": f"{HL7}/questionnaire-choiceOrientation", "valueCode": "horizontal"})
        hint = (
            [self._help(f"{item.key}.hint", lambda content: _hints(content.items[item.key]))]
            if _hints(item)
            else []
        )
        fields: dict[str, Any] = {
            "extension": extensions,
            "linkId": item.key,
            **self._wordings("text", item, "text"),
            "type": TYPES[item.kind],
            **enabled,
            "required": item.kind != "text",
            "repeats": item.kind == "many",
            "maxLength": item.max_length,
            "answerOption": [self._option(item, option) for option in item.options],
            "item": hint,
        }
        return {name: value for name, value in fields.items() if value not in ([], 0) or value is False}

    def _option(self, item: Item, option: Option) -> Json:
        extensions = (
            [{"url": f"{HL7}/questionnaire-optionExclusive", "valueBoolean": True}]
            if option.exclusive
            else []
        )
        if option.ends:
            extensions.append(fhir.extension("ends", valueCode=option.ends))
        coding = {
            "system": fhir.system(self.main.key, item.key),
            "code": option.code,
            **self._wordings("display", item, option.code),
        }
        return ({"extension": extensions} if extensions else {}) | {"valueCoding": coding}

    def _help(self, link: str, read: Callable[[Content], str]) -> Json:
        return {
            "extension": [_control("help")],
            "linkId": link,
            **self._words("text", read),
            "type": "display",
        }

    def _exits_before(self, screen: Screen) -> list[Condition]:
        before = self.main.screens[: self.main.screens.index(screen)]
        return [condition for other in before for condition in _exits(other.items)]

    def _enabled(self, conditions: list[Condition]) -> Json:
        """The fields that say when: all of the conditions have to hold."""
        if not conditions:
            return {}
        condition = conditions[0] if len(conditions) == 1 else All(tuple(conditions))
        plain = fhir_conditions.plain(self.main, condition)
        if plain:
            return plain
        # A renderer that does not know the extension shows the item always: it asks too much, never too little.
        path = {"language": "text/fhirpath", "expression": fhir_conditions.expression(self.main, condition)}
        return {"extension": [{"url": SDC_EXPRESSION, "valueExpression": path}]}


def _exits(items: tuple[Item, ...]) -> list[Condition]:
    """What has to hold for the questions to go on: nobody left for an exit page."""
    return [
        AnyOf(item.key, frozenset(_staying(item)) | {item.unsure}, item.unsure)
        for item in items
        if any(option.ends for option in item.options)
    ]


def _staying(item: Item) -> list[str]:
    return [option.code for option in item.options if not option.ends]


def _control(code: str) -> Json:
    coding = {"system": "http://hl7.org/fhir/questionnaire-item-control", "code": code}
    return {"url": f"{HL7}/questionnaire-itemControl", "valueCodeableConcept": {"coding": [coding]}}


def _hints(item: Item) -> str:
    """The hints of the question and of its options, which FHIR has no place for: one text, a line for each."""
    of_options = (f"{option.text}: {option.hint}" for option in item.options if option.hint)
    return "\n".join(filter(None, (item.hint, *of_options)))


def _caution(content: Content, item: str, place: int) -> str:
    return filled(content.items[item].cautions[place].sentence.text, phrases(content))
