"""Publishing content, and attaching the passages it cites."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.contrib.auth.models import User
from django.db import transaction

from triage import releases
from triage.actions.accounts import MANAGERS
from triage.domain.loading import ContentError, Fault, Trees, check, load
from triage.domain.proof.prove import prove
from triage.models import (
    AttachedPassage,
    Release,
    TriageSession,
)
from triage.records import told_otherwise


class NotProved(ValueError):
    """The content reads well, but a property that must hold for every answer set does not."""

    def __init__(self, broken: tuple[str, ...]) -> None:
        self.broken = broken
        super().__init__("Not proved, so not published:\n" + "\n".join(broken))


class NeedsNote(ValueError):
    """Stored submissions would now be told something else; a manager has to say why."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"{count} stored submissions would be told something else by this content")


def publish(trees: Trees, now: datetime, *, note: str = "", by: str = "") -> tuple[Release, bool]:
    """Make these trees the published release. The same trees again change nothing: returns (release, changed).

    `note` says why stored submissions may now be told something else, `by` is the user name of the manager who
    says so; both are kept with the release.

    Raises ContentError when the trees have a fault, NotProved when a safety property does not hold for every
    answer set, NeedsNote when stored submissions would be told something else and no manager has said why. None
    of these ever reaches patients.
    """
    text = releases.canonical(trees)
    sha256 = releases.sha256(text)
    release = Release.objects.filter(sha256=sha256).first()
    if release and release.state == Release.State.PUBLISHED:
        return release, False
    if faults := _faults(text):
        raise ContentError(list(faults))
    if broken := _broken_properties(text):
        raise NotProved(broken)
    signed = bool(note) and User.objects.filter(username=by, groups__name=MANAGERS, is_active=True).exists()
    if not signed and (count := _told_otherwise(trees)):
        raise NeedsNote(count)
    release = release or Release(sha256=sha256, version=load(trees).version, content=text, created_at=now)
    release.note, release.noted_by = (note, by) if signed else ("", "")
    _make_current(release, now)  # apart, since proving takes seconds in which patients go on writing
    return release, True


@transaction.atomic
def _make_current(release: Release, now: datetime) -> None:
    Release.objects.filter(state=Release.State.PUBLISHED).update(state=Release.State.RETIRED)
    release.state = Release.State.PUBLISHED
    release.published_at = now
    release.save()


def _told_otherwise(trees: Trees) -> int:
    """How many stored submissions this content would tell something else."""
    if not TriageSession.objects.exclude(record_number=None).exists():
        return 0
    return sum(1 for *_told, new in told_otherwise(load(trees)) if new)


@lru_cache(maxsize=4)
def _faults(text: str) -> tuple[Fault, ...]:
    return tuple(check(json.loads(text)))


@lru_cache(maxsize=4)
def _broken_properties(text: str) -> tuple[str, ...]:
    """The properties that this content breaks, each with answers that show it."""
    broken = prove(load(json.loads(text))).broken
    return tuple(
        f"{name}: {fault.what}: {' / '.join(json.dumps(answers) for answers in fault.examples)}"
        for name, fault in broken
    )


@transaction.atomic
def attach_passages(texts: Iterable[str], now: datetime) -> None:
    """Keep the exact texts of passages, each under its hash, so that citations can show them."""
    for text in texts:
        AttachedPassage.objects.update_or_create(
            sha256=releases.sha256(text), defaults={"text": text, "attached_at": now}
        )
