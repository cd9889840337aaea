"""Who tells of an error says a number, and by that number the log tells what it was."""

import re

import pytest
from django.db import OperationalError
from django.test import Client

from tests.staff import text
from tests.visitor import publish
from triage.server import request_number
from triage.server.environment import read_environment
from triage.server.logs import JsonFormatter, PlainFormatter
from triage.server.next_page import NEXT_PAGE

pytestmark = pytest.mark.django_db
SAYS = re.compile(r"tell the clinic about this, say this number: ([\w-]+)")


@pytest.fixture(autouse=True)
def release(db):
    return publish()


@pytest.fixture
def broken(monkeypatch):
    """Whoever begins meets this error."""

    def breaks(error):
        def fails(*args, **options):
            raise error

        monkeypatch.setattr("triage.actions.start_session", fails)

    breaks(RuntimeError("both-legs-weak"))
    return breaks


def begin(**headers):
    client = Client(raise_request_exception=False)
    return client.post("/start/", {"language": "en"}, headers=headers)


def numbers(caplog):
    """In every line of the log, as it is written."""
    return {
        re.search(r"\[([\w-]+)\]$", PlainFormatter().format(line).splitlines()[0])[1]
        for line in caplog.records
    }


@pytest.mark.parametrize("error", [RuntimeError("both-legs-weak"), OperationalError("gone")])
def test_the_page_and_the_log_have_one_number(broken, caplog, error):
    broken(error)
    page = begin(**{NEXT_PAGE: "1"})
    (said,) = SAYS.findall(text(page))
    assert numbers(caplog) == {said}
    assert len(said) == 8
    assert f'"request": "{said}"' in JsonFormatter().format(caplog.records[-1])
    assert SAYS.findall(text(begin(**{NEXT_PAGE: "1"}))) != [said]
    assert request_number.current.get() == ""


def test_after_a_redirect_the_page_is_of_another_request_and_says_none(broken, caplog):
    answer = begin()
    assert answer.status_code == 302
    assert numbers(caplog)
    assert not SAYS.findall(text(Client().get(answer["Location"])))
    assert "?" not in answer["Location"]


def test_in_spanish_too(broken):
    client = Client(raise_request_exception=False)
    page = client.post("/start/", {"language": "es"}, headers={NEXT_PAGE: "1", "accept-language": "es"})
    assert "diga este número: " in text(page)


@pytest.mark.parametrize(
    ("trusted", "sent", "taken"),
    [
        ("on", "4f2a-of-the-proxy", True),
        ("off", "4f2a-of-the-proxy", False),
        ("on", "short", False),
        ("on", "call 0900 123456 now", False),
        ("on", "x" * 65, False),
        ("on", "one\nINFO a line that never was", False),
        ("on", "٤٤٤٤٤٤٤٤", False),
    ],
)
def test_a_number_is_taken_from_a_proxy_that_is_trusted(broken, caplog, settings, trusted, sent, taken):
    settings.ENVIRONMENT = read_environment({"TRUST_PROXY": trusted})
    page = begin(**{NEXT_PAGE: "1", "x-request-id": sent})
    said = SAYS.findall(text(page))
    assert (said == [sent]) is taken
    assert numbers(caplog) == set(said)


def test_what_is_nobodys_fault_says_no_number():
    assert not SAYS.findall(text(Client().get("/no-such-page/")))
    assert not SAYS.findall(text(Client().get("/problem/failed/")))
    assert not SAYS.findall(text(Client().get("/problem/not-found/", headers={NEXT_PAGE: "1"})))
