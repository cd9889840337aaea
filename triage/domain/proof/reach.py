"""What the answers reach: that no question, row, sentence or code is idle, and how long the paths are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from triage.domain.content import CLINIC, Content, Item, Row
from triage.domain.logic import Condition, leaves
from triage.domain.proof.bdd import ALWAYS, NEVER, Function
from triage.domain.proof.broken import Broken, difference, never, somewhere
from triage.domain.proof.space import RawAnswers, Setting, Space, codes

MOST_SCREENS = 16  # no path may be longer


# Nothing is idle


def questions(space: Space) -> Iterator[Broken | None]:
    """Every question is asked, and every code can be given where it counts: beside a result, or as an exit."""
    for key, asked in space.asked.items():
        yield somewhere(space, f"{key} is never asked", asked)
    for item in space.items:
        for code in codes(item):
            counts = ALWAYS if item.exit_for((code,)) else space.decided
            given = space.diagrams.both(space.asked[item.key], space.code(item, code), counts)
            yield somewhere(space, f"{item.key} {code} never counts", given)


def rows(space: Space) -> Iterator[Broken | None]:
    content = space.content
    for rule in (*content.origin_rules, *content.root_rules, *content.urgency_rules):
        what = f"{rule.id} never decides" + (", though it is met" if space.matches[rule.id] != NEVER else "")
        yield somewhere(space, what, space.decides[rule.id], instead=space.matches[rule.id])


def evidence(space: Space) -> Iterator[tuple[str, Function]]:
    """What the clinic and the patient are told of the signs: present, or not known."""
    for sign in space.content.signs:
        if sign.points_to != "neither":
            truths = space.signs[sign.id]
            yield f"sign {sign.id}", space.diagrams.both(space.decided, truths.yes)
            unsure = space.diagrams.without(truths.possible, truths.yes)
            yield f"sign {sign.id} not known", space.diagrams.both(space.decided, unsure)


def questions_said(space: Space) -> Iterator[tuple[str, Function]]:
    """Where each caution stands above its question, and where an item is worded by each of its variants."""
    diagrams = space.diagrams
    for item in space.content.items.values():
        for caution in item.cautions:
            when = diagrams.both(space.asked[item.key], space.met(caution.when))
            yield f"caution {item.key} {caution.key}", when
        left = space.asked[item.key]
        for variant in item.variants:
            when = space.met(variant.when)
            yield f"variant {item.key} {variant.key}", diagrams.both(left, when)
            left = diagrams.without(left, when)


def phrases_said(space: Space) -> Iterator[tuple[str, Function]]:
    """Where each variant of a phrase is the one that is said."""
    for phrase in space.content.phrases.values():
        left = ALWAYS
        for when, text in phrase.variants:
            yield f"phrase {phrase.key}: {text}", space.diagrams.both(left, space.met(when))
            left = space.diagrams.without(left, space.met(when))


def sentences(space: Space) -> Iterator[tuple[str, Function]]:
    """Where each row of results.yaml is shown."""
    for section in space.content.sections.values():
        for row in section.rows:
            exit_page = space.exits.get(section.key, NEVER)
            yield f"sentence {row.key}", space.diagrams.either((exit_page, shown(space, row)))


def shown(space: Space, row: Row) -> Function:
    """Where the row fits the result, in a clinic with the right settings."""
    if row.unless_set and row.unless_set in placeholders(row):
        return NEVER
    function = space.diagrams.both(space.decided, space.truths(row.when).yes if row.when else ALWAYS)
    for wanted, values in (
        (row.origin, space.origins),
        (row.root, space.roots),
        (row.urgency, space.urgencies),
    ):
        if wanted:
            function = space.diagrams.both(function, space.diagrams.either(values[value] for value in wanted))
    return function


def placeholders(row: Row) -> set[str]:
    return set(row.sentence.settings)


def texts(space: Space) -> Iterator[Broken | None]:
    for name, function in (
        *evidence(space),
        *sentences(space),
        *questions_said(space),
        *phrases_said(space),
    ):
        yield somewhere(space, f"{name} is never shown", function)
    values = {"origin": space.origins, "root": space.roots, "urgency": space.urgencies}
    for what, functions in values.items():
        for value, function in functions.items():
            yield somewhere(space, f"{what} {value} is never given", function)


def necessary(space: Space) -> Iterator[Broken | None]:
    """Each question can change the decision or what is shown of the evidence, or says it is for the clinic only."""
    for item in space.content.items.values():
        idle = not serves(space, item)
        yield (
            Broken(f"no answer to {item.key} changes anything, and its basis is not the clinic")
            if idle
            else None
        )


def serves(space: Space, item: Item) -> str:
    """What an answer can change: the decision, the evidence shown, or (its basis says so) only the record."""
    decision = (
        *space.origins.values(),
        *space.roots.values(),
        *space.urgencies.values(),
        *space.exits.values(),
    )
    shown_of_it = [function for _name, function in (*evidence(space), *sentences(space))]
    for what, functions in (("decision", decision), ("evidence", shown_of_it)):
        if any(depends(space, function, item) for function in functions):
            return what
    return CLINIC if CLINIC in item.basis else ""


def depends(space: Space, function: Function, item: Item) -> bool:
    """Whether two answer sets that differ in this item alone differ in the function."""
    changes = (difference(space, function, one, other) for one, other in single_changes(space, item))
    return any(space.diagrams.both(space.sets, change) != NEVER for change in changes)


def single_changes(space: Space, item: Item) -> Iterator[tuple[Setting, Setting]]:
    """Every answer to the item can be made from no answer by these."""
    for code in codes(item):
        if item.takes_one or code in item.exclusive:
            yield space.exactly(item, ()), space.exactly(item, (code,))
        else:
            added = space.adding(item, code)
            yield {**added, (item.key, code): False}, added


def code_readers(content: Content) -> dict[str, int]:
    """How many codes the decision reads (or what is asked), how many only the evidence, how many only the clinic."""
    rules = (*content.origin_rules, *content.root_rules, *content.urgency_rules)
    rows = (row for section in content.sections.values() for row in section.rows)
    asks = [item.ask_when for item in content.items.values()]
    exits = {
        (item.key, option.code) for item in content.items.values() for option in item.options if option.ends
    }
    decision = read_by(rule.when for rule in rules) | read_by(asks) | exits
    evidence = read_by(sign for sign in content.signs) | read_by(row.when for row in rows)
    every = {(item.key, code) for item in content.items.values() for code in item.codes}
    return {
        "decision": len(decision),
        "evidence": len(evidence - decision),
        CLINIC: len(every - decision - evidence),
    }


def heard_codes(content: Content) -> set[tuple[str, str]]:
    """The codes that a rule reads, that end the questions, or of which staff are told."""
    rules = (*content.origin_rules, *content.root_rules, *content.urgency_rules)
    told = (
        row.when for section in content.sections.values() if section.reader == "staff" for row in section.rows
    )
    signs = (sign for sign in content.signs if sign.points_to != "neither")
    ends = {(item.key, code) for item in content.items.values() for code, _page in item.exits}
    return read_by(rule.when for rule in rules) | read_by(told) | read_by(signs) | ends


def read_by(conditions: Iterable[Condition | None]) -> set[tuple[str, str]]:
    found = (leaf for condition in conditions if condition for leaf in leaves(condition))
    return {(leaf.item, code) for leaf in found for code in leaf.codes}


# How long the questions are


@dataclass(frozen=True, slots=True)
class Lengths:
    """The paths that end in a decision, in screens. The mean takes every answer set as equally likely."""

    shortest: int
    mean: float
    longest: int
    longest_example: RawAnswers


def by_screens(space: Space) -> dict[int, Function]:
    """The answer sets that end in a decision, by the number of screens on their path."""
    diagrams = space.diagrams
    found = [diagrams.both(space.sets, space.decided)]  # found[n]: n screens so far
    for screen in space.content.screens:
        asked = diagrams.either(space.asked[item.key] for item in screen.items)
        found = [diagrams.choose(asked, shorter, same) for shorter, same in pairwise([NEVER, *found, NEVER])]
    return {length: function for length, function in enumerate(found) if function != NEVER}


def lengths(space: Space) -> Lengths | None:
    found = by_screens(space)
    if not found:
        return None
    counts = {length: space.count(function) for length, function in found.items()}
    mean = sum(length * count for length, count in counts.items()) / sum(counts.values())
    longest = max(found)
    return Lengths(min(found), mean, longest, space.example(found[longest]) or {})


def short(space: Space) -> Iterator[Broken | None]:
    for length, function in by_screens(space).items():
        too_long = function if length > MOST_SCREENS else NEVER
        yield never(space, f"a path of {length} screens; {MOST_SCREENS} are the most", too_long)


def on_path(space: Space) -> Function:
    """Nothing was answered that is not asked."""
    diagrams = space.diagrams
    return diagrams.both(
        *(diagrams.either((space.asked[item.key], space.missing(item))) for item in space.items)
    )


def complete(space: Space) -> Function:
    """Everything that is asked was answered, and nothing else."""
    diagrams = space.diagrams
    return diagrams.both(
        *(diagrams.differ(space.asked[item.key], space.missing(item)) for item in space.items)
    )
