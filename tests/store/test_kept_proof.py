"""What is kept about the shipped content, so that publishing it does not take a minute, is what would be found anew."""

import json
import shutil

import pytest

from tests.shipped import shipped_trees
from triage.domain.loading import load
from triage.domain.proof.prove import prove
from triage.store import content_files, examination, releases

PROPERTIES = {f"T{number}" for number in range(1, 12)}


def as_kept(found):
    return json.loads(json.dumps(found))


def canonical(trees):
    return releases.canonical(trees)


def test_it_is_kept_of_this_content_and_was_found_by_this_code():
    """Who changes one of them runs `manage.py prove --keep`, and commits what that writes."""
    kept = content_files.kept()
    assert kept["sha256"] == releases.sha256(canonical(shipped_trees())), "Run `manage.py prove --keep`."
    assert kept["domain"] == content_files.domain_sha256(), "Run `manage.py prove --keep`."


def test_any_change_of_the_code_is_other_code(tmp_path, monkeypatch):
    shutil.copytree(content_files.DOMAIN, tmp_path / "domain")
    monkeypatch.setattr(content_files, "DOMAIN", tmp_path / "domain")
    code = content_files.domain_sha256.__wrapped__
    assert code() == content_files.domain_sha256()
    with (tmp_path / "domain" / "proof" / "prove.py").open("a", encoding="utf-8") as file:
        file.write("#\n")
    assert code() != content_files.domain_sha256()


def test_the_shipped_content_breaks_nothing_and_that_is_what_is_kept(proof):
    """The tests above make sure of it; in the long form it is found out anew, which takes a minute."""
    kept = content_files.kept()["proof"]
    assert {name for name, _says, facts in kept["properties"] if facts} >= PROPERTIES
    assert kept["screens"] == [14, 16]
    if not proof.long:
        return
    report = prove(load(shipped_trees()))
    assert report.broken == ()
    assert sum(ending.count for ending in report.endings) == report.answer_sets
    assert len(report.endings) == 1 + 5 * 3  # the exit; back with three roots, foot, unclear, each thrice
    assert report.questions["clinic"] == ["note"]
    assert as_kept(examination._proof(report)) == kept


def test_what_is_kept_is_of_no_other_content(monkeypatch):
    """A word more, there or in the code, and everything is found out anew."""

    def proved(content):
        raise LookupError("proved anew")

    monkeypatch.setattr(examination, "prove", proved)
    text = canonical(shipped_trees())
    assert examination.broken_properties(text) == ()
    examination.broken_properties.cache_clear()
    other = {**shipped_trees(), "vignettes": {"vignettes": []}}
    with pytest.raises(LookupError, match="proved anew"):
        examination.broken_properties(canonical(other))
    with pytest.raises(LookupError, match="proved anew"):
        examination.examine(canonical(other), None)
    monkeypatch.setattr(content_files, "domain_sha256", lambda: "other code")
    examination.broken_properties.cache_clear()
    with pytest.raises(LookupError, match="proved anew"):
        examination.broken_properties(text)


def test_a_content_that_is_kept_is_examined_at_once(db, monkeypatch):
    monkeypatch.setattr(examination, "prove", lambda content: pytest.fail("proved anew"))
    monkeypatch.setattr(examination, "told_people", lambda *given, **more: pytest.fail("told anew"))
    found = examination.examine(canonical(shipped_trees()), None)
    kept = content_files.kept()
    assert (found["proof"], found["population"]) == (kept["proof"], kept["population"])
