"""A release as a FHIR R4 Questionnaire: a group for each screen, in it an item for each question.

Another system that shows it asks the same questions for the same answers, and says what to do when one of them alone is
an emergency; docs/exports.md has the mapping.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from triage.domain.content import Content, Item, Option, Screen
from triage.domain.loading import languages
from triage.domain.logic import All, AnyOf, Condition, Some
from triage.domain.result import ClinicSettings, Sentences, say, section, settings_allow
from triage.domain.wording import filled, phrases, texts_of, wordings
from triage.exports import fhir, fhir_conditions
from triage.exports.fhir import HL7, Json
from triage.exports.fhir_r5 import as_r5
from triage.models import Release, the_clinic
from triage.models.clinic import settings_in
from triage.store import releases

STATUS = {Release.State.DRAFT: "draft", Release.State.PUBLISHED: "active", Release.State.RETIRED: "retired"}
SDC_EXPRESSION = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
TYPES = {"one": "choice", "many": "choice", "scale": "choice", "text": "text"}
SAFETY_NET = "safety-net"  # a section of every content, and the group at the end
CONTROLS = {"one": "radio-button", "many": "check-box", "scale": "radio-button"}


def as_text(release: Release, language: str | None = None, *, r5: bool = False) -> str:
    resource = fhir.rebased(of_release(release, language), the_clinic().fhir_base)
    resource = as_r5(resource) if r5 else resource
    return json.dumps(resource, ensure_ascii=False, indent=2) + "\n"


def of_release(release: Release, language: str | None = None) -> Json:
    """In the release's own language, each text with its translations; or in one language alone, under a name of its
    own, since a server that is given both would else keep the last alone."""
    codes = [language] if language else languages(releases.trees(release.sha256))
    every = {code: releases.content(release.sha256, code) for code in codes}
    content = next(iter(every.values()))
    key = f"{content.key}-{language}" if language else content.key
    clinic = the_clinic().as_settings()
    return {
        "resourceType": "Questionnaire",
        "id": f"{key}-{release.sha256[:8]}",
        "language": content.language,
        "url": fhir.url(key),
        "identifier": [{"system": fhir.RELEASE, "value": release.sha256}],
        "version": fhir.version(release.version, release.sha256),
        "name": "".join(part.capitalize() for part in key.split("-")),
        "status": STATUS[Release.State(release.state)],
        "subjectType": ["Patient"],
        "date": (release.published_at or release.created_at).isoformat(),
        "publisher": fhir.string(clinic["clinic_name"]),
        **_Writer(content, every, clinic).resource(),
    }


class _Writer:
    """Writes the items in the main language, with the same texts of the other languages beside them."""

    def __init__(self, main: Content, every: Mapping[str, Content], clinic: ClinicSettings) -> None:
        self.main, self.clinic = main, clinic
        self.others = {code: content for code, content in every.items() if content is not main}

    def resource(self) -> Json:
        return self._words("title", lambda content: content.title) | {
            "item": [*(self._group(screen) for screen in self.main.screens), self._safety_net()]
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
        why = self._display(
            f"{fhir.group_link(screen.key)}.why", lambda content: content.screen_by_key[screen.key].why.text
        )
        return {
            "linkId": fhir.group_link(screen.key),
            **self._words("text", lambda content: content.screen_by_key[screen.key].title),
            "type": "group",
            **self._group_enabled(screen),
            "item": [
                why,
                *(
                    part
                    for item in screen.items
                    for part in (
                        *self._hints(item, screen),
                        *self._cautions(item),
                        self._item(item, screen),
                        *self._emergency(item),
                        *self._ends(item),
                    )
                ),
            ],
        }

    def _group_enabled(self, screen: Screen) -> Json:
        """Something of it is asked, where answers given say so; else that nobody left before."""
        wanted = tuple(item.ask_when for item in screen.items if item.ask_when is not None)
        asked = fhir_conditions.plain(self.main, Some(wanted)) if len(wanted) == len(screen.items) else None
        # Whoever gave an answer to a question of before has not left.
        if asked and all(test["operator"] == "=" for test in asked["enableWhen"]):
            return asked
        return self._enabled(self._exits_before(screen))

    # What stands beside a question is an item before or after it: many systems show no text within a question.

    def _hints(self, item: Item, screen: Screen) -> Iterator[Json]:
        """That of the question, then those of its options, for which FHIR has no place: an item each, since many
        systems run the lines of one together."""
        for place in ("", *(option.code for option in item.options)):
            if _hint(item, place):
                yield self._display(
                    ".".join(filter(None, (item.key, "hint", place))),
                    lambda content: _hint(content.items[item.key], place),  # noqa: B023
                    **self._enabled(_asked(item, screen)),
                )

    def _cautions(self, item: Item) -> Iterator[Json]:
        for place, caution in enumerate(item.cautions):
            asked = [item.ask_when] if item.ask_when else []
            yield self._display(
                f"{item.key}.caution.{caution.key}",
                lambda content: _caution(content, item.key, place),  # noqa: B023
                **self._enabled([*asked, caution.when]),
            )

    def _emergency(self, item: Item) -> Iterator[Json]:
        """What to do at once, where an answer to this question alone is an emergency."""
        signs = [
            test
            for rule in self.main.urgency_rules
            if rule.gives == "emergency"
            and rule.when is not None
            and (found := fhir_conditions.plain(self.main, rule.when))
            for test in found["enableWhen"]
            if {each["question"] for each in found["enableWhen"]} == {item.key}
            and (found["enableBehavior"] == "any" or len(found["enableWhen"]) == 1)
        ]
        if signs:
            yield self._display(
                f"{item.key}.emergency",
                lambda content: _emergency(content, self._clinic(content)),
                enableWhen=signs,
                enableBehavior="any",
            )

    def _ends(self, item: Item) -> Iterator[Json]:
        """What somebody reads who is led away by an answer."""
        for option in item.options:
            if option.ends:
                led = AnyOf(item.key, frozenset((option.code,)), item.unsure)
                yield self._display(
                    f"{item.key}.ends.{option.ends}",
                    lambda content: _said(section(content, option.ends, self._clinic(content))),  # noqa: B023
                    **self._enabled([led]),
                )

    def _safety_net(self) -> Json:
        """The end, where other systems would say nothing: these decide nothing."""
        exits = [condition for screen in self.main.screens for condition in _exits(screen.items)]
        return {
            "linkId": SAFETY_NET,
            **self._words("text", lambda content: content.sections[SAFETY_NET].title),
            "type": "group",
            **self._enabled(exits),
            "item": [
                self._display(f"{SAFETY_NET}.{row}", lambda content: self._net(content)[row])  # noqa: B023
                for row in self._net(self.main)
            ],
        }

    def _net(self, content: Content) -> dict[str, str]:
        clinic, rows = self._clinic(content), content.sections[SAFETY_NET].rows
        words = {**clinic, **phrases(content)}
        return {row.key: say(row.sentence, words).text for row in rows if settings_allow(row, clinic)}

    def _clinic(self, content: Content) -> ClinicSettings:
        return settings_in(self.clinic, content.language)

    def _item(self, item: Item, screen: Screen) -> Json:
        enabled = self._enabled(_asked(item, screen))
        extensions = enabled.pop("extension", [])
        if item.kind in CONTROLS:
            extensions = [_control(CONTROLS[item.kind]), *extensions]
            orientation = "horizontal" if item.kind == "scale" else "vertical"
            extensions.append({"url": f"{HL7}/questionnaire-choiceOrientation", "valueCode": orientation})
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

    def _display(self, link: str, read: Callable[[Content], str], **enabled: Any) -> Json:
        return {"linkId": link, **self._words("text", read), "type": "display", **enabled}

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


def _asked(item: Item, screen: Screen) -> list[Condition]:
    before = screen.items[: screen.items.index(item)]
    return [*_exits(before), *([item.ask_when] if item.ask_when else [])]


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


def _hint(item: Item, code: str) -> str:
    """Of this option, or with no code of the question."""
    if not code:
        return item.hint
    option = item.option(code)
    return f"{option.text}: {option.hint}" if option.hint else ""


def _said(sentences: Sentences) -> str:
    return " ".join((f"{sentences.title}.", *(sentence.text for sentence in sentences.sentences)))


def _emergency(content: Content, clinic: ClinicSettings) -> str:
    words = {**clinic, **phrases(content)}
    rows = [
        row
        for row in content.sections["now"].rows
        if row.urgency == ("emergency",) and not row.when and settings_allow(row, clinic)
    ]
    said = tuple(say(row.sentence, words) for row in rows)
    return _said(Sentences(content.outcomes["urgency"]["emergency"].patient, said))


def _caution(content: Content, item: str, place: int) -> str:
    return filled(content.items[item].cautions[place].sentence.text, phrases(content))
