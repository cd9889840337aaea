"""Reading cases.yaml: people others have written about, and what a clinician would accept that they are told."""

from __future__ import annotations

from triage.domain.content import ORIGINS, URGENCIES, Content, PublishedCase
from triage.domain.loading.tree import Node, note_repeats
from triage.domain.loading.vignettes import checked_answers

FIELDS = (
    *("id", "title", "url", "summary", "answers", "diagnosis", "ground"),
    *("acceptable-origins", "best-origin", "acceptable-urgencies", "best-urgency"),
)


def read_published_cases(node: Node, content: Content) -> tuple[PublishedCase, ...]:
    rows = node.fields(("cases",))["cases"]
    cases = tuple(_case(row, content) for row in rows.rows())
    note_repeats(((case.id, rows) for case in cases), "case id")
    return cases


def _case(node: Node, content: Content) -> PublishedCase:
    fields = node.fields(FIELDS, ("assumed", "known-miss"))
    origins, best_origin = _accepted(fields["acceptable-origins"], fields["best-origin"], ORIGINS)
    urgencies, best_urgency = _accepted(fields["acceptable-urgencies"], fields["best-urgency"], URGENCIES)
    return PublishedCase(
        id=fields["id"].text(),
        title=fields["title"].text(),
        url=fields["url"].text(),
        summary=fields["summary"].text(),
        assumed=fields["assumed"].text(),
        answers=checked_answers(fields["answers"], content),
        diagnosis=fields["diagnosis"].text(),
        ground=fields["ground"].text(),
        acceptable_origins=origins,
        best_origin=best_origin,
        acceptable_urgencies=urgencies,
        best_urgency=best_urgency,
        known_miss=fields["known-miss"].text(),
    )


def _accepted(
    acceptable: Node, best: Node, allowed: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is accepted, and the best of it: each at least one value."""
    accepted, wanted = acceptable.some_of(allowed), best.some_of(allowed)
    for node, values in ((acceptable, accepted), (best, wanted)):
        if node.given and not values:
            node.fault("names nothing", "Name at least one value")
    if not set(wanted) <= set(accepted):
        best.fault("is not among what is accepted", "Accept what is best")
    return accepted, wanted
