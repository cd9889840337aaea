"""YAML 1.2 from a file that anybody may have written: a plain tree, or a sentence that says what to mend.

Whatever the file holds, reading it ends soon: its size, depth and number of values have a bound, and nothing in it
stands for more than is written.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from triage.domain.loading.files import MOST_BYTES, MOST_BYTES_TOGETHER, MOST_DEPTH, MOST_VALUES
from triage.domain.loading.tree import Fault

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
CANNOT_BE_READ = (
    YAMLError,
    ValueError,
)  # what the functions here raise; ValueError also for text that is not UTF-8


class Unreadable(ValueError):
    """A file that is not even looked into; the message says why and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(problem)


class PlainComposer(Composer):
    """Takes what a clinician writes, and nothing that makes much out of little: an alias counts as all it means."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.values = 0
        self.size_of: dict[str, int] = {}  # by anchor; 0 while it is still open

    def compose_document(self) -> Any:
        event = self.parser.peek_event()
        if event.version or event.tags:
            raise ComposerError(problem="a directive (%)", problem_mark=event.start_mark)
        return super().compose_document()

    def compose_node(self, parent: Any, index: Any) -> Any:
        event, before = self.parser.peek_event(), self.values
        if isinstance(event, AliasEvent):
            self.values += self.size_of.get(event.anchor, 1)
            self._refuse(event, self.size_of.get(event.anchor) == 0, "an anchor that holds itself")
            self._refuse(event, self.values > MOST_VALUES, f"more than {MOST_VALUES:,} values")
            return super().compose_node(parent, index)
        self.values += 1
        self._refuse(event, event.ctag is not None, "a tag (!)")
        self._refuse(event, event.anchor in self.size_of, "an anchor that is named twice")
        self._refuse(event, self.depth >= MOST_DEPTH, f"more than {MOST_DEPTH} levels, one in another")
        self._refuse(event, self.values > MOST_VALUES, f"more than {MOST_VALUES:,} values")
        if event.anchor is None:
            return super().compose_node(parent, index)
        self.size_of[event.anchor] = 0
        node = super().compose_node(parent, index)
        self.size_of[event.anchor] = self.values - before
        return node

    def _refuse(self, event: Any, met: bool, problem: str) -> None:
        if met:
            raise ComposerError(problem=problem, problem_mark=event.start_mark)


class PlainConstructor(SafeConstructor):
    """A date is a text, as in YAML 1.2."""


PlainConstructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def tree_of(text: str) -> object:
    # The pure-Python reader follows YAML 1.2, where a bare `no` is the word, not a boolean.
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer, yaml.Constructor = PlainComposer, PlainConstructor
    return yaml.load(text)


def text_of(path: Path, most: int) -> str:
    if not path.is_file():  # a directory, a pipe that never ends
        raise Unreadable("is no file", "Put a file there, or take it away")
    try:
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", "Let the program read it") from None
    if len(raw) > most:
        raise Unreadable(
            f"is too large: {MOST_BYTES:,} bytes are the most, {MOST_BYTES_TOGETHER:,} of all files together",
            "Take out what is not needed",
        )
    text = raw.decode("utf-8")
    for number, line in enumerate(text.split("\n"), start=1):
        if found := CONTROL.search(line):
            raise Unreadable(
                f"line {number} holds a control sign (U+{ord(found.group()):04X})", "Type it anew"
            )
    return text


def told(name: str, error: Exception) -> Fault:
    """The fault of the file, in words for whoever wrote it."""
    if isinstance(error, Unreadable):
        return Fault(name, "the whole file", error.problem, error.remedy)
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error).split("\n", 1)[0]
    return Fault(
        name, f"line {mark.line + 1}" if mark else "the whole file", f"not plain YAML: {problem}", "Mend it"
    )
