"""Coming back with a code, staying, leaving, correcting what was sent, and taking a copy along."""

import json
import re
from datetime import timedelta
from functools import partial

import pytest
import segno
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.store.test_storage import at_once
from tests.visitor import FOOT_ONLY, NOW, Patient, publish, shipped_trees
from triage import actions
from triage.domain.loading import ContentError
from triage.models import Answer, Clinic, TriageSession, WrongCodes
from triage.store import releases, visit
from triage.store.records import open_record

pytestmark = pytest.mark.django_db
EMERGENCY = FOOT_ONLY | {"safety-now": ["cold-limb"]}
WRONG = "BCDF-GHJK-MNPQ"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def begun(pages=3, answers=FOOT_ONLY):
    patient = Patient(answers)
    page = patient.start()
    for _page in range(pages):
        page = patient.answer(page)
    return patient


def save(patient):
    return patient.client.post(reverse("save")).context["code"]


def come_back(code, client=None, **extra):
    return (client or Client()).post(reverse("return"), {"code": code}, follow=True, **extra)


def name_of(page):
    return page.resolver_match.url_name


def stored():
    return list(TriageSession.objects.order_by("pk").values()), list(Answer.objects.order_by("pk").values())


# The code


@pytest.mark.parametrize("typed", [str, str.lower, lambda code: f" {code.replace('-', ' ')}\n"])
def test_the_code_opens_the_answers_in_another_browser_and_closes_them_in_the_first(typed):
    patient, other = begun(), Client()
    here = patient.client.get(reverse("go-on"), follow=True).request["PATH_INFO"]
    page = come_back(typed(save(patient)), other)
    assert page.request["PATH_INFO"] == here
    assert TriageSession.objects.count() == 1
    for name in ("go-on", "check", "result"):
        assert name_of(patient.client.get(reverse(name), follow=True)) in ("expired", "home")
    patient.client = other
    patient.go_on(page)
    assert name_of(patient.submit()) == "result"


def test_the_code_is_stored_nowhere_and_hard_to_guess():
    code = save(begun())
    signs = code.replace("-", "")
    assert len(actions.REFERENCE_SIGNS) ** len(signs) > 2**50
    kept = str(TriageSession.objects.values().get())
    assert code not in kept
    assert signs not in kept
    assert releases.sha256(signs) not in kept  # a plain hash of so few signs could be found by trying
    assert save(begun()) != code


def test_no_address_holds_the_code():
    patient = begun()
    page = patient.client.post(reverse("save"))
    code = page.context["code"].replace("-", "")
    assert page.context["link"] == f"http://testserver/return/#{code}"
    answer = Client().post(reverse("return"), {"code": code})
    assert code not in str(answer.headers)
    assert Client().get(f"/return/{code}/").status_code == 404


def test_the_picture_holds_the_link_and_no_style():
    page = begun().client.post(reverse("save"))
    svg = re.search(r"<svg .*?</svg>", page.context["picture"])[0]
    assert svg in page.content.decode()
    assert "style" not in svg
    assert re.findall(r' d="[^"]+"', svg) == re.findall(
        r' d="[^"]+"', segno.make(page.context["link"]).svg_inline(light="#fff")
    )


def test_opening_the_link_changes_nothing_however_often():
    patient = begun()
    code = save(patient)
    before = stored()
    for _preview in range(3):
        assert Client().get(reverse("return")).status_code == 200
        assert Client().head(reverse("return")).status_code == 200
        assert name_of(patient.client.get(reverse("save"), follow=True)) == "question"
    assert stored() == before
    assert name_of(come_back(code)) == "question"  # so it would have been changed


def test_wrong_used_and_expired_codes_are_all_told_the_same(clock):
    def told(code):
        return TOKEN.sub("", come_back(code).content.decode()).replace(code, "")

    used, old, patient = save(begun()), save(begun()), begun()
    come_back(used)
    replaced, newer = save(patient), save(patient)
    wrong = told(WRONG)
    assert "does not open anything" in wrong
    assert told(used) == told(replaced) == wrong
    clock(days=7, minutes=1)
    assert told(old) == wrong
    clock(days=1)
    assert told(newer) != wrong


@pytest.mark.parametrize(
    ("days", "late", "name"), [(7, 0, "expired"), (7, 1, "return"), (2, -1, "question"), (2, 1, "return")]
)
def test_a_code_works_as_many_days_as_the_clinic_says(clock, days, late, name):
    Clinic.objects.update_or_create(pk=1, defaults={"return_days": days})
    code = save(begun())
    until = TriageSession.objects.get().return_until
    assert timedelta(0) <= timezone.now() + timedelta(days=days) - until < timedelta(seconds=5)
    clock(seconds=(until - timezone.now()).total_seconds() + late)
    assert name_of(come_back(code)) == ("question" if name == "expired" else name)


@pytest.mark.parametrize("days", [0, 31, -1])
def test_the_days_have_bounds(days):
    with pytest.raises(ValidationError, match="return_days"):
        actions.save_clinic(Clinic(pk=1, return_days=days), "anna", NOW)


def test_what_was_saved_outlives_the_idle_time_and_the_longest_day(clock):
    patient, other = begun(), Client()
    code = save(patient)
    clock(days=3)
    assert name_of(patient.client.get(reverse("go-on"), follow=True)) == "expired"
    assert name_of(come_back(code, other)) == "question"
    clock(days=3, minutes=29)
    assert name_of(other.get(reverse("go-on"), follow=True)) == "question"
    clock(days=3, minutes=31)
    assert name_of(other.get(reverse("go-on"), follow=True)) == "expired"


def test_an_emergency_is_shown_first_on_the_new_device_too():
    patient = begun(2, EMERGENCY)
    page = patient.client.post(reverse("save"))
    assert 'href="tel:911"' in page.content.decode()[page.content.decode().index("<main") :]
    assert name_of(come_back(page.context["code"])) == "emergency"


def test_a_result_can_be_taken_to_another_device():
    patient = Patient()
    patient.whole()
    assert name_of(come_back(save(patient))) == "result"


@pytest.mark.django_db(transaction=True)
def test_two_browsers_with_one_code_at_once_get_one_session_open():
    publish()
    for _round in range(4):
        code, clients = save(begun(1)), [Client() for _browser in range(4)]
        names = []
        at_once(*(partial(enter, code, client, names) for client in clients))
        assert sorted(names) == ["question", "return", "return", "return"]


def enter(code, client, names):
    names.append(name_of(come_back(code, client)))


# Who tries many


def type_wrong_codes(count=actions.codes.FREE_TRIES, address="192.0.2.1"):
    return [come_back(WRONG, REMOTE_ADDR=address).status_code for _try in range(count)]


def test_a_place_that_types_many_wrong_codes_has_to_wait_longer_each_time(clock):
    code, start = save(begun()), 3605 - timezone.now().timestamp() % 3600  # early in an hour
    clock(seconds=start)
    assert set(type_wrong_codes()) == {200}
    passed = start
    for pause in (15, 30, 60, 120, 240, 480, 600, 600):
        for early in (0.0, pause - 1.0):  # what is refused makes it no longer
            clock(seconds=passed + early)
            page = come_back(code, REMOTE_ADDR="192.0.2.1")
            assert page.status_code == 429
            assert f"Try again in {-(-(pause - int(early)) // 60)} min" in page.content.decode()
        passed += pause
        clock(seconds=passed)
        assert type_wrong_codes(1) == [200]
    clock(seconds=passed + 600)
    assert name_of(come_back(code, REMOTE_ADDR="192.0.2.1")) == "question"


def test_another_hour_begins_anew_and_nothing_of_the_last_is_kept(clock):
    type_wrong_codes()
    clock(hours=1)
    assert type_wrong_codes(1) == [200]
    assert set(WrongCodes.objects.values_list("count", flat=True)) == {1}


def test_a_right_code_from_a_fresh_address_is_never_refused(monkeypatch, caplog):
    """However many addresses have typed wrong ones: there is no count of all that shuts anybody out."""
    monkeypatch.setattr(actions.codes, "ALARM", 30)
    code = save(begun())
    for number in range(3):
        type_wrong_codes(address=f"192.0.2.{number}")
        assert come_back(code, REMOTE_ADDR=f"192.0.2.{number}").status_code == 429
    assert name_of(come_back(code, REMOTE_ADDR="192.0.2.99")) == "question"
    alarms = [record.getMessage() for record in caplog.records if record.name == "triage.actions.codes"]
    assert alarms == [f"{count} codes that open nothing were typed within this hour" for count in (30, 60)]


def test_where_nobody_says_from_where_nobody_waits():
    code = save(begun())
    type_wrong_codes(address="")
    assert name_of(come_back(code, REMOTE_ADDR="")) == "question"
    assert WrongCodes.objects.get().count == actions.codes.FREE_TRIES


@pytest.mark.parametrize("other, status", [("2001:db8:1:2::ffff", 429), ("2001:db8:1:3::1", 200)])
def test_one_household_with_many_addresses_is_one_place(other, status):
    for number in range(actions.codes.FREE_TRIES):
        come_back(WRONG, REMOTE_ADDR=f"2001:db8:1:2::{number}")
    assert come_back(save(begun()), REMOTE_ADDR=other).status_code == status


def test_codes_that_open_something_do_not_count(monkeypatch):
    monkeypatch.setattr(actions.codes, "FREE_TRIES", 1)
    for _person in range(3):
        assert name_of(come_back(save(begun(1)))) == "question"
    assert not WrongCodes.objects.exists()


def test_no_address_is_kept():
    come_back(WRONG, REMOTE_ADDR="192.0.2.77")
    kept = str(list(WrongCodes.objects.values()))
    assert "192.0.2.77" not in kept
    assert releases.sha256("192.0.2.77")[:16] not in kept  # a plain hash could be found by trying


@pytest.mark.parametrize(("trust", "places"), [(True, 2), (False, 1)])
def test_the_address_is_the_one_our_proxy_wrote(settings, monkeypatch, trust, places):
    """The last one in the list. What stands before it, the sender wrote; without a proxy, all of it."""
    monkeypatch.setattr(settings.ENVIRONMENT.__class__, "__setattr__", object.__setattr__)
    monkeypatch.setattr(settings.ENVIRONMENT, "trust_proxy", trust)
    for sender in ("198.51.100.1, 192.0.2.1", "198.51.100.2, 192.0.2.1", "198.51.100.1, 192.0.2.2"):
        come_back(WRONG, headers={"X-Forwarded-For": sender})
    assert WrongCodes.objects.exclude(place="").count() == places


# Staying


@pytest.mark.parametrize(("stays", "name"), [(True, "question"), (False, "expired")])
def test_saying_one_is_there_counts_like_an_answer(clock, stays, name):
    patient = begun()
    clock(minutes=29)
    if stays:
        assert 1790 <= int(patient.client.post(reverse("stay")).content) <= 1800
    else:
        patient.client.get(reverse("stay"))
    clock(minutes=58)
    assert name_of(patient.client.get(reverse("go-on"), follow=True)) == name


def test_nobody_stays_longer_than_the_longest_day(clock):
    patient = begun()
    longest = int(visit.LONGEST.total_seconds() / 60)
    for minutes in range(25, longest, 25):
        clock(minutes=minutes)
        left = int(patient.client.post(reverse("stay")).content)
        assert left <= (longest - minutes) * 60
    clock(minutes=longest + 1)
    assert name_of(patient.client.post(reverse("stay"), follow=True)) == "expired"


def test_the_pages_say_when_they_close():
    patient = begun()
    page = patient.client.get(reverse("go-on"), follow=True)
    assert "close if you give no answer for 30 minutes" in page.content.decode()
    assert re.search(r'data-left="(179\d|1800)"', page.content.decode())
    assert "data-left" not in Client().get("/").content.decode()


# Corrections


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
    assert (stored()[0][0], [row for row in stored()[1] if row["session_id"] == first.pk]) == (
        before[0][0],
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
    assert name_of(patient.client.get(reverse("go-on"), follow=True)) == "expired"  # one browser at a time


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
    newer, _changed = actions.publish(renamed(shipped_trees()), NOW)
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
    client = Client()
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
    assert f"corrected by {second.reference}" in listed


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
