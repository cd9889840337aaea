"""Every refusal says whom to call in an emergency: in the person's language, or in every one that the clinic offers."""

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from tests.patient.test_templates import dangling, ids, parse
from tests.visitor import Patient, publish
from triage import actions
from triage.models import Clinic
from triage.server.errors import TEMPLATES, LastKnown, error_page, languages_for

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("refusals ask no database for more than settings"),
]
ADVICE = {"en": "When to get help", "es": "Cuándo buscar ayuda"}


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch):
    monkeypatch.setattr(LastKnown, "languages", ())


@pytest.fixture
def clinic(db):
    """Sets what the clinic offers, and a page is asked for, so that it is known."""
    publish()

    def offer(*languages):
        Clinic.objects.update_or_create(pk=1, defaults={"languages": list(languages)})
        Client().get("/")

    return offer


def spoken(html):
    return {language for language, words in ADVICE.items() if words in html}


def fail(*_any):
    raise OperationalError


def refusals(monkeypatch, client=None, **headers):
    """One of each kind, by its status: what the program itself answers."""
    client = client or Client(raise_request_exception=False, headers=headers)
    yield 400, client.post(reverse("language"), {"language": "no-such-language"})
    yield 403, Client(enforce_csrf_checks=True, headers=headers).post(reverse("start"))
    yield 404, client.get("/no-such-page/")
    yield 405, client.put("/")
    yield 405, client.post(reverse("how"))
    yield 413, client.post(reverse("start"), {"x": "x" * 100_000})
    with monkeypatch.context() as broken:
        broken.setattr("triage.patient.questionnaire.published", lambda request: 1 / 0)
        yield 500, client.get("/")
        broken.setattr("triage.patient.questionnaire.published", fail)
        yield 503, client.get("/")


def seen(monkeypatch, **headers):
    """By status: the languages in which its page gives the advice."""
    found = {}
    for status, answer in refusals(monkeypatch, **headers):
        if answer.status_code == 302:
            answer = answer.client.get(answer["Location"], headers=headers)
        assert answer.status_code == status
        html = answer.content.decode()
        assert 'href="tel:911"' in html
        found.setdefault(status, set()).update(spoken(html))
    return found


EACH = (400, 403, 404, 405, 413, 500, 503)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, {"en", "es"}),
        ({"Accept-Language": "es-MX,es;q=0.9"}, {"es"}),
        ({"Cookie": "language=es"}, {"es"}),
    ],
    ids=["nothing was chosen", "the browser's language", "the language that was chosen"],
)
def test_each_refusal_says_whom_to_call(clinic, monkeypatch, headers, told):
    clinic()
    assert seen(monkeypatch, **headers) == dict.fromkeys(EACH, told)


def test_a_spanish_only_clinic_has_spanish_ones(clinic, monkeypatch):
    clinic("es")
    for headers in ({}, {"Accept-Language": "en-US"}, {"Cookie": "language=en"}):
        assert seen(monkeypatch, **headers) == {status: {"es"} for status in EACH}


def test_before_the_settings_are_known_each_language_is_there(clinic, monkeypatch):
    clinic("es")
    monkeypatch.setattr(LastKnown, "languages", ())
    assert [code for code, _name in languages_for(None)] == ["en", "es"]


def test_a_server_knows_them_from_its_start(clinic, monkeypatch):
    from triage.server.checks import learn_settings

    clinic("es")
    monkeypatch.setattr(LastKnown, "languages", ())
    learn_settings()
    assert [code for code, _name in languages_for(None)] == ["es"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_with_both_languages_it_is_one_page_in_order(name):
    page = parse(error_page(name).content.decode().partition("<body>")[2].partition("</body>")[0])
    assert len(list(page.iter("h1"))) == 1
    assert list(dangling(page)) == []
    assert len(ids(page)) == len(set(ids(page)))
    assert [part.get("lang") for part in page.find(".//main")] == ["en", "es"]


@pytest.mark.parametrize("options", [[], ["--refused"]])
@pytest.mark.parametrize(("languages", "told"), [((), {"en", "es"}), (("es",), {"es"})])
def test_the_pages_for_the_proxy_too(clinic, capsys, options, languages, told):
    clinic(*languages)
    call_command("closed_page", *options)
    assert spoken(capsys.readouterr().out) == told


def test_an_empty_refusal_would_be_told(clinic, monkeypatch):
    clinic()
    monkeypatch.setattr("triage.server.errors.error_page", lambda *_any, **_more: error_page("not-found"))
    monkeypatch.setattr("triage.server.errors.languages_for", lambda request: [("no-such", "")])
    with pytest.raises(AssertionError):
        seen(monkeypatch)


def test_a_person_in_the_middle_of_it_reads_their_language(clinic, monkeypatch):
    clinic()
    patient = Patient()
    patient.client.raise_request_exception = False
    patient.start()
    patient.client.post(reverse("language"), {"language": "es"})
    monkeypatch.setattr(actions, "record_answers", lambda *_any: 1 / 0)
    page = patient.client.post(reverse("question", args=["age"]), {"age": "16-or-over"}, follow=True)
    assert page.status_code == 500
    assert spoken(page.content.decode()) == {"es"}
