"""The chain of the access log: each entry's hash holds the hash before it, so no entry goes or changes unseen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from triage.models import AccessChain, AccessEntry
from triage.store import chains
from triage.store.releases import canonical, sha256


def link(previous: str, entry: AccessEntry) -> str:
    """The hash of an entry that follows the one with the hash `previous`."""
    fields = (
        entry.number,
        entry.at.astimezone(UTC).isoformat(),
        entry.who,
        entry.what,
        entry.about,
        entry.detail,
    )
    return sha256(canonical([previous, *fields]))


def faults() -> Iterator[str]:
    """Every place where the log is not what was written."""
    number, previous = 0, ""
    for entry in AccessEntry.objects.order_by("number").iterator(chunk_size=2000):
        if entry.number != number + 1:
            yield f"entries {number + 1} to {entry.number - 1} are missing"
        if entry.sha256 != link(previous, entry):
            yield f"entry {entry.number} is not as it was written, or the one before it"
        number, previous = entry.number, entry.sha256
    end = chains.head_of(AccessChain)
    if (end.number, end.sha256) != (number, previous):
        yield f"the log ends at entry {number}, but {end.number} were written"
    if end.number and (fault := chains.seal_fault(end.seal, chains.seal_of_head(end))):
        yield f"the end of the log {fault}"
