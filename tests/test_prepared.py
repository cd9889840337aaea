"""What is made once per process: parts of pages, question pages without answers, and the SQL of a query."""

import pytest
from django.template import Context, Template
from django.utils import translation

from tests.patient import NOW, publish
from triage import actions, visit
from triage.forms import ScreenForm
from triage.models import TriageSession
from triage.templatetags import once


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


def test_a_text_of_the_template_is_looked_up_once_per_language_and_any_other_each_time():
    made = Template('{% load i18n once %}{% translate "Leave" %}{% translate word %}')
    for language, word, shown in (
        ("en", "Back", "LeaveBack"),
        ("es", "Back", "SalirAtrás"),
        ("en", "x", "Leavex"),
    ):
        with translation.override(language):
            assert made.render(Context({"word": word})) == shown
    assert [set(kept.made.values()) for kept in made.nodelist.get_nodes_by_type(once.Once)] == [
        {"Leave", "Salir"}
    ]


def test_what_has_too_many_values_is_made_each_time(monkeypatch):
    monkeypatch.setattr(once, "MOST", 1)
    made = part("{{ number }}", "number=phone")
    assert [made.render(Context({"phone": phone})) for phone in "121"] == ["1", "2", "1"]
    assert len(made.nodelist.get_nodes_by_type(once.Once)[0].made) == 1


def test_what_it_names_is_escaped():
    assert part("{{ number }}", "number=phone").render(Context({"phone": "<b>"})) == "&lt;b&gt;"


@pytest.fixture
def content(db):
    from triage import releases

    return releases.content(publish().sha256, "en")


def test_a_page_without_answers_is_made_once_and_one_with_answers_never_kept(content):
    screen = content.screens[0]
    given = {item.key: (item.options[0].code,) for item in screen.items}
    empty = ScreenForm(content, screen, {}).html
    assert ScreenForm(content, screen, {}).html is empty
    answered = ScreenForm(content, screen, given).html
    assert " checked" in answered
    assert " checked" not in empty
    assert ScreenForm(content, screen, {}).html is empty


def test_a_prepared_query_reads_what_the_ORM_reads(content):
    session, key = actions.start_session("en", NOW)
    actions.record_answers(visit.find(key, "en"), {"age": ("16-or-over",)}, NOW)
    columns = visit.BY_KEY.columns
    assert visit.BY_KEY.rows(session.key_hash) == list(
        TriageSession.objects.filter(pk=session.pk).values(*columns)
    )
    assert visit.BY_KEY.rows("nobody's") == []
