"""Drawings beside questions (templates/pictures/), and the places in them that a person marked."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django import template
from django.forms import BoundField
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from triage.domain.content import MAPS, Item
from triage.domain.logic import AnyOf

register = template.Library()

PLACE = re.compile(r"{% place \"([^\"]+)\" %}")
LINES = 3  # of a place's name, at most
LINE_HEIGHT = 15


@dataclass(frozen=True)
class Picture:
    """A drawing for one item. `names` are written on its places where there is room; `marked` ones are filled."""

    item: str
    name: str
    mirrored: bool = False
    mirror_when: AnyOf | None = None
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


@register.filter
def picture_of(field: BoundField) -> Picture | None:
    """The drawing beside this question, if it has one."""
    form: Any = field.form
    item: Item | None = next((item for item in getattr(form, "items", ()) if item.key == field.name), None)
    if item is None or not item.picture:
        return None
    names = {option.code: option.text for option in item.options}
    return Picture(item.key, item.picture, item.mirrored(form.walked.facts), item.mirror_when, names)


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
        marked = (
            places(line["picture"]).intersection(line["given"]) if line["picture"] in MAPS else frozenset()
        )
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


@cache
def places(name: str) -> frozenset[str]:
    """The codes of the places that this drawing shows."""
    return frozenset(PLACE.findall(Engine.get_default().get_template(f"pictures/{name}.html").source))


@register.simple_tag
def drawing(picture: Picture) -> SafeString:
    """A drawing with its marked places filled. Without them it is the same for everybody, and made once."""
    html = _unmarked(picture.item, picture.name, get_language())
    for code in picture.marked:
        html = SafeString(html.replace(place(code), place(code) + ' class="on"'))
    return html


@cache
def _unmarked(item: str, name: str, language: str | None) -> SafeString:
    picture = Picture(item, name)
    return render_to_string(picture.template, {"picture": picture})


# Inside a drawing


@register.simple_block_tag(takes_context=True)
def view(context: Context, content: SafeString, name: str, seen_from: str, box: str = "") -> SafeString:
    """One side of the body with its places. `box` cuts a part out of it."""
    about = {"view": name, "places": content, "seen_from": seen_from, "box": box}
    return render_to_string(f"pictures/views/{name}.html", {"picture": context["picture"], **about})


@register.simple_tag
def place(code: str) -> SafeString:
    """What makes a shape a place of the body: the code of the option it stands for."""
    return format_html('data-place="{}"', code)


@register.simple_tag(takes_context=True)
def name_of(context: Context, code: str, x: int, y: int, letters: int) -> SafeString:
    """The name of a place around (x, y), in lines of so many letters; nothing where there is no room for it."""
    words = (context["picture"].names or {}).get(code, "").partition(" (")[0]
    lines = textwrap.wrap(words, letters, break_long_words=False)
    if not words or len(lines) > LINES or max(map(len, lines)) > letters:
        return SafeString("")
    top = y - LINE_HEIGHT * (len(lines) - 1) // 2
    rows = ((x, top + LINE_HEIGHT * number, line) for number, line in enumerate(lines))
    return format_html("<text>{}</text>", format_html_join("", '<tspan x="{}" y="{}">{}</tspan>', rows))
