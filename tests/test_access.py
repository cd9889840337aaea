"""Who gets what: every address, asked by every kind of person in every way, against a table that is read by people."""

import re

import pytest

from tests.addresses import METHODS, PATIENTS, STAFF, TABLE, World, expected, outcome, routes, rows
from tests.visitor import Patient
from triage.admin.submissions import SubmissionAdmin
from triage.models import TriageSession
from triage.store import visit

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("who gets what is decided in Python, by accounts that both databases keep alike"),
]
# What is other each time: a form's token, and how many seconds a session has left.
PASSING = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"|data-left="\d+"')


@pytest.fixture
def world(db):
    return World()


def undescribed(table=TABLE):
    described = [address.removeprefix("/") for part in ("patients", "staff") for address in table[part]]
    return set(described) ^ set(routes())


def cells(long, only=""):
    """Every call to ask. The short form asks all people with GET and POST, and two of them in the other ways."""
    for route in [only] if only else routes():
        for kind, method, wanted in expected(route):
            if long or method in ("GET", "POST") or kind in ("answering", "superuser"):
                yield route, kind, method, wanted


def faults(world, calls, progress=lambda done: None):
    """The cells in which the answer is not what the table says."""
    found = []
    for number, (route, kind, method, wanted) in enumerate(calls, start=1):
        got = outcome(world.call(kind, method, world.path(route)))
        if got != wanted:
            found.append(f"{method} /{route} as {kind}: {got} and not {wanted}")
        progress(number)
    return found


def test_every_address_has_its_row_and_every_row_its_address():
    assert undescribed() == set()
    for route in routes():
        assert sorted(method for method, _outcomes in rows(route)) == sorted(METHODS), route


def test_access(world, proof):
    calls = list(cells(proof.long))
    found = faults(world, calls, lambda done: proof.progress(done, len(calls)))
    proof.counted(addresses=len(set(routes())), people=9, methods=len(METHODS), calls=len(calls))
    assert found == []


# What must not be


def test_an_address_without_a_row_is_told():
    table = {"patients": dict(TABLE["patients"]), "staff": TABLE["staff"]}
    del table["patients"]["/result/"]
    assert undescribed(table) == {"result/"}


def test_a_page_that_opens_to_others_is_told(world, monkeypatch):
    monkeypatch.setattr(SubmissionAdmin, "has_view_permission", lambda *args: True)
    calls = cells(long=False, only="admin/triage/triagesession/")
    assert "GET /admin/triage/triagesession/ as auditor: 200 and not 403" in faults(world, calls)


def test_a_session_that_never_ends_is_told(world, monkeypatch):
    monkeypatch.setattr(visit.Visit, "expired", lambda *args: False)
    calls = cells(long=False, only="go-on/")
    assert "GET /go-on/ as expired: question and not expired" in faults(world, calls)


# Other people's things


def body(answer):
    return (answer.status_code, PASSING.sub(b"", answer.content))


def test_what_is_not_yours_looks_like_what_is_not_there(world):
    """Wherever a person does not get a thing of the clinic's, they get the very same for one that does not exist."""
    compared = 0
    for route in routes():
        if not any(part in route for part in ("<path:object_id>", "<id>", "<int:pk>")):
            continue
        entitled = {kind for kind, method, wanted in expected(route) if (method, wanted) == ("GET", "200")}
        for kind, method, _wanted in expected(route):
            if kind in entitled or method not in ("GET", "POST"):
                continue
            there = world.call(kind, method, world.path(route))
            nothing = world.call(kind, method, world.path(route, missing=True))
            assert body(there) == body(nothing), (kind, method, route)
            compared += 1
    assert compared > 400


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_session_that_is_not_on_the_worklist_looks_like_none(world, page):
    for kind in STAFF[1:]:
        quiet, nothing = (
            world.call(kind, "GET", f"/admin/triage/triagesession/{pk}/{page}/")
            for pk in (world.answering.pk, 987654321)
        )
        assert body(quiet) == body(nothing)
        assert outcome(quiet) == outcome(nothing)


def test_a_key_that_was_never_given_out_gets_what_an_expired_one_gets(world):
    stranger = Patient()
    stranger.client.cookies["visit"] = "x" * 43
    for path in ("/go-on/", "/result/", "/questions/leg/", "/check/", "/emergency/"):
        expired, unknown = world.call("expired", "GET", path), stranger.client.get(path)
        stranger.client.cookies["visit"] = "x" * 43
        assert (body(expired), expired["Location"]) == (body(unknown), unknown["Location"])


def test_no_patient_sees_anything_of_another(world):
    """Also not by naming the other's reference or key somewhere else than in the cookie."""
    reference = world.submitted.reference.encode()
    key = world.clients["submitted"].cookies["visit"].value
    for query in (
        "",
        f"?reference={world.submitted.reference}",
        f"?visit={key}",
        f"?key={world.submitted.pk}",
    ):
        for kind in ("nobody", "answering", "expired"):
            for route in routes():
                if not route.startswith("admin/"):
                    answer = world.call(kind, "GET", world.path(route) + query, headers={"X-Visit": key})
                    assert reference not in answer.content
                    assert b"A note." not in answer.content
    assert reference in world.call("submitted", "GET", "/result/").content


# Addresses tell nothing


def test_no_patient_address_has_room_for_a_key_or_a_reference():
    parameters = [route for route in routes() if not route.startswith("admin/") and "<" in route]
    # The name of a screen and of an error page, the same for everybody; and what mail programs make of a link with a
    # code, which no page of ours does (tests/patient/test_coming_back.py).
    assert parameters == ["questions/<slug:key>/", "return/<path:rest>", "problem/<slug:name>/"]


def test_no_link_or_form_of_a_patient_page_carries_anything_of_the_patient(world):
    secrets = [world.submitted.reference, world.submitted.key_hash, world.answering.reference]
    secrets += [
        client.cookies["visit"].value for kind, client in world.clients.items() if kind in PATIENTS[1:]
    ]
    seen = set()
    for kind in PATIENTS:
        for route in routes():
            if not route.startswith("admin/"):
                page = world.call(kind, "GET", world.path(route), follow=True).content.decode(
                    errors="replace"
                )
                seen |= set(re.findall(r'(?:href|src|action|formaction|name="to" value)="([^"]*)"', page))
    ours = {link for link in seen if link.startswith("/")}
    assert len(ours) > 25
    assert not [link for link in ours if "?" in link or any(secret in link for secret in secrets)]
    assert not TriageSession.objects.filter(reference="").exists()
