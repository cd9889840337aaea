"""A device that several people use: each begins anew, nobody gets into another's answers, and a waiting room is ready
for the next person by itself."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.invited import invite, open_code
from tests.staff import staff, text
from tests.visitor import Browser, Patient, holding, publish
from triage import actions
from triage.models import TriageSession
from triage.store import visit, words
from triage.store.records import open_record
from triage.store.rooms import Room, read_room

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("whose page it is, the two-session machine tries on both"),
]
ROOM = "/admin/triage/invitation/room/"


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def name_of(page):
    return page.resolver_match.url_name


def main(client):
    return text(client.get("/")).partition("can start in the foot")[2]


# Starting


def test_start_now_gives_an_untouched_session_a_new_key():
    """Somebody has begun, has looked around and walked away with the browser's key in their head or their notes."""
    first = Patient()
    first.start()
    old = holding(first.client.cookies["visit"].value)
    first.start()
    assert TriageSession.objects.count() == 1
    assert name_of(old.get(reverse("go-on"), follow=True)) == "expired"
    assert name_of(first.client.get(reverse("go-on"), follow=True)) == "question"


def test_start_now_drops_the_codes_of_an_untouched_session():
    session, key = actions.start_session("en", timezone.now())
    TriageSession.objects.update(**actions.codes.new_code(key, timezone.now() + timedelta(days=1)))
    holding(key).post(reverse("start"))
    session.refresh_from_db()
    assert session.return_hash is session.return_until is None


def test_a_session_in_which_something_was_given_is_not_renewed():
    patient = Patient()
    patient.answer(patient.start())
    assert name_of(patient.client.post(reverse("start"), follow=True)) == "start-again"
    patient.client.post(reverse("start"), {"now": ""})
    assert TriageSession.objects.count() == 2
    # Nor one in which another tab gives the first answer at that moment.
    empty = Patient()
    empty.start()
    seen = visit.find(empty.client.cookies["visit"].value, "en")
    empty.answer(empty.client.get(reverse("go-on"), follow=True))
    assert actions.renew(seen, "en", timezone.now()) == ""


def test_what_only_stands_on_a_page_counts_as_given():
    patient = Patient()
    page = patient.start()
    sent = {"screen": page.context["screen"].key, "age": "16-or-over"}
    patient.client.post(reverse("stay"), sent)
    assert not TriageSession.objects.get().last_sequence
    assert name_of(patient.client.post(reverse("start"), follow=True)) == "start-again"


def test_a_first_page_from_before_begins_anew_and_not_in_what_was_opened_meanwhile(reviewer):
    """A letter was opened in another tab of this browser, perhaps by somebody else."""
    client = Browser()
    open_code(invite(reviewer), client)
    client.post(reverse("start"), {"stamp": ""})
    assert TriageSession.objects.latest("pk").invitation is None
    assert TriageSession.objects.count() == 2


def test_home_offers_both_to_go_on_with_the_time_and_to_start_for_somebody_else():
    patient = Patient()
    patient.answer(patient.start())
    page = main(patient.client)
    assert "Go on Begun at" in page
    assert f"{timezone.localtime():%Y}" in page
    assert "Start for somebody else" in page
    assert "Start now" not in page
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    patient.submit()
    page = main(patient.client)
    assert "See your result Sent at" in page
    assert "Start for somebody else" in page
    assert "Start for somebody else" not in main(Browser())


def test_who_starts_for_somebody_else_answers_in_a_session_of_their_own():
    """The one before had saved and noted the code; it opens nothing of the next."""
    first = Patient()
    first.answer(first.start())
    first.client.post(reverse("save"))
    code = first.client.get(reverse("save")).context["way_back"].carried.grouped
    second = Patient(client=first.client)
    second.client.post(reverse("start"), {"anew": "", "now": ""})
    second.go_on(second.client.get(reverse("go-on"), follow=True))
    second.submit()
    thief = Browser()
    open_code(code, thief)
    assert name_of(thief.get(reverse("result"), follow=True)) == "question"
    left = TriageSession.objects.get(submitted_at__isnull=True)
    assert set(left.answers.values_list("item", flat=True)) == {"age", "answering"}


def test_a_letter_that_somebody_opened_and_left_is_not_the_next_persons(reviewer):
    code, shared = invite(reviewer), Browser()
    open_code(code, shared)
    page = main(shared)
    assert "Your visit:" in page
    assert "Start for somebody else" in page
    shared.post(reverse("start"), {"anew": ""})
    assert TriageSession.objects.latest("pk").invitation is None


# A waiting room


@pytest.fixture
def link(reviewer):
    """The link that staff make."""
    return lambda **form: reviewer.post(ROOM, {"language": "", **form}).context["link"]


def in_the_room(link, client=None):
    client = client or Browser()
    parts = urlsplit(link)
    assert name_of(client.get(f"{parts.path}?{parts.query}", follow=True)) == "home"
    return client


def html_class(page):
    return page.content.decode().partition("<html")[2].partition(">")[0]


def test_the_link_is_signed_and_holds_nothing_of_anybody(reviewer, link):
    address = link(language="es", prints="on")
    assert address.startswith("http://testserver/start/?room=")
    (token,) = parse_qs(urlsplit(address).query)["room"]
    assert read_room(token) == Room(language="es", prints=True)
    assert address == link(language="es", prints="on")
    assert address in reviewer.post(ROOM, {"language": "es", "prints": "on"}).content.decode()


@pytest.mark.parametrize(
    "change", [str.upper, lambda token: token[:-1], lambda token: "x" + token, lambda _: ""]
)
def test_nobody_else_sends_people_into_a_waiting_room(link, change):
    client, parts = Browser(), urlsplit(link())
    client.get(parts.path, {"room": change(parse_qs(parts.query)["room"][0])})
    assert "room" not in client.cookies
    client.post(parts.path, {"room": "made up"})
    assert TriageSession.objects.get().room == ""
    assert 'class="room' in html_class(in_the_room(link()).get("/"))  # so the right one would have been taken


def test_every_page_is_in_large_type_and_has_no_save(link):
    patient = Patient(client=in_the_room(link()))
    page = patient.start()
    while name_of(page) == "question":
        assert 'class="room room"' in html_class(page)
        assert "room.css" in page.content.decode()
        assert "Save and come back" not in text(page)
        assert "30 minutes" not in text(page)
        page = patient.answer(page)
    assert name_of(patient.client.post(reverse("save"), follow=True)) == "check"
    assert name_of(patient.client.get(reverse("save"), follow=True)) == "check"
    assert not TriageSession.objects.get().return_hash
    assert 'class="room room"' in html_class(patient.client.get(reverse("how")))
    assert "room" not in html_class(Browser().get(reverse("how")))


def test_the_result_ends_by_itself_and_the_device_is_ready_for_the_next_person(link, clock):
    patient = Patient(client=in_the_room(link(language="es")))
    patient.client.post(reverse("language"), {"language": "en", "next": "/"})
    page = patient.whole()
    assert name_of(page) == "result"
    assert 'content="' in page.content.decode().partition("<noscript>")[2].partition("</noscript>")[0]
    clock(minutes=2, seconds=30)
    assert name_of(patient.client.get(reverse("result"))) == "result"
    clock(minutes=4)
    for back in ("result", "check", "go-on", "save", "copy"):
        assert patient.client.get(reverse(back))["Location"] == reverse("home")
    page = patient.client.get("/")
    assert '<html lang="es"' in page.content.decode()  # not the language of the one before
    assert "Empezar ahora" in text(page)
    assert "Ver su resultado" not in text(page)
    assert name_of(Patient(client=patient.client).whole()) == "result"
    assert set(TriageSession.objects.values_list("room", flat=True)) == {"room"}


def test_questions_that_nobody_touches_close_after_five_minutes(link, clock):
    patient = Patient(client=in_the_room(link()))
    patient.answer(patient.start())
    clock(minutes=4)
    assert int(patient.client.post(reverse("stay"))["Seconds-Left"]) == 300
    clock(minutes=8)
    assert name_of(patient.client.get(reverse("go-on"), follow=True)) == "question"
    clock(minutes=9, seconds=1)
    assert name_of(patient.client.get(reverse("go-on"), follow=True)) == "home"


def test_leaving_leads_to_the_first_page_for_the_next_person(link):
    patient = Patient(client=in_the_room(link()))
    patient.answer(patient.start())
    page = patient.client.post(reverse("leave"), follow=True)
    assert "Save first" not in text(page)
    page = patient.client.post(reverse("leave"), {"now": ""}, follow=True)
    assert name_of(page) == "home"
    assert "Start now" in text(page)
    assert 'class="room' in html_class(page)


def test_the_results_code_is_shown_there_too_and_opens_it_at_home(link):
    patient = Patient(client=in_the_room(link()))
    page = patient.whole()
    assert "Is this your own device?" not in text(page)
    assert name_of(patient.client.post(reverse("keep-open"), follow=True)) == "result"
    assert not TriageSession.objects.get().kept_open_until
    code, home = page.context["way_back"].carried.grouped, Browser()
    page = open_code(code, home)
    assert name_of(page) == "result"
    assert "room" not in html_class(page)
    assert TriageSession.objects.get().room == ""
    assert name_of(patient.client.get(reverse("result"), follow=True)) == "home"


def test_a_letter_may_be_opened_there(reviewer, link):
    client = in_the_room(link())
    open_code(invite(reviewer), client)
    assert TriageSession.objects.get().room == "room"
    assert name_of(client.post(reverse("start"), follow=True)) == "question"
    assert TriageSession.objects.get().room == "room"


def test_nothing_is_copied_there(link):
    patient = Patient(client=in_the_room(link()))
    patient.whole()
    assert name_of(patient.client.get(reverse("copy"), follow=True)) == "result"


def test_the_first_page_takes_the_device_into_the_room_though_its_cookie_is_gone(link):
    """As in the morning, after a night on the first page."""
    client = in_the_room(link())
    token = client.get("/").context["room_token"]
    morning = Browser()
    morning.post(reverse("start"), {"room": token})
    assert TriageSession.objects.get().room == "room"
    assert "room" in morning.cookies


def test_a_correction_stays_in_the_room(link):
    patient = Patient(client=in_the_room(link()))
    patient.whole()
    patient.client.post(reverse("correct"))
    assert TriageSession.objects.get(corrects__isnull=False).room == "room"


def test_what_is_read_there_is_what_the_record_says(link):
    page = Patient(client=in_the_room(link())).whole()
    assert words.main_of(page.content.decode()) == words.result_main(open_record(TriageSession.objects.get()))


@pytest.mark.parametrize("kind, status", [("Reviewers", 200), ("Managers", 200), ("Auditors", 403)])
def test_who_makes_the_link(kind, status):
    assert staff(kind).get(ROOM).status_code == status
