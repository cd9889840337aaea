"""Invitations: staff make them, a letter carries the code, and the code starts one session, once."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import segno
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser import each_look, press
from tests.patient import FOOT_ONLY, Patient, publish
from tests.staff import WORKLIST, listed, sheet, staff, text
from tests.test_storage import at_once
from triage import actions
from triage.admin.invitation_list import MOST_LINES, InvitationForm
from triage.models import AccessEntry, Invitation, TriageSession, WrongCodes

pytestmark = pytest.mark.django_db
LIST = "/admin/triage/invitation/"
ADD, PASTE = LIST + "add/", LIST + "paste/"
LABEL = "Q. Z."
CODE = re.compile(r"<strong>([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4})</strong>")


@pytest.fixture(autouse=True)
def release(db):
    return publish()


@pytest.fixture
def reviewer(db):
    return staff("Reviewers")


@pytest.fixture
def clock(monkeypatch):
    """Moves the server's clock."""
    start = timezone.now()
    return lambda **ahead: monkeypatch.setattr(timezone, "now", lambda: start + timedelta(**ahead))


def when(days=7, hour=14):
    return timezone.localtime().replace(hour=hour, minute=30, second=0, microsecond=0) + timedelta(days=days)


def typed(moment):
    return moment.strftime("%Y-%m-%d %H:%M")


def send(client, label=LABEL, language="en", **moment):
    form = {"label": label, "appointment_at": when(**moment).strftime("%Y-%m-%dT%H:%M"), "language": language}
    return client.post(ADD, form)


def codes(letters):
    return CODE.findall(letters.content.decode())


def invite(client, **fields):
    """The code of a new invitation."""
    (code,) = codes(send(client, **fields))
    return code


def open_code(code, client=None, **options):
    return (client or Client()).post(reverse("return"), {"code": code}, **{"follow": True} | options)


def answered(code, answers=FOOT_ONLY):
    """A patient who has opened the code and sent their answers."""
    patient = Patient(answers)
    open_code(code, patient.client)
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    return patient, patient.submit()


# The letter


def test_the_letter_is_the_only_place_that_ever_shows_the_code(reviewer):
    letters = send(reviewer)
    (code,) = codes(letters)
    link = f"http://testserver{reverse('return')}#{code.replace('-', '')}"
    assert (
        segno.make(link, micro=False).svg_inline(omitsize=True, border=4, light="#fff")
        in letters.content.decode()
    )
    assert "no-store" in letters.headers["Cache-Control"]
    plain = code.replace("-", "")
    for row in (*Invitation.objects.values(), *AccessEntry.objects.values()):
        assert plain not in str(row)
        assert code not in str(row)
    for path in (LIST, f"{LIST}{Invitation.objects.get().pk}/change/"):
        assert code not in reviewer.get(path).content.decode()


LETTERS = {
    "en": (
        "Answer a few questions before your visit",
        "In an emergency, call 911 now",
        "You do not have to answer.",
    ),
    "es": (
        "Responda unas preguntas antes de su consulta",
        "En una emergencia, llame al 911 ahora",
        "No tiene que",
    ),
}


@pytest.mark.parametrize("language", LETTERS)
def test_a_letter_is_in_the_patients_language_throughout(reviewer, language):
    page = send(reviewer, language=language).content.decode()
    letter = re.search(rf'<article class="letter" lang="{language}">.*?</article>', page, re.DOTALL)[0]
    words = " ".join(re.sub(r"<[^>]+>", " ", letter).split())
    assert all(said in words for said in LETTERS[language])
    others = [said for other, texts in LETTERS.items() if other != language for said in texts]
    assert not [said for said in others if said in words]
    assert words.count("–") == 0
    assert "Print 1 letter now" in text(
        send(reviewer, label="other", language=language)
    )  # the staff's part is in English


# Opening it


def test_the_code_starts_a_session_that_staff_find_by_its_label(reviewer):
    code = invite(reviewer, label=LABEL)
    patient, result = answered(code)
    session = TriageSession.objects.get()
    assert session.invitation.label == LABEL
    assert session.appointment_at == session.invitation.appointment_at == when()
    assert LABEL not in session.record
    assert LABEL not in result.content.decode()
    shown = (LABEL, f"{when():%b} {when().day}")
    for page in (
        reviewer.get(WORKLIST),
        reviewer.get(sheet(session)),
        reviewer.get(sheet(session) + "?print"),
    ):
        assert all(part in text(page) for part in shown)
    assert f"<title>{session.reference}, {LABEL}," in reviewer.get(sheet(session)).content.decode()
    assert session.reference in text(reviewer.get(LIST))
    patient.client.post(reverse("correct"))
    assert TriageSession.objects.get(corrects=session).invitation == session.invitation


def test_the_first_page_says_nothing_personal_and_speaks_the_letters_language(reviewer):
    client = Client()
    page = open_code(invite(reviewer, language="es"), client, headers={"accept-language": "en"})
    assert page.resolver_match.url_name == "home"
    assert '<html lang="es"' in page.content.decode()
    assert LABEL not in page.content.decode()
    assert TriageSession.objects.get().language == "es"
    assert 'href="/go-on/">Empezar ahora' in page.content.decode()
    assert (
        "Empezar de nuevo" not in page.content.decode()
    )  # that would begin a session without the invitation


def test_looking_at_the_link_opens_nothing(reviewer):
    code = invite(reviewer)
    for _look in range(3):
        assert Client().get(reverse("return")).status_code == 200
    assert not TriageSession.objects.exists()
    assert open_code(code).status_code == 200


def revoke(reviewer):
    return reviewer.post(f"{LIST}{Invitation.objects.earliest('pk').pk}/change/", {"revoke": ""}, follow=True)


def again(reviewer):
    return reviewer.post(f"{LIST}{Invitation.objects.earliest('pk').pk}/change/", {"again": ""}, follow=True)


ENDED = {
    "used": (lambda reviewer, code, clock: open_code(code), "used before"),
    "revoked": (lambda reviewer, code, clock: revoke(reviewer), "taken it back"),
    "expired": (lambda reviewer, code, clock: clock(days=8), "until the day of the visit"),
}


@pytest.mark.parametrize("state", ENDED)
def test_what_is_over_says_so_and_what_to_do_and_nothing_else(reviewer, clock, state):
    code = invite(reviewer)
    end, said = ENDED[state]
    end(reviewer, code, clock)
    before = TriageSession.objects.count()
    page = open_code(code)
    assert page.status_code == 410
    assert said in text(page)
    assert "Start without a code" in text(page)
    assert LABEL not in page.content.decode()
    assert f"{when():%Y}" not in text(page)
    assert TriageSession.objects.count() == before
    assert not WrongCodes.objects.filter(count__gt=0).exists()  # nobody who holds a letter is guessing


@pytest.mark.parametrize("seconds, status", [(-1, 200), (0, 410)])
def test_it_works_until_the_end_of_the_day_of_the_visit(reviewer, monkeypatch, seconds, status):
    code = invite(reviewer)
    end = timezone.localtime(when()).replace(hour=0, minute=0) + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: end + timedelta(seconds=seconds))
    assert open_code(code).status_code == status


def test_where_it_was_opened_before_one_can_go_on(reviewer):
    code, client = invite(reviewer), Client()
    open_code(code, client)
    assert "Go on where you were" in text(open_code(code, client))
    assert "Go on where you were" not in text(open_code(code))


def test_wrong_codes_count_and_close_the_way_to_invitations_too(reviewer):
    code = invite(reviewer)
    for _try in range(actions.codes.MOST_WRONG_CODES_AT_ONE_PLACE):
        assert open_code("BCDF-GHJK-MNPQ").status_code == 200
    assert open_code(code).status_code == 429
    WrongCodes.objects.all().delete()
    assert open_code(code).status_code == 200  # so the count is what refused it


def opened_at_once(code):
    at_once(*(lambda: open_code(code) for _browser in range(6)))
    return TriageSession.objects.count()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_start_one_session():
    publish()
    assert opened_at_once(invite(staff("Reviewers"))) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_look_at_its_state_they_would_start_many(monkeypatch):
    publish()
    monkeypatch.setattr(Invitation, "state", lambda self, now: Invitation.State.OPEN)
    assert opened_at_once(invite(staff("Reviewers"))) > 1


# Revoking it, and making it anew


def test_a_new_letter_ends_the_old_code(reviewer):
    old = invite(reviewer)
    (new,) = codes(again(reviewer))
    assert open_code(old).status_code == 410
    assert open_code(new).status_code == 200
    assert {invitation.label for invitation in Invitation.objects.all()} == {LABEL}


def test_a_patient_who_lost_the_answers_gets_a_new_letter(reviewer):
    open_code(invite(reviewer))
    (new,) = codes(again(reviewer))
    assert codes(again(reviewer)) == []  # there is one that is open now
    assert open_code(new).status_code == 200


def test_nothing_is_done_to_what_is_over(reviewer):
    open_code(invite(reviewer))
    assert "has changed since you opened the page" in text(revoke(reviewer))
    age(Invitation.objects)
    for act in (revoke, again):
        assert "has changed since you opened the page" in text(act(reviewer))
    assert list(Invitation.objects.values_list("revoked_at", flat=True)) == [None]


def age(invitations):
    """As they are ten days later: their visits are over."""
    ago = timedelta(days=10)
    later = {name: F(name) - ago for name in ("created_at", "appointment_at", "expires_at", "opened_at")}
    invitations.update(**later)


# Lists


def paste(client, *lines, **button):
    return client.post(PASTE, {"lines": "\n".join(lines), **(button or {"check": ""})})


def line(label="A. B.", moment=None, language="en"):
    return f"{label}, {moment or typed(when())}, {language}"


def test_a_list_is_shown_first_and_then_made_whole(reviewer):
    lines = [
        "Label,Appointment,Language",
        line("A. B."),
        "",
        line("C. D.", f"{when():%m/%d/%Y} 2:30 pm", "Spanish"),
    ]
    preview = paste(reviewer, *lines)
    assert "2 invitations to make" in text(preview)
    assert f"4 C. D. {when():%a}," in text(preview)
    assert not Invitation.objects.exists()
    letters = paste(reviewer, *lines, make="")
    assert len(codes(letters)) == 2
    assert re.findall(r'class="letter" lang="(..)"', letters.content.decode()) == ["en", "es"]
    assert set(Invitation.objects.values_list("label", "appointment_at")) == {
        ("A. B.", when()),
        ("C. D.", when()),
    }


@pytest.mark.parametrize("parted", ["A. B.\t{}\tes", "A. B.;{};Español", '"A. B.", "{}", ES'])
def test_a_list_may_be_parted_as_a_spreadsheet_parts_it(reviewer, parted):
    assert len(codes(paste(reviewer, parted.format(typed(when())), make=""))) == 1
    assert Invitation.objects.get().language == "es"


FAULTS = {
    "J. D., 2027-13-01 10:00, en": "Appointment: Write it as 2026-11-30 14:30 or as 11/30/2026 2:30 PM.",
    "J. D., tomorrow, en": "Appointment: Write it as",
    "J. D., , en": "Appointment: Write date and time",
    "J. D., 2020-01-01 10:00, en": "This day is over. Check the date.",
    "J. D., 2099-01-01 10:00, en": "more than a year from now",
    f"J. D., {typed(when())}, fr": "Language: Write en or es.",
    f"J. D., {typed(when())}": "It has 2 parts and needs 3",
    f", {typed(when())}, en": "Label: Write initials.",
    f"{'x' * 41}, {typed(when())}, en": "Label: Write at most 40 letters.",
    f"J.\u202eD., {typed(when())}, en": "Some signs in it cannot be read.",
    f"A. B., {typed(when())}, en": "It is the same as line 1.",
    f"Known, {typed(when())}, en": "There is an open invitation for this label and time.",
    f'"J. D., {typed(when())}, en': "It has 1 part and needs 3",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_names_its_line_and_remedy_and_nothing_is_made(reviewer, fault):
    invite(reviewer, label="Known")
    for button in ("check", "make"):
        page = paste(reviewer, line(), fault, line("E. F."), **{button: ""})
        assert "Nothing was made: 1 thing to correct" in text(page)
        assert (
            f"Line 2. {FAULTS[fault]}" in text(page) or FAULTS[fault] in text(page).partition("Line 2. ")[2]
        )
    assert Invitation.objects.count() == 1
    assert len(codes(paste(reviewer, line(), line("E. F."), make=""))) == 2  # so the fault is what refused it


def test_every_fault_is_told_at_once_and_a_list_has_an_end(reviewer):
    assert "4 things to correct" in text(
        paste(reviewer, "x", "y", line(), line(language="fr", moment="never"))
    )
    long = [line(f"P {number}") for number in range(MOST_LINES + 1)]
    assert f"Line {MOST_LINES + 1}. At most {MOST_LINES} lines" in text(paste(reviewer, *long, make=""))
    assert "There is no line yet" in text(paste(reviewer, ",,"))
    assert not Invitation.objects.exists()


def test_a_list_is_made_whole_or_not_at_all(reviewer, monkeypatch):
    noted = []
    monkeypatch.setattr(
        actions.invitations, "note_access", lambda *args: noted.append(args) or 1 // (3 - len(noted))
    )
    with pytest.raises(ZeroDivisionError):
        paste(reviewer, line("A. B."), line("C. D."), make="")
    assert not Invitation.objects.exists()


def test_what_is_sent_twice_is_made_once(reviewer, monkeypatch):
    send(reviewer)
    assert "There is an open invitation" in text(send(reviewer))
    # Also when the other was made after the form had looked.
    monkeypatch.setattr(InvitationForm, "clean", lambda self: self.cleaned_data)
    assert "There is an open invitation" in text(send(reviewer))
    form = {"lines": line(LABEL), "make": ""}
    assert "made meanwhile" in text(reviewer.post(PASTE, form))
    assert Invitation.objects.count() == 1


def test_the_database_keeps_one_open_invitation_for_a_label_and_time(reviewer):
    same = {"label": LABEL, "appointment_at": when(), "language": "en"}
    user = User.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        actions.invite([same, same], user, timezone.now())
    assert not Invitation.objects.exists()


# Who may, and what is noted


@pytest.mark.parametrize(
    "kind, may", [("Reviewers", 200), ("Managers", 200), ("Auditors", 403), ("anonymous", 302)]
)
def test_who_may_invite(reviewer, kind, may):
    invite(reviewer)
    client = reviewer if kind == "Reviewers" else staff(kind)
    one = f"{LIST}{Invitation.objects.get().pk}/change/"
    for path in (LIST, ADD, PASTE, one):
        assert client.get(path).status_code == may, path
    for path, data in ((ADD, {}), (PASTE, {"lines": line()}), (one, {"again": ""})):
        assert client.post(path, data).status_code == may, path
    assert client.post(one.replace("change", "delete"), {"post": "yes"}).status_code in (302, 403)
    assert Invitation.objects.count() == (2 if may == 200 else 1)


def test_making_printing_and_revoking_are_noted_without_the_label(reviewer):
    send(reviewer)
    again(reviewer)
    reviewer.get(LIST, {"q": LABEL})
    reviewer.get(WORKLIST, {"q": LABEL})
    noted = list(AccessEntry.objects.filter(what__in=("change", "print", "search")).order_by("number"))
    first, second = (
        f"invitation {pk}" for pk in Invitation.objects.order_by("pk").values_list("pk", flat=True)
    )
    assert [(entry.about, entry.detail) for entry in noted] == [
        *[(first, "made"), (first, "letter"), (first, "revoked"), (second, "made"), (second, "letter")],
        *[("invitations", "a label"), ("", "not a reference")],
    ]
    assert all(LABEL not in f"{entry.about}{entry.detail}" for entry in noted)


# Lists of staff


def test_the_worklist_puts_the_next_appointment_first_and_finds_a_label(reviewer):
    for days in (9, 2):
        answered(invite(reviewer, label=f"In {days}", days=days))
    late, soon = TriageSession.objects.order_by("pk")
    Patient().whole()
    uninvited = TriageSession.objects.latest("pk")
    answered(invite(reviewer, label="U. U.", days=20), FOOT_ONLY | {"changes": ["fever"]})
    urgent = TriageSession.objects.latest("pk")
    assert listed(reviewer) == [session.reference for session in (urgent, soon, late, uninvited)]
    assert listed(reviewer, "?q=In 2") == [soon.reference]
    assert listed(reviewer, "?q=In") == listed(reviewer, "?q=in 2") == []


def test_each_invitation_stands_under_its_state_alone(reviewer):
    invite(reviewer, label="expired")
    open_code(invite(reviewer, label="used"))
    age(Invitation.objects)
    invite(reviewer, label="revoked")
    actions.revoke(Invitation.objects.latest("pk").pk, User.objects.get(), timezone.now())
    invite(reviewer, label="open")
    for state in Invitation.State:
        page = reviewer.get(LIST, {"state": state.value})
        assert [row.label for row in page.context["cl"].result_list] == [state.value]
        assert f'class="state {state}"><svg' in page.content.decode()
    assert [row.label for row in reviewer.get(LIST, {"q": "used"}).context["cl"].result_list] == ["used"]
    assert not reviewer.get(LIST, {"q": "use"}).context["cl"].result_list


def test_the_list_costs_the_same_queries_however_long_it_is(reviewer, django_assert_num_queries):
    for number in range(2):
        answered(invite(reviewer, label=f"{number}"))
    reviewer.get(LIST)  # the first page of a while also notes that somebody is there
    with django_assert_num_queries(6):  # session, user, rows, made by, sessions, clinic
        reviewer.get(LIST)
    for number in range(2, 5):
        open_code(invite(reviewer, label=f"{number}"))
    with django_assert_num_queries(6):
        reviewer.get(LIST)


IMPOSSIBLE = (
    {"label": ""},
    {"opened_at": timezone.now(), "revoked_at": timezone.now()},
    {"opened_at": timezone.now() + timedelta(days=30)},
    {"opened_at": timezone.now() - timedelta(days=30)},
    {"revoked_at": timezone.now() - timedelta(days=30)},
    {"expires_at": timezone.now() + timedelta(days=1)},
)


@pytest.mark.parametrize("change", IMPOSSIBLE, ids=lambda change: " ".join(change))
def test_the_database_refuses_what_cannot_be(reviewer, change):
    invite(reviewer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.update(**change)


# In Chromium


@pytest.mark.looks
def test_axe_finds_nothing_on_the_pages_of_invitations(page, live_server):
    publish()
    client = staff("Reviewers")
    open_code(invite(client, label="Q. R."))
    page.context.add_cookies(
        [{"name": "staff", "value": client.cookies["staff"].value, "url": live_server.url}]
    )
    found = []

    def look(button=None):
        if button:
            press(page.get_by_role("button", name=button))
        for name in each_look(page, [("light", 768, 900), ("dark", 1280, 900)]):
            found.extend((name, page.url, fault["id"]) for fault in Axe().run(page).response["violations"])
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, (name, page.url)

    for path in (LIST, ADD, PASTE, f"{LIST}{Invitation.objects.get().pk}/change/", WORKLIST):
        page.goto(path)
        look()
    page.goto(PASTE)
    page.get_by_label("Lines").fill(f"x\n{line()}")
    look("Check the lines")
    page.get_by_label("Lines").fill(line())
    look("Check the lines")
    look("Make 1 invitation and print the letter")
    page.goto(ADD)
    look("Make the invitation")
    assert found == []


def test_a_phone_carries_the_code_from_the_link_into_its_field(new_page, live_server, reviewer):
    publish()
    code = invite(staff("Managers")).replace("-", "")
    page = new_page()
    page.goto(f"{reverse('return')}#{code}")
    expect(page.get_by_label("Your code")).to_have_value(code)
    assert urlsplit(page.url).fragment == ""
    press(page.get_by_role("button", name="Continue"))
    press(page.get_by_role("link", name="Start now"))
    assert urlsplit(page.url).path == "/questions/age/"
