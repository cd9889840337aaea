"""The bill of materials lists what is locked, all of it."""

import json

from django.core.management import call_command

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
