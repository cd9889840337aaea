"""The page on how it works: the figure for published cases stands beside what is known of other symptom checkers."""

import pytest

from tests.shipped import shipped_trees
from tests.visitor import publish

pytestmark = [pytest.mark.django_db, pytest.mark.alike("the page is made of the content")]


@pytest.mark.parametrize(
    ("language", "figures"),
    [
        ("en", ("We took 43 of these people", "How soon to get help: 41 of 43.", "unclear: 39 of 43.")),
        ("es", ("Por 43 de esas personas", "buscar ayuda: 41 de 43.", "no está claro: 39 de 43.")),
    ],
)
def test_the_page_on_how_it_works_tells_the_figure_beside_the_research(client, language, figures):
    publish()
    page = client.get("/how-it-works/", headers={"accept-language": language}).content.decode()
    assert [figure for figure in figures if figure not in page] == []
    assert "57%" in page.replace("57 %", "57%")


def test_without_cases_the_page_tells_no_figure(client):
    trees = dict(shipped_trees())
    del trees["cases"]
    publish(trees)
    assert 'id="tried"' not in client.get("/how-it-works/").content.decode()
