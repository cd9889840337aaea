"""docs/buttons.md is held to the templates: every button and link that a patient can press, and no other."""

import re

import pytest
from django.conf import settings

from tests.patient.test_keeping import LEADING_AWAY

TEMPLATES = settings.BASE_DIR / "templates"
DOC = (settings.BASE_DIR / "docs" / "buttons.md").read_text(encoding="utf-8")
CONTROL = re.compile(r"<(a|button)\b([^>]*)>(.*?)</\1>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
HIDDEN = re.compile(r'<span class="vh">.*?</span>', re.DOTALL)
SAID = re.compile(
    r"{% translate [\"'](.*?)[\"'] %}|{% blocktranslate.*?%}(.*?){% endblocktranslate %}|({{.*?}})|([^{}]+)"
)
NO_WORDS = "(hidden, pressed by Enter)"


def words(inside):
    """What is first said on it, as the template has it."""
    found = SAID.search(
        re.sub(
            r"{% (?!translate|blocktranslate|endblock).*?%}", "", TAG.sub("", HIDDEN.sub("", inside)).strip()
        )
    )
    return next(filter(None, found.groups())).strip() if found else NO_WORDS


def controls():
    """Each as its template and its words."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = path.relative_to(TEMPLATES)
        if name.parts[0] not in ("admin", "registration"):
            for _kind, attributes, inside in CONTROL.findall(path.read_text(encoding="utf-8")):
                if words(inside) or attributes:
                    yield str(name), words(inside)


def listed(text=DOC):
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    assert all(all(cells) and len(cells) == 4 for cells in rows)
    return {(template.strip("`"), said): keeps for template, said, _does, keeps in rows}


def test_every_button_is_in_the_list_and_no_other():
    there = set(controls())
    assert there - listed().keys() == set()
    assert listed().keys() - there == set()


def test_one_that_is_missing_would_be_told(monkeypatch, tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<button form="page">{% translate "A new one" %}</button>', encoding="utf-8")
    monkeypatch.setattr("tests.patient.test_buttons.TEMPLATES", tmp_path)
    assert set(controls()) - listed().keys() == {("page.html", "A new one")}


@pytest.mark.parametrize("said", [each for each in LEADING_AWAY if each not in ("The clinic", "Español")])
def test_what_leads_away_from_a_question_page_is_said_to_keep_and_is_tried(said):
    """The tests of keeping press each of them; the two others have names that are not the template's."""
    keeps = {
        keep for (template, words), keep in listed().items() if words == said and template != "under_16.html"
    }
    assert "kept" in keeps
