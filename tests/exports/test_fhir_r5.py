"""FHIR R5: what another's reader of it takes, where it finds fault with R4."""

import json

import pytest
from fhir.resources import get_fhir_model_class

from tests import fhir_rules
from tests.exported import enter, export, lines
from tests.visitor import BACK, FOOT_ONLY, publish
from triage.exports.fhir_r5 import as_r5
from triage.store import releases

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("FHIR is made of records and releases, which are texts"),
]


@pytest.fixture
def content():
    return releases.content(publish().sha256, "en")


def faults(resource):
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValueError as error:
        return str(error)
    return ""


def written(what, *options):
    text = export(what, *options)[0]
    return [json.loads(text)] if text.startswith("{\n") else lines(text)


@pytest.mark.parametrize("what", ["fhir-responses", "fhir-bundles", "fhir-questionnaire", "fhir-definitions"])
def test_another_reader_takes_it(content, what):
    enter(content, FOOT_ONLY | {"note": "A note."})
    enter(content, BACK | {"safety-now": ["cold-limb"]}, "es")
    reviews = ["--with-reviews"] if what in ("fhir-responses", "fhir-bundles") else []
    for options in ([], reviews):
        found = written(what, "--fhir", "R5", *options)
        assert [fault for fault in map(faults, found) if fault] == []
        assert found == [as_r5(resource) for resource in written(what, *options)]


def test_it_finds_fault_with_r4(content):
    enter(content, FOOT_ONLY)
    assert all(faults(resource) for resource in written("fhir-responses"))


def test_no_item_has_a_type_that_is_gone(content):
    """Which that reader does not look at."""
    types = [
        {item["type"] for item in fhir_rules.items_of(written("fhir-questionnaire", *options)[0])}
        for options in ([], ["--fhir", "R5"])
    ]
    assert types == [{"group", "display", "choice", "text"}, {"group", "display", "coding", "text"}]


def test_what_is_not_fhir_stays_as_it_is(content):
    enter(content, FOOT_ONLY)
    assert export("json", "--fhir", "R5")[0] == export("json")[0]
