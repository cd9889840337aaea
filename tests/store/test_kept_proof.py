"""What is kept about the shipped content, so that publishing it does not take a minute, is what would be found anew."""

import json

import pytest

from tests.shipped import shipped_trees
from triage.domain.loading import load
from triage.domain.proof.prove import prove
from triage.store import content_files, examination, releases


def as_kept(found):
    return json.loads(json.dumps(found))


def canonical(trees):
    return releases.canonical(trees)


def test_it_is_kept_of_this_content():
    """Who changes the content runs `manage.py prove --keep`, and commits what that writes."""
    assert content_files.kept()["sha256"] == releases.sha256(canonical(shipped_trees()))


def test_the_shipped_content_breaks_nothing_and_that_is_what_is_kept():
    report = prove(load(shipped_trees()))
    assert report.broken == ()
    assert sum(ending.count for ending in report.endings) == report.answer_sets
    assert len(report.endings) == 1 + 5 * 3  # the exit; back with three roots, foot, unclear, each thrice
    assert report.questions["clinic"] == ["note"]
    assert (report.lengths.shortest, report.lengths.longest) == (14, 16)
    assert as_kept(examination._proof(report)) == content_files.kept()["proof"]


def test_what_is_kept_is_of_no_other_content(monkeypatch):
    """A word more, and everything is found out anew."""

    def proved(content):
        raise LookupError("proved anew")

    monkeypatch.setattr(examination, "prove", proved)
    text = canonical(shipped_trees())
    assert examination.broken_properties(text) == ()
    other = {**shipped_trees(), "vignettes": {"vignettes": []}}
    with pytest.raises(LookupError, match="proved anew"):
        examination.broken_properties(canonical(other))
    with pytest.raises(LookupError, match="proved anew"):
        examination.examine(canonical(other), None)


def test_a_content_that_is_kept_is_examined_at_once(db, monkeypatch):
    monkeypatch.setattr(examination, "prove", lambda content: pytest.fail("proved anew"))
    monkeypatch.setattr(examination, "told_people", lambda *given, **more: pytest.fail("told anew"))
    found = examination.examine(canonical(shipped_trees()), None)
    kept = content_files.kept()
    assert (found["proof"], found["population"]) == (kept["proof"], kept["population"])
