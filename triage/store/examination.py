"""What is found out about content before it is published, as plain data: kept with its release, so that nobody waits
for it on a page. Names nobody: submissions are only counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from triage.domain import words
from triage.domain.citation.ledger import entries
from triage.domain.content import Content
from triage.domain.loading import ContentError, Trees, load
from triage.domain.proof.compare import compare
from triage.domain.proof.prove import Report, prove
from triage.models import Release
from triage.store import releases
from triage.store.records import told_otherwise

Examined = dict[str, Any]


@lru_cache(maxsize=4)
def proved(text: str) -> Report:
    return prove(load(json.loads(text)))


def broken_properties(text: str) -> tuple[str, ...]:
    """The properties that this content breaks, each with answers that show it."""
    return tuple(
        f"{name}: {fault.what}: {' / '.join(json.dumps(answers) for answers in fault.examples)}"
        for name, fault in proved(text).broken
    )


def examine(
    text: str, running: Release | None, progress: Callable[[str], None] = lambda line: None
) -> Examined:
    """The proof, the comparison with the running release, and what stored submissions would be told."""
    trees = json.loads(text)
    progress("Proving")
    found: Examined = {"proof": _proof(proved(text)), "comparison": None}
    if running is not None and releases.sha256(text) != running.sha256:
        progress(f"Comparing with {running}")
        found["comparison"] = _comparison(trees, running)
    progress("Telling the stored submissions again")
    found["replay"] = _replay(load(trees))
    return found


def _proof(report: Report) -> Examined:
    return {
        "answer_sets": f"{report.answer_sets:,}",
        "properties": [[each.name, each.says, each.facts] for each in report.properties],
        "screens": [report.lengths.shortest, report.lengths.longest] if report.lengths else [],
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
                "example": list(words.answers(change.example, new, old)),
            }
            for change in compared.changes
        ],
        "left_out": list(compared.left_out),
        "wording": [change for language in new.languages for change in _wording(trees, running, language)],
    }


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
    for _session, old, new in told_otherwise(content):
        submissions += 1
        if new:
            changes[words.outcome(content, old.outcome), words.outcome(content, new.outcome)] += 1
    return {
        "submissions": submissions,
        "differ": changes.total(),
        "changes": [[before, after, number] for (before, after), number in changes.most_common()],
    }
