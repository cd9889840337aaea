"""Coming back with a code, staying and leaving."""

import re
from datetime import timedelta
from functools import partial

import pytest
import segno
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from tests.store.test_storage import at_once
from tests.visitor import FOOT_ONLY, NOW, Browser, Patient, publish
from triage import actions
from triage.models import Answer, Clinic, TriageSession, WrongCodes
from triage.store import codes, releases, visit, words
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


def save(patient, **button):
    return patient.client.post(reverse("save"), button, follow=True).context["way_back"].carried.grouped


def come_back(code, client=None, **extra):
    return (client or Browser()).post(reverse("return"), {"code": code}, follow=True, **extra)


def name_of(page):
    return page.resolver_match.url_name


def stored():
    return list(TriageSession.objects.order_by("pk").values()), list(Answer.objects.order_by("pk").values())


# The code


@pytest.mark.parametrize("typed", [str, str.lower, lambda code: f" {code.replace('-', ' ')}\n"])
def test_the_code_opens_the_answers_in_another_browser_and_closes_them_in_the_first(typed):
    patient, other = begun(), Browser()
    here = patient.client.get(reverse("go-on"), follow=True).request["PATH_INFO"]
    page = come_back(typed(save(patient)), other)
    assert page.request["PATH_INFO"] == here
    assert TriageSession.objects.count() == 1
    closed = patient.client.get(reverse("check"), follow=True)
    assert name_of(closed) == "elsewhere"
    assert "type the code once more" in closed.content.decode()
    assert name_of(patient.client.get(reverse("go-on"), follow=True)) == "home"  # it has forgotten its key
    patient.client = other
    patient.go_on(page)
    assert name_of(patient.submit()) == "result"


def test_the_code_is_stored_nowhere_and_hard_to_guess():
    code = save(patient := begun())
    signs = code.replace("-", "")
    assert len(codes.SIGNS) ** len(signs) > 2**50
    kept = str(TriageSession.objects.values().get())
    assert code not in kept
    assert signs not in kept
    assert releases.sha256(signs) not in kept  # a plain hash of so few signs could be found by trying
    assert save(begun()) != code
    assert save(patient) == code
    assert codes.code_of("another key", TriageSession.objects.earliest("pk").return_until) != signs


def test_no_address_holds_the_code():
    patient = begun()
    answer = patient.client.post(reverse("save"))
    carried = patient.client.get(answer["Location"]).context["way_back"].carried
    code = carried.code
    assert carried.link == f"http://testserver/return/#{code}"
    assert code not in str(answer.headers)
    assert code not in str(Browser().post(reverse("return"), {"code": code}).headers)


def test_the_picture_holds_the_link_and_no_style():
    page = begun().client.post(reverse("save"), follow=True)
    carried = page.context["way_back"].carried
    svg = re.search(r"<svg .*?</svg>", carried.picture)[0]
    assert svg in page.content.decode()
    assert "style" not in svg
    assert re.findall(r' d="[^"]+"', svg) == re.findall(
        r' d="[^"]+"', segno.make(carried.link).svg_inline(light="#fff")
    )


def test_opening_the_link_changes_nothing_however_often():
    patient = begun()
    code = save(patient)
    before = stored()
    for _preview in range(3):
        assert Browser().get(reverse("return")).status_code == 200
        assert Browser().head(reverse("return")).status_code == 200
        assert name_of(patient.client.get(reverse("save"), follow=True)) == "save"
    assert stored() == before
    assert name_of(come_back(code)) == "question"  # so it would have been changed


def test_wrong_replaced_and_expired_codes_are_all_told_the_same(clock):
    def told(code):
        return TOKEN.sub("", come_back(code).content.decode()).replace(code, "")

    old, patient = save(begun()), begun()
    replaced, newer = save(patient), save(patient, anew="")
    wrong = told(WRONG)
    assert "does not open anything" in wrong
    assert told(replaced) == wrong
    clock(days=7, minutes=1)
    assert told(old) == wrong
    clock(days=1)
    assert told(newer) != wrong


# A code is spent only when it has arrived


def test_a_code_opens_again_as_often_as_needed():
    code = save(begun())
    for _lost_reply in range(3):
        browser = Browser()
        assert name_of(come_back(code, browser)) == "question"
    assert name_of(browser.get(reverse("go-on"), follow=True)) == "question"
    assert TriageSession.objects.count() == 1


def test_a_browser_that_sends_its_code_again_keeps_its_key():
    """As after a lost reply, a second tap, or a reload: the reply that came first is as good as the last."""
    code, browser = save(begun()), Browser()
    come_back(code, browser)
    key = browser.cookies["visit"].value
    come_back(code, browser)
    assert browser.cookies["visit"].value == key
    come_back(code)
    come_back(code, browser)
    assert browser.cookies["visit"].value != key  # another had it meanwhile


def test_each_opening_takes_the_session_to_the_newest_browser_and_says_so_in_the_older_one():
    code, first, second = save(begun()), Browser(), Browser()
    come_back(code, first)
    come_back(code, second)
    assert name_of(first.post(reverse("submit"), follow=True)) == "elsewhere"
    assert name_of(come_back(code, first)) == "question"
    assert name_of(second.get(reverse("go-on"), follow=True)) == "elsewhere"
    stranger = Browser()
    stranger.cookies.load({"visit": "no key of ours"})
    assert name_of(stranger.get(reverse("go-on"), follow=True)) == "expired"  # so it is not said to everybody


def test_saving_is_answered_by_a_redirect_and_reloading_shows_the_same_code():
    patient = begun()
    answer = patient.client.post(reverse("save"))
    assert (answer.status_code, answer["Location"]) == (302, reverse("save"))
    code = save(patient)
    before = stored()
    for _reload in range(3):
        assert code in patient.client.get(reverse("save")).content.decode()
    assert stored() == before
    assert save(patient) == code  # nor does saving again kill it
    assert name_of(come_back(code)) == "question"


def test_a_code_from_elsewhere_is_not_shown_here_and_goes_on_working():
    code, other = save(begun()), Browser()
    come_back(code, other)
    page = other.post(reverse("save"), follow=True)
    assert page.context["way_back"].carried is None
    assert "The code that you have still works" in page.content.decode()
    assert name_of(come_back(code, other)) == "question"
    new = other.post(reverse("save"), {"anew": ""}, follow=True).context["way_back"].carried.grouped
    assert "does not open anything" in come_back(code).content.decode()
    assert name_of(come_back(new)) == "question"


def test_saving_needs_a_first_answer():
    patient = Patient()
    patient.start()
    assert name_of(patient.client.post(reverse("save"), follow=True)) == "question"
    assert name_of(patient.client.get(reverse("save"), follow=True)) == "question"
    assert not TriageSession.objects.get().return_hash


def test_the_codes_made_before_the_answers_die_at_the_hand_in():
    """Somebody begins, saves, notes the code and walks away; the next person answers in that session."""
    patient = begun(1)
    early = save(patient)
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    assert name_of(come_back(early, Browser())) == "check"  # while nothing is sent
    come_back(early, patient.client)
    patient.submit()
    assert "does not open anything" in come_back(early).content.decode()
    assert name_of(come_back(save(patient))) == "result"


# What people and mail programs do to a code

ADDED = [
    "{code}",
    "{grouped}",
    "{grouped}.",
    " ({grouped}) ",
    "<{grouped}>",
    "{code}?fbclid=IwAR0x1y2z3",
    "{code}&utm_source=mail",
    "https://clinic.example.org/return/#{code}",
    "https://clinic.example.org/return/?fbclid=IwZXh0bgNhZW0#{code}&gclid=BCDFGHJKMNPQRSTV",
    "https://clinic.example.org/return/%23{code}",
    "https%3A%2F%2Fclinic.example.org%2Freturn%2F%23{code}",
    "{encoded}",
    "Code: {lower}",
]


@pytest.mark.parametrize("added", ADDED)
def test_a_code_is_found_among_what_was_added(added):
    code = "BCDFGHJK2345"
    grouped = "BCDF-GHJK-2345"
    text = added.format(
        code=code, grouped=grouped, lower=grouped.lower(), encoded=grouped.replace("-", "%2D")
    )
    assert codes.read_code(text) == code


@pytest.mark.parametrize(
    "text", ["", "BCDF-GHJK-234", "BCDFGHJK23456", "fbclid=IwZXh0bgNhZW0", "%FF%00", "#"]
)
def test_what_is_no_code_is_not_taken_for_one(text):
    assert codes.read_code(text) == ""


@pytest.mark.parametrize(
    "rest", ["{code}", "{code}/", "%23{code}", "{code}.", "{code}%3Ffbclid=1", "#{code}/x"]
)
def test_a_path_in_place_of_a_fragment_leads_to_the_code(rest):
    path = "/return/" + rest.format(code="BCDFGHJK2345").replace("#", "%23")
    for answer in (Browser().get(path), Browser().head(path), Browser().post(path)):
        assert (answer.status_code, answer["Location"]) == (302, "/return/#BCDFGHJK2345")
    assert Browser().get("/return/no-code/of/ours/")["Location"] == "/return/"


def test_a_code_in_a_path_reaches_no_log(caplog):
    with caplog.at_level("DEBUG"):
        Browser().get("/return/BCDFGHJK2345")
        assert "BCDFGHJK2345" not in caplog.text
        Browser().get("/no-such-page/BCDFGHJK2345")
        assert "BCDFGHJK2345" in caplog.text  # where no page of ours is, the path is told


# A result stays in reach


def handed_in(answers=FOOT_ONLY):
    patient = Patient(answers)
    return patient, patient.whole()


def today(page):
    """What stands on the result that is no part of the record."""
    return "".join(words.TODAY.findall(page.content.decode()))


def test_the_result_says_that_it_is_sent_when_it_is_read_and_the_code_to_come_back():
    patient, page = handed_in()
    shown = today(page)
    code = page.context["way_back"].carried
    assert "got your answers at" in shown
    assert f"{timezone.localtime():%Y}" in shown
    assert "Staff read them when you come" in shown
    assert code.grouped in shown
    assert f'value="{reverse("save")}"' in shown
    assert code.link in patient.client.get(reverse("save")).content.decode()
    assert code.grouped in today(patient.client.get(reverse("result")))  # as often as it is looked at
    other = Browser()
    assert name_of(come_back(code.grouped, other)) == "result"
    assert "The code that you have opens your result" in today(other.get(reverse("result")))
    session = TriageSession.objects.get()
    assert code.code not in str(TriageSession.objects.values().get())
    assert code.code not in session.record
    assert words.main_of(page.content.decode()) == words.result_main(open_record(session))


@pytest.mark.parametrize("read_by, said", [("same-day", "on the same day"), ("next-day", "next work day")])
def test_when_answers_are_read_is_the_clinics_to_say(read_by, said):
    Clinic.objects.update_or_create(pk=1, defaults={"read_by": read_by})
    assert said in today(handed_in()[1])


@pytest.mark.parametrize("days, name", [(1, "return"), (3, "result")])
def test_the_results_code_works_for_the_days_of_the_clinics_setting(clock, days, name):
    Clinic.objects.update_or_create(pk=1, defaults={"return_days": days})
    code = handed_in()[1].context["way_back"].carried.grouped
    clock(days=2)
    assert name_of(come_back(code)) == name


def test_where_the_code_has_ended_another_is_to_be_had(clock):
    Clinic.objects.update_or_create(pk=1, defaults={"return_days": 1})
    patient, page = handed_in()
    patient.client.post(reverse("keep-open"))
    clock(days=1, seconds=-1)
    TriageSession.objects.update(return_until=timezone.now())
    page = patient.client.get(reverse("result"))
    assert page.context["way_back"] is None
    assert "Get a code to come back" in today(page)
    assert name_of(come_back(save(patient))) == "result"


def test_on_the_patients_own_device_it_stays_open_for_a_day(clock):
    patient, page = handed_in()
    page = patient.client.post(reverse("keep-open"), follow=True)
    cookie = patient.client.cookies["visit"]
    assert cookie["expires"]
    assert "stays open until" in today(page)
    assert "30 minutes" not in page.content.decode()
    clock(hours=23, minutes=59)
    assert name_of(patient.client.get(reverse("go-on"), follow=True)) == "result"
    clock(hours=24, minutes=1)
    assert name_of(patient.client.get(reverse("go-on"), follow=True)) == "expired"


def test_it_is_kept_open_by_nobody_who_has_not_sent_or_has_it_no_more(clock):
    patient = begun()
    assert name_of(patient.client.post(reverse("keep-open"), follow=True)) == "question"
    assert not patient.client.cookies["visit"]["expires"]
    patient, page = handed_in()
    patient.client.post(reverse("keep-open"))
    other = Browser()
    come_back(page.context["way_back"].carried.grouped, other)
    clock(minutes=31)
    assert name_of(other.get(reverse("go-on"), follow=True)) == "expired"


def test_a_reference_is_known_and_explained():
    patient = Patient()
    patient.whole()
    reference = TriageSession.objects.get().reference
    for typed in (reference, reference.lower(), reference.replace("-", " ")):
        assert "short code for the desk" in come_back(typed).content.decode()
    assert not WrongCodes.objects.exists()


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
    patient, other = begun(), Browser()
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
    page = patient.client.post(reverse("save"), follow=True)
    assert 'href="tel:911"' in page.content.decode()[page.content.decode().index("<main") :]
    assert name_of(come_back(save(patient))) == "emergency"


def test_a_result_can_be_taken_to_another_device():
    patient = Patient()
    patient.whole()
    assert name_of(come_back(save(patient))) == "result"


def only_open(code, client):
    """And look at no page: it would be told at once, and once only, where a later one was quicker."""
    while client.post(reverse("return"), {"code": code}).status_code == 503:
        pass  # a busy database asks to try again


@pytest.mark.django_db(transaction=True)
def test_of_browsers_with_one_code_at_once_one_has_the_session_and_the_others_are_told():
    publish()
    for _round in range(3):
        code, clients = save(begun(1)), [Browser() for _browser in range(4)]
        at_once(*(partial(only_open, code, client) for client in clients))
        names = [name_of(client.get(reverse("go-on"), follow=True)) for client in clients]
        assert names.count("question") == 1
        assert names.count("elsewhere") == 1  # the one before it
        assert name_of(come_back(code)) == "question"


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
        assert 1790 <= int(patient.client.post(reverse("stay"))["Seconds-Left"]) <= 1800
    else:
        patient.client.get(reverse("stay"))
    clock(minutes=58)
    assert name_of(patient.client.get(reverse("go-on"), follow=True)) == name


def test_nobody_stays_longer_than_the_longest_day(clock):
    patient = begun()
    longest = int(visit.LONGEST.total_seconds() / 60)
    for minutes in range(25, longest, 25):
        clock(minutes=minutes)
        left = int(patient.client.post(reverse("stay"))["Seconds-Left"])
        assert left <= (longest - minutes) * 60
    clock(minutes=longest + 1)
    assert name_of(patient.client.post(reverse("stay"), follow=True)) == "expired"


def test_the_pages_say_when_they_close():
    patient = begun()
    page = patient.client.get(reverse("go-on"), follow=True)
    assert "close if you give no answer for 30 minutes" in page.content.decode()
    assert re.search(r'data-left="(179\d|1800)"', page.content.decode())
    assert "data-left" not in Browser().get("/").content.decode()
