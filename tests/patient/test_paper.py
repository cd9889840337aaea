"""The result as a PDF, read back: what it claims to be, its words in their order, its drawings in words."""

import re
from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from tests.patient.test_result import SCIATICA
from tests.visitor import FOOT_ONLY, NOW, Patient, publish
from triage import actions
from triage.domain.walk import read_answers, walk
from triage.models import TriageSession
from triage.patient.paper import result_pdf
from triage.store import releases
from triage.store.records import open_record

pytestmark = [pytest.mark.django_db, pytest.mark.alike("it is about what a file says")]
MARKUP = '#panic("no") *bold* $x$ = <b>'


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def record_of(answers, language="en"):
    content = releases.content(releases.current().sha256, language)
    given = walk(content, read_answers(content, answers)).answers
    return open_record(actions.enter(content, given, language, NOW, demo=True))


def read(made):
    found = PdfReader(BytesIO(made))
    return found, " ".join(" ".join(page.extract_text() for page in found.pages).split())


def elements(tag):
    """Every structure element of the PDF, in reading order."""
    tag = tag.get_object()
    if isinstance(tag, list):
        for each in tag:
            yield from elements(each)
    elif isinstance(tag, dict):
        yield tag
        yield from elements(tag.get("/K", []))


@pytest.mark.parametrize("language", ["en", "es"])
def test_it_claims_to_be_accessible_and_is_tagged_in_its_language(language):
    found, _words = read(result_pdf(record_of(SCIATICA, language)))
    root = found.trailer["/Root"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language
    assert found.metadata.title
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]


def test_what_to_do_is_read_first_and_the_drawings_have_words():
    record = record_of(SCIATICA)
    found, words = read(result_pdf(record))
    tags = list(elements(found.trailer["/Root"]["/StructTreeRoot"]["/K"]))
    assert [tag["/S"] for tag in tags if tag.get("/S") in ("/H1", "/H2")][:3] == ["/H1", "/H2", "/H2"]
    figures = [tag["/Alt"] for tag in tags if tag.get("/S") == "/Figure"]
    assert any("Big toe" in alt for alt in figures)
    assert any("way of the nerve" in alt for alt in figures)
    order = ["Call today", record["reference"], "Fits a back-related pattern", "Until you are seen"]
    places = [words.index(part) for part in [*order, "All your answers", "Sources for this page"]]
    assert places == sorted(places)


def test_what_a_drawing_shows_and_its_numbers_are_said_beside_it():
    _found, words = read(result_pdf(record_of(SCIATICA)))
    assert re.search(r"from above.* from below.+ 1\. low back: the nerve starts here 2\. buttock", words)


@pytest.mark.parametrize("answers", [SCIATICA, FOOT_ONLY, FOOT_ONLY | {"safety-now": ["cold-limb"]}])
def test_it_holds_every_answer_and_every_danger_sign_on_three_pages(answers):
    record = record_of(answers | {"note": "It began on a walk."})
    found, words = read(result_pdf(record))
    result = record["result"]
    said = [sentence["text"] for sentence in result["sections"]["safety-net"]["sentences"]]
    said.append(result["note"])
    said += [line["answer"] for line in result["lines"]]
    assert [text for text in said if text not in words] == []
    assert len(found.pages) <= 3


def test_what_somebody_wrote_is_text_and_never_markup():
    record = record_of(SCIATICA)
    record["clinic"]["clinic_name"] = MARKUP
    _found, words = read(result_pdf(record))
    assert MARKUP in words


def test_a_record_of_before_there_were_lines_to_say_still_makes_one():
    record = record_of(SCIATICA)
    for key in ("say", "say-also", "about-foot"):
        record["result"]["sections"].pop(key, None)
    _found, words = read(result_pdf(record))
    assert record["reference"] in words


def test_it_is_saved_from_the_result_under_the_code_and_kept_nowhere():
    patient = Patient(SCIATICA)
    page = patient.client.get(reverse("pdf"), follow=True)
    assert page.resolver_match.url_name == "home"
    patient.whole()
    reply = patient.client.post(reverse("go-on"), {"to": reverse("pdf")}, follow=True)
    assert reply["Content-Type"] == "application/pdf"
    assert f'"your-result-{TriageSession.objects.get().reference}.pdf"' in reply["Content-Disposition"]
    assert "no-store" in reply["Cache-Control"]
    assert reply.content.startswith(b"%PDF")


def test_nothing_is_saved_on_a_device_in_a_waiting_room():
    patient = Patient(SCIATICA)
    patient.whole()
    TriageSession.objects.update(room=TriageSession.Room.PLAIN)
    reply = patient.client.get(reverse("pdf"), follow=True)
    assert reply.resolver_match.url_name == "result"
