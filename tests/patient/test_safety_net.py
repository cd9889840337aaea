"""When to get help stands on every result and on every page that leads out of the questions."""

import re
from html import unescape

import pytest
from django.template.loader import render_to_string

from tests.visitor import FOOT_ONLY, NOW, Browser, Patient, publish
from triage import actions
from triage.domain.citation.ledger import answer_sets
from triage.domain.decision import decide
from triage.domain.result import section
from triage.domain.walk import walk
from triage.models import Clinic
from triage.store import releases, words
from triage.store.records import open_record

pytestmark = [pytest.mark.django_db, pytest.mark.alike("it reads sentences of the content on the pages")]

OUTCOMES = 15
NET = r'<details class="net">.*?</ul>'
ERRORS = ("400", "403", "403_csrf", "404", "500", "503")


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def content(language):
    return releases.content(releases.current().sha256, language)


def one_of_each(content):
    """Answers for each outcome there is."""
    found = {}
    for answers in answer_sets(content):
        walked = walk(content, answers)
        if not walked.exit:
            decision = decide(content, walked)
            found.setdefault((decision.origin, decision.root, decision.urgency), answers)
    return found


def read(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?a\b[^>]*>", "", html))).split())


def missing(html, language):
    """The sentences of the safety net that are not there to be read."""
    net = section(content(language), "safety-net", Clinic.objects.get().as_settings())
    return [said.text for said in net.sentences if said.text not in read(html)]


@pytest.mark.parametrize("language", ["en", "es"])
def test_it_stands_whole_on_the_result_of_every_outcome(language):
    each = one_of_each(content("en"))
    assert len(each) == OUTCOMES
    for outcome, answers in each.items():
        session = actions.enter(content(language), answers, language, NOW, demo=True)
        page = words.result_main(open_record(session))
        assert missing(page, language) == [], outcome
        (net,) = re.findall(NET, page, re.DOTALL)
        assert "screen-only" not in net  # it is printed too


def test_it_stands_on_the_first_page(client):
    assert missing(client.get("/").content.decode(), "en") == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_exit_for_a_child_has_its_own_signs_told_to_a_parent(language):
    parent = Browser(headers={"accept-language": language})
    child = Patient(FOOT_ONLY | {"age": "under-16", "answering": "helper"}, client=parent)
    page = child.go_on(child.start())
    assert page.resolver_match.url_name == "under-16"
    read_there = read(page.content.decode())
    exit_page = section(content(language), "under-16", Clinic.objects.get().as_settings())
    assert [said.text for said in exit_page.sentences if said.text not in read_there] == []
    assert not re.search(r"\bsexo?\b", read_there)  # the safety net asks that of adults
    assert sum("911" in said.text for said in exit_page.sentences) >= 7


@pytest.mark.parametrize("name", [*ERRORS, "record_altered", "expired", "left"])
def test_a_page_without_a_result_names_the_signs_and_the_number(name):
    page = render_to_string(f"{name}.html", {"clinic": words.clinic_words(Clinic().as_settings())})
    assert 'href="tel:911"' in page
    for sign in ("numb", "chest pain", "face"):
        assert sign in read(page).lower()


def test_a_result_without_it_is_noticed():
    """The control: the same look at a page whose template lost it."""
    session = actions.enter(
        content("en"), one_of_each(content("en"))["foot", None, "routine"], "en", NOW, demo=True
    )
    page = words.result_main(open_record(session))
    without = re.sub(NET, "", page, flags=re.DOTALL)
    assert missing(without, "en")
