"""Reading a plain tree (mappings, lists, texts) while noting every fault in it, instead of stopping at the first."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Iterable
from dataclasses import dataclass

KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
DAY = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])-([0-9]{2})\Z")
MOST_SHOWN = 1000  # letters of a file that a message repeats


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something wrong in the content: where, what, and what to do about it."""

    file: str
    place: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return ": ".join(map(_printable, (self.file, self.place, f"{self.problem}. {self.remedy}.")))


class ContentError(ValueError):
    """The content cannot be used; `faults` names everything that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(
            f"{len(faults)} faults in the content:\n" + "\n".join(str(fault) for fault in faults)
        )


ABSENT = object()


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a content file, with its place, able to note faults about itself.

    A value that is not given reads as empty, without a fault of its own: `fields` has noted it if it is required.
    """

    file: str
    place: str
    value: object
    faults: list[Fault]

    @property
    def given(self) -> bool:
        return self.value is not ABSENT

    def fault(self, problem: str, remedy: str) -> None:
        self.faults.append(Fault(self.file, self.place or "the whole file", problem, remedy))

    def _fault_if_given(self, problem: str, remedy: str) -> None:
        if self.given:
            self.fault(problem, remedy)

    def at(self, place: str) -> Node:
        """A place in the same file, to note a fault there."""
        return Node(self.file, place, ABSENT, self.faults)

    def _child(self, name: str, value: object) -> Node:
        return Node(self.file, f"{self.place} › {name}" if self.place else name, value, self.faults)

    def fields(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Node]:
        """The fields of a mapping that exactly these keys may stand in."""
        given = self.mapping()
        allowed = {*required, *optional}
        for name in given:
            if name not in allowed:
                self.fault(f"unknown key {name!r}", f"Use one of: {', '.join(sorted(allowed))}")
        if self.given:
            for name in sorted(set(required) - given.keys()):
                self.fault(f"the key {name!r} is missing", "Add it")
        return {name: given.get(name) or self._child(name, ABSENT) for name in sorted(allowed)}

    def mapping(self) -> dict[str, Node]:
        """The fields of a mapping with free keys."""
        if not isinstance(self.value, dict):
            self._fault_if_given("should be a mapping", "Write it as `key: value` lines")
            return {}
        return {str(key): self._child(str(key), value) for key, value in self.value.items()}

    def rows(self) -> list[Node]:
        """The members of a list, each named by its key, id or code where it has one."""
        if not isinstance(self.value, list):
            self._fault_if_given("should be a list", "Write each member on a line that begins with a dash")
            return []
        return [self._child(_name(row, number), row) for number, row in enumerate(self.value, start=1)]

    def text(self) -> str:
        """A non-empty line of text."""
        if not isinstance(self.value, str) or not self.value.strip():
            self._fault_if_given("should be a text", "Write some words, in quotes if need be")
            return ""
        return " ".join(self.value.split())

    def day(self) -> str:
        """A date, as 2026-11-22."""
        day = self.text()
        if day and not is_day(day):
            self.fault(f"{day!r} is not a date", 'Write it as "2026-11-22", in quotes')
        return day

    def key(self) -> str:
        """A name that other places refer to."""
        key = self.text()
        if key and not KEY.match(key):
            self.fault(f"{key!r} is not a good key", "Use small letters, digits and single dashes")
        return key

    def texts(self) -> tuple[str, ...]:
        return tuple(row.text() for row in self.rows())

    def one_of(self, allowed: tuple[str, ...]) -> str:
        text = self.text()
        if text and text not in allowed:
            self.fault(f"{text!r} is not known here", f"Use one of: {', '.join(allowed)}")
        return text

    def some_of(self, allowed: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(row.one_of(allowed) for row in self.rows())

    def yes_or_no(self) -> bool:
        if not isinstance(self.value, bool):
            self._fault_if_given("should be true or false", "Write true or false")
        return self.value is True

    def whole_number(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 1:
            self._fault_if_given("should be a whole number above 0", "Write a number such as 2")
            return 0
        return self.value

    def number(self) -> float:
        """A number that is not below 0."""
        value = self.value
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
            self._fault_if_given("should be a number, 0 or more", "Write a number such as 2 or 0.5")
            return 0.0
        return float(value)


def is_day(text: str) -> bool:
    """Whether it is written as a day of the calendar."""
    found = DAY.match(text)
    if not found:
        return False
    year, month, day = map(int, found.groups())
    return year > 0 and 1 <= day <= monthrange(year, month)[1]


def _printable(text: str) -> str:
    """For any terminal: no sign of a file does more than stand there, and none fills the screen."""
    shown = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in shown)


def _name(row: object, number: int) -> str:
    if isinstance(row, dict):
        for key in ("key", "id", "code"):
            if isinstance(row.get(key), str):
                return str(row[key])
    return str(number)


def note_repeats(nodes: Iterable[tuple[str, Node]], what: str) -> None:
    """Fault every name that was used before."""
    seen: set[str] = set()
    for name, node in nodes:
        if name in seen:
            node.fault(f"the {what} {name!r} is used twice", f"Give each {what} a name of its own")
        seen.add(name)
