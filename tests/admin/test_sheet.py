"""The page of one submission: all of its record and nothing else."""

import copy
import io
import json
import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pypdf import PdfReader

from tests.staff import (
    EMERGENCY,
    WORKLIST,
    State,
    given,
    sheet,
    staff,
    submitted,
    text,
)
from tests.visitor import BACK, FOOT_ONLY, NOW, hand_in, publish, shipped_trees
from triage import actions
from triage.admin.sheet import sheet_of, type_size
from triage.domain.story import without_numbers
from triage.models import AccessEntry, TriageSession
from triage.store import releases, visit
from triage.store.stories import the_telling

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("a sheet is made of one record, which is the same text on both"),
]


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
        assert without_numbers(" ".join(sentence.split())) in page


def test_every_answer_on_the_path_is_one_row(reviewer):
    session = submitted(EMERGENCY)
    lines = json.loads(session.record)["result"]["lines"]
    table = re.search(
        r'<table class="answers">.*?</table>', reviewer.get(sheet(session)).content.decode(), re.DOTALL
    )[0]
    rows = [
        unescape(question) for question in re.findall(r'<th scope="row"[^>]*><span>(.*?)</span></th>', table)
    ]
    assert rows == [line["question"] for line in lines]
    assert (
        len(re.findall('class="where back"', table))
        == sum("back" in line["speaks_for"] for line in lines)
        > 0
    )


def test_reasons_that_share_their_answers_show_them_once(reviewer):
    signs = {"safety-now": ["saddle-numbness", "bladder-bowel", "cold-limb"]}
    page = text(reviewer.get(sheet(submitted(FOOT_ONLY | signs))))
    because = page.partition("Why: saddle numbness")[2].partition("Foot-related pattern")[0]
    assert ["Suspect" in because, because.count("private parts")] == [True, 1]
    assert "E2" in because
    assert "E5" in because


STORY = BACK | {
    "side": "left",
    "foot-site": ["sole"],
    "duration": "under-2-weeks",
    "course": "worse",
    "pain-level": "7",
    "leg-site": ["buttock", "back-thigh"],
    "back-pain": "now",
    "numb-site": ["sole-or-heel"],
    "answering": "helper",
}


def test_one_line_tells_the_story_from_the_answers(reviewer):
    page = text(reviewer.get(sheet(submitted(STORY, language="es"))))
    told = (
        "Left sole, under 2 weeks, worse, 7/10; a good deal of leg pain, buttock, back of thigh; back pain now, pain "
        "in a line to the foot; lifts foot, toes and heel; numb: sole or heel; Spanish; a helper answered"
    )
    assert told in page
    assert "Somebody else answered. Ask the patient again what only they can feel." in page
    assert (
        page.index("Go to review")
        < page.index(told)
        < page.index("Points to the back")
        < page.index("Answers")
    )


def test_the_telling_names_items_and_codes_that_the_content_has():
    content, told = releases.content(releases.current().sha256, "en"), the_telling()
    parts = [*(part for matter in told.matters for part in matter), told.last]
    for part in parts:
        for item in part.items:
            assert set(part.say) <= set(content.items[item].codes), (item, part.say)
    known = {code for item in content.items.values() for code in item.codes}
    assert set(told.words) <= known


def test_what_is_not_known_is_no_part_of_the_story(reviewer):
    assert the_telling().story(()) == ""
    nothing = dict.fromkeys(("side", "duration", "course", "pain-level", "back-pain", "travels"), "not-sure")
    told = text(reviewer.get(sheet(submitted(FOOT_ONLY | nothing))))
    assert "Under heel; no leg pain; lifts foot, toes and heel; nothing numb" in told
    assert "Not sure" not in told.partition("Under heel")[2].partition("Why")[0]


def test_signs_stand_there_by_name_and_never_by_number(reviewer):
    session = submitted(STORY | {"heel-stand": "weak"})
    assert re.search(r"\(K\d\)", session.record)  # as the rules call them
    page = text(reviewer.get(sheet(session)))
    assert "weak heel stand" in page
    assert not re.search(r"\bK\d\b", page)


def test_a_correction_shows_what_changed(reviewer):
    first = submitted(FOOT_ONLY | {"note": ""})
    key = actions.correct(first.pk, "en", NOW)
    actions.record_answers(visit.find(key, "en"), {"tiptoe": ("weak",), "note": ("Worse.",)}, NOW)
    actions.record_answers(visit.find(key, "en"), {"weak-since": ("older-same",)}, NOW)
    corrected = hand_in(key)
    page = text(reviewer.get(sheet(corrected)))
    told = page.partition("What the correction changed")[2].partition("In the patient’s words")[0]
    assert "Standing on tiptoe: Yes → Less than the other, or the calf feels weak" in told
    assert "Weak since: not asked → Longer ago, and it stays the same" in told
    assert told.count("→") == 2
    assert "What the correction changed" not in text(reviewer.get(sheet(first)))


def test_what_the_patient_was_told_opens_the_frozen_page(reviewer):
    session = submitted(BACK, language="es")
    path = f"{WORKLIST}{session.pk}/told/"
    assert path in reviewer.get(sheet(session)).content.decode()
    page = reviewer.get(path)
    assert '<html lang="es">' in page.content.decode()
    record = json.loads(session.record)
    assert record["result"]["names"]["patient"]["urgency"] in text(page)
    assert "The words are those of the record." in text(page)
    assert AccessEntry.objects.filter(about=session.reference, detail__contains="was told").exists()
    publish_words(session, "words_sha256", "of other words")
    assert "the words differ" in text(reviewer.get(path))


def publish_words(session, name, value):
    record = json.loads(session.record) | {name: value}
    changed = releases.canonical(record)
    TriageSession.objects.filter(pk=session.pk).update(record=changed, record_sha256=releases.sha256(changed))


def test_nothing_was_told_where_nothing_was_handed_in(reviewer):
    session = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)})
    assert reviewer.get(f"{WORKLIST}{session.pk}/told/").status_code == 404
    assert "What the patient was told" not in text(reviewer.get(sheet(session)))


def test_an_unfinished_sheet_shows_no_answer_to_what_was_not_asked(reviewer):
    session = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)})
    page = reviewer.get(sheet(session)).content.decode()
    shown = page.partition('class="columns"')[2]
    assert "I am not sure" not in shown
    assert "Not answered yet: " in text(reviewer.get(sheet(session)))


# Into the chart


def test_the_text_for_the_chart_has_it_all_in_plain_lines(reviewer):
    session = submitted(STORY | {"changes": ["fever"], "note": "It <b>began</b> & stays."})
    user = User.objects.get(username="reviewers")
    found = {"finding": "back", "root": "", "urgency": 2, "outcome": "Booked"}
    actions.review(session.pk, session.mark, user, State.REVIEWED, "At two.", NOW, **found)
    page = reviewer.get(sheet(session)).content.decode()
    chart = unescape(re.search(r'<textarea id="chart"[^>]*>(.*?)</textarea>', page, re.DOTALL)[1])
    assert chart.startswith(f"FOOTPATH {session.reference}, sent Nov 22, 2026, 04:00")
    for line in (
        "URGENCY: Same day (fever)",
        "STORY: Left sole, under 2 weeks",
        "PATTERN: ",
        "BACK: ",
        "PATIENT'S WORDS: It <b>began</b> & stays.",
        "REVIEWED Nov 22, 2026, 04:00 by reviewers: Booked. At two.",
    ):
        assert f"\n{line}" in chart, line
    assert not re.search(r"\(K\d\)|<|&amp;", chart.replace("<b>began</b>", ""))


def test_the_text_for_the_chart_is_a_pdf_too_in_the_same_words(reviewer):
    session = submitted(STORY | {"changes": ["fever"], "note": '#panic("no") *bold* $x$ <b>'})
    assert f"{session.pk}/chart/" in reviewer.get(sheet(session)).content.decode()
    answer = reviewer.get(f"{WORKLIST}{session.pk}/chart/")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="footpath-{session.reference}.pdf"'
    found = PdfReader(io.BytesIO(answer.content))
    words = " ".join(" ".join(page.extract_text() for page in found.pages).split())
    assert found.metadata.title.startswith(f"FOOTPATH {session.reference}, sent Nov 22, 2026")
    assert found.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert len(found.pages) == 1
    for line in ("URGENCY: Same day (fever)", "STORY: Left sole, under 2 weeks", "NOT REVIEWED YET"):
        assert line in words, line
    assert 'PATIENT\'S WORDS: #panic("no") *bold* $x$ <b>' in words.replace("’", "'")
    entry = AccessEntry.objects.latest("number")
    assert (entry.what, entry.about, entry.detail) == ("print", session.reference, "for the chart")


def test_there_is_no_chart_of_what_was_not_handed_in(reviewer):
    left = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)})
    assert reviewer.get(f"{WORKLIST}{left.pk}/chart/").status_code == 404


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
