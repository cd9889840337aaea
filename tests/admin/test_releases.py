"""Releases in the admin: brought in as drafts, read with all that was found out about them, published by two people."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from playwright.sync_api import expect

from tests.browser import axe_finds, each_look, press
from tests.planted import when, without_examples
from tests.shipped import earlier_trees, small_trees
from tests.visitor import FOOT_ONLY, NOW
from triage import actions
from triage.admin.comparison import share
from triage.domain.loading import ContentError
from triage.domain.walk import read_answers
from triage.models import AccessEntry, Release, ReleaseStep, TriageSession
from triage.store import examination, releases

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike(
        "releases are texts; publishing them is tried on both by test_storage and test_time_machine"
    ),
]

LIST = "/admin/triage/release/"
NOTHING_COMPARED = {"changes": [], "left_out": []}
ONLY_BACKACHE = FOOT_ONLY | {"leg-pain": "a-good-deal", "leg-site": ["inner-calf"], "back-pain": "now"}


def without_backache():
    """Content in which backache no longer makes a good deal of leg pain a back-related pattern."""
    trees = small_trees()
    without_examples(trees)
    trees["questionnaire"]["version"] = "2027.01"
    row = next(sign for sign in trees["decision"]["signs"] if sign["id"] == "ROW-R1")
    row["when"]["all"][1]["any"].remove({"sign": "K6"})
    return trees


def in_other_words(trees):
    """The same decisions."""
    trees["questionnaire"]["version"] = "2027.02"
    trees["questionnaire"]["screens"][0]["items"][0]["text"] = "Is whoever has the pain 16 or over?"
    return trees


@pytest.fixture(autouse=True)
def two_people(settings):
    settings.TWO_PEOPLE_PUBLISH = True


@pytest.fixture(autouse=True)
def held_to_its_day(monkeypatch):
    """The small content is not held to properties that came after it."""
    broken = examination.broken_properties
    later = {line.split(":")[0] for line in broken(releases.canonical(small_trees()))}
    monkeypatch.setattr(
        examination,
        "broken_properties",
        lambda text: tuple(line for line in broken(text) if line.split(":")[0] not in later),
    )


COMPARED = {}


@pytest.fixture(autouse=True)
def each_pair_once(monkeypatch):
    """Comparing takes a second, and most tests load the same draft."""
    compare = examination.compare

    def remembered(old, new):
        pair = old.version, new.version
        if pair not in COMPARED:
            COMPARED[pair] = compare(old, new)
        return COMPARED[pair]

    monkeypatch.setattr(examination, "compare", remembered)


@pytest.fixture
def running(db):
    return actions.publish(small_trees(), NOW)[0]


@pytest.fixture
def managers(db):
    """Anna loads drafts, Mara publishes them."""
    clients = {}
    for name in ("anna", "mara"):
        clients[name] = Client()
        clients[name].force_login(actions.create_staff(name, "a password of its own", actions.MANAGERS))
    return clients


@pytest.fixture
def draft(running, managers):
    submit()
    return actions.load_draft(without_backache(), "anna", NOW)


def submit(answers=ONLY_BACKACHE):
    content = releases.content(releases.current().sha256, "en")
    asked = {key: given for key, given in answers.items() if key in content.items}
    return actions.enter(content, read_answers(content, asked), "en", NOW, demo=False)


def address(release):
    return f"{LIST}{release.pk}/change/"


def read(response):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def send(client, release, step="publish", note="Read and agreed.", running=None, ticked=None):
    running = releases.current().sha256 if running is None else running
    if ticked is None:  # all that there is to tick
        release.refresh_from_db()
        ticked = examination.to_tick((release.examined or {}).get("comparison") or NOTHING_COMPARED)
    form = {"step": step, "note": note, "running": running, "ticked": ticked}
    return client.post(address(release), form, follow=True)


def state(release):
    return Release.objects.get(pk=release.pk).state


# Bringing one in


def test_a_draft_is_loaded_on_the_server_in_a_managers_name(running, managers, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "triage.management.commands.publish_content.read_trees", lambda path: without_backache()
    )
    actions.create_staff("vera", "a password of its own", actions.REVIEWERS)
    for by in ("", "vera", "nobody"):
        with pytest.raises(CommandError, match="in the group Managers"):
            call_command("publish_content", tmp_path, draft=True, by=by)
    call_command("publish_content", tmp_path, draft=True, by="anna")
    assert "Loaded as a draft: 2027.01" in capsys.readouterr().out
    assert (releases.current(), Release.objects.get(state="draft").loaded_by) == (running, "anna")


def test_with_two_people_the_server_alone_publishes_only_the_first_release(
    running, managers, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "triage.management.commands.publish_content.read_trees", lambda path: without_backache()
    )
    with pytest.raises(CommandError, match="It takes two people"):
        call_command("publish_content", tmp_path, note="Because.", by="anna")
    assert Release.objects.get() == running
    assert running.steps.get().alone == ReleaseStep.Alone.SERVER


def test_the_server_replaces_a_release_that_this_program_can_no_longer_read(running):
    text = running.content.replace('"limits":', '"limits-of-old":')
    Release.objects.update(content=text, sha256=releases.sha256(text))
    assert actions.publish(without_backache(), NOW)[1]


def test_what_breaks_a_property_is_never_even_a_draft(running, managers):
    trees = without_backache()
    next(row for row in trees["decision"]["urgency"] if row["id"] == "E5")["gives"] = "same-day"
    with pytest.raises(actions.NotProved, match="cold-limb"):
        actions.load_draft(trees, "anna", NOW)
    assert Release.objects.get() == running


# Reading it


def test_the_page_tells_all_that_was_found_out(draft, managers):
    page = read(managers["mara"].get(address(draft)))
    assert "Holds for all 26,472,740,697,294,760,507,392,000,000,000 answer sets" in page
    assert re.search(r"With the running release, 2026\.11 .*: fewer than 1 in a million answer sets", page)
    assert (
        "Back-related pattern · Root unspecified · Routine → Mixed or unclear · Routine Urgent signs" in page
    )
    assert "Urgent signs: “None of these”; Leg pain: “Yes, a good deal”; Back pain: “Yes, now”" in page
    assert "it would have told 1 of 1 stored submissions something else" in page
    assert "The first row that is surely met decides" in page


def test_the_page_tells_what_ordinary_people_would_be_told(draft, managers):
    page = read(managers["mara"].get(address(draft)))
    assert "What 100 made-up people would be told" in page
    assert f"Everybody, as told by {releases.current()}" in page
    assert "Sore heel" in page
    assert page.count("Rules that decide most often") == 1


def test_content_that_says_nothing_of_people_is_tried_on_none(running, managers):
    trees = in_other_words(small_trees())
    del trees["population"]
    page = read(managers["mara"].get(address(actions.load_draft(trees, "anna", NOW))))
    assert "Not tried on ordinary people" in page


def test_changed_words_are_shown_before_and_after(running, managers):
    draft = actions.load_draft(in_other_words(small_trees()), "anna", NOW)
    page = read(managers["mara"].get(address(draft)))
    assert "no answer set is decided otherwise" in page
    text = next(iter(releases.content(running.sha256, "en").items.values())).text
    assert "Texts that are other than there: 1 " in page
    assert (
        f"item.age.text (patient) English Before: {text} After: Is whoever has the pain 16 or over?" in page
    )


def test_opening_the_page_proves_and_compares_nothing(
    draft, managers, monkeypatch, django_assert_max_num_queries
):
    for name in ("prove", "compare", "told_otherwise"):
        monkeypatch.setattr(examination, name, lambda *given: pytest.fail("made anew"))
    with django_assert_max_num_queries(10):
        assert managers["mara"].get(address(draft)).status_code == 200


def test_with_a_release_submissions_are_only_counted(draft):
    submission = TriageSession.objects.get()
    assert (submission.origin, submission.root) == ("back", "unspecified")
    told = ["Back-related pattern · Root unspecified · Routine", "Mixed or unclear · Routine", 1]
    assert draft.examined["replay"] == {"submissions": 1, "differ": 1, "changes": [told]}
    assert submission.reference not in str(draft.examined)


def test_the_replay_names_the_submissions_and_their_rows_and_no_answer(draft, managers):
    other = submit(FOOT_ONLY)
    page = managers["mara"].get(f"{LIST}{draft.pk}/replay/")
    changed = TriageSession.objects.exclude(pk=other.pk).get()
    assert "1 of these 2 submissions would be told something else" in read(page)
    assert f"{changed.reference} Nov 22, 2026" in read(page)
    assert "R1 ROOT-NEITHER → R3" in read(page)
    assert other.reference not in read(page)
    assert "inner" not in read(page).lower()
    entry = AccessEntry.objects.latest("number")
    assert (entry.who, entry.what, entry.detail) == ("mara", "view", "replay")
    older = managers["mara"].get(f"{LIST}{draft.pk}/replay/?before={other.record_number}")
    assert "1 of these 1 submissions" in read(older)


def test_a_page_of_the_replay_reads_so_many_and_no_more(draft, managers, monkeypatch):
    monkeypatch.setattr("triage.admin.releases.REPLAYED", 2)
    for _number in range(3):
        submit()
    page = managers["mara"].get(f"{LIST}{draft.pk}/replay/")
    assert "2 of these 2" in read(page)
    assert "?before=3" in page.content.decode()
    assert "?before" not in managers["mara"].get(f"{LIST}{draft.pk}/replay/?before=2").content.decode()


# What is less urgent than before


def lowering():
    """Content in which one of the answers that make it a same-day need no longer does."""
    trees = without_backache()
    trees["questionnaire"]["version"] = "2027.03"
    when(trees, "urgency", "S2")["all"][1]["any"].pop()
    return trees


@pytest.fixture
def lowered(running, managers):
    return actions.load_draft(lowering(), "anna", NOW)


def test_what_is_less_urgent_comes_first_and_red(lowered, managers):
    page = managers["mara"].get(address(lowered)).content.decode()
    red, other = page.index('class="ticks lowered"'), page.index("Other changes:")
    assert red < other
    levels = ["Routine", "Same day", "Emergency"]
    lines = re.findall(r'name="ticked" value="([^"]+)"', page[red:other])
    assert lines
    for line in lines:
        before, after = (levels.index(side.rpartition(" · ")[2]) for side in line.split(" → "))
        assert after < before, line
    assert 'name="ticked"' not in page[other:]


def test_each_red_line_is_ticked_by_whoever_publishes(lowered, running, managers):
    lines = examination.to_tick(lowered.examined["comparison"])
    page = send(managers["mara"], lowered, ticked=lines[1:])
    assert "Not ticked: 1" in read(page)
    assert page.content.decode().count('name="ticked"') == len(lines)
    assert len(re.findall(r'name="ticked" value="[^"]+" checked', page.content.decode())) == len(lines) - 1
    assert releases.current() == running
    send(managers["mara"], lowered, ticked=lines)
    assert releases.current() == lowered
    assert lines[0] in lowered.steps.last().note


def test_what_was_compared_before_urgencies_were_counted_is_ticked_whole(lowered):
    comparison = lowered.examined["comparison"]
    known = {key: value for key, value in comparison["changes"][0].items() if key != "rise"}
    assert examination.to_tick({"changes": [known], "left_out": ["x"]}) == [
        f"{known['from']} → {known['to']}",
        "x",
    ]


def test_going_back_ticks_nothing_and_shows_the_same_lines_the_other_way_round(lowered, running, managers):
    send(managers["mara"], lowered)
    page = managers["mara"].get(address(running)).content.decode()
    assert "Less urgent than before" not in page
    send(managers["anna"], running, ticked=())
    assert releases.current() == running


@pytest.mark.parametrize(
    ("count", "of", "words"),
    [("1", "40", "1 in 40"), ("30", "40", "75 in 100"), ("1", "2,000,000", "fewer than 1 in a million"),
     ("3", "100,000", "1 in 33,333")],
)  # fmt: skip
def test_shares_are_told_as_people_say_them(count, of, words):
    assert share(count, of) == words


# Publishing


def test_the_second_person_publishes_with_a_note(draft, running, managers):
    send(managers["mara"], draft)
    assert releases.current() == draft
    assert state(running) == "retired"
    step = draft.steps.last()
    assert (step.by, step.loaded_by, step.alone) == ("mara", "anna", "")
    assert step.note.startswith("Read and agreed.\nTicked")
    logged = AccessEntry.objects.filter(about=f"release {draft}").values_list("who", "detail")
    assert set(logged) == {("anna", "loaded as a draft"), ("mara", f"published instead of {running}")}
    assert "published" in read(managers["anna"].get(address(draft)))


def test_whoever_loaded_a_draft_does_not_publish_it(draft, managers):
    page = managers["anna"].get(address(draft))
    assert "another manager publishes it" in read(page)
    assert b'value="publish"' not in page.content
    assert "another manager publishes it" in read(send(managers["anna"], draft))
    assert state(draft) == "draft"


def test_one_person_is_enough_where_the_setting_says_so(draft, managers, settings):
    settings.TWO_PEOPLE_PUBLISH = False
    send(managers["anna"], draft)
    assert draft.steps.last().alone == ReleaseStep.Alone.SETTING


def test_the_database_itself_refuses_one_name_for_both(draft):
    for by in ("anna", ""):
        step = ReleaseStep(release=draft, state="published", at=NOW, by=by, loaded_by="anna")
        with pytest.raises(IntegrityError), transaction.atomic():
            step.save()
    ReleaseStep(release=draft, state="published", at=NOW, by="mara", loaded_by="anna").save()


def test_without_a_note_nothing_is_published(draft, managers):
    page = send(managers["mara"], draft, note="  ")
    assert "Say why" in read(page)
    assert state(draft) == "draft"


def test_a_comparison_with_what_runs_no_more_publishes_nothing(draft, running, managers):
    other = actions.load_draft(in_other_words(without_backache()), "anna", NOW)
    send(managers["mara"], other)
    for known in (running.sha256, other.sha256):  # a page from before, and a form made up
        assert "Another release has been published" in read(send(managers["mara"], draft, running=known))
    assert releases.current() == other
    assert "Load it again on the server" in read(managers["mara"].get(address(draft)))
    actions.load_draft(without_backache(), "anna", NOW)
    send(managers["mara"], draft)
    assert releases.current() == draft


def test_a_draft_that_this_program_cannot_read_is_not_published(draft, managers, monkeypatch):
    monkeypatch.setattr(examination, "broken_properties", lambda text: ("T9: planted",))
    assert "T9: planted" in read(send(managers["mara"], draft))
    assert state(draft) == "draft"


# Retiring, and going back


def test_a_draft_is_retired_with_a_note_and_can_be_loaded_again(draft, running, managers):
    send(managers["anna"], draft, step="retire")
    assert (state(draft), draft.steps.last().by) == ("retired", "anna")
    send(managers["mara"], running, step="retire")  # what runs is replaced, never just taken away
    assert releases.current() == running
    again = actions.load_draft(without_backache(), "mara", NOW)
    assert (again, again.state, again.loaded_by) == (draft, "draft", "mara")


def test_one_manager_goes_back_to_an_earlier_release(draft, running, managers):
    send(managers["mara"], draft)
    page = read(managers["anna"].get(address(running)))
    assert (
        "Mixed or unclear · Routine → Back-related pattern · Root unspecified · Routine" in page
    )  # turned round
    send(managers["anna"], running, note="Too many were told unclear.")
    assert (releases.current(), state(draft)) == (running, "retired")
    assert running.steps.last().alone == ReleaseStep.Alone.AGAIN
    assert "Too many were told unclear." in read(managers["mara"].get(address(running)))


def published_before(*proved):
    """The release of 2026.11 as a clinic has it, with the properties that were proved of it then."""
    text = releases.canonical(earlier_trees())
    return Release.objects.create(
        sha256=releases.sha256(text), version="2026.11", content=text, state="retired",
        created_at=NOW, published_at=NOW,
        examined={"proof": {"answer_sets": "1", "screens": [], "properties": [[name, "", 1] for name in proved]}},
    )  # fmt: skip


def test_there_is_a_way_back_to_what_was_published_under_the_rules_of_its_day(running, managers):
    with pytest.raises(ContentError, match="can be linked to"):
        actions.load_draft(
            earlier_trees(), "anna", NOW
        )  # as new content it has faults, and breaks properties
    old = published_before("T1", "T9")
    send(managers["anna"], old, note="The new one floods.")
    assert releases.current() == old


def test_but_not_if_it_breaks_what_was_proved_of_it(running, managers, monkeypatch):
    monkeypatch.undo()
    old = published_before("T1", "T10")
    assert "T10" in read(send(managers["anna"], old))
    assert releases.current() == running


def test_a_release_that_can_no_longer_be_read_still_has_its_page(draft, managers):
    send(managers["mara"], draft)
    old = Release.objects.get(state="retired")
    text = old.content.replace('"limits":', '"limits-of-old":')
    Release.objects.filter(pk=old.pk).update(content=text, sha256=releases.sha256(text))
    page = read(managers["mara"].get(address(old)))
    assert "cannot be read any more" in page
    assert "results.yaml" in page
    assert "limits" in read(send(managers["mara"], old))
    assert releases.current() == draft


def test_a_draft_that_was_altered_in_the_database_is_not_published(draft, managers):
    Release.objects.filter(pk=draft.pk).update(content=draft.content.replace("2027.01", "2027.99"))
    releases.trees.cache_clear()
    releases.content.cache_clear()
    assert "altered in the database" in read(managers["mara"].get(address(draft)))
    assert "altered in the database" in read(send(managers["mara"], draft))
    assert state(draft) == "draft"


# Who may


@pytest.mark.parametrize("group", [actions.REVIEWERS, actions.AUDITORS])
def test_only_managers_see_and_publish_releases(draft, group):
    client = Client()
    client.force_login(actions.create_staff("other", "a password of its own", group))
    for path in (LIST, address(draft), f"{LIST}{draft.pk}/replay/"):
        assert client.get(path).status_code == 403
    assert send(client, draft).status_code == 403
    assert state(draft) == "draft"


def test_seeing_releases_is_not_publishing_them(draft, managers):
    rights = Permission.objects.filter(codename="publish_release")
    Group.objects.get(name=actions.MANAGERS).permissions.remove(*rights)
    assert b'name="step"' not in managers["mara"].get(address(draft)).content
    assert send(managers["mara"], draft).status_code == 403


# How it looks


LOOKS = [("light", 768, 1024), ("dark", 1280, 900), ("light", 320, 256)]  # the last: 1280 by 1024 at 400%


@pytest.mark.looks
def test_the_pages_have_no_fault_that_axe_finds(page, transactional_db, proof):
    actions.publish(small_trees(), NOW)
    submit()
    actions.create_staff("mara", "a password of its own", actions.MANAGERS)
    draft = actions.load_draft(without_backache(), "anna", NOW)
    page.goto("/admin/")
    page.fill("#id_username", "mara")
    page.fill("#id_password", "a password of its own")
    press(page.locator("[type=submit]"))
    looks = proof.in_turn(LOOKS)
    for path in (LIST, address(draft), f"{LIST}{draft.pk}/replay/"):
        page.goto(path)
        for look in each_look(page, next(looks)):
            assert axe_finds(page) == [], (path, look)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, look)
    page.goto(address(draft))
    page.fill("#id_note", "Read and agreed.")
    for tick in page.locator("[name=ticked]").all():
        tick.check()
    press(page.get_by_role("button", name="Publish:"))
    expect(page.locator(".messagelist .success")).to_be_visible()
    for look in each_look(page, next(looks)):
        assert axe_finds(page) == [], look
