"""The chain of the access log: each entry's hash holds the hash before it, so no entry goes or changes unseen.

What an entry is about is not hashed itself, but a commitment to it: the hash of it and of random salt. A purge takes
both away, and the chain holds. What stays is a keyed pseudonym: with SECRET_KEY and a reference one finds its entries.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC

from django.db.models import Min, Q
from django.utils.crypto import salted_hmac

from triage.models import AccessChain, AccessEntry, TriageSession
from triage.store import chains
from triage.store.codes import known_secrets
from triage.store.releases import canonical, sha256

MARK_SIGNS = 16


def link(previous: str, entry: AccessEntry) -> str:
    """The hash of an entry that follows the one with the hash `previous`."""
    # Before there were commitments, what it is about itself.
    about = (entry.mark, entry.commitment) if entry.commitment else (entry.about,)
    fields = (entry.number, entry.at.astimezone(UTC).isoformat(), entry.who, entry.what, *about, entry.detail)
    return sha256(canonical([previous, *fields]))


def commit(entry: AccessEntry) -> None:
    """Tie what it is about to the chain."""
    entry.salt = secrets.token_hex(16) if entry.about else ""
    entry.commitment = commitment(entry)
    entry.mark = pseudonyms(entry.about)[0] if entry.about else ""


def commitment(entry: AccessEntry) -> str:
    return sha256(canonical([entry.salt, entry.about]))


def pseudonyms(about: str) -> list[str]:
    """By each SECRET_KEY, the newest first."""
    return [
        salted_hmac("triage.about", about, secret=secret, algorithm="sha256").hexdigest()[:MARK_SIGNS]
        for secret in known_secrets()
    ]


def about_any(texts: Iterable[str]) -> Q:
    """The entries about one of these, also where that has left the log."""
    texts = list(texts)
    return Q(about__in=texts) | Q(mark__in=[mark for text in texts for mark in pseudonyms(text)])


def faults() -> Iterator[str]:
    """Every place where the log is not what was written."""
    number, previous = 0, ""
    about = _AboutCheck()
    for entry in AccessEntry.objects.order_by("number").iterator(chunk_size=2000):
        if entry.number != number + 1:
            yield f"entries {number + 1} to {entry.number - 1} are missing"
        if entry.sha256 != link(previous, entry) and not about.left_an_old_entry(entry):
            yield f"entry {entry.number} is not as it was written, or the one before it"
        if not about.holds(entry):
            yield f"entry {entry.number}: what it is about is not what was written"
        number, previous = entry.number, entry.sha256
    end = chains.head_of(AccessChain)
    if (end.number, end.sha256) != (number, previous):
        yield f"the log ends at entry {number}, but {end.number} were written"
    if end.number and (fault := chains.seal_fault(end.seal, chains.seal_of_head(end))):
        yield f"the end of the log {fault}"


class _AboutCheck:
    """Whether what an entry is about is what was written, or left the log with its submission."""

    def __init__(self) -> None:
        committed = AccessEntry.objects.exclude(commitment="").aggregate(first=Min("number"))["first"]
        self.first_committed: int | None = committed
        references = TriageSession.objects.values_list("reference", flat=True)
        self.kept = {mark for text in references.iterator(chunk_size=2000) for mark in pseudonyms(text)}

    def holds(self, entry: AccessEntry) -> bool:
        if entry.mark and not entry.about:
            return entry.mark not in self.kept
        return not entry.commitment or entry.commitment == commitment(entry)

    def left_an_old_entry(self, entry: AccessEntry) -> bool:
        """Of one from before there were commitments, the hash cannot be worked out once its reference has gone."""
        old = self.first_committed is None or entry.number < self.first_committed
        return old and not entry.commitment and bool(entry.mark) and not entry.about
