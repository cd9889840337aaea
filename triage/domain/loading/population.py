"""Reading population.yaml: who comes, and how such people answer. A content can do without it."""

from __future__ import annotations

from collections.abc import Mapping

from triage.domain.content import Content, Item
from triage.domain.loading.tree import Node, note_repeats
from triage.domain.population import Also, AnswersOf, Chances, Condition, Noise, Population

NOISE = ("unsure", "other", "tick", "miss")
ESTIMATE = "estimate"  # the source of what nobody has counted


def read_population(node: Node, content: Content) -> Population:
    fields = node.fields(("sources", "noise", "anybody", "also", "conditions"))
    items = {item.key: item for item in content.items.values() if item.kind != "text"}
    sources = _sources(fields["sources"])
    anybody = _answers(fields["anybody"], items)
    for key in items.keys() - anybody.keys() if fields["anybody"].given else ():
        fields["anybody"].fault(f"nothing is said of the item {key!r}", "Say how often each code is given")
    conditions = tuple(_condition(row, items, sources) for row in fields["conditions"].rows())
    note_repeats(((each.key, fields["conditions"]) for each in conditions), "condition")
    if not sum(each.share for each in conditions) > 0:
        fields["conditions"].fault("nobody comes", "Give the conditions a share")
    return Population(
        anybody=anybody,
        also=tuple(_also(row, items, sources) for row in fields["also"].rows()),
        conditions=conditions,
        noise={name: _noise(level) for name, level in fields["noise"].mapping().items()},
    )


def _sources(node: Node) -> set[str]:
    found = set()
    for row in node.rows():
        fields = row.fields(("id", "title", "url", "says"))
        fields["title"].text()
        fields["says"].text()
        fields["url"].text()
        found.add(fields["id"].text())
    return found


def _condition(node: Node, items: Mapping[str, Item], sources: set[str]) -> Condition:
    fields = node.fields(("key", "name", "share", "sources", "answers"))
    _note_sources(fields["sources"], sources)
    return Condition(
        key=fields["key"].key(),
        name=fields["name"].text(),
        share=fields["share"].number(),
        answers=_answers(fields["answers"], items),
    )


def _also(node: Node, items: Mapping[str, Item], sources: set[str]) -> Also:
    fields = node.fields(("item", "code", "ticks", "sources"))
    _note_sources(fields["sources"], sources)
    item, code = items.get(fields["item"].text()), fields["code"].text()
    if fields["item"].given and (item is None or item.kind != "many"):
        fields["item"].fault("is no check-list", "Name one")
    elif item and code not in item.codes:
        fields["code"].fault(f"the item {item.key!r} has no code {code!r}", "Name one it has")
    ticks = _answers(fields["ticks"], {key: each for key, each in items.items() if each.kind == "many"})
    return Also(item.key if item else "", code, ticks)


def _noise(node: Node) -> Noise:
    fields = node.fields(NOISE)
    return Noise(**{name: _percent(fields[name]) for name in NOISE})


def _answers(node: Node, items: Mapping[str, Item]) -> AnswersOf:
    found = {}
    for key, chances in node.mapping().items():
        item = items.get(key)
        if item is None:
            chances.fault(f"there is no item {key!r} that fits here", "Name one with choices")
        else:
            found[key] = _chances(chances, item)
    return found


def _chances(node: Node, item: Item) -> Chances:
    """In the order of the questionnaire, so that the order of the file changes nobody."""
    given = {code: _percent(chance) for code, chance in node.mapping().items()}
    known = [option.code for option in item.options]
    if item.unsure not in known:
        known.append(item.unsure)
    for code in given.keys() - set(known):
        node.fault(f"the item {item.key!r} has no code {code!r}", f"Use one of: {', '.join(known)}")
    if item.kind != "many" and not sum(given.values()) > 0:
        node.fault("no code is ever given", "Give one of them a chance")
    return {code: given[code] for code in known if code in given}


def _percent(node: Node) -> float:
    number = node.number()
    if number > 100:
        node.fault(f"{number} is more than 100 percent", "Write a percentage")
    return number


def _note_sources(node: Node, sources: set[str]) -> None:
    named = node.texts()
    for name in named:
        if name not in sources and name != ESTIMATE:
            node.fault(f"the source {name!r} is not known", f"Name one of `sources`, or {ESTIMATE}")
    if node.given and not named:
        node.fault("rests on nothing", f"Name a source, or {ESTIMATE}")
