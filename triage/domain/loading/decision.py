"""Reading decision.yaml: signs, the tables of rules, and the properties that every release is proved against."""

from __future__ import annotations

import re
from typing import cast

from triage.domain.content import OUTCOMES, Properties, Rule, Sentence
from triage.domain.loading.conditions import ConditionReader
from triage.domain.loading.properties import read_properties
from triage.domain.loading.results import ResultsReader
from triage.domain.loading.sources import SourcesReader
from triage.domain.loading.tree import Node, note_repeats
from triage.domain.logic import PointsTo, Sign

POINTS = ("back", "foot", "neither")
RULE_ID = re.compile(r"[A-Z][A-Z0-9-]*\Z")


def read_decision(
    node: Node, results: ResultsReader, sources: SourcesReader, conditions: ConditionReader
) -> tuple[tuple[Sign, ...], dict[str, tuple[Rule, ...]], Properties]:
    """The signs, the rules by what they decide (origin, root, urgency), and the properties."""
    fields = node.fields(("signs", *OUTCOMES, "properties"))
    for row in fields["signs"].rows():
        sign = _sign(row, sources, conditions)
        if sign.id in conditions.signs:
            row.fault(f"the sign {sign.id!r} is used twice", "Give each sign an id of its own")
        conditions.signs[sign.id] = sign
    rules = {
        name: tuple(_rule(row, values, results, sources, conditions) for row in fields[name].rows())
        for name, values in OUTCOMES.items()
    }
    every = [rule.id for table in rules.values() for rule in table]
    note_repeats(((id, node) for id in every), "rule id")
    results.note_rules(set(every))
    return tuple(conditions.signs.values()), rules, read_properties(fields["properties"], conditions.items)


def _sign(node: Node, sources: SourcesReader, conditions: ConditionReader) -> Sign:
    fields = node.fields(("id", "points-to", "basis", "when"))
    return Sign(
        id=_rule_id(fields["id"]),
        when=conditions.read(fields["when"]),
        points_to=cast(PointsTo, fields["points-to"].one_of(POINTS) or "neither"),
        basis=sources.basis(fields["basis"], node),
    )


def _rule(
    node: Node,
    values: tuple[str, ...],
    results: ResultsReader,
    sources: SourcesReader,
    conditions: ConditionReader,
) -> Rule:
    fields = node.fields(("id", "gives", "basis"), ("when",))
    id = _rule_id(fields["id"])
    basis = sources.basis(fields["basis"], node, outside=True)
    patient, staff = results.rule_texts(id, node)
    gives = fields["gives"].one_of(values)
    if gives == "routine":
        node.fault("a rule cannot give routine", "Routine is what is left when no urgency row matches")
    return Rule(
        id=id,
        gives=gives,
        when=conditions.read_optional(fields["when"]),
        basis=basis,
        patient=Sentence(patient, basis),
        staff=Sentence(staff, basis),
    )


def _rule_id(node: Node) -> str:
    id = node.text()
    if id and not RULE_ID.match(id):
        node.fault(f"{id!r} is not a good id", "Use capital letters, digits and dashes")
    return id
