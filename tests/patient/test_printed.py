"""What a patient prints: in type that old eyes read, whole, with answers and drawing, on four sheets at most."""

import json

import pytest
from django.urls import reverse

from tests.browser import carry_over, sheets
from tests.shipped import shipped_content
from tests.visitor import FOOT_ONLY, Patient, publish, shipped_trees
from triage.domain.decision import decide
from triage.domain.loading import languages
from triage.domain.walk import read_answers, walk
from triage.models import TriageSession

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.looks]
LANGUAGES = languages(shipped_trees())


def one_of_each_outcome():
    """Answers for each result there is: of the example cases, and of two that these leave out."""
    answers = {
        "-".join(filter(None, (case.origin, case.root, case.urgency))): case.answers
        for case in shipped_content().vignettes
        if case.origin
    }
    for root in ("L5", "S1"):
        answers[f"back-{root}-emergency"] = {
            **answers[f"back-{root}-routine"],
            "safety-now": ["saddle-numbness"],
        }
    return answers


ANSWERS = one_of_each_outcome()
QUICK = ("foot-routine", "back-L5-same-day", "unclear-emergency")  # the least to say, and the most


@pytest.fixture(autouse=True)
def release(transactional_db):
    publish()


@pytest.fixture
def result_of(new_page, live_server):
    """Opens the result of these answers in Chromium, each on a phone of its own: a tab keeps to one person's pages."""

    def open_result(answers, language):
        patient = Patient(FOOT_ONLY | answers)
        patient.client.post(reverse("language"), {"language": language})
        patient.whole()
        page = new_page()
        carry_over(patient, page, live_server.url)
        page.goto(reverse("result"))
        assert page.locator(".rest").count()
        return page

    return open_result


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_result_prints_on_four_sheets_at_most(result_of, language, proof):
    chosen = proof.size(QUICK, tuple(ANSWERS))
    printed = {outcome: sheets(result_of(ANSWERS[outcome], language)) for outcome in chosen}
    proof.counted(language=language, sheets=printed)
    assert max(number for papers in printed.values() for number in papers.values()) <= 4, printed


def test_there_are_answers_for_every_result():
    content = shipped_content()
    found = {decide(content, walk(content, read_answers(content, answers))) for answers in ANSWERS.values()}
    assert len({(decision.origin, decision.root, decision.urgency) for decision in found}) == 15


def test_a_fifth_sheet_would_be_counted(result_of):
    page = result_of(FOOT_ONLY, "en")
    for _time in range(2):
        page.evaluate(
            "document.querySelector('main').append(document.querySelector('.rest').cloneNode(true))"
        )
    assert min(sheets(page).values()) > 4


@pytest.mark.parametrize("outcome", QUICK)
def test_what_matters_is_on_the_sheet(result_of, outcome):
    page = result_of(ANSWERS[outcome], "en")
    page.emulate_media(media="print")
    shown = page.locator("main").inner_text()
    session = TriageSession.objects.get()
    result = json.loads(session.record)["result"]
    parts = ("now", "pattern", "limits", "meanwhile", "tell", "watch", "safety-net", "learn")
    said = [sentence["text"] for part in parts for sentence in result["sections"][part]["sentences"]]
    said += [session.reference, result["why_origin"]["patient"]["text"]]
    said += [line["answer"] for line in result["lines"]]
    assert [text for text in said if text not in shown] == []
    assert page.locator(".map svg").first.is_visible()
    assert "Which answers decide" not in shown  # it repeats what stands among all answers


SMALLEST = """() => Math.min(...[...document.querySelectorAll("main *")]
    .filter(each => each.checkVisibility({contentVisibilityAuto: true}) && !each.closest("svg, sup, .view, .vh"))
    .filter(each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(each => parseFloat(getComputedStyle(each).fontSize)))"""


@pytest.mark.parametrize("outcome", QUICK)
def test_no_word_is_printed_smaller_than_11_points(result_of, outcome):
    page = result_of(ANSWERS[outcome], "en")
    page.emulate_media(media="print")
    assert page.evaluate(SMALLEST) * 72 / 96 >= 10.99
