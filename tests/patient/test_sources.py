"""The Sources page: what rests on each passage and document, counted from the content, and who has checked it."""

import copy
import re
from html import unescape

import pytest

from tests.browser import axe_finds
from tests.shipped import shipped_content
from tests.visitor import publish, shipped_trees
from triage.domain.citation.ledger import entries
from triage.domain.citation.resting import resting_on
from triage.domain.content import SIGNS
from triage.domain.wording import filled, phrases
from triage.models import Clinic

pytestmark = pytest.mark.alike("the page is made of the content")

ALL_SET = Clinic(phone="555 0100", hours="8 to 5", advice_line="555 0199").as_settings()
CONTENT = shipped_content()
NOT_YET = "No clinician has checked it for these questions yet."


def parts(page):
    """Each source's part of the page as read, by its id."""
    found = re.split(r'<section[^>]* id="([\w.-]+)"', page.content.decode())
    return {
        id: " ".join(unescape(re.sub(r"<[^>]+>", " ", f"<{html}")).split())
        for id, html in zip(found[1::2], found[2::2], strict=True)
    }


def test_a_passage_lists_what_cites_any_of_its_claims():
    resting = resting_on(CONTENT, {"P3.c", "P3.d"}, ALL_SET)
    r6 = next(rule for rule in CONTENT.origin_rules if rule.id == "R6")
    assert [rule.gives for rule in resting.rules if rule.says == r6.patient.text] == [
        "Fits a foot-related pattern"
    ]
    assert CONTENT.sign_texts["LP-NONE"].patient in resting.signs
    assert CONTENT.items["leg-pain"].text in resting.questions
    assert CONTENT.items["duration"].text not in resting.questions
    assert resting.for_staff


def test_nothing_that_cites_a_source_is_left_out():
    """Counted another way: each text of the ledger that cites a source stands there, where all are shown."""
    staff = [section for section in CONTENT.sections.values() if section.reader == "staff"]
    aside = {row.key for section in staff for row in section.rows}
    aside |= {row.key for section in CONTENT.sections.values() for row in section.rows if row.unless_set}
    words = {**ALL_SET, **phrases(CONTENT), SIGNS: "…"}
    for id in (*CONTENT.claims, *CONTENT.guidance):
        resting = resting_on(CONTENT, {id}, ALL_SET)
        there = {
            *resting.signs,
            *resting.questions,
            *resting.sentences,
            *(rule.says for rule in resting.rules),
        }
        cited = {
            filled(entry.sentence.text, words)
            for entry in entries(CONTENT)
            if entry.reader == "patient" and id in entry.sentence.basis
            and entry.key.split(".")[0] not in ("claim", "guidance") and not entry.key.endswith((".unsure", ".name"))
            if entry.says != "words" or entry.key.endswith(".text")
            if entry.key.removeprefix("row.") not in aside
        }  # fmt: skip
        assert there == cited, id
        assert there or resting.for_staff, id


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "rules"), [("en", "Rules"), ("es", "Reglas")])
def test_each_source_says_what_rests_on_it(client, language, rules):
    publish()
    shown = parts(client.get("/sources/", headers={"accept-language": language}))
    content = shipped_content(language)
    assert shown.keys() == {*content.passages, *content.guidance}
    r6 = next(rule for rule in content.origin_rules if rule.id == "R6")
    assert f"{r6.patient.text} → {content.outcomes['origin']['foot'].patient}" in shown["P3"]
    for id, words in shown.items():
        claims = {claim.id for claim in content.passages[id].claims} if id in content.passages else {id}
        resting = resting_on(content, claims, ALL_SET)
        assert f"({resting.count})" in words
        if resting.rules:
            assert f"{rules} ({len(resting.rules)})" in words
    assert "(1)" in shown["albert-2019"]  # only the clinic reads what rests on it


@pytest.mark.django_db
def test_a_source_says_whether_a_clinician_has_checked_it(client):
    trees = copy.deepcopy(dict(shipped_trees()))
    trees["sources"]["guidance"][0]["checked"] = "2026-11-20"
    publish(trees)
    shown = parts(client.get("/sources/"))
    first, *others = CONTENT.guidance
    assert "A clinician last checked it on: 2026-11-20." in shown[first]
    assert all(NOT_YET in shown[id] for id in others)
    assert all(NOT_YET not in shown[id] for id in (first, *CONTENT.passages))


@pytest.mark.looks
@pytest.mark.parametrize("language", ["en-US", "es-US"])
def test_the_page_is_readable_on_a_small_phone_with_everything_opened(page, transactional_db, language):
    publish()
    page.set_viewport_size({"width": 320, "height": 640})
    page.set_extra_http_headers({"Accept-Language": language})
    page.goto("/sources/")
    assert page.locator("html").get_attribute("lang") == language.partition("-")[0]
    page.locator("details").evaluate_all("all => { for (const each of all) each.open = true }")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe_finds(page) == []
