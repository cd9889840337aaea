"""Pictures of counts: bars within a table, and a column for each day. Geometry alone; the templates draw it as SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

FEW = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """A count as a page may tell it. `size` is how long its bar is."""

    size: int
    few: bool = False
    words: str = ""

    def __str__(self) -> str:
        return self.words or (f"fewer than {FEW}" if self.few else f"{self.size:,}")


Telling = Callable[[int], Figure]


def exact(count: int) -> Figure:
    return Figure(count)


def rounded(count: int) -> Figure:
    """To the nearest five, and a small one not at all: neither it nor a difference of two points to a person."""
    return Figure(FEW - 1, few=True) if 0 < count < FEW else Figure(FEW * round(count / FEW))


def share(part: Figure, whole: Figure) -> Figure:
    """In percent, of two counts that may be told."""
    if whole.few:
        return Figure(0, words=f"{whole} in all")
    percent = round(100 * part.size / whole.size) if whole.size else 0
    return Figure(percent, part.few, f"{part} of {whole}" if part.few else f"{percent}% ({part} of {whole})")


@dataclass(frozen=True, slots=True)
class Bar:
    figure: Figure
    length: float  # of 100


@dataclass(frozen=True, slots=True)
class Bars:
    """A table whose cells have bars: for eyes and for readers at once."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Bar]]]

    @property
    def empty(self) -> bool:
        return not any(bar.figure.size for _name, bars in self.rows for bar in bars)


def bars(
    title: str,
    about: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Figure]]],
    whole: int = 0,
) -> Bars:
    """A bar of `whole` fills its cell; else the longest does."""
    longest = whole or max((figure.size for _name, figures in rows for figure in figures), default=0) or 1
    drawn = [
        (name, [Bar(figure, round(100 * figure.size / longest, 1)) for figure in figures])
        for name, figures in rows
    ]
    return Bars(title, about, columns, drawn)


# Columns: one for each day, its parts upon each other

HEIGHT, STEP, LEFT, TOP, BOTTOM = 200, 24, 40, 10, 24
LINES = 4  # across, at most


@dataclass(frozen=True, slots=True)
class Part:
    level: int
    few: bool
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """Across the picture, with the count that it stands for."""

    count: int
    y: float


@dataclass(frozen=True, slots=True)
class Columns:
    parts: Sequence[Part]
    lines: Sequence[Line]
    days: Sequence[tuple[int, str]]  # where a name stands, and the name
    width: int

    part_width = STEP - 6
    left, right_of_names = LEFT, LEFT - 6
    foot = TOP + HEIGHT
    height = TOP + HEIGHT + BOTTOM


def columns(days: Sequence[tuple[str, Sequence[tuple[int, Figure]]]]) -> Columns:
    """A day is its name and the levels of its figures, from the ground up."""
    highest = max((sum(figure.size for _level, figure in stack) for _day, stack in days), default=0)
    between = _between(highest)
    top = max(between, between * -(-highest // between))
    parts = []
    for place, (_day, stack) in enumerate(days):
        ground = 0
        for level, figure in stack:
            if figure.size:
                ground += figure.size
                y, height = _down(ground, top), HEIGHT * figure.size / top
                parts.append(Part(level, figure.few, LEFT + 3 + place * STEP, y, round(height, 1)))
    named = max(1, -(-len(days) // 16))
    return Columns(
        parts=parts,
        lines=[Line(count, _down(count, top)) for count in range(0, top + 1, between)],
        days=[
            (LEFT + STEP // 2 + place * STEP, day)
            for place, (day, _stack) in enumerate(days)
            if place % named == 0
        ],
        width=LEFT + len(days) * STEP + 20,
    )


def _down(count: int, top: int) -> float:
    return round(TOP + HEIGHT * (1 - count / top), 1)


def _between(highest: int) -> int:
    """A round number of counts between two lines."""
    sizes = (round_number * 10**power for power in range(9) for round_number in (1, 2, 5))
    return next(size for size in sizes if size * LINES >= highest)
