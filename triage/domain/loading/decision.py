"""Reading decision.yaml: signs, the tables of rules, and the properties that every release is proved against."""

from __future__ import annotations

import re
from typing import cast

from triage.domain.content import CLINIC, OUTCOMES, Properties, Rule
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
    properties = read_properties(fields["properties"], conditions.items, set(every))
    excused = {id for row in properties.on_our_word for id in row.rules}
    for rule in (rule for table in rules.values() for rule in table):
        if set(rule.basis) <= {CLINIC} and rule.id not in excused:
            problem = f"the rule {rule.id} rests on the clinic's word alone"
            node.fault(problem, "Give it claim or guidance ids, or name it under on-our-word, with why")
    return tuple(conditions.signs.values()), rules, properties


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
    parts = results.rule_parts(id, node)
    gives = fields["gives"].one_of(values)
    if gives == "routine":
        node.fault("a rule cannot give routine", "Routine is what is left when no urgency row matches")
    return Rule(
        id=id,
        gives=gives,
        when=conditions.read_optional(fields["when"]),
        basis=sources.basis(fields["basis"], node),
        parts=parts,
    )


def _rule_id(node: Node) -> str:
    id = node.text()
    if id and not RULE_ID.match(id):
        node.fault(f"{id!r} is not a good id", "Use capital letters, digits and dashes")
    return id
