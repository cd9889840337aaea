"""Reading results.yaml: the words of outcomes, rules and signs, and the sections of a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from triage.domain.content import (
    CLINIC_SETTINGS,
    OUTCOMES,
    SECTIONS,
    SIGNS,
    NeverTogether,
    Outcome,
    Part,
    Phrase,
    Reader,
    Row,
    Section,
    Sentence,
    SignText,
)
from triage.domain.loading.conditions import ConditionReader
from triage.domain.loading.sources import SourcesReader
from triage.domain.loading.translation import Texts, names
from triage.domain.loading.tree import ABSENT, Node, note_repeats
from triage.domain.logic import Sign

READERS = ("patient", "staff", "exit")


class ResultsReader:
    def __init__(
        self,
        node: Node,
        texts: Texts,
        sources: SourcesReader,
        conditions: ConditionReader,
        phrases: Mapping[str, Phrase],
    ) -> None:
        self.fields = node.fields(
            ("outcomes", "rules", "signs", "sections"), ("never-together", "conjunction")
        )
        self.texts, self.sources, self.conditions, self.phrases = texts, sources, conditions, phrases
        self.rules = self.fields["rules"].mapping()

    def conjunction(self) -> dict[str, str]:
        """The word before the last of a list: "a, b and c"."""
        node = self.fields["conjunction"]
        return {"patient": self.texts.read(node, "conjunction"), "staff": node.text()}

    def rule_parts(self, id: str, rule: Node) -> tuple[Part, ...]:
        """What the rule says to the patient and to staff, in parts."""
        if id not in self.rules:
            rule.fault("has no wording", f"Add {id}: with patient and staff to `rules` in results.yaml")
            return (Part("", None, "", ""),)
        parts = self._parts(self.rules[id], f"rule.{id}", ("patient", "staff"))
        for part in parts:
            for text in (part.patient, part.staff):
                self._note_names(self.rules[id], text, (SIGNS, *self.phrases))
        return parts

    def _parts(
        self, node: Node, key: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> tuple[Part, ...]:
        """One wording, or several that each have a condition."""
        if "parts" not in node.mapping():
            return (self._part("", node.fields(required, optional), key),)
        common = set(optional) & {"unsure"}  # said of all parts together
        rows = node.fields(("parts", *common))["parts"].rows()
        fields = [row.fields(("key", "when", *required), set(optional) - common) for row in rows]
        parts = tuple(self._part(each["key"].key(), each, f"{key}.{each['key'].key()}") for each in fields)
        note_repeats(((part.key, node) for part in parts), "part")
        if not parts:
            node.fault("has no parts", "Add at least one, or write patient and staff")
        return parts or (Part("", None, "", ""),)

    def _part(self, name: str, fields: dict[str, Node], key: str) -> Part:
        absent = Node("", "", ABSENT, [])
        return Part(
            key=name,
            when=self.conditions.read_optional(fields.get("when", absent)),
            patient=self.texts.read(fields.get("patient", absent), key),
            staff=fields["staff"].text(),
            name=self.texts.read(fields.get("name", absent), f"{key}.name"),
            staff_name=fields.get("staff-name", absent).text(),
        )

    def _note_names(self, node: Node, text: str, known: tuple[str, ...]) -> None:
        for name in names(node, text):
            if name not in known:
                node.fault(f"{{{name}}} is not known here", f"Use one of: {', '.join(known) or 'none'}")

    def note_rules(self, ids: set[str]) -> None:
        """Fault the wording of rules that do not exist."""
        for id in sorted(self.rules.keys() - ids):
            self.rules[id].fault("no rule has this id", "Remove it, or add the rule to decision.yaml")

    def outcomes(self) -> dict[str, dict[str, Outcome]]:
        tables = self.fields["outcomes"].fields(OUTCOMES)
        return {name: self._outcomes(name, tables[name]) for name in OUTCOMES}

    def _outcomes(self, name: str, node: Node) -> dict[str, Outcome]:
        found = {}
        for value, row in node.fields(OUTCOMES[name]).items():
            fields = row.fields(("patient", "staff"))
            patient = self.texts.read(fields["patient"], f"outcome.{name}.{value}")
            found[value] = Outcome(patient, fields["staff"].text())
        return found

    def sign_texts(self, signs: Iterable[Sign]) -> dict[str, SignText]:
        texts = self.fields["signs"].mapping()
        known = {sign.id: sign for sign in signs}
        for id in sorted(known.keys() - texts.keys()):
            self.fields["signs"].fault(f"the sign {id} has no wording", "Add patient, unsure and staff")
        for id in sorted(texts.keys() - known.keys()):
            texts[id].fault("no sign has this id", "Remove it, or add the sign to decision.yaml")
        return {id: self._sign_text(known[id], texts[id]) for id in texts if id in known}

    def _sign_text(self, sign: Sign, node: Node) -> SignText:
        """Of a sign that points nowhere only staff read."""
        shown = sign.points_to != "neither"
        required: tuple[str, ...] = ("patient", "staff") if shown else ("staff",)
        optional = ("patient", "name", "staff-name", "unsure")
        parts = self._parts(node, f"sign.{sign.id}", required, optional)
        unsure = node.mapping().get("unsure")
        if unsure is None and shown:
            node.fault("the key 'unsure' is missing", "Add what a patient reads when it is not known")
        for part in parts:
            for text in (part.patient, part.staff, part.name, part.staff_name):
                self._note_names(node, text, tuple(self.phrases))
        return SignText(
            unsure=self.texts.read(unsure, f"sign.{sign.id}.unsure") if unsure else "", parts=parts
        )

    def sections(self) -> dict[str, Section]:
        """Those that every content has, in their order, then its own."""
        node = self.fields["sections"]
        given = node.mapping()
        if node.given:
            for key in SECTIONS:
                if key not in given:
                    node.fault(f"the key {key!r} is missing", "Add it")
        own = [key for key in given if key not in SECTIONS]
        sections = {key: self._section(key, given[key]) for key in (*SECTIONS, *own) if key in given}
        note_repeats(((row.key, node) for section in sections.values() for row in section.rows), "row key")
        return sections

    def _section(self, key: str, node: Node) -> Section:
        fields = node.fields(("title", "rows"), ("for",))
        reader = fields["for"].one_of(READERS) or SECTIONS.get(key, "")
        if not reader:
            node.fault("does not say whom it is for", f"Add for: one of {', '.join(READERS)}")
        elif reader != SECTIONS.get(key, reader):
            fields["for"].fault(f"the section {key} is for: {SECTIONS[key]}", "Mend it, or remove it")
        for_staff = reader == "staff"
        title = fields["title"].text()
        return Section(
            key=key,
            title=title if for_staff else self.texts.translate(f"section.{key}.title", title),
            reader=cast(Reader, reader or "patient"),
            rows=tuple(self._row(row, for_staff) for row in fields["rows"].rows()),
        )

    def _row(self, node: Node, for_staff: bool) -> Row:
        fields = node.fields(("key", "text", "basis"), (*OUTCOMES, "when", "unless-set"))
        key, original = fields["key"].key(), fields["text"].text()
        text = original if for_staff else self.texts.translate(f"row.{key}", original)
        self._note_names(node, text, (*CLINIC_SETTINGS, *self.phrases))
        return Row(
            key=key,
            sentence=Sentence(text, self.sources.basis(fields["basis"], node)),
            when=self.conditions.read_optional(fields["when"]),
            unless_set=fields["unless-set"].one_of(CLINIC_SETTINGS),
            **{name: fields[name].some_of(values) for name, values in OUTCOMES.items()},
        )

    def never_together(self) -> tuple[NeverTogether, ...]:
        return tuple(self._never_together(row) for row in self.fields["never-together"].rows())

    def _never_together(self, node: Node) -> NeverTogether:
        fields = node.fields(("rows", "why"))
        rows = fields["rows"].texts()
        if len(rows) < 2:
            node.fault("names fewer than two rows", "Name those that must not stand together")
        return NeverTogether(rows, fields["why"].text())
