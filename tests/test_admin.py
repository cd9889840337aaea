"""The clinic's side, through HTTP as each kind of staff: who may see what, the worklist, the sheet, the review."""

import copy
import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.forms import model_to_dict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.patient import BACK, FOOT_ONLY, NOW, publish, shipped_trees
from triage import actions, releases, visit
from triage.admin import lists
from triage.admin.submissions import references
from triage.domain.walk import read_answers
from triage.models import Clinic, Review, TriageSession

pytestmark = pytest.mark.django_db

ROUTINE = FOOT_ONLY
SAME_DAY = FOOT_ONLY | {"changes": ["fever"]}
EMERGENCY = BACK | {"safety-now": ["saddle-numbness"], "note": "It began <b>on Monday</b>."}
State = TriageSession.ReviewState
WORKLIST = "/admin/triage/triagesession/"


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def submitted(answers=ROUTINE, language="en", now=NOW, demo=False):
    content = releases.content(releases.current().sha256, language)
    return actions.enter(content, read_answers(content, answers), language, now, demo=demo)


def given(*screens):
    """A session in which these answers were sent, one screen after the other, and no more."""
    session, key = actions.start_session("en", NOW)
    for answers in screens:
        actions.record_answers(visit.find(key, "en"), answers, NOW)
    session.refresh_from_db()
    return session


def staff(kind):
    client = Client()
    if kind == "superuser":
        client.force_login(User.objects.create_superuser("super"))
    elif kind != "anonymous":
        client.force_login(actions.create_staff(kind.lower(), "a password of its own", kind))
    return client


@pytest.fixture
def reviewer():
    return staff("Reviewers")


def sheet(session):
    return f"{WORKLIST}{session.pk}/change/"


def text(response):
    """The page as it is read: no tags, white space collapsed."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def listed(client, query=""):
    page = client.get(WORKLIST + query)
    assert page.status_code == 200
    return [session.reference for session in page.context["cl"].result_list]


# Who may do what

KINDS = ("anonymous", "Reviewers", "Managers", "Auditors", "superuser")
ACCESS = {
    "/admin/": (302, 200, 200, 200, 200),
    WORKLIST: (302, 200, 200, 403, 200),
    WORKLIST + "{pk}/change/": (302, 200, 200, 403, 200),
    WORKLIST + "{pk}/history/": (302, 200, 200, 403, 200),
    WORKLIST + "{pk}/delete/": (302, 403, 403, 403, 403),
    WORKLIST + "add/": (302, 403, 403, 403, 403),
    "/admin/triage/clinic/1/change/": (302, 403, 200, 403, 200),
    "/admin/triage/clinic/add/": (302, 403, 403, 403, 403),
    "/admin/triage/clinic/1/delete/": (302, 403, 403, 403, 403),
    "/admin/triage/release/": (302, 403, 200, 403, 200),
    "/admin/triage/release/{release}/change/": (302, 403, 200, 403, 200),
    "/admin/triage/release/{release}/delete/": (302, 403, 403, 403, 403),
    "/admin/triage/accessentry/": (302, 403, 403, 200, 200),
    "/admin/triage/accessentry/1/change/": (302, 403, 403, 200, 200),
    "/admin/triage/accessentry/1/delete/": (302, 403, 403, 403, 403),
    "/admin/triage/accessentry/add/": (302, 403, 403, 403, 403),
    "/admin/auth/user/": (302, 403, 403, 403, 200),
    "/admin/auth/user/add/": (302, 403, 403, 403, 200),
    "/admin/auth/group/": (302, 403, 403, 403, 200),
}


def test_each_kind_of_staff_opens_just_its_pages(release):
    pk = submitted().pk
    actions.note_access("view", "anna", NOW)
    for column, kind in enumerate(KINDS):
        client = staff(kind)
        found = {path: client.get(path.format(pk=pk, release=release.pk)).status_code for path in ACCESS}
        assert found == {path: row[column] for path, row in ACCESS.items()}, kind


def test_a_right_to_change_users_given_by_mistake_opens_nothing():
    client = staff("Managers")
    user = User.objects.get(username="managers")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    assert client.get("/admin/auth/user/").status_code == 403


@pytest.mark.parametrize("kind", ["Reviewers", "Managers", "superuser"])
def test_nobody_deletes_or_changes_a_submission(kind):
    session = submitted()
    client = staff(kind)
    assert client.post(f"{WORKLIST}{session.pk}/delete/", {"post": "yes"}).status_code == 403
    assert (
        client.post(WORKLIST, {"action": "delete_selected", "_selected_action": [session.pk]}).status_code
        == 400
    )
    client.post(sheet(session), {"urgency": "1", "origin": "back", "review_state": "4"})
    assert TriageSession.objects.filter(pk=session.pk, origin="foot", review_state=State.NEW).exists()


def test_a_session_that_is_not_on_the_worklist_does_not_open(reviewer):
    quiet = given({"age": ("16-or-over",)})
    assert reviewer.get(sheet(quiet)).status_code == 404
    assert reviewer.get(f"{WORKLIST}{2**70}/change/").status_code == 404


# Worklist


def test_the_worklist_is_sorted_by_need(reviewer):
    acknowledged, closed = submitted(EMERGENCY), submitted(EMERGENCY)
    routine, same_day = submitted(ROUTINE), submitted(SAME_DAY)
    later = submitted(ROUTINE, now=NOW + timedelta(hours=1))
    unseen = submitted(EMERGENCY, now=NOW - timedelta(days=1))
    unfinished = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)})
    given({"age": ("16-or-over",)}, {"safety-now": ("none",)})  # nothing to see
    user = User.objects.get(username="reviewers")
    step(acknowledged, user, State.ACKNOWLEDGED)
    for state in (State.REVIEWED, State.CLOSED):
        step(closed, user, state)
    wanted = [unfinished, unseen, acknowledged, same_day, later, routine, closed]
    assert listed(reviewer) == [session.reference for session in wanted]


def step(session, user, state, note=""):
    session.refresh_from_db()
    return actions.review(session.pk, session.mark, user, state, note, NOW)


def test_a_row_says_its_urgency_in_a_word_an_icon_and_a_color(reviewer):
    submitted(SAME_DAY, demo=True)
    page = reviewer.get(WORKLIST)
    cell = re.search(r'<span class="urgency level-2">.*?</span>', page.content.decode(), re.DOTALL)[0]
    assert "<svg" in cell
    assert "same day" in cell
    assert " ago " in text(page)
    assert " demo " in text(page)


def test_an_unfinished_emergency_is_marked_and_found_among_the_emergencies(reviewer):
    session = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)})
    submitted(SAME_DAY)
    assert listed(reviewer, "?level__exact=3") == [session.reference]
    assert "emergency not finished" in text(reviewer.get(WORKLIST))


def test_filters(reviewer):
    foot, back = submitted(SAME_DAY), submitted(BACK, demo=True)
    step(back, User.objects.get(username="reviewers"), State.REVIEWED)
    assert listed(reviewer, "?level__exact=2") == listed(reviewer, "?origin__exact=foot") == [foot.reference]
    assert (
        listed(reviewer, "?review_state__exact=3") == listed(reviewer, "?demo__exact=1") == [back.reference]
    )


def test_search_finds_references_by_how_they_begin(reviewer):
    session, other = submitted(), submitted()
    TriageSession.objects.filter(pk=session.pk).update(reference="BCD-234")
    TriageSession.objects.filter(pk=other.pk).update(reference="BCF-Z34")
    for found in ("BCD-234", "bcd234", "bcd-", "BCD"):
        assert listed(reviewer, f"?q={found}") == ["BCD-234"], found
    assert listed(reviewer, "?q=bc") == ["BCD-234", "BCF-Z34"]
    for not_found in ("CD", "234", "BCD-2345", "foot", "%25", "BCD-23A"):
        assert listed(reviewer, f"?q={not_found}") == [], not_found


def test_a_search_is_a_range_of_the_index():
    assert references("z-z") == ("ZZ2-222", "ZZZ-ZZZ")
    assert references("A") is None  # no reference has a vowel


@pytest.mark.parametrize(
    "query, index",
    [
        ("", "worklist"),
        ("?review_state__exact=1", "worklist_by_state"),
        ("?level__exact=3", "worklist_by_level"),
        ("?origin__exact=foot", "worklist_by_origin"),
        ("?demo__exact=1", "worklist_demo"),
        ("?o=-4", "worklist_by_time"),
    ],
)
def test_a_page_is_read_from_an_index_without_sorting(reviewer, query, index):
    rows = reviewer.get(WORKLIST + query).context["cl"].queryset
    assert re.search(rf"\b{index}\b", plan(rows))
    assert not re.search(SORTS, plan(rows))
    assert re.search(SORTS, plan(rows.order_by("last_sequence")))


SORTS = "TEMP B-TREE|Sort"


def plan(rows):
    if connection.vendor == "postgresql":  # it would not use an index for a table this small
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
            )
    return rows[:50].explain()


def test_the_worklist_costs_the_same_queries_however_long_it_is(reviewer):
    submitted()
    with CaptureQueriesContext(connection) as short:
        reviewer.get(WORKLIST)
    for _more in range(3):
        submitted()
    with CaptureQueriesContext(connection) as long:
        reviewer.get(WORKLIST)
    assert len(long) == len(short) <= 10


def test_counting_stops_at_a_cap(reviewer, monkeypatch):
    for _turn in range(3):
        submitted()
    assert "3 submissions" in text(reviewer.get(WORKLIST))
    monkeypatch.setattr(lists, "MOST_ROWS", 2)
    assert "The first 2 submissions" in text(reviewer.get(WORKLIST))


# Addresses that no page of ours makes

HIDDEN = ("key_hash__startswith=a", "record__contains=none", "answers__item=age", "release__sha256=a")
HOSTILE = (
    "level__regex=(",
    "reference__regex=(",
    "origin__exact=%00",
    "q=" + "x" * 200_000,
    "q=%00",
    "level__exact=x",
    "level__exact=" + "9" * 30,
    "demo__exact=2",
    "o=x.9.-9",
    "p=" + "9" * 30,
    "p=x",
    "all=1",
    "_facets=1",
    "_to_field=record",
    "e=1",
)


@pytest.mark.parametrize("parameter", HIDDEN)
def test_no_parameter_asks_about_what_the_list_does_not_show(reviewer, monkeypatch, parameter):
    submitted()
    assert reviewer.get(f"{WORKLIST}?{parameter}").status_code == 400
    monkeypatch.setattr(lists.GuardedList, "lookup_allowed", lambda self, lookup, value, request: True)
    assert reviewer.get(f"{WORKLIST}?{parameter}").status_code == 200  # so the guard is what refuses it


@pytest.mark.parametrize(
    "path",
    [
        WORKLIST,
        "/admin/triage/release/",
        "/admin/triage/accessentry/",
        "/admin/auth/user/",
        "/admin/auth/group/",
    ],
)
def test_no_parameter_breaks_a_list(path):
    client = staff("superuser")
    submitted()
    for parameter in (
        *HIDDEN,
        *HOSTILE,
        "username__regex=(",
        "password__startswith=m",
        "groups__id__exact=x",
    ):
        status = client.get(f"{path}?{parameter}").status_code
        assert status in (200, 302, 400), (parameter[:40], status)
    assert client.post(path, {"action": "delete_selected", "_selected_action": "x"}).status_code == 400


# Sheet


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
        assert " ".join(sentence.split()) in page


def test_every_answer_on_the_path_is_one_row(reviewer):
    session = submitted(EMERGENCY)
    lines = json.loads(session.record)["result"]["lines"]
    table = re.search(
        r'<table class="answers">.*?</table>', reviewer.get(sheet(session)).content.decode(), re.DOTALL
    )[0]
    rows = [unescape(question) for question in re.findall(r'<th scope="row">(.*?)</th>', table)]
    assert rows == [line["question"] for line in lines]
    assert (
        len(re.findall('class="where back"', table))
        == sum("back" in line["speaks_for"] for line in lines)
        > 0
    )


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
    actions.publish(trees, NOW)
    assert lasting(reviewer.get(sheet(session))) == before


def lasting(page):
    """The page without what differs each time: the form's token, and how long ago it was."""
    return re.sub(rb'token" value="\w+"|\([^)]+ ago\)', b"", page.content)


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


# Review


def send(client, session, state, note="", seen=None):
    session.refresh_from_db()
    data = {"seen": session.mark if seen is None else seen, "state": int(state), "note": note}
    return client.post(sheet(session), data, follow=True)


def test_a_review_keeps_every_step_with_who_and_when(reviewer):
    session = submitted(EMERGENCY)
    for state in (State.ACKNOWLEDGED, State.REVIEWED, State.CLOSED, State.REVIEWED):
        page = send(reviewer, session, state, f"note {state}")
        assert page.status_code == 200
    assert [review.state for review in session.reviews.all()] == [2, 3, 4, 3]
    assert {review.reviewer.username for review in session.reviews.all()} == {"reviewers"}
    for words in ("Acknowledged by reviewers", "note 2", "Closed by reviewers", "note 4"):
        assert words in text(page)
    session.refresh_from_db()
    assert session.review_state == State.REVIEWED


@pytest.mark.parametrize("state", [State.NEW, State.CLOSED, 9])
def test_a_state_that_cannot_follow_is_refused(reviewer, state):
    session = submitted()
    assert "Select a valid choice" in text(send(reviewer, session, state))
    with pytest.raises(actions.NotAStep):
        step(session, User.objects.get(username="reviewers"), state)
    assert not Review.objects.exists()


IMPOSSIBLE = (
    {"state": 1},
    {"state": 9},
    {"urgency": 7},
    {"root": "L5"},
    {"reviewer": None},
    {"created_at": None},
)


@pytest.mark.parametrize("change", IMPOSSIBLE, ids=str)
def test_the_database_refuses_a_step_that_cannot_be(reviewer, change):
    session = submitted()
    step(session, User.objects.get(username="reviewers"), State.REVIEWED)
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        TriageSession.objects.filter(pk=session.pk).update(review_state=5)


def test_the_same_state_again_needs_a_note(reviewer):
    session = submitted()
    send(reviewer, session, State.ACKNOWLEDGED)
    assert "Write a note." in text(send(reviewer, session, State.ACKNOWLEDGED))
    send(reviewer, session, State.ACKNOWLEDGED, "Rang, no answer.")
    assert session.reviews.count() == 2


def test_a_stale_tab_is_told_and_keeps_its_note(reviewer):
    session = submitted()
    seen = session.mark
    send(reviewer, session, State.ACKNOWLEDGED)
    page = send(reviewer, session, State.REVIEWED, "All well.", seen=seen)
    assert "has changed since you opened the page" in text(page)
    assert "All well." in text(page)
    assert session.reviews.count() == 1
    assert send(reviewer, session, State.REVIEWED, "All well.").redirect_chain


def test_the_action_itself_refuses_what_is_out_of_date(reviewer):
    session = submitted()
    user = User.objects.get(username="reviewers")
    seen = session.mark
    step(session, user, State.ACKNOWLEDGED)
    with pytest.raises(actions.ChangedMeanwhile):
        actions.review(session.pk, seen, user, State.REVIEWED, "", NOW)


def test_a_form_for_another_submission_is_refused(reviewer):
    session, other = submitted(), submitted()
    assert send(reviewer, session, State.ACKNOWLEDGED, "About another", seen=other.mark).status_code == 400
    assert not Review.objects.exists()


def test_a_review_needs_the_right_to_it():
    session, client = submitted(), staff("Reviewers")
    group = User.objects.get(username="reviewers").groups.get()
    group.permissions.remove(Permission.objects.get(codename="add_review"))
    assert "Save for" not in text(client.get(sheet(session)))
    assert send(client, session, State.ACKNOWLEDGED).status_code == 403
    assert not Review.objects.exists()


def test_what_is_handed_in_is_new_again(reviewer):
    session, key = actions.start_session("en", NOW)
    content = releases.content(releases.current().sha256, "en")
    answers = read_answers(content, EMERGENCY)
    actions.record_answers(
        visit.find(key, "en"), {"age": answers["age"], "safety-now": answers["safety-now"]}, NOW
    )
    send(reviewer, session, State.REVIEWED, "Called an ambulance.")
    seen = session.mark
    while (found := visit.find(key, "en")).walk.unanswered:
        actions.record_answers(found, {item: answers.get(item, ()) for item in found.walk.unanswered}, NOW)
    actions.submit(session.pk, "en", NOW)
    assert "has changed" in text(send(reviewer, session, State.ACKNOWLEDGED, seen=seen))
    session.refresh_from_db()
    assert (session.review_state, session.need) == (State.NEW, TriageSession.Need.UNSEEN_EMERGENCY)
    assert "Called an ambulance." in text(reviewer.get(sheet(session)))


# Clinic settings and Django's own log

DEFAULTS = {name: value for name, value in model_to_dict(Clinic()).items() if value not in (None, False)}
SETTINGS = DEFAULTS | {"name": "Hillside Feet", "phone": "555 0100", "emergency_number": "999"}


def test_clinic_settings_are_shown_at_once():
    client = staff("Managers")
    assert client.get("/admin/triage/clinic/").url == "/admin/triage/clinic/1/change/"
    assert client.post("/admin/triage/clinic/1/change/", SETTINGS).status_code == 302
    start = text(Client().get(reverse("home")))
    assert "Hillside Feet" in start
    assert "999" in start
    assert "Hillside Feet" in text(client.get("/admin/"))


def test_only_the_languages_that_the_clinic_offers_are_there():
    submitted()
    client = staff("Managers")
    spanish = {"accept-language": "es"}
    assert "Español" in text(Client().get(reverse("home")))
    assert "Preguntas" in text(Client().get(reverse("home"), headers=spanish))
    client.post("/admin/triage/clinic/1/change/", SETTINGS | {"languages": ["en"]})
    assert "Español" not in text(Client().get(reverse("home")))
    assert "Preguntas" not in text(Client().get(reverse("home"), headers=spanish))
    patient = Client()
    patient.post(reverse("start"), headers=spanish)
    page = patient.get(reverse("go-on"), headers=spanish, follow=True).content.decode()
    assert '<html lang="en"' in page
    assert "es" not in client.get("/admin/triage/invitation/add/").context["form"].fields["language"].choices
    wrong = client.post("/admin/triage/clinic/1/change/", SETTINGS | {"languages": ["tlh"]})
    assert "Select a valid choice" in text(wrong)


def test_the_foot_of_the_sheet_is_the_clinics(reviewer):
    session = submitted()
    staff("Managers").post("/admin/triage/clinic/1/change/", SETTINGS | {"sheet_footer": "File in room 3."})
    assert "File in room 3." in text(reviewer.get(sheet(session)))


@pytest.mark.parametrize(
    "wrong", [{"emergency_number": ""}, {"emergency_number": "---"}, {"phone": "ring us"}, {"name": ""}]
)
def test_wrong_settings_are_refused(wrong):
    page = staff("Managers").post("/admin/triage/clinic/1/change/", SETTINGS | wrong)
    assert page.status_code == 200
    assert "Please correct the error" in text(page)
    assert Clinic.objects.get().name == "The clinic"
    with pytest.raises(ValidationError):
        actions.save_clinic(Clinic(pk=1, **SETTINGS | wrong), "anna", NOW)


def test_djangos_log_names_rows_by_opaque_codes_only(reviewer):
    session = submitted(EMERGENCY)
    assert str(session) == session.reference
    assert {str(answer) for answer in session.answers.all()} <= set(EMERGENCY)
    send(reviewer, session, State.ACKNOWLEDGED, "A note about a patient")
    staff("Managers").post("/admin/triage/clinic/1/change/", SETTINGS)
    entries = [f"{entry.object_repr} {entry.change_message}" for entry in LogEntry.objects.all()]
    assert len(entries) == 1
    assert entries[0].startswith("Clinic settings ")
    assert "555" not in entries[0]
