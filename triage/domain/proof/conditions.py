"""Every condition of the content, and each part of it, says something: it is met at times and not at others."""

from __future__ import annotations

from collections.abc import Iterator

from triage.domain.content import Content
from triage.domain.logic import Condition, Sign
from triage.domain.proof.broken import Broken, somewhere
from triage.domain.proof.space import Space
from triage.domain.words import condition as in_words


def say_something(space: Space) -> Iterator[Broken | None]:
    """A condition that is always met, or never, was meant otherwise, wherever it stands."""
    diagrams = space.diagrams
    for name, whole in named_conditions(space.content):
        for part in _parts(whole):
            met = space.truths(part).yes
            here = "" if part is whole else f": {in_words(space.content, part)}"
            yield somewhere(
                space, f"the condition of {name} is never met{here}", diagrams.both(space.decided, met)
            )
            fails = diagrams.without(space.decided, met)
            yield somewhere(space, f"the condition of {name} is always met{here}", fails)


def named_conditions(content: Content) -> Iterator[tuple[str, Condition]]:
    for name, condition in _all(content):
        if condition is not None:
            yield name, condition


def _all(content: Content) -> Iterator[tuple[str, Condition | None]]:
    for item in content.items.values():
        yield item.key, item.ask_when
        yield from ((f"{item.key}'s caution {each.key}", each.when) for each in item.cautions)
        yield from ((f"{item.key}'s variant {each.key}", each.when) for each in item.variants)
    for phrase in content.phrases.values():
        yield from ((f"the phrase {phrase.key}", when) for when, _text in phrase.variants)
    for sign in content.signs:
        yield f"sign {sign.id}", sign.when
    for id, text in content.sign_texts.items():
        yield from ((f"sign {id}'s part {part.key}", part.when) for part in text.parts)
    for rule in (*content.origin_rules, *content.root_rules, *content.urgency_rules):
        yield rule.id, rule.when
        yield from ((f"{rule.id}'s part {part.key}", part.when) for part in rule.parts)
    for section in content.sections.values():
        yield from ((f"the row {row.key}", row.when) for row in section.rows)


def _parts(condition: Condition) -> Iterator[Condition]:
    """The condition and what it is made of; what stands behind a sign's name is looked at where the sign is."""
    yield condition
    if not isinstance(condition, Sign):
        for part in condition.parts:
            yield from _parts(part)
