"""The OpenAPI document is what the door does: its addresses, its methods, its scopes, its statuses."""

import re

import jsonschema
import pytest
from django.test import Client

from tests.programs import call
from tests.visitor import publish
from triage.api import exports, openapi, urls
from triage.models import ApiToken
from triage.store import releases


@pytest.fixture
def document():
    return openapi.document()


def described(document):
    """Method, address and scope of each operation."""
    return {
        (method.upper(), path, operation.get("x-scope", ""))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def built():
    for pattern in urls.urlpatterns:
        for path in expanded(f"/{pattern.pattern}"):
            for method, view in pattern.callback.views.items():
                yield method, path, str(getattr(view, "scope", ""))


def expanded(route):
    return [route.replace("<slug:what>", what) for what in exports.KINDS] if "<" in route else [route]


def faults(document):
    return described(document) ^ set(built())


def test_it_describes_every_address_and_no_other(document):
    assert faults(document) == set()


def test_an_address_that_is_not_described_is_told(document):
    del document["paths"]["/api/invitations"]
    assert faults(document) == {("POST", "/api/invitations", "invitations.write")}


def test_its_references_and_schemas_hold(document):
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for name in re.findall(r"'#/components/schemas/(\w+)'", str(document)):
        assert name in schemas


def test_each_parameter_of_an_export_is_described(document):
    for what in exports.KINDS:
        operation = document["paths"][f"/api/exports/{what}"]["get"]
        assert {each["name"] for each in operation["parameters"]} == set(exports.parameters(what))


@pytest.mark.django_db
def test_its_languages_are_those_of_the_content(document):
    known = releases.content(publish().sha256, "en").languages
    assert openapi.PARAMETERS["language"]["enum"] == [*known]


@pytest.mark.django_db
def test_it_is_there_for_anybody_once_the_door_is_open(settings):
    assert Client().get("/api/openapi.json").status_code == 404
    settings.API = True
    answer = call("GET", "/api/openapi.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == openapi.document()
    assert {scope for _method, _path, scope in described(answer.json())} == {"", *ApiToken.Scope.values}
