"""The page of one submission: all of its record and nothing else."""

import copy
import json
import re
from html import unescape

import pytest
from django.test import Client

from tests.staff import (
    EMERGENCY,
    WORKLIST,
    given,
    sheet,
    staff,
    submitted,
    text,
)
from tests.visitor import BACK, FOOT_ONLY, NOW, publish, shipped_trees
from triage import actions
from triage.admin.sheet import sheet_of, type_size
from triage.models import TriageSession
from triage.store import visit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def test_the_sheet_shows_the_whole_of_the_record(reviewer):
    session = submitted(EMERGENCY)
    result = json.loads(session.record)["result"]
    page = text(reviewer.get(sheet(session)))
    said = [
        *(reason["staff"]["text"] for reason in result["why_urgent"]),
        result["why_origin"]["staff"]["text"],
        result["why_root"]["staff"]["text"],
        *(sentence["text"] for part in result["staff_sections"].values() for sentence in part["sentences"]),
        *(evidence["staff"]["text"] for found in result["points_to"].values() for evidence in found),
        *(result["citations"][source]["words"] for line in result["lines"] for source in line["sources"]),
        session.record_sha256,
    ]
    for sentence in said:
        assert " ".join(sentence.split()) in page


def test_every_answer_on_the_path_is_one_row(reviewer):
    session = submitted(EMERGENCY)
    lines = json.loads(session.record)["result"]["lines"]
    table = re.search(
        r'<table class="answers">.*?</table>', reviewer.get(sheet(session)).content.decode(), re.DOTALL
    )[0]
    rows = [unescape(question) for question in re.findall(r'<th scope="row">(.*?)</th>', table)]
    assert rows == [line["question"] for line in lines]
    assert (
        len(re.findall('class="where back"', table))
        == sum("back" in line["speaks_for"] for line in lines)
        > 0
    )


def test_reasons_that_share_their_answers_show_them_once(reviewer):
    signs = {"safety-now": ["saddle-numbness", "bladder-bowel", "cold-limb"]}
    page = text(reviewer.get(sheet(submitted(FOOT_ONLY | signs))))
    because = page.partition("Emergency Saddle numbness")[2].partition("Foot-related pattern")[0]
    assert ["Suspect" in because, because.count("private parts")] == [True, 1]
    assert "E2" in because
    assert "E5" in because


def test_two_identifiers_stand_on_top_and_in_the_title(reviewer):
    session = submitted()
    page = reviewer.get(sheet(session)).content.decode()
    for place in (r"<title>(.*?)</title>", r"<h1>(.*?)</h1>"):
        top = re.search(place, page, re.DOTALL)[1]
        assert session.reference in top
        assert "Nov 22, 2026, 04:00" in top


def test_what_the_patient_wrote_is_shown_as_text(reviewer):
    page = reviewer.get(sheet(submitted(EMERGENCY))).content.decode()
    assert "It began &lt;b&gt;on Monday&lt;/b&gt;." in page


def test_the_sheet_stays_as_it_was_submitted(reviewer):
    session = submitted(EMERGENCY)
    before = lasting(reviewer.get(sheet(session)))
    trees = copy.deepcopy(dict(shipped_trees()))
    trees["results"]["outcomes"]["urgency"]["emergency"]["staff"] = "Run"
    publish(trees)
    assert lasting(reviewer.get(sheet(session))) == before


def lasting(page):
    """The page without what differs each time: the form's token, how long ago it was, and how long there is."""
    return re.sub(rb'token" value="\w+"|data-left="\d+"|\([^)]+ ago\)', b"", page.content)


def altered(session):
    return {"record": session.record.replace("16-or-over", "under-16")}


def another(session):
    other = submitted(BACK | {"note": "Somebody else"})
    return {"record": other.record, "record_sha256": other.record_sha256}


@pytest.mark.parametrize("change", [altered, another])
def test_an_altered_record_is_said_loudly_and_nothing_else_shown(reviewer, change):
    session = submitted(EMERGENCY)
    TriageSession.objects.filter(pk=session.pk).update(**change(session))
    page = reviewer.get(sheet(session))
    assert page.status_code == 500
    assert "This record has been altered" in text(page)
    for part in ("Saddle", "Monday", "Somebody else", "Review of", "cauda"):
        assert part not in text(page)


def test_staff_read_english_whatever_the_patient_read(reviewer):
    session = submitted(EMERGENCY, language="es")
    page = text(reviewer.get(sheet(session), headers={"accept-language": "es"}))
    assert "Do you also have pain in the leg?" in page
    assert "¿" not in page
    assert "answered in es" in page
    assert "Log out" in page


def test_an_unfinished_emergency_shows_the_answers_so_far(reviewer):
    session = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)}, {"side": ("left",)})
    page = text(reviewer.get(sheet(session)))
    assert "Not finished." in page
    assert "Suspect acute limb ischemia" in page
    assert "Which foot is it? Left" in page
    assert "Not answered yet: " in page


def test_an_emergency_sign_that_was_taken_back_stays_in_sight(reviewer):
    session = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)}, {"safety-now": ("none",)})
    assert "taken back later: ask about it" in text(reviewer.get(sheet(session)))
    assert "taken back" not in text(reviewer.get(sheet(submitted(EMERGENCY))))


def test_a_sign_and_then_an_age_under_16_shows_the_raw_answers(reviewer):
    session = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)}, {"age": ("under-16",)})
    page = text(reviewer.get(sheet(session)))
    assert "nothing was decided" in page
    assert "cold-limb" in page


def test_answers_off_the_path_are_shown_as_not_counted(reviewer):
    session, key = actions.start_session("en", NOW)
    actions.record_answers(visit.find(key, "en"), {"age": ("16-or-over",), "safety-now": ("cold-limb",)}, NOW)
    actions.record_answers(visit.find(key, "en"), {"leg-pain": ("a-little",), "leg-site": ("shin",)}, NOW)
    actions.record_answers(visit.find(key, "en"), {"leg-pain": ("none",)}, NOW)
    assert "leg-site shin Nov 22, 04:00:00 no: its question was not asked any more" in text(
        reviewer.get(sheet(session))
    )


@pytest.mark.parametrize(
    "path", ["/admin/", WORKLIST, "sheet", "/admin/triage/clinic/1/change/", "/admin/login/"]
)
def test_no_page_needs_inline_style_or_script(path):
    client = Client() if "login" in path else staff("superuser")
    page = client.get(sheet(submitted(EMERGENCY)) if path == "sheet" else path)
    assert page.status_code == 200
    assert "'unsafe" not in page["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.content.decode())


def test_all_that_is_printed_counts_for_the_size_of_the_type(reviewer):
    told = sheet_of(submitted())
    assert type_size(told) == "large"
    assert type_size(told, "Rang. " * 200) == "middle"
    flag = {"question": "Since when?", "flags": [{"answers": ["A sign. " * 400]}]}
    assert type_size({**told, "taken_back": [flag]}) == "smallest"
