"""Invitations as staff make them: one by one or from a list, printed, revoked, made anew, found again."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
import segno
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from tests.browser import axe_finds, each_look, press
from tests.invited import (
    ADD,
    LABEL,
    LIST,
    PASTE,
    again,
    answered,
    codes,
    invite,
    open_code,
    revoke,
    send,
    typed,
    when,
)
from tests.staff import SETTINGS, WORKLIST, listed, staff, text
from tests.visitor import FOOT_ONLY, NOW, Patient, publish
from triage import actions
from triage.admin.invitation_list import MOST_LINES
from triage.forms.invitations import InvitationForm
from triage.models import AccessEntry, Clinic, Invitation, KeptForm, TriageSession
from triage.store import invited
from triage.store.kept import kept_fields

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


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


def test_a_new_letter_does_not_open_what_was_begun_with_the_old_one(reviewer):
    """The old letter may have gone to somebody else."""
    old = invite(reviewer)
    open_code(old)
    (new,) = codes(again(reviewer))
    assert open_code(old).status_code == 410
    open_code(new)
    assert TriageSession.objects.count() == 2


def test_nothing_is_done_to_what_is_over(reviewer):
    answered(invite(reviewer))
    assert "has changed since you opened the page" in text(revoke(reviewer))
    age(Invitation.objects)
    for act in (revoke, again):
        assert "has changed since you opened the page" in text(act(reviewer))
    assert list(Invitation.objects.values_list("revoked_at", flat=True)) == [None]


def age(invitations):
    """As they are ten days later: their visits are over."""
    ago = timedelta(days=10)
    later = {
        name: F(name) - ago for name in ("created_at", "appointment_at", "expires_at", "opened_at", "sent_at")
    }
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
    f"J.\ufffdD., {typed(when())}, en": "Some signs in it cannot be read.",
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


def test_signs_that_nobody_sees_are_taken_out_of_what_is_pasted(reviewer):
    pasted = f"\u200bJ.\u202e D\u200e.\u00a0, {typed(when())}\u200b, en"
    paste(reviewer, pasted, make="")
    assert Invitation.objects.get().label == "J. D."


def test_the_worklist_puts_the_invited_first_and_finds_a_label(reviewer):
    for days in (9, 2):
        answered(invite(reviewer, label=f"In {days}", days=days))
    late, soon = TriageSession.objects.order_by("pk")
    Patient().whole()
    uninvited = TriageSession.objects.latest("pk")
    TriageSession.objects.filter(pk=uninvited.pk).update(started_at=NOW, submitted_at=NOW)  # long before
    answered(invite(reviewer, label="U. U.", days=20), FOOT_ONLY | {"changes": ["fever"]})
    urgent = TriageSession.objects.latest("pk")
    assert listed(reviewer) == [session.reference for session in (urgent, late, soon, uninvited)]
    assert listed(reviewer, "?q=In 2") == listed(reviewer, "?q=in 2") == [soon.reference]
    assert listed(reviewer, "?q=In") == sorted([soon.reference, late.reference])


def test_each_invitation_stands_under_its_state_alone(reviewer):
    invite(reviewer, label="expired")
    answered(invite(reviewer, label="sent"))
    age(Invitation.objects)
    open_code(invite(reviewer, label="begun"))
    invite(reviewer, label="revoked")
    actions.revoke(Invitation.objects.latest("pk").pk, User.objects.get(), timezone.now())
    invite(reviewer, label="open")
    for state in Invitation.State:
        page = reviewer.get(LIST, {"state": state.value})
        assert [row.label for row in page.context["cl"].result_list] == [state.value]
        assert f'class="state {state}"><svg' in page.content.decode()
    assert [row.label for row in reviewer.get(LIST, {"q": "sent"}).context["cl"].result_list] == ["sent"]
    assert not reviewer.get(LIST, {"q": "ent"}).context["cl"].result_list


def test_the_list_costs_the_same_queries_however_long_it_is(reviewer, django_assert_num_queries):
    for number in range(2):
        answered(invite(reviewer, label=f"{number}"))
    reviewer.get(LIST)  # the first page of a while also notes that somebody is there
    # session, user, rights of theirs and of their groups, clinic, mails not sent, rows, made by, sessions; and
    # the entry in the access log, with its savepoint
    with django_assert_num_queries(13):
        reviewer.get(LIST)
    for number in range(2, 5):
        open_code(invite(reviewer, label=f"{number}"))
    with django_assert_num_queries(13):
        reviewer.get(LIST)


IMPOSSIBLE = (
    {"label": ""},
    {"opened_at": timezone.now(), "sent_at": timezone.now(), "revoked_at": timezone.now()},
    {"opened_at": timezone.now(), "sent_at": timezone.now() - timedelta(days=1)},
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
def test_axe_finds_nothing_on_the_forms_of_invitations_and_their_letters(page, live_server, proof):
    """Of an open invitation, and of the pages before anything is filled in, test_admin_pages.py knows."""
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
        for name in each_look(page, next(looks)):
            found.extend((name, page.url, fault["id"]) for fault in axe_finds(page))
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, (name, page.url)

    looks = proof.in_turn([("light", 768, 900), ("dark", 1280, 900)])
    for path in (f"{LIST}{Invitation.objects.get().pk}/change/", WORKLIST):
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


# Without paper


def test_each_link_stands_there_once_as_text_and_all_as_csv(reviewer):
    page = paste(reviewer, line("A. B."), line("C. D."), make="")
    letters = page.context["letters"]
    links = [letter["carried"].link for letter in letters]
    html = page.content.decode()
    assert all(f'value="{link}"' in html for link in links)
    rows = list(
        csv.DictReader(
            io.StringIO(
                unescape(re.search(r'<textarea id="all-links".*?>(.*?)</textarea>', html, re.DOTALL)[1])
            )
        )
    )
    assert [(row["label"], row["link"]) for row in rows] == [("A. B.", links[0]), ("C. D.", links[1])]
    for pk in Invitation.objects.values_list("pk", flat=True):
        assert not any(link in reviewer.get(f"{LIST}{pk}/change/").content.decode() for link in links)


def test_a_visit_is_moved_and_its_code_stays(reviewer):
    code = invite(reviewer, label="A. B.", days=2)
    invitation = Invitation.objects.get()
    session = open_code(code) and TriageSession.objects.get()
    later = timezone.localtime(timezone.now() + timedelta(days=9)).replace(
        hour=14, minute=30, second=0, microsecond=0
    )
    page = reviewer.post(
        f"{LIST}{invitation.pk}/change/",
        {"move": "", "appointment_at": f"{later:%Y-%m-%dT%H:%M}"},
        follow=True,
    )
    assert "moved to" in text(page)
    invitation.refresh_from_db()
    session.refresh_from_db()
    assert invitation.appointment_at == session.appointment_at == later
    assert invitation.expires_at > later
    assert open_code(code).resolver_match.url_name != "return"
    page = reviewer.post(
        f"{LIST}{invitation.pk}/change/", {"move": "", "appointment_at": "2020-01-01T10:00"}, follow=True
    )
    assert "This day is over" in text(page)


def test_who_is_to_be_reminded_has_not_opened_it_and_comes_soon(reviewer):
    invite(reviewer, label="soon", days=1)
    invite(reviewer, label="late", days=5)
    open_code(invite(reviewer, label="opened", days=1))
    page = reviewer.get(LIST, {"state": "remind"})
    assert [row.label for row in page.context["cl"].result_list] == ["soon"]


# The patient's number and phone, for the clinic alone


NUMBER, PHONE = "MRN 004217", "555 0123"


def with_number(client, **more):
    form = {"label": LABEL, "appointment_at": typed(when()), "language": "en"}
    return client.post(ADD, form | {"patient_number": NUMBER, "patient_phone": PHONE} | more)


@pytest.fixture
def key(settings):
    settings.NOTE_KEYS = [bytes(32)]


def test_number_and_phone_stand_on_list_page_and_sheet_and_are_sealed_at_rest(reviewer, key):
    (code,) = codes(with_number(reviewer))
    answered(code)
    invitation, session = Invitation.objects.get(), TriageSession.objects.get()
    for stored in (invitation.patient_number, invitation.patient_phone):
        assert stored
        assert NUMBER not in stored
        assert PHONE not in stored
    sheet = f"/admin/triage/triagesession/{session.pk}/change/"
    for address in (LIST, f"{LIST}{invitation.pk}/change/", sheet):
        assert NUMBER in text(reviewer.get(address)), address
        assert PHONE in text(reviewer.get(address)), address
    worklist = text(reviewer.get("/admin/triage/triagesession/"))
    assert NUMBER in worklist
    assert "call-back number" in worklist


def test_no_page_and_no_record_of_the_patient_has_them(reviewer, key):
    (code,) = codes(with_number(reviewer))
    patient, page = answered(code)
    told = page.content.decode() + str(patient.client.cookies) + TriageSession.objects.get().record
    assert NUMBER not in told
    assert PHONE not in told
    letter = reviewer.post(f"{LIST}{Invitation.objects.get().pk}/change/", {"again": ""}).content.decode()
    paper = letter[letter.index('<article class="letter"') :]
    assert NUMBER not in paper
    assert PHONE not in paper


def test_the_seal_of_one_invitation_opens_no_other(reviewer, key):
    with_number(reviewer)
    with_number(reviewer, label="other", patient_number="", patient_phone="")
    one, other = Invitation.objects.order_by("pk")
    Invitation.objects.filter(pk=other.pk).update(patient_number=one.patient_number)
    page = text(reviewer.get(f"{LIST}{other.pk}/change/"))
    assert NUMBER not in page
    assert "cannot be read here" in page


def test_a_new_letter_takes_them_along(reviewer, key):
    with_number(reviewer)
    again(reviewer)
    newest = Invitation.objects.latest("pk")
    assert invited.known(newest) == (NUMBER, PHONE)


def test_they_may_stand_in_a_list_as_fourth_and_fifth_column(reviewer):
    lines = (
        f"one, {typed(when())}, en\ntwo, {typed(when())}, en, {NUMBER}\nthree, {typed(when())}, en, , {PHONE}"
    )
    reviewer.post(PASTE, {"lines": lines, "make": ""})
    made = {row.label: tuple(invited.known(row)) for row in Invitation.objects.all()}
    assert made == {"one": ("", ""), "two": (NUMBER, ""), "three": ("", PHONE)}


def test_a_phone_number_is_one(reviewer):
    assert "Use digits" in text(with_number(reviewer, patient_phone="call me"))
    assert not Invitation.objects.exists()


# The link by mail


ADDRESS = "patient@mail.example"


@pytest.fixture
def mailing(settings):
    settings.EMAIL_HOST = "mail.example"
    Clinic.objects.update(mail_links=True)


def test_the_address_is_asked_for_only_where_the_clinic_wants_it(reviewer, settings):
    assert 'name="email"' not in reviewer.get(ADD).content.decode()
    Clinic.objects.update(mail_links=True)
    assert 'name="email"' not in reviewer.get(ADD).content.decode()  # no mail server
    settings.EMAIL_HOST = "mail.example"
    assert 'name="email"' in reviewer.get(ADD).content.decode()


def test_an_address_that_nobody_asked_for_gets_no_mail(reviewer, mailoutbox):
    with_number(reviewer, email=ADDRESS)
    assert mailoutbox == []


def everything_stored():
    return "".join(str(list(model._default_manager.values())) for model in apps.get_models())


def test_the_mail_has_the_link_and_nothing_else_and_nothing_keeps_the_address(reviewer, mailing, mailoutbox):
    page = with_number(reviewer, email=ADDRESS, language="es")
    (code,) = codes(page)
    (mail,) = mailoutbox
    assert mail.to == [ADDRESS]
    assert mail.body.split() == [f"http://testserver/return/#{code.replace('-', '')}"]
    assert "consulta" in mail.subject
    for private in (LABEL, NUMBER, PHONE):
        assert private not in mail.message().as_string()
    assert "The link is on its way by mail" in text(page)
    assert "admin-print.js" not in page.content.decode()
    assert ADDRESS not in everything_stored()
    assert LABEL in everything_stored()  # so it would have been found
    assert AccessEntry.objects.filter(detail="link sent by mail").count() == 1


def test_a_mail_that_is_not_taken_is_told_and_the_link_is_there(reviewer, mailing, monkeypatch):
    def refuse(mail):
        raise ConnectionRefusedError(ADDRESS)

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    page = with_number(reviewer, email=ADDRESS)
    assert "did not take the mail (ConnectionRefusedError)" in text(page)
    assert len(codes(page)) == 1
    assert ADDRESS not in everything_stored()


def test_an_address_that_was_typed_when_the_session_ended_is_not_kept(reviewer, mailing):
    reviewer.post("/admin/session/", {"kept-path": ADD, "label": LABEL, "email": ADDRESS})
    (form,) = KeptForm.objects.all()
    assert "email" not in kept_fields(form.user, ADD)
    assert kept_fields(form.user, ADD)["label"] == [LABEL]


def test_links_by_mail_need_a_mail_server():
    page = staff("Managers").post("/admin/triage/clinic/1/change/", SETTINGS | {"mail_links": "on"})
    assert "This server sends no mail" in text(page)
    assert not Clinic.objects.get().mail_links
