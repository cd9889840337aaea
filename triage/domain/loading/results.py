"""Reading results.yaml: the words of outcomes, rules and signs, and the sections of a result."""

from __future__ import annotations

import re
from collections.abc import Iterable

from triage.domain.content import (
    CLINIC_SETTINGS,
    OUTCOMES,
    SECTIONS,
    STAFF_SECTIONS,
    Outcome,
    Row,
    Section,
    Sentence,
    SignText,
)
from triage.domain.loading.conditions import ConditionReader
from triage.domain.loading.sources import SourcesReader
from triage.domain.loading.translation import Texts
from triage.domain.loading.tree import Node, note_repeats
from triage.domain.logic import Sign


class ResultsReader:
    def __init__(self, node: Node, texts: Texts, sources: SourcesReader, conditions: ConditionReader) -> None:
        self.fields = node.fields(("outcomes", "rules", "signs", "sections"))
        self.texts, self.sources, self.conditions = texts, sources, conditions
        self.rules = self.fields["rules"].mapping()

    def rule_texts(self, id: str, rule: Node) -> tuple[str, str]:
        """What the rule says to the patient and to staff."""
        if id not in self.rules:
            rule.fault("has no wording", f"Add {id}: with patient and staff to `rules` in results.yaml")
            return "", ""
        fields = self.rules[id].fields(("patient", "staff"))
        return self.texts.read(fields["patient"], f"rule.{id}"), fields["staff"].text()

    def note_rules(self, ids: set[str]) -> None:
        """Fault the wording of rules that do not exist."""
        for id in sorted(self.rules.keys() - ids):
            self.rules[id].fault("no rule has this id", "Remove it, or add the rule to decision.yaml")

    def outcomes(self) -> dict[str, dict[str, Outcome]]:
        tables = self.fields["outcomes"].fields(OUTCOMES)
        return {name: self._outcomes(name, tables[name]) for name in OUTCOMES}

    def _outcomes(self, name: str, node: Node) -> dict[str, Outcome]:
        found = {}
        for value, names in node.fields(OUTCOMES[name]).items():
            fields = names.fields(("patient", "staff"))
            patient = self.texts.read(fields["patient"], f"outcome.{name}.{value}")
            found[value] = Outcome(patient, fields["staff"].text())
        return found

    def sign_texts(self, signs: Iterable[Sign]) -> dict[str, SignText]:
        texts = self.fields["signs"].mapping()
        ids = {sign.id for sign in signs}
        for id in sorted(ids - texts.keys()):
            self.fields["signs"].fault(f"the sign {id} has no wording", "Add patient, unsure and staff")
        for id in sorted(texts.keys() - ids):
            texts[id].fault("no sign has this id", "Remove it, or add the sign to decision.yaml")
        return {id: self._sign_text(id, node) for id, node in texts.items()}

    def _sign_text(self, id: str, node: Node) -> SignText:
        fields = node.fields(("patient", "unsure", "staff"))
        return SignText(
            patient=self.texts.read(fields["patient"], f"sign.{id}"),
            unsure=self.texts.read(fields["unsure"], f"sign.{id}.unsure"),
            staff=fields["staff"].text(),
        )

    def sections(self) -> dict[str, Section]:
        node = self.fields["sections"]
        fields = node.fields(SECTIONS)
        sections = {key: self._section(key, fields[key]) for key in SECTIONS}
        note_repeats(((row.key, node) for section in sections.values() for row in section.rows), "row key")
        return sections

    def _section(self, key: str, node: Node) -> Section:
        fields = node.fields(("title", "rows"))
        for_staff = key in STAFF_SECTIONS
        title = fields["title"].text()
        return Section(
            key=key,
            title=title if for_staff else self.texts.translate(f"section.{key}.title", title),
            rows=tuple(self._row(row, for_staff) for row in fields["rows"].rows()),
        )

    def _row(self, node: Node, for_staff: bool) -> Row:
        fields = node.fields(("key", "text", "basis"), (*OUTCOMES, "when", "unless-set"))
        key, text = fields["key"].key(), fields["text"].text()
        for name in re.findall(r"\{(\w*)\}", text):
            if name not in CLINIC_SETTINGS:
                node.fault(f"{{{name}}} is not a clinic setting", f"Use one of: {', '.join(CLINIC_SETTINGS)}")
        return Row(
            key=key,
            sentence=Sentence(
                text if for_staff else self.texts.translate(f"row.{key}", text),
                self.sources.basis(fields["basis"], node),
            ),
            when=self.conditions.read_optional(fields["when"]),
            unless_set=fields["unless-set"].one_of(CLINIC_SETTINGS),
            **{name: fields[name].some_of(values) for name, values in OUTCOMES.items()},
        )
