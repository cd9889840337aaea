"""What is kept, and that nothing is lost, doubled or rewritten: the same on SQLite and on PostgreSQL."""

import copy
import json
import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.shipped import small_trees
from tests.visitor import BACK, FOOT_ONLY, NOW, Patient, holding, publish, shipped_trees
from triage import actions
from triage.domain.loading import ContentError
from triage.models import Answer, Clinic, RecordChain, Release, TriageSession
from triage.store import releases, visit
from triage.store.records import RecordAltered, open_record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def edited(change):
    trees = copy.deepcopy(dict(shipped_trees()))
    change(trees)
    return trees


def reworded(trees):
    trees["questionnaire"]["version"] = "2027.01"
    trees["questionnaire"]["screens"][2]["items"][0]["text"] = "Which of your feet is it?"


# Releases


def test_the_same_content_again_changes_nothing(release):
    again, changed = actions.publish(shipped_trees(), NOW)
    assert (again, changed) == (release, False)
    assert Release.objects.count() == 1


def test_a_faulty_file_never_reaches_patients(release):
    with pytest.raises(ContentError):
        actions.publish(edited(lambda trees: trees["results"]["sections"].pop("safety-net")), NOW)
    assert releases.current() == release


def test_content_that_breaks_a_safety_property_is_not_published(release):
    trees = small_trees()
    rule = next(row for row in trees["decision"]["urgency"] if row["id"] == "E5")
    rule["gives"] = "same-day"
    with pytest.raises(actions.NotProved, match="cold-limb"):
        actions.publish(trees, NOW)
    assert releases.current() == release


def test_a_session_stays_with_its_release_when_a_newer_one_comes():
    patient = Patient()
    page = patient.answer(patient.start())
    newer = publish(edited(reworded))
    page = patient.answer(page)
    assert "Which foot is it?" in page.content.decode()
    patient.go_on(page)
    patient.submit()
    assert TriageSession.objects.get().release != newer
    assert (
        json.loads(TriageSession.objects.get().record)["release"]["sha256"]
        == TriageSession.objects.get().release.sha256
    )
    newcomer = Patient()
    assert "Which of your feet" in newcomer.answer(newcomer.answer(newcomer.start())).content.decode()


def test_only_one_release_is_published(release):
    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.create(
            sha256="0" * 64, version="x", content="{}", state="published", created_at=NOW, published_at=NOW
        )


def test_a_release_altered_in_the_database_is_not_used(release):
    Release.objects.update(content=release.content.replace("Which foot", "Which hand"))
    releases.trees.cache_clear()
    releases.content.cache_clear()
    with pytest.raises(ValueError, match="altered"):
        releases.content(release.sha256, "en")


# Answers


def test_an_answer_given_again_replaces_the_first_and_moves_to_the_end():
    patient = Patient()
    patient.go_on(patient.start())
    patient.client.post(reverse("question", args=["leg"]), {"leg-pain": "not-sure"})
    answer = Answer.objects.get(item="leg-pain")
    assert answer.given == ["not-sure"]
    assert answer.sequence == max(Answer.objects.values_list("sequence", flat=True))
    assert Answer.objects.count() == len(set(Answer.objects.values_list("item", flat=True)))


def test_an_emergency_sign_stays_known_to_the_clinic_when_it_is_unticked():
    patient = Patient(FOOT_ONLY | {"safety-now": ["cold-limb"]})
    patient.go_on(patient.start(), until="emergency")
    first = TriageSession.objects.get().emergency_at
    patient.answers = dict(FOOT_ONLY)
    patient.answer(patient.client.get(reverse("question", args=["safety-now"])))
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    patient.submit()
    session = TriageSession.objects.get()
    assert session.emergency_at == first
    assert session.urgency == TriageSession.Urgency.ROUTINE


def test_the_key_is_stored_nowhere():
    patient = Patient()
    patient.whole()
    key = patient.client.cookies["visit"].value
    assert len(key) >= 32
    assert not TriageSession.objects.filter(key_hash=key).exists()
    assert key not in str(list(TriageSession.objects.values()) + list(Answer.objects.values()))


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites():
    patient = Patient()
    patient.start()
    cookie = patient.client.cookies["visit"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "")


def test_somebody_elses_key_opens_nothing():
    Patient().whole()
    stranger = Client()
    stranger.cookies["visit"] = "x" * 43
    assert stranger.get(reverse("result"), follow=True).resolver_match.url_name == "expired"


@pytest.mark.parametrize(
    ("idle", "name"), [(visit.IDLE, "question"), (visit.IDLE + timedelta(seconds=1), "expired")]
)
def test_an_idle_session_closes_and_says_so(monkeypatch, idle, name):
    patient = Patient()
    page = patient.answer(patient.start())
    given = Answer.objects.count()
    last = Answer.objects.latest("answered_at").answered_at
    monkeypatch.setattr(timezone, "now", lambda: last + idle)
    assert patient.client.get(page.request["PATH_INFO"], follow=True).resolver_match.url_name == name
    assert Answer.objects.count() == given > 0  # staff still see it


def test_a_session_closes_after_its_longest_time_however_busy(monkeypatch):
    patient = Patient()
    patient.start()
    started = TriageSession.objects.get().started_at
    TriageSession.objects.update(started_at=started - visit.LONGEST - timedelta(seconds=1))
    assert patient.client.get(reverse("go-on"), follow=True).resolver_match.url_name == "expired"


# Handing in


def test_submitting_twice_gives_the_same_result_and_one_record():
    patient = Patient()
    patient.whole()
    before = TriageSession.objects.values().get()
    assert patient.submit().resolver_match.url_name == "result"
    assert TriageSession.objects.values().get() == before
    assert RecordChain.objects.get().number == 1


def test_after_submission_no_answer_changes():
    patient = Patient()
    patient.whole()
    before = list(Answer.objects.values())
    page = patient.client.post(reverse("question", args=["leg"]), {"leg-pain": "a-good-deal"}, follow=True)
    assert page.resolver_match.url_name == "result"
    found = visit.find(patient.client.cookies["visit"].value, "en")
    with pytest.raises(actions.AlreadySubmitted):
        actions.record_answers(found, {"leg-pain": ("a-good-deal",)}, NOW)
    assert list(Answer.objects.values()) == before


def test_the_result_is_shown_from_the_record_whatever_changes_around_it():
    patient = Patient(BACK)
    first = patient.whole().content
    publish(edited(reworded))
    Clinic.objects.update(name="Another name", emergency_number="999-112", show_roots=True)
    again = patient.client.get(reverse("result"))
    record = json.loads(TriageSession.objects.get().record)
    for sentence in record["result"]["sections"]["now"]["sentences"]:
        assert sentence["text"].split("'")[0] in again.content.decode()
    assert b"911" in main_part(first)
    assert b"999-112" not in main_part(again.content)


def main_part(page):
    return page[page.index(b"<main") : page.index(b"</main>")]


def test_an_altered_record_is_not_shown():
    patient = Patient()
    patient.whole()
    TriageSession.objects.update(record=TriageSession.objects.get().record.replace('"foot"', '"back"'))
    with pytest.raises(RecordAltered):
        open_record(TriageSession.objects.get())
    page = patient.client.get(reverse("result"))
    assert page.status_code == 500
    assert "911" in page.content.decode()


def test_each_record_names_the_one_before_it():
    for _patient in range(3):
        Patient().whole()
    records = [json.loads(session.record) for session in TriageSession.objects.order_by("record_number")]
    hashes = list(TriageSession.objects.order_by("record_number").values_list("record_sha256", flat=True))
    assert [record["previous"] for record in records] == ["", *hashes[:2]]
    assert [record["number"] for record in records] == [1, 2, 3]


def test_a_session_is_frozen_whole_or_not_at_all():
    Patient().whole()
    for half in (
        {"urgency": None},
        {"record": ""},
        {"submitted_at": None},
        {"origin": ""},
        {"origin": "foot", "root": "L5"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            TriageSession.objects.update(**half)


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_submit_and_answer_at_once_leave_one_true_record():
    """However the two come in, the stored urgency is that of the answers that were frozen with it."""
    publish()
    sessions = []
    for _round in range(6):
        patient = Patient()
        patient.go_on(patient.start())
        key = patient.client.cookies["visit"].value
        sessions.append(TriageSession.objects.latest("pk").pk)
        at_once(
            lambda key=key: holding(key).post(reverse("submit")),
            lambda key=key: holding(key).post(
                reverse("question", args=["health"]), {"health": ["none"], "changes": ["fever"]}
            ),
            lambda key=key: holding(key).post(reverse("submit")),
        )
    content = releases.content(releases.current().sha256, "en")
    for session in TriageSession.objects.filter(pk__in=sessions):
        record = open_record(session)
        answers = {row["item"]: tuple(row["given"]) for row in record["answers"]}
        from triage.domain.decision import decide
        from triage.domain.walk import walk

        assert decide(content, walk(content, answers)).urgency == record["result"]["urgency"]
        assert answers == {row.item: tuple(row.given) for row in session.answers.all()}
    assert sorted(TriageSession.objects.values_list("record_number", flat=True)) == list(range(1, 7))


def at_once(*calls):
    failures = []
    ready = threading.Barrier(len(calls))

    def run(call):
        ready.wait()
        try:
            call()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failures


# When the database is away


def test_an_outage_is_an_honest_503_with_the_emergency_advice(monkeypatch):
    patient = Patient()
    page = patient.start()

    def away(*args):
        raise OperationalError("the database is away")

    monkeypatch.setattr(actions, "record_answers", away)
    answer = patient.answer(page)
    assert answer.redirect_chain == [("/problem/closed/", 302)]  # so that no browser keeps what was sent
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "911" in answer.content.decode()
    monkeypatch.undo()
    assert patient.answer(page).status_code == 200


def test_an_emergency_sign_is_answered_even_when_it_cannot_be_stored(monkeypatch):
    patient = Patient(FOOT_ONLY | {"safety-now": ["cold-limb"]})
    page = patient.answer(patient.start())

    def away(*args):
        raise OperationalError("the database is away")

    monkeypatch.setattr(actions, "record_answers", away)
    answer = patient.answer(page)
    assert answer.status_code == 503
    assert 'href="tel:911"' in main_part(answer.content).decode()
    assert answer.context["go_on_url"] == page.request["PATH_INFO"]
    assert not Answer.objects.filter(item="safety-now").exists()


def test_every_page_may_hold_answers_and_none_is_kept_by_a_cache(client):
    patient = Patient()
    patient.whole()
    for name in ("home", "result", "sources", "healthz"):
        assert patient.client.get(reverse(name)).headers["Cache-Control"] == "no-store"
    assert client.get("/no-such-page/").headers["Cache-Control"] == "no-store"


def test_a_page_asks_the_database_little(django_assert_max_num_queries):
    patient = Patient()
    page = patient.answer(patient.start())
    with django_assert_max_num_queries(1):
        patient.client.get(page.request["PATH_INFO"])
    sent = {"safety-now": ["none"], "stamp": patient.client.stamp()}
    with django_assert_max_num_queries(5):  # read, begin, lock, store, commit
        patient.client.post(page.request["PATH_INFO"], sent)
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    patient.submit()
    with django_assert_max_num_queries(2):
        patient.client.get(reverse("result"))
