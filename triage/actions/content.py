"""Publishing content: on the server, or by two people; and attaching the passages it cites."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from triage.actions.access import note_access
from triage.actions.accounts import MANAGERS
from triage.actions.reviews import ChangedMeanwhile
from triage.domain.examples import misses
from triage.domain.loading import ContentError, Fault, Trees, check, load, unreadable
from triage.models import (
    AccessEntry,
    AttachedPassage,
    Release,
    ReleaseStep,
    TriageSession,
)
from triage.store import examination, releases
from triage.store.records import told_otherwise
from triage.store.snapshot import one_moment

State, Alone = Release.State, ReleaseStep.Alone


class NotProved(ValueError):
    """The content reads well, but a property that must hold for every answer set does not."""

    def __init__(self, broken: tuple[str, ...]) -> None:
        self.broken = broken
        super().__init__("Not proved, so not published:\n" + "\n".join(broken))


class Contradicted(ValueError):
    """The content decides some of its own examples otherwise than they say, and nobody has confirmed each of these."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"The content contradicts its own examples: {', '.join(self.names)}")


class NotTicked(ValueError):
    """Lines of the comparison that whoever publishes has not ticked: what is less urgent than before."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__(f"Not ticked: {'; '.join(self.lines)}")


class NeedsNote(ValueError):
    """Stored submissions would now be told something else; a manager has to say why."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"{count} stored submissions would be told something else by this content")


class NeedsTwoPeople(ValueError):
    """Whoever loaded a release does not publish it; and on the server alone nobody publishes over another."""


def publish(trees: Trees, now: datetime, *, note: str = "", by: str = "") -> tuple[Release, bool]:
    """On the server: make these trees the published release. The same trees again change nothing: returns
    (release, changed).

    `note` says why stored submissions may now be told something else, `by` is the user name of the manager who
    says so; both are kept with the release.

    Raises ContentError when the trees have a fault, NotProved when a safety property does not hold for every
    answer set, Contradicted when a vignette or a published case is not decided as it says, NeedsTwoPeople where a
    release is published already and it takes two people to change it, NeedsNote when stored submissions would be
    told something else and no manager has said why. None of these ever reaches patients.
    """
    text = releases.canonical(trees)
    release = Release.objects.filter(sha256=releases.sha256(text)).first()
    if release and release.state == State.PUBLISHED:
        return release, False
    if settings.TWO_PEOPLE_PUBLISH and _something_runs():
        raise NeedsTwoPeople
    _refuse_unsound(text, now, release)
    _refuse_contradicted(text)
    signed = bool(note) and is_manager(by)
    if not signed and (count := _told_otherwise(trees)):
        raise NeedsNote(count)
    step = ReleaseStep(at=now, alone=Alone.SERVER)
    if signed:
        step.by, step.note = by, note
    release = release or _new(text, now)
    _make_current(release, step)  # apart, since proving takes seconds in which patients go on writing
    return release, True


def load_draft(
    trees: Trees, by: str, now: datetime, progress: Callable[[str], None] = lambda line: None
) -> Release:
    """Bring content into the admin, with all that can be found out about it, for a second person to publish.

    What was published before stays retired, and is examined anew. Raises ContentError, NotProved.
    """
    text = releases.canonical(trees)
    release = Release.objects.filter(sha256=releases.sha256(text)).first()
    if release and release.state == State.PUBLISHED:
        return release
    progress("Checking and proving")
    _refuse_unsound(text, now, release)
    running = Release.objects.filter(state=State.PUBLISHED).first()
    examined = examination.examine(text, running, progress)
    release = release or _new(text, now)
    release.examined = examined
    with transaction.atomic():
        if release.published_at is None:
            release.state, release.loaded_by = State.DRAFT, by
            release.save()
            _add(ReleaseStep(release=release, state=State.DRAFT, at=now, by=by), "loaded as a draft")
        release.save()
    return release


def keep_examined(release: Release, examined: examination.Examined) -> None:
    """Keep with a release what was found out about it."""
    release.examined = examined
    release.save(update_fields=["examined"])


def publish_release(
    release: Release,
    by: str,
    note: str,
    running: str,
    now: datetime,
    confirmed: Iterable[str] = (),
    ticked: Iterable[str] = (),
) -> None:
    """Make a draft, or a release that was published before, the one that patients get from now on.

    `running` is the hash of the release that its reader saw it compared with. `confirmed` names the examples of which
    they say that what the draft tells them is right, `ticked` the lines of the comparison they have read that make
    somebody less urgent; both are kept with the note. Raises ContentError, NotProved (this program may be newer than
    the draft), Contradicted where an example of a draft is not confirmed, NotTicked for such a line, NeedsTwoPeople,
    and ChangedMeanwhile when another release was published since.

    What was published before is held to the rules of its day, so that there is always a way back.
    """
    if releases.sha256(release.content) != release.sha256:
        raise ContentError([Fault(str(release), "content", "was altered in the database", "Load it again")])
    again = release.published_at is not None
    _refuse_unsound(release.content, now, release)
    alone = Alone.AGAIN if again else "" if settings.TWO_PEOPLE_PUBLISH else Alone.SETTING
    if not alone and by == release.loaded_by:
        raise NeedsTwoPeople
    comparison = (release.examined or {}).get("comparison")
    if not again and comparison and comparison["with"] != running:
        raise ChangedMeanwhile
    if not again and comparison and (lines := _refuse_unticked(comparison, ticked)):
        note = f"{note}\nTicked, since it is less urgent than before or not compared: {'; '.join(lines)}."
    if not again and (missed := _refuse_contradicted(release.content, confirmed)):
        note = f"{note}\nConfirmed though their examples say otherwise: {', '.join(missed)}."
    step = ReleaseStep(at=now, by=by, loaded_by=release.loaded_by, alone=alone, note=note)
    _make_current(release, step, running)


@transaction.atomic
def retire_draft(release: Release, by: str, note: str, now: datetime) -> None:
    """Put a draft aside, unpublished. Raises ChangedMeanwhile when it is no draft any more."""
    if not Release.objects.filter(pk=release.pk, state=State.DRAFT).update(state=State.RETIRED):
        raise ChangedMeanwhile
    _add(ReleaseStep(release=release, state=State.RETIRED, at=now, by=by, note=note), "draft retired")


def is_manager(name: str) -> bool:
    return User.objects.filter(username=name, groups__name=MANAGERS, is_active=True).exists()


def _something_runs() -> bool:
    """Whether a release is published that this program can read; with any other nobody could start."""
    running = Release.objects.filter(state=State.PUBLISHED).first()
    return running is not None and not unreadable(json.loads(running.content))


def _new(text: str, now: datetime) -> Release:
    return Release(sha256=releases.sha256(text), version=_version(text), content=text, created_at=now)


@transaction.atomic
def _make_current(release: Release, step: ReleaseStep, running: str | None = None) -> None:
    """Retire what is published and publish this in its place; `running`: only if that is what is published."""
    current = Release.objects.select_for_update().filter(state=State.PUBLISHED).first()
    if running is not None and running != (current.sha256 if current else ""):
        raise ChangedMeanwhile
    if current:
        Release.objects.filter(pk=current.pk).update(state=State.RETIRED)
        _add(ReleaseStep(release=current, state=State.RETIRED, at=step.at, by=step.by), "retired")
    release.state, release.published_at = State.PUBLISHED, step.at
    release.save()
    step.release, step.state = release, State.PUBLISHED
    _add(step, f"published instead of {current}" if current else "published")


def _add(step: ReleaseStep, what: str) -> None:
    step.save(force_insert=True)
    if step.by:
        note_access(AccessEntry.What.CHANGE, step.by, step.at, f"release {step.release}", what)


def _refuse_unsound(text: str, now: datetime, release: Release | None) -> None:
    """Raise where the content has a fault for which it is not published today, or breaks a property.

    What was published before is held to the rules of its day: it must be readable, and what was proved then must hold.
    """
    again = release if release and release.published_at else None
    if faults := _faults(text, "" if again else timezone.localdate(now).isoformat()):
        raise ContentError(list(faults))
    broken = examination.broken_properties(text)
    if again:
        then = {name for name, *_ in ((again.examined or {}).get("proof") or {}).get("properties", ())}
        broken = tuple(line for line in broken if line.split(":")[0] in then)
    if broken:
        raise NotProved(broken)


def _refuse_contradicted(text: str, confirmed: Iterable[str] = ()) -> tuple[str, ...]:
    """The examples that are not decided as they say; raises Contradicted unless each is confirmed."""
    missed = _missed(text)
    if unconfirmed := set(missed) - set(confirmed):
        raise Contradicted(name for name in missed if name in unconfirmed)
    return missed


def _refuse_unticked(comparison: examination.Examined, ticked: Iterable[str]) -> list[str]:
    """The lines to tick; raises NotTicked unless each is."""
    lines = examination.to_tick(comparison)
    if left := set(lines) - set(ticked):
        raise NotTicked(line for line in lines if line in left)
    return lines


def _told_otherwise(trees: Trees) -> int:
    """How many stored submissions this content would tell something else."""
    if not TriageSession.objects.exclude(record_number=None).exists():
        return 0
    with one_moment():
        return sum(1 for *_told, new in told_otherwise(load(trees)) if new)


@lru_cache(maxsize=4)
def _faults(text: str, today: str) -> tuple[Fault, ...]:
    trees = json.loads(text)
    return tuple(check(trees, today) if today else unreadable(trees))


@lru_cache(maxsize=4)
def _missed(text: str) -> tuple[str, ...]:
    return tuple(miss.name for miss in misses(load(json.loads(text))))


@lru_cache(maxsize=4)
def _version(text: str) -> str:
    return load(json.loads(text)).version


@transaction.atomic
def attach_passages(texts: Iterable[str], now: datetime) -> None:
    """Keep the exact texts of passages, each under its hash, so that citations can show them."""
    for text in texts:
        AttachedPassage.objects.update_or_create(
            sha256=releases.sha256(text), defaults={"text": text, "attached_at": now}
        )
