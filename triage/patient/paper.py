"""The result as a PDF, made on the server from the frozen record: tagged, with alternative texts, in type that old eyes
read. It is stored nowhere."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from triage.store.typesetting import pdf
from triage.store.words import result_context
from triage.templatetags.footpath import each_once, sources_of
from triage.templatetags.pictures import Picture, maps, spots

DRAWING = re.compile(r"(<svg.*?</svg>)(?:</div><b>(.*?)</b>)?", re.DOTALL)  # and from where it is seen
NUMBERED = re.compile(r"<li>(.*?)</li>")
# The pages' stylesheets do not reach an image: what a printer can show of them.
INK = """<style>
.skin, .body { fill: #f6ece0; stroke: #555; stroke-width: 2 }
.fine, .fold, .lead { fill: none; stroke: #555; stroke-width: 2 }
.edge { fill: #fff; stroke: #555; stroke-width: 2 }
.on, .spot { fill: #e08a62; stroke: #333; stroke-width: 2 }
.spine * { fill: #fff; stroke: #555; stroke-width: 2 }
.way path { fill: none; stroke: #b8430f; stroke-width: 6 }
.number circle, .from { fill: #fff; stroke: #000; stroke-width: 2 }
.number text { font-size: 17px; text-anchor: middle }
</style>"""
FIRST, NEXT = 2, 2  # lines of what to say, as on the page
SAID = ("now", "pattern", "meanwhile", "tell", "watch", "safety-net", "learn", "about-foot", "limits")

Part = dict[str, Any]


def result_pdf(record: Mapping[str, Any]) -> bytes:
    with override(record["language"]):
        return pdf("result.typ", _told(result_context(record)))


def _told(context: dict[str, Any]) -> dict[str, Any]:
    record, result, parts = context["record"], context["result"], context["result"]["sections"]
    urgent = result["urgency"] == "emergency"
    said = [_texts(parts, "say")[:FIRST], _texts(parts, "say-also")[:NEXT]]
    return {
        "title": f"{_('Your result')}: {result['names']['patient']['urgency']}",
        "language": record["language"],
        "clinic": context["clinic"]["name"],
        "foot": f"{record['reference']} · {record['submitted_at']:%Y-%m-%d}",
        "urgency": result["names"]["patient"]["urgency"],
        "now": _texts(parts, "now"),
        "reasons": [reason["patient"]["text"] for reason in result["why_urgent"] if urgent],
        "say": {
            "title": _("What to say"),
            "lines": [f"{_('My short code is')} {record['reference']}", *filter(None, map(" ".join, said))],
        },
        "parts": [part for part in _parts(context) if any(part.get(key) for key in part.keys() - {"title"})],
    }


def _parts(context: dict[str, Any]) -> Iterator[Part]:
    result, parts = context["result"], context["result"]["sections"]
    yield {
        "title": result["names"]["patient"]["origin"],
        "sentences": [
            *_texts(parts, "pattern"),
            *_texts(parts, "limits")[:1],
            result["why_origin"]["patient"]["text"],
        ],
    }
    for key in ("meanwhile", "tell", "watch", "safety-net"):
        yield _part(parts, key)
    yield {
        "title": _("All your answers"),
        "answers": list(_answers(result)),
    }
    marked = maps(result["lines"])
    yield {"title": _("The places you marked"), "drawings": [list(_map(one)) for one in marked]}
    if parts["learn"]["sentences"]:
        yield _part(parts, "learn") | _nerve(context)
    yield _part(parts, "about-foot")
    yield _part(parts, "limits")
    named = [parts[key] for key in SAID if key in parts]
    sources = each_once(sources_of(result["citations"], named, result["why_urgent"], result["why_origin"]))
    yield {
        "title": _("Sources for this page"),
        "text": " · ".join(f"{each.citation['title']}, {each.citation['locator']}" for each in sources),
    }


def _answers(result: Mapping[str, Any]) -> Iterator[Part]:
    for line in result["lines"]:
        yield {"question": line["question"], "answer": line["answer"]}
    if note := result.get("note"):
        yield {"question": f"{_('Your note for the clinic')}:", "answer": note}


def _part(parts: Mapping[str, Any], key: str) -> Part:
    return {"title": parts.get(key, {}).get("title", ""), "sentences": _texts(parts, key)}


def _texts(parts: Mapping[str, Any], key: str) -> list[str]:
    """The sentences of a section; older records lack some."""
    return [sentence["text"] for sentence in parts.get(key, {}).get("sentences", ())]


def _map(picture: Picture) -> Iterable[Part]:
    drawn = render_to_string(picture.template, {"picture": picture})
    return _drawings(drawn, f"{picture.caption}: {picture.answer}", mirrored=picture.mirrored)


def _nerve(context: dict[str, Any]) -> Part:
    """The drawing, and what its numbers mean."""
    figure = render_to_string("parts/nerve.html", context)
    alt = _("The way of the nerve, from the low back to the foot")
    return {
        "drawings": [list(_drawings(figure, alt, tall=True))],
        "numbered": [html.unescape(name) for name in NUMBERED.findall(figure)],
        "text": _("The spots are where you said it hurts.") if spots(context["result"]["lines"]) else "",
    }


def _drawings(figure: str, alt: str, mirrored: bool = False, tall: bool = False) -> Iterator[Part]:
    for svg, seen in DRAWING.findall(figure):
        drawn = svg.replace(">", f">{INK}", 1).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
        yield {"svg": drawn, "alt": alt, "seen": html.unescape(seen), "mirrored": mirrored, "tall": tall}
