"""What two people see of a draft: all that is other than in the running release, also what no reader sees."""

from copy import deepcopy

import pytest

from tests.shipped import shipped_trees
from tests.visitor import publish
from triage.store import examination

pytestmark = pytest.mark.django_db


def compared(change):
    running, trees = publish(), deepcopy(shipped_trees())
    change(trees)
    wording = [{"language": "English", "key": "x", "from": "told before", "to": "told after"}]
    return {each["key"]: (each["from"], each["to"]) for each in examination._rest(trees, running, wording)}


def of_the_sources(name, value):
    def change(trees):
        trees["sources"]["guidance"][0][name] = value

    return change


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", "https://elsewhere.example"),
        ("publisher", "Somebody"),
        ("status", "known"),
        ("checked", "2026-11-30"),
    ],
)
def test_address_publisher_status_and_day_are_compared(name, value):
    found = compared(of_the_sources(name, value))
    (place,) = [key for key in found if key.endswith(f"› {name}")]
    assert found[place][1] == value
    assert len(found) == 1


def test_locators_hashes_and_lengths_are_compared():
    def change(trees):
        trees["sources"]["article"]["passages"][0] |= {"locator": "elsewhere", "sha256": "0" * 64}
        note = next(
            item
            for screen in trees["questionnaire"]["screens"]
            for item in screen["items"]
            if item["kind"] == "text"
        )
        note["max-length"] = 7

    assert {key.rpartition("› ")[2] for key in compared(change)} == {"locator", "sha256", "max-length"}


def test_the_same_content_differs_in_nothing_and_wording_is_told_once():
    assert compared(lambda trees: None) == {}
