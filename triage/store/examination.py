"""What is found out about content before it is published, as plain data: kept with its release, so that nobody waits
for it on a page. Names nobody: submissions are only counted."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from triage.domain import words
from triage.domain.citation.ledger import entries
from triage.domain.content import ORIGINS, URGENCIES, Content
from triage.domain.leaves import leaves
from triage.domain.loading import ContentError, Trees, load, population
from triage.domain.population import EVERYBODY, Population, Tallies, Tally, people, tell
from triage.domain.proof.compare import Change, compare
from triage.domain.proof.prove import Report, prove
from triage.domain.vignettes import rank
from triage.models import Release
from triage.store import content_files, releases
from triage.store.records import told_otherwise
from triage.store.snapshot import one_moment

Examined = dict[str, Any]
PEOPLE, SEED = 20_000, 2026  # made up, the same ones each time
EVERY = 5_000  # people, before the next word of progress


@lru_cache(maxsize=4)
def proved(text: str) -> Report:
    return prove(load(json.loads(text)))


def found_alone(text: str, report: Report, progress: Callable[[str], None]) -> Examined:
    """What holds of content by itself, whatever runs beside it and whoever answered: `manage.py prove --keep` keeps it
    for the shipped content, since it takes most of a minute."""
    return {
        "sha256": releases.sha256(text),
        "domain": content_files.domain_sha256(),
        "proof": _proof(report),
        "population": _population(json.loads(text), None, progress),
    }


def _kept(text: str) -> Examined | None:
    found = content_files.kept()
    known = (releases.sha256(text), content_files.domain_sha256())
    return found if (found.get("sha256"), found.get("domain")) == known else None


@lru_cache(maxsize=4)
def broken_properties(text: str) -> tuple[str, ...]:
    """The properties that this content breaks, each with answers that show it; what is kept breaks none."""
    if _kept(text):
        return ()
    return tuple(
        f"{name}: {fault.what}: {' / '.join(json.dumps(answers) for answers in fault.examples)}"
        for name, fault in proved(text).broken
    )


def examine(
    text: str, running: Release | None, progress: Callable[[str], None] = lambda line: None
) -> Examined:
    """The proof, the comparison with the running release, and what made-up people and stored submissions are told."""
    trees, kept = json.loads(text), _kept(text) or {}
    found: Examined = {"proof": kept.get("proof") or _proof(proved(text)), "comparison": None}
    if running is not None and releases.sha256(text) != running.sha256:
        progress(f"Comparing with {running}")
        found["comparison"] = _comparison(trees, running)
    found["population"] = (running is None and kept.get("population")) or _population(
        trees, running, progress
    )
    progress("Telling the stored submissions again")
    found["replay"] = _replay(load(trees))
    return found


def _proof(report: Report) -> Examined:
    return {
        "answer_sets": f"{report.answer_sets:,}",
        "properties": [[each.name, each.says, each.facts] for each in report.properties],
        "screens": [report.lengths.shortest, report.lengths.longest] if report.lengths else [],
    }


def told_people(
    maker: Content,
    population: Population,
    contents: Sequence[Content],
    number: int = PEOPLE,
    seed: int = SEED,
    progress: Callable[[str], None] = lambda line: None,
) -> dict[str, tuple[Tallies, ...]]:
    """What each content tells people made for `maker`, by how noisy their answers are."""
    found: dict[str, tuple[Tallies, ...]] = {}
    for name, noise in population.noise.items():
        found[name] = tuple({} for _content in contents)
        draw = random.Random(seed).random  # noqa: S311 (the same people each time, no secret)
        made = people(maker, population, number, noise, draw)
        for count, person in enumerate(made, start=1):
            for content, tallies in zip(contents, found[name], strict=True):
                tell(content, person, tallies)
            if count % EVERY == 0:
                progress(f"{count:,} of {number:,} made-up people told, noise: {name}")
    return found


def _population(trees: Trees, running: Release | None, progress: Callable[[str], None]) -> Examined | None:
    """What ordinary people are told, beside what the running release tells the same people."""
    content = load(trees)
    assumed = population(trees, content)
    if assumed is None:
        return None
    contents = [content]
    if running is not None:
        with suppress(ContentError):  # the comparison tells of it
            contents.append(releases.content(running.sha256, content.language))
    found = told_people(content, assumed, contents, PEOPLE, progress=progress)
    gives = {rule.id: rule.gives for rule in content.urgency_rules}
    return {
        "people": f"{PEOPLE:,}",
        "levels": [
            {
                "noise": noise,
                "overall": [
                    _shares("Everybody", new[EVERYBODY]),
                    *(_shares(f"Everybody, as told by {running}", each[EVERYBODY]) for each in old),
                ],
                "conditions": [
                    _shares(each.name, new[each.key]) for each in assumed.conditions if each.key in new
                ],
                "rules": [
                    [
                        id,
                        gives[id],
                        f"{new[EVERYBODY].share(count):.1f}",
                        f"{new[EVERYBODY].share(alone):.1f}",
                    ]
                    for id, count, alone in most_telling(new[EVERYBODY])
                ],
            }
            for noise, (new, *old) in found.items()
        ],
    }


def most_telling(tally: Tally, most: int = 12) -> list[tuple[str, int, int]]:
    """The urgency rules that decided most often, and how often none but they did."""
    return [(id, count, tally.alone[id]) for id, count in tally.rules.most_common(most)]


def _shares(name: str, tally: Tally) -> Examined:
    return {
        "name": name,
        "people": tally.people,
        "urgencies": [f"{tally.share(tally.urgencies[urgency]):.1f}" for urgency in reversed(URGENCIES)],
        "origins": [f"{tally.share(tally.origins[origin]):.1f}" for origin in ORIGINS],
    }


def _comparison(trees: Trees, running: Release) -> Examined:
    compared_with = {"with": running.sha256, "name": str(running)}
    new = load(trees)
    try:
        old = releases.content(running.sha256, new.language)
    except ContentError:
        return compared_with | {
            "changes": [],
            "left_out": ["this version of Footpath cannot read it any more"],
        }
    compared = compare(old, new)
    return compared_with | {
        "answer_sets": f"{compared.answer_sets:,}",
        "differ": f"{compared.differ:,}",
        "changes": [
            {
                "from": words.outcome(old, change.old),
                "to": words.outcome(new, change.new),
                "count": f"{change.count:,}",
                "rise": _rise(change),
                "example": list(words.answers(change.example, new, old)),
            }
            for change in compared.changes
        ],
        "left_out": list(compared.left_out),
        "wording": (wording := _all_wording(trees, running, new)),
        "rest": list(_rest(trees, running, wording)),
    }


def _rise(change: Change) -> int:
    """By how many steps it is more urgent than before; below 0, less. An exit page stands lowest."""
    old, new = (each[-1] if each[-1] in URGENCIES else None for each in (change.old, change.new))
    return rank(new) - rank(old)


def less_urgent(comparison: Examined) -> list[Examined]:
    """The changes that make somebody less urgent; one that was kept before this was counted may be such a one."""
    return [change for change in comparison["changes"] if change.get("rise", -1) < 0]


def to_tick(comparison: Examined) -> list[str]:
    """What whoever publishes reads line by line: what is less urgent than before, and what was not compared."""
    lowered = (f"{change['from']} → {change['to']}" for change in less_urgent(comparison))
    return list(dict.fromkeys([*lowered, *comparison["left_out"]]))


def _all_wording(trees: Trees, running: Release, new: Content) -> list[dict[str, str]]:
    return [change for language in new.languages for change in _wording(trees, running, language)]


def _rest(trees: Trees, running: Release, wording: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """All else that is other: addresses, locators, hashes, lengths, conditions, examples; whatever a file holds."""
    before, after = leaves(releases.trees(running.sha256)), leaves(trees)
    told = {"", *(change[side] for change in wording for side in ("from", "to"))}
    for place in dict.fromkeys((*before, *after)):
        one, other = before.get(place, ""), after.get(place, "")
        if one != other and not {one, other} <= told:
            yield {"key": place, "from": one, "to": other}


def _wording(trees: Trees, running: Release, language: str) -> Iterator[dict[str, str]]:
    """The texts of a language that are other than in the running release, new or gone."""
    new, old = load(trees, language), releases.content(running.sha256, language)
    before, after = (_texts(content) if content.language == language else {} for content in (old, new))
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            name = new.languages[language]
            yield {"language": name, "key": key, "from": before.get(key, ""), "to": after.get(key, "")}


def _texts(content: Content) -> dict[str, str]:
    return {f"{entry.key} ({entry.reader})": entry.sentence.text for entry in entries(content)}


def _replay(content: Content) -> Examined:
    changes: Counter[tuple[str, str]] = Counter()
    submissions = 0
    with one_moment():
        for _session, old, new in told_otherwise(content):
            submissions += 1
            if new:
                changes[words.outcome(content, old.outcome), words.outcome(content, new.outcome)] += 1
    return {
        "submissions": submissions,
        "differ": changes.total(),
        "changes": [[before, after, number] for (before, after), number in changes.most_common()],
    }
