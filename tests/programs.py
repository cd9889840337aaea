"""Other programs of the clinic, for tests: each with a token, made by a manager."""

import json
from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone

from triage import actions
from triage.models import ApiToken

EXPORTS, INVITATIONS, RESPONSES = ApiToken.Scope
FHIR = "application/fhir+json"


def manager(name="mona"):
    known = User.objects.filter(username=name).first()
    return known or actions.create_staff(name, "a password of its own", actions.MANAGERS)


def leave(user, group=actions.MANAGERS):
    user.groups.remove(Group.objects.get(name=group))


class Program:
    """Sends its token with each call, and no cookie."""

    def __init__(self, *scopes, name="archive", maker=None, days=30):
        now = timezone.now()
        self.token, self.written = actions.make_token(
            name, scopes or [*ApiToken.Scope], now + timedelta(days=days), maker or manager(), now
        )

    def call(self, method, path, body=None, media_type="application/json", **headers):
        return call(method, path, body, media_type, authorization=f"Bearer {self.written}", **headers)

    def get(self, path, **headers):
        return self.call("GET", path, **headers)

    def post(self, path, body, media_type="application/json", **headers):
        return self.call("POST", path, body, media_type, **headers)


def call(method, path, body=None, media_type="application/json", **headers):
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.generic(method, path, data or b"", content_type=media_type, headers=sent)
    assert not answer.cookies
    if answer.status_code >= 400:
        expected = FHIR if path.startswith("/fhir/") else "application/problem+json"
        assert answer["Content-Type"] == expected
        assert method == "HEAD" or json.loads(answer.content)
    return answer


def until_taken(send):
    """As a program does that is told to try again: a busy database has too few connections for all at once."""
    for _try in range(20):
        answer = send()
        if answer.status_code != 503:
            break
    return answer


def text(answer):
    """The body, streamed or not."""
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


def hang_up(answer):
    """As a server does when whoever asked has gone; the test's connection stays."""
    request_finished.disconnect(close_old_connections)
    answer.close()
    request_finished.connect(close_old_connections)


def faults(answer):
    """What is said to be wrong: where, and what FHIR calls it."""
    return {(issue["expression"][0], issue["code"]) for issue in answer.json()["issue"]}
