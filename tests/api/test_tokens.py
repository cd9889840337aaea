"""Who comes in by the machines' door: by a token that is whole, alive and good for it; and nobody else."""

import json
import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from tests.addresses import outcome
from tests.programs import EXPORTS, INVITATIONS, RESPONSES, Program, call, leave, manager
from tests.staff import staff
from tests.visitor import publish
from triage import actions
from triage.api import door, urls
from triage.models import AccessEntry, ApiToken
from triage.server.guessing import Guesses, guesses
from triage.store import tokens

pytestmark = pytest.mark.django_db
# Each address with the method it takes, and the scope it asks for.
ADDRESSES = {
    "/api/exports/submissions": ("GET", EXPORTS),
    "/api/invitations": ("POST", INVITATIONS),
    "/fhir/QuestionnaireResponse": ("POST", RESPONSES),
}
PAGE = "/admin/tokens/"


@pytest.fixture(autouse=True)
def door_is_open(settings, monkeypatch):
    settings.API = True
    publish()
    monkeypatch.setattr(door, "wrong_tokens", Guesses())


def statuses(authorization):
    return {
        call(method, path, authorization=authorization).status_code
        for path, (method, _scope) in ADDRESSES.items()
    }


# Off


@pytest.mark.parametrize("path", [*ADDRESSES, "/api/openapi.json", "/api/", "/fhir/"])
def test_off_it_is_an_address_like_any_that_is_not_there(settings, path):
    program = Program()
    settings.API = False
    for method in ("get", "post"):
        ask = getattr(Client(headers={"authorization": f"Bearer {program.written}"}), method)
        assert outcome(ask(path)) == outcome(ask("/no-such-page"))
    assert Client().get(path).status_code == 404
    assert staff("Managers").get(PAGE).status_code == 404


def test_every_address_is_in_the_table():
    routes = {f"/{pattern.pattern}" for pattern in urls.urlpatterns} - {"/api/openapi.json"}
    assert {re.sub("<.*>", "submissions", route) for route in routes} == set(ADDRESSES)
    for pattern in urls.urlpatterns:
        for method, view in pattern.callback.views.items():
            path = re.sub("<.*>", "submissions", f"/{pattern.pattern}")
            assert (method, getattr(view, "scope", "")) == ADDRESSES.get(path, ("GET", ""))


# Which tokens


def test_a_good_token_opens_what_its_scopes_say_and_nothing_else():
    for scope in ApiToken.Scope:
        program = Program(scope, name=scope.value)
        for path, (method, wanted) in ADDRESSES.items():
            answer = program.call(method, path)
            assert (answer.status_code == 403) == (scope != wanted), path
            assert answer.status_code != 401
            if scope != wanted:
                assert f'error="insufficient_scope", scope="{wanted}"' in answer["WWW-Authenticate"]


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic bW9uYTp4",
        "Bearer footpath_1.x.y",
        "Bearer " + "x" * 5000,
        "Bearer \xe9",
    ],
)
def test_no_token_opens_nothing_and_costs_no_query(sent, django_assert_num_queries):
    Program()
    with django_assert_num_queries(0):
        assert statuses(sent) == {401}


def test_a_token_with_another_secret_number_or_sign_opens_nothing():
    one, other = Program(name="one"), Program(name="other")
    number, secret, _signature = one.written.removeprefix(tokens.PREFIX).split(".")
    forged = [
        tokens.written(one.token.pk, "x" * 43),  # as who has SECRET_KEY could
        tokens.written(other.token.pk, secret),
        tokens.written(999, secret),
        one.written[:-1],
        one.written + "x",
        f"{tokens.PREFIX}{number}.{secret}",
        one.token.secret_hash,
    ]
    assert [statuses(f"Bearer {sent}") for sent in forged] == [{401}] * len(forged)
    assert 401 not in statuses(f"bearer {one.written}")


def test_a_token_in_the_address_is_none():
    program = Program()
    path = f"/api/exports/submissions?access_token={program.written}&since=2026-11-01&until=2026-11-30"
    assert call("GET", path).status_code == 401


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (lambda program: actions.revoke_token(program.token.pk, "mona", timezone.now()), "revoked"),
        (lambda program: ApiToken.objects.update(ends_at=timezone.now()), "past its end"),
        (
            lambda program: actions.manage_staff(program.token.made_by.pk, "disable", "x", timezone.now()),
            "may no",
        ),
        (lambda program: leave(program.token.made_by), "may no longer make tokens"),
    ],
)
def test_a_token_that_is_over_opens_nothing(end, why):
    program = Program()
    sent = f"Bearer {program.written}"
    assert 401 not in statuses(sent)
    end(program)
    assert statuses(sent) == {401}
    answer = program.get("/api/exports/submissions")
    assert why in answer.json()["detail"]
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    noted = AccessEntry.objects.filter(what=AccessEntry.What.FAILED, who="token archive")
    assert noted.count() == 1  # of four tries within the hour


def test_unless_somebody_looks_it_would_go_on(monkeypatch):
    program = Program()
    actions.revoke_token(program.token.pk, "mona", timezone.now())
    monkeypatch.setattr(tokens, "dead", lambda token, now: "")
    assert 401 not in statuses(f"Bearer {program.written}")


def test_a_maker_who_may_export_no_longer_takes_that_from_the_token(monkeypatch):
    program = Program()
    monkeypatch.setitem(tokens.RIGHTS, EXPORTS, "triage.no_such_right")
    assert program.get("/api/exports/submissions").status_code == 403


def test_wrong_tokens_wait_and_right_ones_do_not(settings, django_assert_num_queries):
    settings.GUESSES_A_MINUTE = 3
    program, before = Program(), dict(guesses.times)
    wrong = f"Bearer {tokens.PREFIX}1.{'x' * 43}.{'y' * 43}"
    answers = [call("GET", "/api/exports/submissions", authorization=wrong) for _try in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert answers[-1]["Retry-After"] == "60"
    with django_assert_num_queries(0):
        call("GET", "/api/exports/submissions", authorization=wrong)
    assert program.get("/api/exports/submissions").status_code == 400
    assert guesses.times == before  # nobody is kept from signing in


def test_a_program_that_goes_on_with_an_old_token_does_not_fill_the_log():
    program = Program()
    actions.revoke_token(program.token.pk, "mona", timezone.now())
    for _try in range(12):
        program.get("/api/exports/submissions")
    details = AccessEntry.objects.filter(what=AccessEntry.What.FAILED).values_list("detail", flat=True)
    assert sorted(details) == ["revoked", "revoked; 10 within this hour"]


# What is kept of one


def test_nothing_that_is_stored_opens_anything():
    program = Program()
    _number, secret, signature = program.written.removeprefix(tokens.PREFIX).split(".")
    kept = "".join(str(list(model._default_manager.values())) for model in apps.get_models())
    assert [part for part in (program.written, secret, signature) if part in kept] == []
    assert program.token.secret_hash in kept


def test_its_last_use_is_kept_to_the_day_and_written_once_a_day(django_assert_max_num_queries):
    program = Program()
    assert program.token.last_used_on is None
    program.get("/api/exports/submissions")
    assert ApiToken.objects.get().last_used_on == timezone.localdate()
    with django_assert_max_num_queries(4) as queries:
        program.get("/api/exports/submissions")
    assert not [query for query in queries if query["sql"].startswith("UPDATE")]


def test_making_and_revoking_are_entries_without_the_token():
    program = Program(EXPORTS)
    actions.revoke_token(program.token.pk, "other", timezone.now())
    made, revoked = AccessEntry.objects.filter(about="token archive").order_by("number")
    until = timezone.localdate() + timedelta(days=30)
    assert (made.who, made.detail) == ("mona", f"made: exports.read, until {until}")
    assert (revoked.who, revoked.detail) == ("other", "revoked")
    with pytest.raises(ApiToken.DoesNotExist):
        actions.revoke_token(program.token.pk, "other", timezone.now())


# No page, whatever happens


@pytest.mark.parametrize(
    "path", ["/api/", "/api/exports/", "/api/no-such", "/fhir/Patient", "/fhir/metadata"]
)
def test_what_is_not_there_is_told_in_json(path):
    assert Program().get(path).status_code == 404


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_told_which_are_taken(method):
    answer = Program().call(method, "/api/exports/submissions")
    assert (answer.status_code, answer["Allow"]) == (405, "GET")


def test_a_fault_of_ours_says_nothing_of_itself(monkeypatch, caplog):
    def fails(*_arguments):
        raise RuntimeError("with an answer in it")

    monkeypatch.setattr(door.tokens, "known", fails)
    answer = call("GET", "/api/exports/submissions", authorization="Bearer x")
    assert answer.status_code == 500
    assert "answer in it" not in answer.content.decode()
    assert "A program's request failed" in caplog.text


def test_staff_have_a_name_of_their_own_and_so_have_programs(settings):
    settings.ALLOWED_HOSTS = ["foot.example.org", "staff.example.org"]
    settings.STAFF_HOST = "staff.example.org"
    program = Program()
    assert program.get("/api/exports/submissions", host="staff.example.org").status_code == 400
    assert program.get("/api/exports/submissions", host="foot.example.org").status_code == 404
    assert program.get("/api/exports/submissions", host="other.example.org").status_code == 400
    assert (
        "ALLOWED_HOSTS" in program.get("/api/exports/submissions", host="other.example.org").json()["detail"]
    )


def test_a_signed_in_session_opens_nothing():
    assert staff("Managers").get("/api/exports/submissions").status_code == 401


# The page


def posted(browser, **data):
    until = timezone.localdate() + timedelta(days=9)
    return browser.post(PAGE, {"name": "archive", "scopes": [EXPORTS], "until": until, "make": "yes"} | data)


def test_a_manager_makes_one_sees_it_once_and_revokes_it():
    browser = staff("Managers")
    page = posted(browser, name=" the  archive ").content.decode()
    written = re.search(rf'value="({tokens.PREFIX}[^"]+)"', page)[1]
    assert 401 not in statuses(f"Bearer {written}")
    token = ApiToken.objects.get()
    assert (token.name, token.scopes) == ("the archive", ["exports.read"])
    assert timezone.localdate(token.ends_at - timedelta(seconds=1)) == timezone.localdate() + timedelta(
        days=9
    )
    listed = browser.get(PAGE).content.decode()
    assert written not in listed
    assert "the archive" in listed
    assert outcome(browser.post(PAGE, {f"revoke-{token.pk}": ""})) == "triage_tokens"
    assert statuses(f"Bearer {written}") == {401}
    assert "revoked" in browser.get(PAGE).content.decode()
    browser.post(PAGE, {f"revoke-{token.pk}": ""})
    assert "was revoked already" in browser.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": ""}, "which program"),
        ({"name": "x" * 61}, "at most 60"),
        ({"scopes": []}, "Tick what"),
        ({"scopes": ["everything"]}, "not one of the available choices"),
        ({"until": "2020-01-01"}, "This day is over"),
        ({"until": "2099-01-01"}, "more than a year"),
        ({"until": "soon"}, "valid date"),
    ],
)
def test_what_cannot_be_made_is_said(data, said):
    assert said in posted(staff("Managers"), **data).content.decode()
    assert not ApiToken.objects.exists()


def test_a_name_is_used_once():
    program = Program()
    actions.revoke_token(program.token.pk, "mona", timezone.now())
    assert "Take another name" in posted(staff("Managers")).content.decode()
    assert ApiToken.objects.count() == 1


def test_the_longest_is_a_year():
    browser, today = staff("Managers"), timezone.localdate()
    assert "Token for" in posted(browser, until=today + timedelta(days=365)).content.decode()
    with pytest.raises(ValueError, match="a year at most"):
        actions.make_token("x", [EXPORTS], timezone.now() + timedelta(days=400), manager(), timezone.now())


@pytest.mark.parametrize(("kind", "status"), [("Reviewers", 403), ("Auditors", 403), ("superuser", 200)])
def test_who_else_makes_tokens(kind, status):
    browser = staff(kind)
    assert (browser.get(PAGE).status_code, posted(browser).status_code) == (status, status)
    assert ApiToken.objects.exists() == (status == 200)
    assert outcome(staff("anonymous").get(PAGE)) == "login"


def test_the_first_page_leads_there_while_the_door_is_open(settings):
    browser = staff("Managers")
    assert PAGE in browser.get("/admin/").content.decode()
    settings.API = False
    assert PAGE not in browser.get("/admin/").content.decode()


def test_the_refusal_repeats_nothing_that_was_sent():
    answer = Program().get("/api/exports/submissions?secret=Kanarienvogel&since=Kanarienvogel")
    assert "Kanarienvogel" not in json.dumps(answer.json())
