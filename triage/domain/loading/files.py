"""What a content file may hold: plain values that JSON keeps as they are, few enough to be read in no time.

A file that passes can be walked, hashed and stored without a thought for its size or for what stands in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from triage.domain.loading.tree import Node

# Many times what the shipped content needs; all of it is read and checked within seconds.
MOST_FILES = 40
MOST_BYTES = 500_000  # of one file
MOST_BYTES_TOGETHER = 2_000_000
MOST_DEPTH = 40
MOST_VALUES = 30_000  # of one file: texts, numbers, lists and mappings
LARGEST = 10**15  # every reader of JSON keeps a whole number up to here


def note_plain(file: Node) -> None:
    """Fault whatever JSON would lose or not take. After a fault of this kind, nothing else can be looked at."""
    seen = 0
    waiting = [(file, 1)]
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            file.fault(f"holds more than {MOST_VALUES:,} values", "Take out what is not needed")
            return
        if depth > MOST_DEPTH:
            node.fault(f"lies more than {MOST_DEPTH} levels deep", "Write it less nested")
        elif isinstance(node.value, dict):
            _note_keys(node)
            waiting += [(child, depth + 1) for child in node.mapping().values()]
        elif isinstance(node.value, list):
            waiting += [(child, depth + 1) for child in node.rows()]
        else:
            _note_value(node)


def strings(node: Node) -> Iterator[Node]:
    """Every text in the file, whatever it is for, with its place."""
    if isinstance(node.value, str):
        yield node
    children = node.mapping().values() if isinstance(node.value, dict) else ()
    for child in node.rows() if isinstance(node.value, list) else children:
        yield from strings(child)


def note_repeats(node: Node) -> None:
    """Fault a member that stands in its list twice: one of the two was meant to be another."""
    if isinstance(node.value, dict):
        for child in node.mapping().values():
            note_repeats(child)
    seen: set[str] = set()
    for child in node.rows() if isinstance(node.value, list) else ():
        written = repr(child.value)
        if written in seen:
            child.fault("stands twice in its list", "Remove one, or name what was meant")
        seen.add(written)
        note_repeats(child)


def _note_keys(node: Node) -> None:
    assert isinstance(node.value, dict)
    for key in node.value:
        if not isinstance(key, str):
            node.fault(f"the key {key!r} is not a text", "Write it in quotes")
        elif not _can_be_stored(key):
            node.fault(f"the key {key!r} holds a sign that is no text", "Type it anew")


def _note_value(node: Node) -> None:
    match node.value:
        case str() if not _can_be_stored(node.value):
            node.fault("holds a sign that is no text (half a pair, or NUL)", "Type it anew")
        case float() if not math.isfinite(node.value):
            node.fault("is no number that can be counted with", "Write a plain number")
        case int() if abs(node.value) > LARGEST:
            node.fault("is too large a number", "Write a smaller one")
        case str() | bool() | int() | float() | None:
            pass
        case _:
            node.fault(
                f"is neither a text nor a number but a {type(node.value).__name__}", "Write it in quotes"
            )


def _can_be_stored(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in text
