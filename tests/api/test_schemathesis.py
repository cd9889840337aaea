"""The door against its own description, by Schemathesis: calls that fit it, calls that do not, and what comes back."""

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from schemathesis import GenerationMode, checks

from tests.programs import Program
from tests.visitor import publish
from triage.api import exports, invitations, openapi, refusals
from triage.api.openapi import document

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("what is asked and answered is decided in Python; what is stored has tests of its own"),
]
CALLS = 4  # of each kind, at each address
CHECKS = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)
KINDS = {GenerationMode.POSITIVE: CHECKS, GenerationMode.NEGATIVE: (*CHECKS, checks.negative_data_rejection)}


@pytest.fixture
def program(settings):
    settings.API, settings.ALLOWED_HOSTS = True, ["localhost"]
    publish()
    for signal in (request_started, request_finished):  # the test's connection stays
        signal.disconnect(close_old_connections)
    yield Program()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def call_each(strategy, calls, wanted, program, made):
    @hypothesis.settings(
        max_examples=calls,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=[*hypothesis.HealthCheck],
    )
    @hypothesis.given(case=strategy)
    def call(case):
        label = case.operation.label
        made[label] = made.get(label, 0) + 1
        answer = case.call(headers={"Authorization": f"Bearer {program.written}"})
        case.validate_response(answer, checks=wanted)

    call()


def tried(program, calls, only=""):
    """How many calls were made of each operation. Raises what does not fit the document."""
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", WSGIHandler())
    made = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        if only in operation.path:
            for mode, wanted in KINDS.items():
                call_each(operation.as_strategy(generation_mode=mode), calls, wanted, program, made)
    return made


def test_schemathesis(program, proof):
    made = tried(program, proof.size(CALLS, 300))
    proof.counted(operations=len(made), calls=sum(made.values()))
    assert {label.partition(" ")[2] for label in made} == {*document()["paths"]} - {"/api/openapi.json"}


def another_answer(_asked):
    raise refusals.Refused(418, "Nobody has described this one.")


@pytest.mark.parametrize(
    ("place", "wrong", "address"),
    [
        (exports, {"_check_days": lambda: None}, "exports/json"),  # breaks where it is asked
        (refusals, {"PROBLEM_TYPE": "text/html"}, "invitations"),
        (invitations, {"_known_fields": another_answer}, "invitations"),
    ],
)
def test_a_planted_fault_is_told(program, monkeypatch, place, wrong, address):
    described = document()
    monkeypatch.setattr(openapi, "document", lambda: described)
    for name, planted in wrong.items():
        monkeypatch.setattr(place, name, planted)
    with pytest.raises((schemathesis.checks.FailureGroup, schemathesis.checks.Failure)):
        tried(program, 40, address)
