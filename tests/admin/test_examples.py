"""Content that contradicts its own examples: refused on the server, confirmed one by one by a second person."""

import copy
import re

import pytest
from django.core.management import CommandError, call_command

from tests.planted import written
from tests.shipped import shipped_content, shipped_trees
from tests.visitor import NOW, publish
from triage import actions
from triage.domain.examples import misses
from triage.domain.loading import load
from triage.store import examination, releases

pytestmark = pytest.mark.alike("examples are handed in as all others are")

CONTENT = shipped_content()
FIRST_VIGNETTE, FIRST_CASE = CONTENT.vignettes[0].key, CONTENT.published_cases[0].id


@pytest.fixture(autouse=True)
def proved_and_compared(monkeypatch):
    """Only examples differ here, and no rule: others prove and compare."""

    def examine(text, running, progress):
        return {"comparison": {"with": running.sha256, "name": str(running), "changes": [], "left_out": []}}

    monkeypatch.setattr(examination, "broken_properties", lambda text: ())
    monkeypatch.setattr(examination, "examine", examine)


def contradicting():
    """Sound content that one vignette and one published case say should decide otherwise."""
    trees = copy.deepcopy(dict(shipped_trees()))
    trees["cases"]["cases"][0] |= {"acceptable-origins": ["foot"], "best-origin": ["foot"]}
    trees["vignettes"]["vignettes"][0]["expect"]["urgency"] = "same-day"
    trees["questionnaire"]["version"] = "2027.01"
    return trees


def test_what_is_shipped_contradicts_none_of_its_examples():
    assert list(misses(CONTENT)) == []


def test_a_miss_says_what_is_told_and_what_is_due():
    vignette, case = misses(load(contradicting()))
    assert (vignette.name, vignette.told, vignette.due) == (
        FIRST_VIGNETTE,
        ("foot", "routine"),
        (("foot",), ("same-day",)),
    )
    assert (case.name, case.due) == (FIRST_CASE, (("foot",), ("same-day", "emergency")))


@pytest.mark.django_db
def test_the_server_publishes_nothing_that_contradicts_its_examples(settings, tmp_path):
    settings.TWO_PEOPLE_PUBLISH = False
    running = publish()
    with pytest.raises(CommandError, match=rf"contradicts its own examples: {FIRST_VIGNETTE}, {FIRST_CASE}"):
        call_command("publish_content", written(contradicting(), tmp_path))
    assert releases.current() == running


@pytest.fixture
def draft(db, client):
    """Loaded by Anna, before Mara's eyes."""
    publish()
    client.force_login(actions.create_staff("mara", "a password of its own", actions.MANAGERS))
    return actions.load_draft(contradicting(), "anna", NOW)


def send(client, draft, *confirmed):
    form = {"step": "publish", "note": "Read.", "running": releases.current().sha256, "confirmed": confirmed}
    return client.post(f"/admin/triage/release/{draft.pk}/change/", form, follow=True).content.decode()


def test_a_second_person_confirms_each_example_that_a_draft_contradicts(draft, client):
    page = client.get(f"/admin/triage/release/{draft.pk}/change/").content.decode()
    assert re.findall(r'name="confirmed" value="([^"]+)"', page) == [FIRST_VIGNETTE, FIRST_CASE]
    for confirmed, left in (((), f"{FIRST_VIGNETTE}, {FIRST_CASE}"), ((FIRST_VIGNETTE,), FIRST_CASE)):
        page = send(client, draft, *confirmed)
        assert f"Not confirmed: {left}" in page
        assert len(re.findall(r'name="confirmed" value="[^"]+" checked', page)) == len(confirmed)
        assert releases.current() != draft
    send(client, draft, FIRST_VIGNETTE, FIRST_CASE)
    assert releases.current() == draft
    note = f"Read.\nConfirmed though their examples say otherwise: {FIRST_VIGNETTE}, {FIRST_CASE}."
    assert draft.steps.last().note == note


def test_confirming_is_for_what_is_contradicted(draft, client):
    sound = copy.deepcopy(dict(shipped_trees()))
    sound["questionnaire"]["version"] = "2027.02"
    other = actions.load_draft(sound, "anna", NOW)
    assert "confirmed" not in client.get(f"/admin/triage/release/{other.pk}/change/").content.decode()
    send(client, other, FIRST_VIGNETTE)
    assert other.steps.last().note == "Read."


def test_nobody_confirms_anew_to_go_back(draft, client):
    first = releases.current()
    send(client, draft, FIRST_VIGNETTE, FIRST_CASE)
    send(client, first)
    send(client, draft)
    assert releases.current() == draft
