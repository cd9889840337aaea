"""The questionnaire as one picture: an SVG drawn from the content, screen by screen, top to bottom.

It works inside a page with a strict content policy (attributes only, no style and no script) and takes its ink from
the text around it, so it is right on light and dark pages and on paper. It shows what `words.screens` lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

from triage.domain.content import Content
from triage.domain.words import Exit, Question, ScreenWords, screens

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"
INK, PAPER = "#2c2420", "#fffdf9"  # of a picture that stands alone, in a file
# Lines only, never text: each is told apart on white and on near-black alike (3 to 1 or better).
SOMETIMES, URGENT = "#1f8a83", "#d8453d"

WIDTH, MARGIN = 900, 24
CARD_X, CARD_WIDTH = 96, 460
EXIT_X, EXIT_WIDTH = 620, WIDTH - 620 - MARGIN
SPINE_X, BYPASS_X = CARD_X + 34, 36  # the way down, and the way around a screen that is not asked
TEXT_X = CARD_X + 68  # of what stands in a card, right of its number
PAD, GAP = 18, 44
BETWEEN = 12  # two questions of a card
FORK, JOIN = 26, 12  # below a card: where the way around the next screen begins, and where one ends
TITLE, BODY, SMALL = 19, 16, 14  # sizes of letters
LINE = 1.32  # from one line to the next, in sizes

# How wide letters are, in sizes: a little more than in any usual font, so that no line runs out of its box.
NARROW, WIDE, USUAL, CAPITAL, BOLDER = 0.36, 0.95, 0.6, 0.74, 1.12


class Markup(str):
    """A text that is markup already, every text in it escaped: a template takes it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def draw(content: Content, *, alone: bool = False) -> Markup:
    """The picture, for the inside of a page; `alone`: for a file, with its own ink and paper."""
    listed = screens(content)
    picture = _Picture()
    picture.legend()
    picture.end("Start")
    for screen in listed:
        picture.screen(screen)
    picture.end("Result", last=True)
    return Markup(_svg(content, len(listed), picture, alone))


def _svg(content: Content, count: int, picture: _Picture, alone: bool) -> str:
    height = round(max(picture.y, picture.exits_y) + MARGIN)
    about = (
        f"{count} screens from top to bottom with their questions. Beside them the answers that lead out of the "
        "questions, and above a screen or question that is asked only sometimes, when it is asked."
    )
    color = f' color="{INK}"' if alone else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="questionnaire" role="img" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" aria-labelledby="questionnaire-title questionnaire-desc" '
        f'font-family="{FONT}" font-size="{BODY}" fill="currentColor"{color}>'
    )
    return "\n".join(
        (
            head,
            f'<title id="questionnaire-title">{escape(content.title)}, version {escape(content.version)}</title>',
            f'<desc id="questionnaire-desc">{escape(about)}</desc>',
            *((f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',) if alone else ()),
            *picture.drawn,
            "</svg>\n",
        )
    )


# Text


def width(text: str, size: float) -> float:
    """About how wide the text is; never less than it is in a usual font."""
    return size * sum(
        NARROW if letter in " .,:;'’!|()[]ijltfr-“”"
        else WIDE if letter in "mwMW@%…—" or ord(letter) > 0x2E7F
        else CAPITAL if letter.isupper()
        else USUAL
        for letter in text
    )  # fmt: skip


def wrap(text: str, room: float, size: float) -> list[str]:
    """The text in lines that fit; a word that is longer than a line is broken."""
    lines = [""]
    for word in text.split():
        for piece in _pieces(word, room, size):
            longer = f"{lines[-1]} {piece}".strip()
            if width(longer, size) <= room:
                lines[-1] = longer
            else:
                lines.append(piece)
    return lines if lines[0] else lines[1:]


def _pieces(word: str, room: float, size: float) -> Iterable[str]:
    piece = ""
    for letter in word:
        if width(piece + letter, size) > room:
            yield piece
            piece = ""
        piece += letter
    yield piece


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph before it has a place."""

    text: str
    size: int = BODY
    bold: bool = False
    italic: bool = False
    before: int = 0  # room above it
    mark: str = ""  # beside its first line: a key of MARKS

    def lines(self, room: float) -> list[str]:
        return wrap(self.text, room, self.size * (BOLDER if self.bold else 1))

    @property
    def look(self) -> str:
        """Its attributes."""
        bold = ' font-weight="700"' if self.bold else ""
        italic = ' font-style="italic"' if self.italic else ""
        return f'font-size="{self.size}"{bold}{italic}'


MARKS = {  # around the middle of a line
    "one": '<circle r="6" fill="none" stroke="currentColor" stroke-width="2"/>',
    "many": '<rect x="-6" y="-6" width="12" height="12" rx="3" fill="none" stroke="currentColor" stroke-width="2"/>',
    "scale": '<path d="M-8 0h16M-7-4v8M0-4v8M7-4v8" fill="none" stroke="currentColor" stroke-width="2"/>',
    "text": '<path d="M-7-4h14M-7 0h14M-7 4h9" stroke="currentColor" stroke-width="2"/>',
    "dot": '<circle r="2.5"/>',
}


def tall(texts: Iterable[Text], room: float) -> float:
    return sum(text.before + len(text.lines(room)) * text.size * LINE for text in texts)


def paragraphs(question: Question) -> list[Text]:
    when = [Text(f"Only if {question.when}", SMALL, italic=True)] if question.when else []
    return [*when, Text(question.label, BODY, bold=True, mark=question.kind), Text(question.text)]


# Drawing


@dataclass
class _Picture:
    """What is drawn so far, and how far down: `y` on the way of the screens, `exits_y` beside it."""

    drawn: list[str] = field(default_factory=list)
    y: float = MARGIN
    exits_y: float = MARGIN

    def legend(self) -> None:
        """What the marks of the questions mean."""
        kinds = (
            ("one", "one answer"),
            ("many", "any number of answers"),
            ("scale", "one number of a row"),
            ("text", "free text"),
        )
        says = [Text(words, SMALL, before=4, mark=kind) for kind, words in kinds]
        self.exits_y = self.write(says, EXIT_X + PAD + 16, MARGIN, EXIT_WIDTH, marks=20) + PAD

    def end(self, says: str, *, last: bool = False) -> None:
        """The round box at either end of the way."""
        if last:
            self.way_in("")
        wide = width(says, TITLE * BOLDER) + 2 * PAD
        self.box(CARD_X, self.y, wide, 42, radius=21)
        self.write([Text(says, TITLE, bold=True)], CARD_X + PAD, self.y + 8, wide)
        self.y += 42

    def screen(self, screen: ScreenWords) -> None:
        """A card: number, title, questions; its way in, its ways out, and the way around it."""
        before = self.y
        self.way_in(screen.when)
        top, room = self.y, CARD_X + CARD_WIDTH - PAD - TEXT_X
        title = [Text(screen.title, TITLE, bold=True)]
        questions = [paragraphs(each) for each in screen.questions]
        height = 2 * PAD + tall(title, room) + sum(BETWEEN + tall(texts, room) for texts in questions)
        self.box(CARD_X, top, CARD_WIDTH, height, SOMETIMES if screen.when else "")
        self.number(screen.number, top + PAD + 12)
        y = self.write(title, TEXT_X, top + PAD, room)
        for question, texts in zip(screen.questions, questions, strict=True):
            start = y + BETWEEN
            y = self.write(texts, TEXT_X, start, room, marks=TEXT_X - SPINE_X)
            if question.when:
                self.line(f"M{TEXT_X - 12} {start:.0f}V{y:.0f}", SOMETIMES, dashed=True)
        self.y = top + height
        for leaving in screen.exits:
            self.exit(leaving, top + PAD + 12)
        if screen.when:
            self.way_around(before + FORK, self.y + JOIN)

    def way_in(self, when: str) -> None:
        """The edge from above, with its condition."""
        top, room = self.y, CARD_X + CARD_WIDTH - SPINE_X - 20
        texts = [Text(f"Only if {when}", SMALL, italic=True)] if when else []
        self.y += GAP + (tall(texts, room) + FORK if when else 0)
        self.write(texts, SPINE_X + 20, top + FORK + 16, room)
        self.line(f"M{SPINE_X} {top:.0f}V{self.y - 2:.0f}", arrow="m-6-9 6 9 6-9")

    def way_around(self, fork: float, joined: float) -> None:
        """The edge past a screen, for all who do not meet its condition."""
        self.line(
            f"M{SPINE_X} {fork:.0f}H{BYPASS_X + 14}q-14 0-14 14V{joined - 14:.0f}q0 14 14 14H{SPINE_X}",
            SOMETIMES,
            dashed=True,
        )
        self.drawn.append(f'<path d="M{SPINE_X} {fork - 9:.0f}l9 9-9 9-9-9z" fill="{SOMETIMES}"/>')
        self.write([Text("otherwise", SMALL, italic=True)], BYPASS_X + 6, fork + 6, 90)

    def exit(self, leaving: Exit, from_y: float) -> None:
        """A way out: from the screen's side to a box with the answers that lead there."""
        color = URGENT if leaving.urgent else ""
        x, room = EXIT_X + PAD + 16, EXIT_WIDTH - 2 * PAD - 16
        title = [Text(leaving.title, BODY, bold=True)]
        texts = [Text(answer, SMALL, before=7, mark="dot") for answer in leaving.answers]
        top = max(from_y - PAD - 12, self.exits_y)
        height = tall(title, room + 16) + tall(texts, room) + 2 * PAD
        self.box(EXIT_X, top, EXIT_WIDTH, height, color)
        y = self.write(title, x - 16, top + PAD, room + 16)
        self.write(texts, x, y, room, marks=11)
        to_y = top + PAD + 12
        bend = "" if to_y == from_y else f"H{(CARD_X + CARD_WIDTH + EXIT_X) // 2}V{to_y:.0f}"
        self.line(f"M{CARD_X + CARD_WIDTH} {from_y:.0f}{bend}H{EXIT_X - 2}", color, arrow="m-9-6 9 6-9 6")
        self.exits_y = top + height + PAD

    # Strokes

    def write(self, texts: Iterable[Text], x: float, y: float, room: float, *, marks: float = 0) -> float:
        """Paragraph under paragraph; gives the place below the last."""
        for text in texts:
            y += text.before
            if text.mark:
                middle = y + text.size * LINE / 2
                self.drawn.append(
                    f'<g transform="translate({x - marks:.0f} {middle:.0f})">{MARKS[text.mark]}</g>'
                )
            lines = text.lines(room)
            spans = " ".join(
                f'<tspan x="{x:.0f}" y="{y + text.size * (LINE * number + 1.02):.0f}">{escape(line)}</tspan>'
                for number, line in enumerate(lines)
            )
            self.drawn.append(f"<text {text.look}>{spans}</text>")
            y += len(lines) * text.size * LINE
        return y

    def box(self, x: float, y: float, wide: float, high: float, color: str = "", *, radius: int = 12) -> None:
        self.drawn.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" height="{high:.0f}" rx="{radius}" '
            f'fill="currentColor" fill-opacity=".04" stroke="{color or "currentColor"}" stroke-width="2"/>'
        )

    def line(self, path: str, color: str = "", *, dashed: bool = False, arrow: str = "") -> None:
        dashes = ' stroke-dasharray="6 5"' if dashed else ""
        self.drawn.append(
            f'<path d="{path}{arrow}" fill="none" stroke="{color or "currentColor"}" stroke-width="2" '
            f'stroke-linejoin="round"{dashes}/>'
        )

    def number(self, number: int, y: float) -> None:
        self.drawn.append(
            f'<circle cx="{SPINE_X}" cy="{y:.0f}" r="16" fill="none" stroke="currentColor" stroke-width="2"/>'
            f'<text x="{SPINE_X}" y="{y + 6:.0f}" text-anchor="middle" font-weight="700">{number}</text>'
        )
