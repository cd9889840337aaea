"""From a walk to a decision: origin, root and urgency, and the rules that say so."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from triage.domain.content import CLAIM, URGENCIES, Content, Option, Origin, Root, Rule, Urgency
from triage.domain.logic import YES, Facts, Support, support
from triage.domain.walk import Walk


class NoRuleMatches(RuntimeError):
    """The decision table has a hole. Proving a release before it is published rules this out."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the answers fit and how soon to act. All three are None where an exit ended the questions."""

    origin: Origin | None
    root: Root | None
    urgency: Urgency | None
    origin_rule: Rule | None
    root_rule: Rule | None
    urgency_rules: tuple[Rule, ...]  # every row that matched, the most urgent first

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rows that fired: the origin's, then those of the urgency."""
        return (*((self.origin_rule,) if self.origin_rule else ()), *self.urgency_rules)

    @property
    def deciding_rules(self) -> tuple[Rule, ...]:
        """The urgency rows that gave the urgency, without the lesser ones."""
        return tuple(rule for rule in self.urgency_rules if rule.gives == self.urgency)


UNDECIDED = Decision(None, None, None, None, None, ())


def decide(content: Content, walked: Walk) -> Decision:
    """The same answers always give the same decision; raises NoRuleMatches if the table has a hole."""
    if walked.exit:
        return UNDECIDED
    facts = walked.facts
    origin = first_match(content.origin_rules, facts)
    root = first_match(content.root_rules, facts) if origin.gives == "back" else None
    urgent = urgency_rules(content, facts)
    return Decision(
        origin=cast(Origin, origin.gives),
        root=cast(Root, root.gives) if root else None,
        urgency=cast(Urgency, urgent[0].gives) if urgent else "routine",
        origin_rule=origin,
        root_rule=root,
        urgency_rules=urgent,
    )


def first_match(rules: tuple[Rule, ...], facts: Facts) -> Rule:
    for rule in rules:
        if rule.when is None or rule.when.truth(facts) is YES:
            return rule
    raise NoRuleMatches(f"none of {', '.join(rule.id for rule in rules)} matches")


def urgency_rules(content: Content, facts: Facts) -> tuple[Rule, ...]:
    """Every urgency row that matches, the most urgent first."""
    matching = [rule for rule in content.urgency_rules if rule.when and rule.when.truth(facts) is YES]
    return tuple(sorted(matching, key=lambda rule: -URGENCIES.index(cast(Urgency, rule.gives))))


def emergencies(content: Content, walked: Walk) -> frozenset[str]:
    """The emergency rules that the answers set off: what a decision would say of them, without the rest of it."""
    if walked.exit:
        return frozenset()
    return frozenset(
        rule.id
        for rule in content.urgency_rules
        if rule.gives == "emergency" and rule.when and rule.when.truth(walked.facts) is YES
    )


@lru_cache(maxsize=8)
def emergency_signs(content: Content) -> tuple[Option, ...]:
    """The options that are an emergency all by themselves, whatever else is answered."""
    return tuple(
        option
        for item in content.items.values()
        for option in item.options
        if item.ask_when is None
        and any(
            rule.gives == "emergency"
            for rule in urgency_rules(content, {item.key: frozenset((option.code,))})
        )
    )


def reasons(rule: Rule, walked: Walk) -> tuple[Support, ...]:
    """The given answers on which a rule that fired rests, each once, in the order they were asked."""
    found = support(rule.when, walked.facts) if rule.when else ()
    return tuple(sorted(set(found), key=lambda reason: walked.asked.index(reason.item)))


def as_json(decision: Decision, walked: Walk) -> dict[str, object]:
    """The decision as `manage.py decide` prints it."""
    return {
        "origin": decision.origin,
        "root": decision.root,
        "urgency": decision.urgency,
        "rules": [rule.id for rule in decision.rules],
        "findings": [
            {
                "rule": rule.id,
                "claims": [source for source in rule.basis if CLAIM.match(source)],
                "guidance": [source for source in rule.basis if not CLAIM.match(source)],
            }
            for rule in decision.rules
        ],
        "path": list(walked.asked),
        "dropped": list(walked.dropped),
        "exit": walked.exit or None,
    }
