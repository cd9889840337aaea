"""Taking in what was filled in elsewhere: it is started, answered and handed in like any other, all at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from triage.actions.access import note_access
from triage.actions.sessions import record_answers, start_session
from triage.actions.submissions import Source, submit
from triage.domain.walk import Answers
from triage.models import AccessEntry, ApiToken, TakenIn, TriageSession
from triage.store import releases, visit
from triage.store.codes import known_secrets


class SentOtherwise(Exception):
    """What was sent before under the same identifier had other answers."""


class PublishedMeanwhile(Exception):
    """These are answers to a release that is no longer published."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A questionnaire that was filled in elsewhere, its answers checked as a form is."""

    release: str  # by its hash
    answers: Answers
    language: str
    authored: str
    demo: bool
    identifier: str  # what it is known by there

    @property
    def told(self) -> str:
        """What was read, by which the same is known again."""
        return releases.canonical([self.release, self.answers, self.language, self.demo])


def _hashes(text: str) -> list[str]:
    """By each SECRET_KEY, the newest first: a plain hash of what one can guess would say that it was so."""
    return [
        salted_hmac("triage.taken-in", text, secret=secret, algorithm="sha256").hexdigest()
        for secret in known_secrets()
    ]


def take_in(filled: Filled, token: ApiToken, now: datetime) -> tuple[TriageSession, bool]:
    """The session it stands as, and whether it is new. What is sent again, or by several at once, makes one.

    Raises SentOtherwise, PublishedMeanwhile.
    """
    if known := _known(filled, token, now):
        return known, False
    try:
        return _taken(filled, token, now), True
    except IntegrityError:  # another was quicker
        known = _known(filled, token, now)
        if known is None:
            raise
        return known, False


def _known(filled: Filled, token: ApiToken, now: datetime) -> TriageSession | None:
    rows = TakenIn.objects.select_related("session__release")
    taken = rows.filter(identifier__in=_hashes(filled.identifier)).first()
    if taken is None:
        return None
    if taken.answers not in _hashes(filled.told):
        raise SentOtherwise
    note_access(AccessEntry.What.VIEW, str(token), now, taken.session.reference, "sent again")
    return taken.session


@transaction.atomic
def _taken(filled: Filled, token: ApiToken, now: datetime) -> TriageSession:
    session, key = start_session(filled.language, now, demo=filled.demo)
    if session.release.sha256 != filled.release:
        raise PublishedMeanwhile
    # Before anything that others wait for, so that of several at once all but one wait here.
    TakenIn.objects.create(
        session=session,
        token=token,
        identifier=_hashes(filled.identifier)[0],
        answers=_hashes(filled.told)[0],
    )
    begun = visit.find(key, session.language)
    assert begun is not None
    record_answers(begun, filled.answers, now)
    answered = visit.find(key, session.language)
    assert answered is not None
    submit(answered, now, source=Source(program=token.name, authored=filled.authored))
    note_access(AccessEntry.What.CHANGE, str(token), now, session.reference, "taken in")
    return TriageSession.objects.select_related("release").get(pk=session.pk)
