"""The HTML of every patient's page has no fault: read strictly, and looked at for what a parser takes in silence."""

import re

import html5lib
import pytest

from tests.patient.test_every_page import LANGUAGES, states
from tests.patient.test_printed import QUICK
from tests.visitor import publish

pytestmark = pytest.mark.django_db

PHRASES_ALONE = {
    "p",
    "span",
    "button",
    "label",
    "summary",
    "legend",
    "b",
    "strong",
    "sup",
    "h1",
    "h2",
    "h3",
    "dt",
}
BLOCKS = {
    "address",
    "article",
    "aside",
    "blockquote",
    "details",
    "div",
    "dl",
    "fieldset",
    "figure",
    "footer",
    "form",
}
BLOCKS |= {"header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "ul"}
CHILDREN = {
    "ul": {"li"},
    "ol": {"li"},
    "dl": {"div", "dt", "dd"},
    "html": {"head", "body"},
}
ONE_OF = {"main", "h1", "title"}
PRESSED = {"a", "button", "input", "textarea", "select", "summary"}


def faults(html):
    """What the W3C's checker would fault, as far as our pages come near it."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root = parser.parse(html)
    yield from (f"parsed with {name} at {place}" for place, name, _about in parser.errors)
    ids = [each.get("id") for each in root.iter() if each.get("id") is not None]
    yield from (f"the id {id!r} twice" for id in set(ids) if ids.count(id) > 1)
    for name in ONE_OF:
        if len([*root.iter(name)]) != 1:
            yield f"not one {name}"
    if len([each for each in root.iter() if each.get("autofocus") is not None]) > 1:
        yield "the focus twice"
    for each in root.iter():
        yield from _element(each, root, set(ids))


def _element(each, root, ids):
    inside = [part.tag for part in each.iter() if part is not each and isinstance(part.tag, str)]
    if each.tag in PHRASES_ALONE and (found := BLOCKS.intersection(inside)):
        yield f"{min(found)} in {each.tag}"
    children = [part.tag for part in each if isinstance(part.tag, str)]
    if each.tag in CHILDREN and (found := {*children} - CHILDREN[each.tag] - {"script", "template"}):
        yield f"{min(found)} right in {each.tag}"
    if each.tag in ("details", "fieldset") and children[:1] != [
        {"details": "summary"}.get(each.tag, "legend")
    ]:
        yield f"{each.tag} does not begin with its name"
    if each.tag in ("a", "button", "label") and {*inside} & PRESSED:
        yield f"one control in another: {each.tag}"
    if each.tag == "img" and each.get("alt") is None:
        yield "img without alt"
    for name in ("aria-describedby", "aria-labelledby", "for", "form"):
        if name == "for" and each.tag != "label":
            continue
        yield from (f"{name} leads nowhere: {id}" for id in (each.get(name) or "").split() if id not in ids)
    for name in ("href", "src", "action", "formaction"):
        if re.search(r"\s", each.get(name) or ""):
            yield f"a space in {name}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_a_fault(language, proof):
    publish()
    found, seen = {}, 0
    for name, state, answered in states(language, QUICK):
        seen += 1
        if wrong := sorted({*faults(answered.content.decode())}):
            found[f"{name} {state}"] = wrong
    proof.counted(pages=seen, faults=len(found))
    assert found == {}


GOOD = (
    "<!doctype html><html lang=en><head><title>t</title></head><body><main><h1>x</h1>{}</main></body></html>"
)


def test_a_page_without_one_has_none():
    assert [*faults(GOOD.format("<form id=f><button form=f>y</button></form>"))] == []


@pytest.mark.parametrize(
    "spoilt",
    [
        "<p><div>x</div></p>",
        "<span><p>x</p></span>",
        "<button><div>x</div></button>",
        "<ul><p>x</p></ul>",
        "<details>x</details>",
        "<b id=a></b><b id=a></b>",
        "<h1>again</h1>",
        "<label><button>x</button></label>",
        '<p aria-describedby="gone">x</p>',
        "<button form=gone>x</button>",
        "<img src=x>",
        "<i autofocus></i><i autofocus></i>",
        "<a href='data:x y'>x</a>",
        "<div",
    ],
)
def test_each_kind_of_fault_is_found(spoilt):
    assert [*faults(GOOD.format(spoilt))]
