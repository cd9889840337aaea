"""The rooms of the program, which of them may use which, and the picture of it: read from the code itself.

`python -m tests.house` draws docs/pictures/house.svg anew.
"""

import ast
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from triage.domain.drawing import FONT, INK, PAPER

ROOT = Path(__file__).resolve().parent.parent
TRIAGE = ROOT / "triage"
PICTURE = ROOT / "docs" / "pictures" / "house.svg"


class Room(NamedTuple):
    """What is in it, and where it stands in the picture: from which side to which, in hundredths."""

    about: str
    left: int
    right: int


# From the ground up: a room may use those on the floors below it, and none beside or above it.
FLOORS = [
    {"domain": Room("what is asked, decided and said; pure, no Django", 0, 100)},
    {"models": Room("what is stored", 25, 66)},
    {"store": Room("stored things read back", 8, 78)},
    {
        "server": Room("environment, headers", 0, 21),
        "actions": Room("the only one that writes", 25, 50),
        "exports": Room("CSV, JSON, FHIR", 54, 75),
        "templatetags": Room("marks, drawings", 79, 100),
    },
    {"forms": Room("what is sent, checked", 22, 60)},
    {
        "integration": Room("other systems", 0, 18),
        "patient": Room("the patient’s pages", 22, 41),
        "api": Room("other programs", 45, 60),
        "admin": Room("the clinic’s pages", 64, 88),
    },
    {
        "settings": Room("", 0, 12),
        "wsgi": Room("", 14, 23),
        "urls": Room("", 25, 46),
        "apps": Room("", 54, 64),
        "management": Room("commands", 68, 100),
    },
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
ROOMS = {name: room for rooms in FLOORS for name, room in rooms.items()}


# Reading the code


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "triage":
            yield from (f"triage.{name.name}" for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def room_of(name: str) -> str:
    """The room of a module of ours: `triage.store.visit` is in `store`; "" for any other."""
    return name.split(".")[1] if name.startswith("triage.") else ""


def arrows(package: Path = TRIAGE) -> Iterator[tuple[str, str, str]]:
    """Every import between two rooms: (from, to, the file)."""
    for path in sorted(package.rglob("*.py")):
        here = path.relative_to(package).parts[0].removesuffix(".py")
        if here == "migrations":
            continue
        for name in imports(path):
            there = room_of(name)
            if there in FLOOR and there != here:
                yield here, there, str(path.relative_to(package.parent))


def runs_up(here: str, there: str) -> bool:
    return FLOOR[here] <= FLOOR[there]


# Drawing it

WIDTH, MARGIN = 900, 24
BOX, GAP = 58, 44
NAME, SMALL = 17, 13

Arrow = tuple[str, str]


def needed(pairs: Iterable[Arrow]) -> list[Arrow]:
    """Without those for which there is a longer way: it is said once that `patient` stands on `domain`."""
    pairs = set(pairs)
    reached: dict[str, set[str]] = {}
    for room in sorted(FLOOR, key=FLOOR.__getitem__):
        direct = {there for here, there in pairs if here == room}
        reached[room] = direct.union(*(reached[there] for there in direct))
    return sorted(
        (here, there)
        for here, there in pairs
        if not any((here, other) in pairs and there in reached[other] for other in ROOMS)
    )


def draw(pairs: Iterable[Arrow]) -> str:
    drawn = needed(pairs)
    height = 2 * MARGIN + len(FLOORS) * BOX + (len(FLOORS) - 1) * GAP
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="{FONT}" fill="{INK}" text-anchor="middle">',
            "<title>The rooms of triage/, and which of them use which</title>",
            f"<desc>{escape('; '.join(f'{here} uses {there}' for here, there in drawn))}</desc>",
            f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',
            *(line for pair in drawn for line in _arrow(*pair)),
            *(line for name in ROOMS for line in _box(name)),
            "</svg>\n",
        )
    )


def _across(hundredths: float) -> float:
    return round(MARGIN + hundredths / 100 * (WIDTH - 2 * MARGIN), 1)


def _top(name: str) -> int:
    return MARGIN + (len(FLOORS) - 1 - FLOOR[name]) * (BOX + GAP)


def _box(name: str) -> Iterator[str]:
    room, top = ROOMS[name], _top(name)
    left, middle = _across(room.left), _across((room.left + room.right) / 2)
    yield (
        f'<rect x="{left}" y="{top}" width="{_across(room.right) - left:.1f}" height="{BOX}" rx="6" '
        f'fill="white" stroke="currentColor"/>'
    )
    down = 25 if room.about else 35
    yield f'<text x="{middle}" y="{top + down}" font-size="{NAME}" font-weight="bold">{name}</text>'
    if room.about:
        yield f'<text x="{middle}" y="{top + 45}" font-size="{SMALL}">{escape(room.about)}</text>'


def _arrow(here: str, there: str) -> Iterator[str]:
    begin, end = _ends(here, there)
    x, y = _across(end), _top(there)
    yield (
        f'<path d="M{_across(begin)} {_top(here) + BOX}L{x} {y - 7}" fill="none" stroke="currentColor" '
        f'stroke-width="1.5"/><path d="M{x} {y}l-4 -9h8z"/>'
    )


def _ends(here: str, there: str) -> tuple[float, float]:
    """Straight down where both stand above each other and nothing is in between; else to the nearest corner."""
    above, below = ROOMS[here], ROOMS[there]
    between = [ROOMS[name] for name in ROOMS if FLOOR[there] < FLOOR[name] < FLOOR[here]]
    free = [
        across
        for across in range(max(above.left, below.left) + 2, min(above.right, below.right) - 1)
        if not any(room.left - 2 <= across <= room.right + 2 for room in between)
    ]
    if free:
        return (middle := free[len(free) // 2]), middle
    if above.right < below.left:
        return above.right - 3, below.left + 3
    return above.left + 3, below.right - 3


def picture() -> str:
    return draw(arrow[:2] for arrow in arrows())


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
