"""Invitations by a program: checked as what staff type is, and made once, however often they are asked for."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from tests.invited import open_code
from tests.programs import EXPORTS, INVITATIONS, Program, until_taken
from tests.staff import staff
from tests.visitor import Browser, publish
from triage import actions
from triage.actions import inviting_once
from triage.actions.keys import signs
from triage.models import AccessEntry, Invitation, SentOnce
from triage.store import codes, invited

pytestmark = pytest.mark.django_db
PATH = "/api/invitations"


@pytest.fixture(autouse=True)
def door_is_open(settings, db):
    settings.API = True
    publish()


def wanted(**other):
    at = (timezone.localtime() + timedelta(days=3)).replace(microsecond=0)
    return {"label": "A. B.", "appointment_at": at.isoformat(), "language": "es"} | other


def ask(program, body, key="first-key"):
    return program.post(PATH, body, idempotency_key=key)


def test_the_answer_holds_a_code_that_opens_the_questions():
    program = Program(INVITATIONS)
    answer = ask(program, wanted(patient_number="4711", patient_phone="555 0101"))
    assert answer.status_code == 201
    made = answer.json()
    invitation = Invitation.objects.get()
    assert made["number"] == invitation.pk
    assert made["link"].endswith("#" + made["code"].replace("-", ""))
    assert invited.known(invitation) == ("4711", "555 0101")
    assert invitation.created_by == program.token.made_by
    entries = AccessEntry.objects.filter(who="token archive", about=str(invitation)).order_by("number")
    assert [(entry.what, entry.detail) for entry in entries] == [("change", "made"), ("print", "link")]
    browser = Browser()
    open_code(made["code"], browser)
    assert browser.get("/go-on/", follow=True).resolver_match.url_name == "question"
    invitation.refresh_from_db()
    assert invitation.opened_at


def test_its_time_is_read_with_its_zone_or_as_the_clinics():
    program, day = Program(), timezone.localdate() + timedelta(days=5)
    for number, at in enumerate((f"{day}T14:30:00Z", f"{day}T15:30+01:00", f"{day} 14:30")):
        assert (
            ask(program, wanted(label=f"L {number}", appointment_at=at), key=f"the-key-{number}").status_code
            == 201
        )
    first, second, third = Invitation.objects.order_by("pk")
    assert first.appointment_at == second.appointment_at
    assert timezone.localtime(third.appointment_at).strftime("%H:%M") == "14:30"


# A lost answer


def test_the_same_key_gives_the_same_invitation_and_makes_no_other():
    program, body = Program(), wanted()
    first, second = ask(program, body), ask(program, body)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert Invitation.objects.count() == 1
    assert AccessEntry.objects.filter(detail="link given again").count() == 1


def test_another_key_meets_the_invitation_that_is_there():
    program, body = Program(), wanted()
    ask(program, body)
    answer = ask(program, body, key="another-key")
    assert answer.status_code == 409
    assert Invitation.objects.count() == 1


def test_the_same_key_for_something_else_is_refused():
    program = Program()
    ask(program, wanted())
    assert ask(program, wanted(label="C. D.")).status_code == 422
    assert Invitation.objects.count() == 1


def test_a_key_is_the_tokens_own():
    one, other = Program(name="one"), Program(name="other")
    ask(one, wanted())
    assert ask(other, wanted(label="C. D.")).status_code == 201


def test_a_key_is_kept_for_a_day(clock):
    program = Program()
    ask(program, wanted())
    clock(hours=23)
    assert ask(program, wanted(label="C. D.")).status_code == 422
    clock(hours=25)
    assert ask(program, wanted(label="C. D.")).status_code == 201
    assert SentOnce.objects.count() == 1
    actions.tidy(timezone.now() + timedelta(days=2))
    assert not SentOnce.objects.exists()


def test_what_is_stored_gives_the_code_to_nobody():
    program = Program()
    code = codes.signs_of(
        ask(program, wanted(patient_phone="555 0101"), key="a-key-of-theirs").json()["code"]
    )
    kept = "".join(str(list(model._default_manager.values())) for model in apps.get_models())
    assert [part for part in (code, program.written, "a-key-of-theirs") if part in kept] == []


def test_with_a_code_of_chance_a_lost_answer_would_be_lost(monkeypatch):
    program, body = Program(), wanted()
    first = ask(program, body).json()
    monkeypatch.setattr(inviting_once, "code_of", lambda key, at: signs(codes.LENGTH))
    assert ask(program, body).json()["code"] != first["code"]


@pytest.mark.django_db(transaction=True)
def test_of_twelve_at_once_one_is_made_and_all_are_told():
    program, body = Program(), wanted()

    def once(_number):
        try:
            answer = until_taken(lambda: ask(program, body))
            return answer.status_code, answer.json().get("code")
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(once, range(12)))
    assert {status for status, _code in answers} == {201}
    assert len({code for _status, code in answers}) == 1
    assert Invitation.objects.count() == 1


# What cannot be made


@pytest.mark.parametrize("key", ["", "short", "x" * 256, "with a space", "with-ö-in-it"])
def test_without_a_key_nothing_is_made(key):
    answer = ask(Program(), wanted(), key=key)
    assert answer.status_code == 400
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("other", "where"),
    [
        ({"label": ""}, "/label"),
        ({"label": "x" * 41}, "/label"),
        ({"label": 5}, "/label"),
        ({"label": "A\x00B"}, "/label"),
        ({"label": "Maria Gonzalez"}, "/label"),
        ({"appointment_at": "soon"}, "/appointment_at"),
        ({"appointment_at": "2020-01-01T10:00Z"}, "/appointment_at"),
        ({"appointment_at": "2026-13-01T10:00Z"}, "/appointment_at"),
        ({"appointment_at": None}, "/appointment_at"),
        ({"language": "xx"}, "/language"),
        ({"patient_phone": "call me"}, "/patient_phone"),
        ({"patient_number": "x" * 41}, "/patient_number"),
        ({"sure": "yes"}, "/sure"),
        ({"birth_date": "1970-01-01"}, ""),
    ],
)
def test_what_the_form_refuses_is_refused_and_said_where(other, where):
    answer = ask(Program(), wanted(**other))
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {where}
    assert not Invitation.objects.exists()
    assert not SentOnce.objects.exists()


def test_a_label_like_a_name_is_taken_from_who_is_sure():
    assert ask(Program(), wanted(label="Maria Gonzalez", sure=True)).status_code == 201


def test_it_is_refused_as_the_page_refuses_it():
    """The words of the two are the same: there is one form."""
    page = staff("Managers").post(
        "/admin/triage/invitation/add/", {"label": "x" * 41, "appointment_at": "soon", "language": "xx"}
    )
    answer = ask(Program(), {"label": "x" * 41, "appointment_at": "soon", "language": "xx"})
    said = [error["detail"] for error in answer.json()["errors"]]
    assert len(said) == 3
    assert [words for words in said if words not in page.content.decode()] == []


def test_a_token_for_exports_invites_nobody():
    assert ask(Program(EXPORTS), wanted()).status_code == 403


# What is no JSON


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 415),
        (b"{", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"\xff\xfe", 400),
        (b'{"label": NaN}', 400),
        (b'{"label": Infinity}', 400),
        (b'{"label": "A", "label": "B"}', 400),
        (b'{"label": ' + b"9" * 5000 + b"}", 400),
        (b"[" * 4000, 400),
        (b'{"label": "' + b"x" * 9000 + b'"}', 413),
    ],
)
def test_what_cannot_be_read_is_told(body, status):
    assert ask(Program(), body).status_code == status
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    "media_type",
    ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-16", "", "{}"],
)
def test_another_kind_of_body_is_refused(media_type):
    answer = Program().call("POST", PATH, wanted(), media_type, idempotency_key="first-key")
    assert answer.status_code == 415


def test_the_code_is_written_as_a_letter_writes_it():
    assert re.fullmatch(r"\w{4}-\w{4}-\w{4}", ask(Program(), wanted()).json()["code"])
