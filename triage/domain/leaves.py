"""Everything that a content says, as single values by their place: what no comparison of two can overlook."""

from __future__ import annotations

from collections.abc import Iterator

NAMES = ("id", "key", "code", "item", "name")  # by which a row of a list is known, wherever it stands


def leaves(tree: object) -> dict[str, str]:
    """Each value by its place. A list of words is one value."""
    return dict(_leaves(tree, ()))


def _leaves(tree: object, place: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from _leaves(value, (*place, str(name)))
    elif isinstance(tree, list) and any(isinstance(row, dict | list) for row in tree):
        for number, row in enumerate(tree, start=1):
            yield from _leaves(row, (*place, _name(row) or str(number)))
    else:
        yield " › ".join(place), ", ".join(map(_text, tree)) if isinstance(tree, list) else _text(tree)


def _name(row: object) -> str:
    if not isinstance(row, dict):
        return ""
    return next((str(row[name]) for name in NAMES if isinstance(row.get(name), str)), "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
