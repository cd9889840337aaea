"""Correcting what was sent, and taking a copy of it along."""

import json

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from tests.patient.test_coming_back import EMERGENCY, begun, name_of, stored
from tests.visitor import FOOT_ONLY, Browser, Patient, publish, shipped_trees
from triage import actions
from triage.domain.loading import ContentError
from triage.models import Answer, TriageSession
from triage.store import releases, visit
from triage.store.records import open_record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


@pytest.fixture
def corrected():
    """A patient who sent their answers and is about to correct them; and what was stored before."""
    patient = Patient()
    patient.whole()
    before = stored()
    page = patient.client.post(reverse("correct"), follow=True)
    assert name_of(page) == "check"
    return patient, before


def test_a_correction_is_a_second_submission_that_names_the_first(corrected):
    patient, before = corrected
    first = TriageSession.objects.get(corrects=None)
    assert first.reference in patient.client.get(reverse("check")).content.decode()
    patient.answers |= {"leg-pain": "a-good-deal", "travels": "yes"}
    for screen in ("leg", "leg-where", "back"):
        patient.answer(patient.client.get(reverse("question", args=[screen]), follow=True))
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    page = patient.submit()
    second = TriageSession.objects.get(corrects=first)
    assert (first.origin, second.origin) == ("foot", "back")
    assert open_record(second)["corrects"] == first.reference != second.reference
    assert first.reference in page.content.decode()
    assert open_record(first)["corrects"] is None
    as_before = before[0][0] | {"behind_id": second.pk}  # on the worklist its row is the correction's now
    assert (stored()[0][0], [row for row in stored()[1] if row["session_id"] == first.pk]) == (
        as_before,
        before[1],
    )


def test_answers_that_are_not_corrected_keep_when_they_were_given(corrected):
    _patient, (_sessions, before) = corrected
    after = Answer.objects.filter(session__corrects__isnull=False).order_by("pk")
    kept = ("item", "given", "sequence", "answered_at")
    assert [tuple(row[name] for name in kept) for row in before] == list(after.values_list(*kept))


def test_there_is_one_correction_however_often_one_asks(corrected):
    patient, _before = corrected
    first = TriageSession.objects.get(corrects=None)
    again = actions.correct(first.pk, "en", timezone.now())
    assert TriageSession.objects.filter(corrects=first).count() == 1
    assert visit.find(again, "en").corrects == first.reference
    assert name_of(patient.client.get(reverse("go-on"), follow=True)) == "elsewhere"  # one browser at a time


def test_until_a_correction_is_sent_the_first_result_stands(corrected):
    patient, _before = corrected
    first = TriageSession.objects.get(corrects=None)
    page = patient.client.get(reverse("result"))
    assert first.reference in page.content.decode()
    assert first.reference in patient.client.get(reverse("copy")).context["text"]
    assert name_of(patient.client.post(reverse("correct"), follow=True)) == "check"
    patient.submit()
    assert patient.client.get(reverse("result")).context["record"]["reference"] != first.reference


def test_what_was_never_sent_is_not_corrected():
    patient = begun()
    assert name_of(patient.client.post(reverse("correct"), follow=True)) == "question"
    assert TriageSession.objects.count() == 1


def test_an_altered_submission_is_not_corrected():
    patient = Patient()
    patient.whole()
    TriageSession.objects.update(record=TriageSession.objects.get().record.replace('"foot"', '"back"'))
    assert patient.client.post(reverse("correct")).status_code == 500
    assert TriageSession.objects.count() == 1


def test_a_correction_keeps_its_release_and_takes_the_newest_where_that_is_not_readable(monkeypatch):
    old, patient, other = releases.current(), Patient(), Patient()
    patient.whole()
    other.whole()
    newer = publish(renamed(shipped_trees()))
    patient.client.post(reverse("correct"))
    assert TriageSession.objects.latest("pk").release == old

    read = releases.content

    def unreadable(sha256, language):
        if sha256 == old.sha256:
            raise ContentError(())
        return read(sha256, language)

    monkeypatch.setattr(releases, "content", unreadable)
    session = TriageSession.objects.filter(corrects=None).latest("pk")
    key = actions.correct(session.pk, "en", timezone.now())
    found = visit.find(key, "en")
    assert found.release == newer.sha256
    assert found.walk.unanswered == ("impact",)  # the answer that is no more is asked for again


def renamed(trees):
    """The content, with another code for one of this patient's answers."""
    text = json.dumps(dict(trees)).replace('"walking"', '"on-foot"')
    return json.loads(text.replace("item.impact.walking", "item.impact.on-foot"))


def test_an_emergency_that_is_taken_back_stays_in_sight_of_staff():
    patient = Patient(EMERGENCY)
    patient.whole()
    patient.client.post(reverse("correct"))
    patient.answers = dict(FOOT_ONLY)
    patient.answer(patient.client.get(reverse("question", args=["safety-now"])))
    patient.submit()
    first, second = TriageSession.objects.order_by("pk")
    assert (first.urgency, second.urgency) == (3, 1)
    assert second.emergency_at == first.emergency_at
    assert {first.need, second.need} == {TriageSession.Need.UNSEEN_EMERGENCY}


def test_staff_see_both_and_get_from_one_to_the_other(corrected):
    patient, _before = corrected
    first, second = TriageSession.objects.order_by("pk")
    client = Browser()
    client.force_login(User.objects.create_superuser("super"))

    def sheet(session):
        page = client.get(reverse("admin:triage_triagesession_change", args=[session.pk]))
        return page.content.decode() if page.status_code == 200 else ""

    worklist = reverse("admin:triage_triagesession_changelist")
    assert second.reference not in sheet(first) + client.get(worklist).content.decode()  # not sent yet
    patient.submit()
    for one, other in ((first, second), (second, first)):
        assert reverse("admin:triage_triagesession_change", args=[other.pk]) in sheet(one)
    listed = client.get(worklist).content.decode()
    assert f"corrects {first.reference}" in listed
    assert (
        f"corrected by {second.reference}" in client.get(f"{worklist}?q={first.reference}").content.decode()
    )


# A copy for the clinic


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_copy_is_plain_text_in_the_words_for_staff(language):
    patient = Patient(FOOT_ONLY | {"changes": ["fever"], "note": "It <b>hurts</b> & burns."})
    patient.start()
    patient.client.post(reverse("language"), {"language": language, "next": "/"})
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    patient.submit()
    page = patient.client.get(reverse("copy"))
    text, record = page.context["text"], open_record(TriageSession.objects.get())
    told = record["staff_result"] or record["result"]
    assert record["reference"] in text
    assert told["names"]["staff"]["urgency"] in text
    for reason in (told["why_origin"], *told["why_urgent"]):
        assert reason["staff"]["text"] in text
    for line in told["lines"]:
        assert f"- {line['label']}: {line['answer']}\n" in text
    assert "It <b>hurts</b> & burns." in text
    assert not hasattr(text, "__html__")
    assert "It &lt;b&gt;hurts&lt;/b&gt; &amp; burns." in page.content.decode()
    assert json.dumps(text, ensure_ascii=False).count("\\n\\n\\n") == 0


# Again and again


def test_correcting_without_end_comes_to_a_page_that_says_when_to_go_on(corrected):
    patient, _before = corrected
    for _turn in range(actions.sessions.MOST_CORRECTIONS - 1):
        patient.submit()
        patient.client.post(reverse("correct"))
    patient.submit()
    page = patient.client.post(reverse("correct"), follow=True)
    assert page.resolver_match.url_name == "corrected-often"
    assert "many times in an hour" in page.content.decode()
    assert TriageSession.objects.exclude(corrects=None).count() == actions.sessions.MOST_CORRECTIONS
