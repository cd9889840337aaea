"""Submissions written one after the other: never more than one in memory, and never one that was altered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from triage.exports.public import Public, public
from triage.models import TriageSession
from triage.store.records import RecordAltered
from triage.store.snapshot import one_moment


@dataclass(frozen=True, slots=True)
class Format:
    """How submissions are written: the text before all, that of one, and that in place of one that is refused."""

    ending: str
    media_type: str
    head: str
    write: Callable[[Public], str]
    refuse: Callable[[str], str]  # by reference


class Export:
    """The texts of submissions, to be read once; then `count` and `refused` say how many, and which were altered.

    The place of an altered record says so in the file itself, so that nobody takes the rest for the whole.
    """

    def __init__(
        self,
        form: Format,
        sessions: Iterable[TriageSession],
        *,
        notes: bool,
        beside: Callable[[TriageSession], Public] | None = None,
    ) -> None:
        self.form, self.sessions, self.notes = form, sessions, notes
        self.beside = beside  # what goes along that is in no record
        self.count = 0
        self.refused: list[str] = []

    def __iter__(self) -> Iterator[str]:
        yield self.form.head
        with one_moment():
            for session in self.sessions:
                self.count += 1
                yield self._text(session)

    def _text(self, session: TriageSession) -> str:
        try:
            data = public(session, notes=self.notes)
            return self.form.write(data | self.beside(session) if self.beside else data)
        except RecordAltered:
            self.refused.append(session.reference)
            return self.form.refuse(session.reference)
