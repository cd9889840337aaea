"""What is made once per process: parts of pages, and the SQL of a query."""

import pytest
from django.template import Context, Engine, Node, Template, base
from django.utils import translation

from tests.visitor import BACK, NOW, Patient, publish
from triage import actions
from triage.domain.walk import read_answers, walk
from triage.models import TriageSession
from triage.store import releases, visit, words
from triage.store.records import open_record
from triage.templatetags import once

pytestmark = pytest.mark.alike("what is kept in memory is kept there, whatever stores the record")


def part(inner, names=""):
    return Template("{% load i18n once %}{% once " + names + " %}" + inner + "{% endonce %}")


def test_a_part_is_made_once_for_each_value_that_it_names():
    made = part("{{ number }}", "number=phone")
    assert [made.render(Context({"phone": phone})) for phone in ("1", "2", "1")] == ["1", "2", "1"]
    assert len(made.nodelist.get_nodes_by_type(once.Once)[0].made) == 2


def test_a_part_sees_nothing_that_it_does_not_name():
    made = part("{{ name }}{{ csrf_token }}", "number=phone")
    assert made.render(Context({"name": "somebody", "csrf_token": "secret", "phone": "1"})) == ""


def test_a_part_is_made_for_each_language():
    made = part('{% translate "Leave" %}')
    with translation.override("es"):
        spanish = made.render(Context())
    with translation.override("en"):
        assert made.render(Context()) == "Leave" != spanish


def test_where_there_are_too_many_values_it_is_begun_anew(monkeypatch):
    monkeypatch.setattr(once, "MOST", 2)
    made = part("{{ number }}", "number=phone")
    assert [made.render(Context({"phone": phone})) for phone in "12312"] == ["1", "2", "3", "1", "2"]
    kept = made.nodelist.get_nodes_by_type(once.Once)[0].made
    assert list(kept.values()) == ["2"]
    kept |= {"what two threads": "put there", "at the same": "moment"}
    assert made.render(Context({"phone": "4"})) == "4"
    assert list(kept.values()) == ["4"]


def test_a_value_may_be_a_list_or_what_a_record_holds():
    made = part("{% for word in words %}{{ word }} {% endfor %}", "words=said.words")
    for listed in (["a", "b"], ["a"], ["a", "b"]):
        assert made.render(Context({"said": {"words": listed}})) == "".join(f"{word} " for word in listed)
    assert len(made.nodelist.get_nodes_by_type(once.Once)[0].made) == 2


def test_what_it_names_is_escaped():
    assert part("{{ number }}", "number=phone").render(Context({"phone": "<b>"})) == "&lt;b&gt;"


@pytest.fixture
def content(db):
    return releases.content(publish().sha256, "en")


def test_a_prepared_query_reads_what_the_ORM_reads(content):
    session, key = actions.start_session("en", NOW)
    actions.record_answers(visit.find(key, "en"), {"age": ("16-or-over",)}, NOW)
    columns = visit.BY_KEY.columns
    assert visit.BY_KEY.rows(session.key_hash) == list(
        TriageSession.objects.filter(pk=session.pk).values(*columns)
    )
    assert visit.BY_KEY.rows("nobody's") == []


# Results, whose parts are kept and shared


def parts_made_once():
    loader = Engine.get_default().template_loaders[0]
    # What was looked for and is no template is kept there too.
    found = [made for made in loader.get_template_cache.values() if isinstance(made, base.Template)]
    nodes = [node for made in found for node in made.nodelist.get_nodes_by_type(Node)]
    for node in nodes:
        if isinstance(node, once.Once):
            nodes += node.nodelist.get_nodes_by_type(once.Once)
            yield node


def kept():
    """All that is kept of pages now: by what it is kept, and the page's part."""
    return [pair for part in parts_made_once() for pair in part.made.items()]


def forget():
    for part in parts_made_once():
        part.made.clear()


def test_a_result_is_the_same_whoever_came_before(content):
    """Made from nothing kept, and once more after everybody else's."""
    records = []
    for vignette in content.vignettes:
        answers = read_answers(content, vignette.answers)
        if not walk(content, answers).exit:
            records.append(open_record(actions.enter(content, answers, "en", NOW, demo=True)))
    alone = []
    for record in records:
        forget()
        assert not kept()
        alone.append(words.result_main(record))
        assert kept()
    assert len(set(alone)) == len(records) > 40
    assert [words.result_main(record) for record in records] == alone


def test_nothing_kept_holds_what_a_person_wrote_or_their_code_or_which_signs_they_have(transactional_db):
    publish()
    forget()
    patient = Patient(BACK | {"note": "A heron told me so."})
    checked = patient.go_on(patient.start())
    assert "heron" in checked.content.decode()
    page = patient.submit().content.decode()
    session = TriageSession.objects.get()
    signs = [sign["patient"]["text"] for sign in open_record(session)["result"]["points_to"]["back"]]
    assert len(signs) > 1
    own = ("heron", session.reference)
    assert all(text in page for text in (*own, *signs))
    texts = [f"{key} {html}" for key, html in kept()]
    assert len(texts) > 50
    assert not [text for text in texts if any(word in text for word in own)]
    assert {sum(sign in text for sign in signs) for text in texts} == {0, 1}


def test_a_part_that_names_the_note_would_be_found(monkeypatch):
    forget()
    patient = Template("{% load once %}{% once note=note %}{{ note }}{% endonce %}")
    patient.render(Context({"note": "A heron told me so."}))
    cache = Engine.get_default().template_loaders[0].get_template_cache
    monkeypatch.setitem(cache, "planted", patient)
    assert any("heron" in f"{key} {html}" for key, html in kept())
