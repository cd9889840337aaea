"""The bill of materials lists what is locked; what `dev.py prove supply-chain` asks the index is judged rightly."""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from proofs.supply_chain import Known, files_of_version, long_behind, still_open
from tests.test_dev import LOCKS, pins


def test_the_bill_of_materials_lists_what_is_locked(capsys):
    call_command("sbom")
    bill = json.loads(capsys.readouterr().out)
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "footpath")
    assert {row["name"]: row["version"] for row in bill["components"]} == pins(LOCKS[0])
    for row in bill["components"]:
        assert row["purl"] == f"pkg:pypi/{row['name']}@{row['version']}"
        assert row["hashes"]
        assert all(len(sha256["content"]) == 64 for sha256 in row["hashes"])


def came(name, day):
    return {"filename": name, "upload-time": f"2026-11-{day:02}T12:00:00Z", "yanked": False}


FILES = [
    came("some_package-1.2-py3-none-any.whl", 1),
    came("some_package-1.2.tar.gz", 1),
    came("some_package-1.20-py3-none-any.whl", 8),
]


def test_the_files_of_a_version_are_its_own():
    assert files_of_version(FILES, "1.2") == FILES[:2]
    assert files_of_version(FILES, "1.20") == FILES[2:]
    assert files_of_version(FILES, "1") == []


@pytest.mark.parametrize(("day", "behind"), [(21, []), (23, ["some-package 1.2 < 1.20"])])
def test_a_newer_release_may_go_unnoticed_for_two_weeks(day, behind):
    known = Known({"some-package": "1.20"}, {"some-package": FILES}, {})
    assert long_behind({"some-package": "1.2"}, known, datetime(2026, 11, day, tzinfo=UTC)) == behind
    assert long_behind({"some-package": "1.20"}, known, datetime(2026, 11, day, tzinfo=UTC)) == []


def test_a_weakness_is_open_that_only_a_later_release_of_the_series_closes():
    closed = {"5.2": {"a"}, "5.2.9": {"b"}, "5.2.10": {"c"}, "6.0.1": {"d"}}
    assert still_open(closed, "5.2.9") == ["c"]
    assert still_open(closed, "5.2") == ["b", "c"]
    assert still_open(closed, "5.2.10") == []
