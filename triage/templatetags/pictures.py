"""Drawings beside questions (templates/pictures/), and the places in them that a person marked."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django import template
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from triage.domain.content import MAPS, Item
from triage.domain.logic import AnyOf, Facts

register = template.Library()

PLACE = re.compile(r"{% place \"([^\"]+)\" %}")
LINES = 4  # of a place's name, at most
LINE_HEIGHT = 15
MARKED = ' class="on"'
NAME = '<text data-place="'
# Answers that are no single place, and the places they take in; () for all that are drawn.
WIDE: dict[str, tuple[str, ...]] = {
    "all-over": (),
    "whole-leg": (),
    "both-feet-socks": ("top-or-big-toe", "sole-or-heel", "outer-edge", "toes", "between-toes"),
}

# Where the places of a map, and the back, are in the drawing of the nerve, which shows the leg from its outer side.
ON_THE_LEG: dict[str, dict[str, tuple[int, int]]] = {
    "back-pain": {"now": (102, 62)},
    "leg": {
        "buttock": (72, 150),
        "back-thigh": (94, 240),
        "outer-thigh": (134, 216),
        "front-thigh": (172, 210),
        "groin": (172, 136),
        "knee": (154, 308),
        "outer-calf": (132, 392),
        "back-calf": (94, 378),
        "shin": (150, 376),
        "inner-calf": (116, 420),
    },
    "foot": {
        "top": (190, 500),
        "big-toe": (240, 518),
        "other-toes": (222, 514),
        "ball": (204, 524),
        "sole": (156, 516),
        "under-heel": (114, 522),
        "back-of-heel": (98, 502),
        "outer-edge": (176, 516),
        "inner-side": (146, 502),
        "ankle": (124, 472),
    },
}


@dataclass(frozen=True)
class Picture:
    """A drawing for one item. `names` are written on its places where there is room; `marked` ones are filled."""

    item: str
    name: str
    mirrored: bool = False
    mirror_when: AnyOf | None = None
    side: str = ""
    names: Mapping[str, str] | None = None
    marked: frozenset[str] = frozenset()
    caption: str = ""
    answer: str = ""

    @property
    def is_map(self) -> bool:
        return self.name in MAPS

    @property
    def template(self) -> str:
        return f"pictures/{self.name}.html"

    @property
    def wide(self) -> tuple[str, Iterable[str]] | None:
        """The answer that takes in several places, and these."""
        found = (code for code in self.names or () if code in WIDE)
        return next(((code, taken_in(self.name, [code])) for code in found), None)


@register.filter
def picture_of(item: Item, facts: Facts) -> Picture | None:
    """The drawing beside this question, if it has one."""
    if not item.picture:
        return None
    names = {option.code: option.text for option in item.options}
    side = "".join(facts.get(item.mirror_when.item, ())) if item.mirror_when else ""
    return Picture(item.key, item.picture, item.mirrored(facts), item.mirror_when, side, names)


@register.filter
def has_map(form: Any) -> bool:
    return any(item.picture in MAPS for item in form.items)


@register.filter
def has_picture(form: Any) -> bool:
    return any(item.picture for item in form.items)


@register.filter
def maps(lines: Iterable[Mapping[str, Any]]) -> list[Picture]:
    """The drawings in which these answers of a record mark a place."""
    found = []
    for line in lines:
        marked = taken_in(line["picture"], line["given"]) if line["picture"] in MAPS else frozenset()
        if marked:
            found.append(
                Picture(
                    item=line["item"],
                    name=line["picture"],
                    mirrored=line["mirrored"],
                    marked=marked,
                    caption=line["label"],
                    answer=line["answer"],
                )
            )
    return found


@register.filter
def spots(lines: Iterable[Mapping[str, Any]] | None) -> list[tuple[int, int]]:
    """Where it hurts by these answers of a record, in the drawing of the nerve."""
    found: list[tuple[int, int]] = []
    for line in lines or ():
        drawn = ON_THE_LEG.get(line["picture"] or line["item"], {})
        found += (
            drawn.values() if WIDE.keys() & line["given"] else filter(None, map(drawn.get, line["given"]))
        )
    return found


@cache
def places(name: str) -> frozenset[str]:
    """The codes of the places that this drawing shows."""
    return frozenset(PLACE.findall(Engine.get_default().get_template(f"pictures/{name}.html").source))


def taken_in(name: str, given: Iterable[str]) -> frozenset[str]:
    """The places of this drawing that these answers mark."""
    drawn = places(name)
    return frozenset().union(
        drawn.intersection(given), *(WIDE[code] or drawn for code in given if code in WIDE)
    )


# Inside a drawing


@register.simple_block_tag(takes_context=True)
def view(context: Context, content: SafeString, name: str, seen_from: str, box: str) -> SafeString:
    """One side of the body with its places, and their names above its edge; `box` is the part that is shown.

    Places reach beyond the edge, which covers them there, so that a finger finds them. Where places were marked, they
    alone are drawn, and no side without any.
    """
    lines = content.splitlines()
    marked = context["picture"].marked
    shapes = [line for line in lines if line.startswith("<path") and (MARKED in line or not marked)]
    if marked and not shapes:
        return SafeString("")
    names = [line for line in lines if line.startswith(NAME)]
    about = {
        "view": name,
        "places": SafeString("\n".join(shapes)),
        "names": SafeString("\n".join(names)),
        "seen_from": seen_from,
        "box": box,
    }
    return render_to_string(f"pictures/views/{name}.html", {"picture": context["picture"], **about})


@register.simple_tag(takes_context=True)
def place(context: Context, code: str) -> SafeString:
    """What makes a shape a place of the body: the code of the option it stands for. A marked one is filled."""
    return SafeString(f'data-place="{code}"' + (MARKED if code in context["picture"].marked else ""))


@register.simple_tag(takes_context=True)
def name_of(context: Context, code: str, x: int, y: int, letters: int, lead: str = "") -> SafeString:
    """The name of a place around (x, y), in lines of so many letters; nothing where there is no room for it.

    `lead`: the line from it to its place.
    """
    words = (context["picture"].names or {}).get(code, "").partition(" (")[0]
    lines = textwrap.wrap(words, letters, break_long_words=False)
    if not words or len(lines) > LINES or max(map(len, lines)) > letters:
        return SafeString("")
    top = y - LINE_HEIGHT * (len(lines) - 1) // 2
    rows = ((x, top + LINE_HEIGHT * number, line) for number, line in enumerate(lines))
    spans = format_html_join("", '<tspan x="{}" y="{}">{}</tspan>', rows)
    line = format_html('<path class="lead" d="{}"/>', lead) if lead else ""
    return format_html(NAME + '{}">{}</text>{}', code, spans, line)
