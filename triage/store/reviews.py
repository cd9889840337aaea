"""The reviews held against the access log, which has the hash of each: none is rewritten or taken out unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC

from triage.models import AccessEntry, Review, TriageSession
from triage.store.releases import canonical, sha256

HASH = re.compile(r"review ([0-9a-f]{64})\Z")


def review_sha256(review: Review, reference: str) -> str:
    """The hash of what a staff member noted, when, and of which submission."""
    return sha256(
        canonical(
            [
                reference,
                review.state,
                review.note,
                review.finding,
                review.root,
                review.urgency,
                review.reviewer_id,
                review.created_at.astimezone(UTC).isoformat(),
                *([review.outcome] if review.outcome else []),  # those before there were any have none
            ]
        )
    )


def logged(review: Review, reference: str, step: str) -> str:
    """What the access log says of a review."""
    return f"{step}; review {review_sha256(review, reference)}"


def faults() -> Iterator[str]:
    """Every review that is not as it was noted, and every submission whose state no review gave it."""
    noted = _noted()
    last: dict[str, int] = {}
    for review in Review.objects.select_related("session").order_by("pk").iterator(chunk_size=1000):
        reference = review.session.reference
        last[reference] = review.state
        if noted.pop(review_sha256(review, reference), None) is None and not _before_hashes(review):
            yield f"{reference}: a review of {review.created_at:%Y-%m-%d %H:%M} is not as it was noted"
    kept = set(
        TriageSession.objects.filter(reference__in=set(noted.values())).values_list("reference", flat=True)
    )
    yield from (f"{reference}: a review was taken out" for reference in sorted(set(noted.values()) & kept))
    stepped = TriageSession.objects.exclude(review_state=TriageSession.ReviewState.NEW)
    for reference, state in stepped.values_list("reference", "review_state").iterator(chunk_size=1000):
        if last.get(reference) != state:
            yield f"{reference}: no review gave it the state it has"


def _noted() -> dict[str, str]:
    """The hashes that the log has of reviews, each with the reference of its submission."""
    entries = AccessEntry.objects.filter(what=AccessEntry.What.CHANGE, detail__contains="; review ")
    found = {}
    for about, detail in entries.values_list("about", "detail").iterator(chunk_size=1000):
        if match := HASH.search(detail):
            found[match[1]] = about
    return found


def _before_hashes(review: Review) -> bool:
    """Noted before the log had hashes of reviews: of those nothing is known."""
    first = AccessEntry.objects.filter(detail__contains="; review ").order_by("number").first()
    return first is None or review.created_at < first.at
