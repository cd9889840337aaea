"""What must hold across the whole content, once every part of it reads well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, combinations, product

from triage.domain.content import ORIGINS, URGENCIES, Content, Item, Row, Section
from triage.domain.loading.tree import Node
from triage.domain.logic import YES, Condition, Sign, leaves

UNFILTERED = ("safety-net", "limits", "how")  # like exit pages shown whole, whatever was answered
MOST_CASES = 100_000
MOST_PARTS, MOST_LEVELS = 5_000, 100  # of a condition, with its signs written out


def note_integrity(content: Content, cited: set[str], file: Callable[[str], Node]) -> None:
    """Fault unused sources, unreachable items and sections with a gap."""
    if too_large := _too_large(content):
        file("decision").fault(f"the condition of {too_large} reads too much", "Write it in fewer parts")
        return
    _note_unused(content, cited, file("sources"))
    for item in content.items.values():
        if item.ask_when is not None and not can_hold(item.ask_when, content):
            file("questionnaire").fault(f"the item {item.key!r} can never be asked", "Mend its ask-when")
    _note_exits(content, file("questionnaire"))
    _note_sections(content, file("results"))
    _note_never_together(content, file("results"))


def _too_large(content: Content) -> str:
    """The first condition that would take too long to tell: by names of names, a few lines can ask for millions."""
    known: dict[str, tuple[int, int]] = {}
    rules = (*content.origin_rules, *content.root_rules, *content.urgency_rules)
    rows = (row for section in content.sections.values() for row in section.rows)
    parts = [(rule.id, part) for rule in rules for part in rule.parts]
    parts += [(id, part) for id, text in content.sign_texts.items() for part in text.parts]
    named = [
        *((sign.id, sign.when) for sign in content.signs),
        *((rule.id, rule.when) for rule in rules),
        *((row.key, row.when) for row in rows),
        *((id, part.when) for id, part in parts),
    ]
    for name, condition in named:
        if condition is not None:
            known[name] = size, depth = _extent(condition, known)
            if size > MOST_PARTS or depth > MOST_LEVELS:
                return name
    return ""


def _extent(condition: Condition, known: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """How many parts a condition has once its signs are written out, and how many levels deep."""
    if isinstance(condition, Sign):
        return known[condition.id]
    below = [_extent(part, known) for part in condition.parts]
    return 1 + sum(parts for parts, _ in below), 1 + max((depth for _, depth in below), default=0)


def _note_unused(content: Content, cited: set[str], sources: Node) -> None:
    for passage in content.article.passages:
        if not passage.claims:
            sources.fault(
                f"nothing rests on the passage {passage.id}", "Give it a claim that is cited, or remove it"
            )
    for claim in sorted(content.claims.keys() - cited):
        sources.fault(
            f"the claim {claim} is cited nowhere", "Cite it in a question, rule or text, or remove it"
        )
    for id in sorted(content.guidance.keys() - cited):
        sources.fault(
            f"the guidance {id} is cited nowhere", "Cite it in a question, rule or text, or remove it"
        )


def _note_exits(content: Content, questionnaire: Node) -> None:
    pages = [section.key for section in content.sections.values() if section.reader == "exit"]
    for item in content.items.values():
        for code, page in item.exits:
            if page not in pages:
                questionnaire.fault(
                    f"{item.key} {code} ends at {page!r}, which is no exit page",
                    f"Name a section that is for: exit ({', '.join(pages)})",
                )


def _note_never_together(content: Content, results: Node) -> None:
    known = {row.key for section in content.sections.values() for row in section.rows}
    for together in content.never_together:
        for key in sorted(set(together.rows) - known):
            results.fault(f"never-together names the row {key!r}, which does not exist", "Mend its key")


def _note_sections(content: Content, results: Node) -> None:
    for section in content.sections.values():
        if section.key in UNFILTERED or section.reader == "exit":
            _note_unfiltered(section, results)
        for row in section.rows:
            if row.root and section.key != "pattern" and section.reader != "staff":
                results.fault(
                    f"the row {row.key} of {section.key} has a root filter", "Move it to pattern or examine"
                )
    for urgency in URGENCIES:
        if not any(_always(row, urgency=urgency) for row in content.sections["now"].rows):
            results.fault(
                f"the section now says nothing for {urgency}", f"Add a row with urgency: [{urgency}]"
            )
    for origin in ORIGINS:
        if not any(_always(row, origin=origin) for row in content.sections["pattern"].rows):
            results.fault(
                f"the section pattern says nothing for {origin}", f"Add a row with origin: [{origin}]"
            )


def _note_unfiltered(section: Section, results: Node) -> None:
    if not any(_always(row) for row in section.rows):
        results.fault(
            f"the section {section.key} could be empty", "Give it at least one row that is always shown"
        )
    for row in section.rows:
        if row.origin or row.root or row.urgency or row.when:
            place = f"the row {row.key} of {section.key}"
            results.fault(f"{place} is shown only at times", "Remove its filters: it is for all")


def _always(row: Row, origin: str = "", urgency: str = "") -> bool:
    """Whether the row is shown for this origin or urgency whatever the answers and the clinic's settings."""
    return (
        (not row.origin or origin in row.origin)
        and (not row.urgency or urgency in row.urgency)
        and not (
            row.root
            or row.when
            or row.unless_set
            or "{clinic_" in row.sentence.text.replace("{clinic_name}", "")
        )
        and "{advice_line}" not in row.sentence.text
    )


def can_hold(condition: Condition, content: Content) -> bool:
    """Whether some answers to the items it reads (and to those that decide if these are asked) make it YES.

    Tries every case; a condition that reads too much for that is taken to be possible (`prove` tells exactly).
    """
    keys = _reads(condition, content)
    choices = [list(_cases(content.items[key], condition, content)) for key in keys]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > MOST_CASES:
        return True
    return any(_holds(condition, dict(zip(keys, case, strict=True)), content) for case in product(*choices))


def _reads(condition: Condition, content: Content) -> tuple[str, ...]:
    """The items a condition depends on, those behind their `ask_when` included, in asking order."""
    found: set[str] = set()
    waiting = [leaf.item for leaf in leaves(condition)]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            ask_when = content.items[key].ask_when
            waiting += [leaf.item for leaf in leaves(ask_when)] if ask_when else []
    return tuple(key for key in content.items if key in found)


def _cases(item: Item, condition: Condition, content: Content) -> Iterator[frozenset[str]]:
    """Every answer to the item that conditions can tell apart."""
    if item.takes_one:
        return (frozenset((code,)) for code in item.codes)
    read = {code for leaf in leaves(condition) if leaf.item == item.key for code in leaf.codes}
    for other in content.items.values():
        if other.ask_when:
            read |= {code for leaf in leaves(other.ask_when) if leaf.item == item.key for code in leaf.codes}
    free = sorted(read - item.exclusive)
    alone = [frozenset((code,)) for code in item.codes]
    together = (frozenset(some) for size in range(2, len(free) + 1) for some in combinations(free, size))
    return chain(alone, together)


def _holds(condition: Condition, case: dict[str, frozenset[str]], content: Content) -> bool:
    facts: dict[str, frozenset[str]] = {}
    for key, codes in case.items():
        ask_when = content.items[key].ask_when
        if ask_when is None or ask_when.truth(facts) is YES:
            facts[key] = codes
    return condition.truth(facts) is YES
