"""People others have written about: each is told what a clinician accepts, or listed with why the rules miss it."""

import copy
import json
import re
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from tests.planted import entry, planted, written
from tests.shipped import shipped_content, shipped_trees
from triage.domain.loading import ContentError, load, load_published_cases
from triage.domain.published_cases import Tried, own_tally, tally, try_cases
from triage.store.content_files import SHIPPED, read_cases

CONTENT = shipped_content()
TRIED = {tried.case.id: tried for tried in try_cases(CONTENT, CONTENT.published_cases)}


def run(capsys, *args, **options):
    call_command("cases", *args, **options)
    return capsys.readouterr().out


def changed(number, **fields):
    """The shipped content with other fields in one case."""
    trees = copy.deepcopy(dict(shipped_trees()))
    trees["cases"]["cases"][number] |= fields
    return trees


def as_lines(path):
    """The shipped cases as others hand them on, one JSON object a line."""
    names = {"url": "address"}
    lines = [
        json.dumps({names.get(name, name).replace("-", "_"): value for name, value in case.items()})
        for case in shipped_trees()["cases"]["cases"]
        if "known-miss" not in case
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("case", TRIED)
def test_a_case_is_accepted_or_listed_as_missed(case):
    tried = TRIED[case]
    assert not tried.too_low or tried.case.known_miss, f"UNDER-TRIAGE of {case}"
    assert tried.stands_as_listed, f"{case}: {tried.decision}"


def test_the_figure():
    found = own_tally(CONTENT)
    assert (found.total, found.origins, found.urgencies) == (43, 39, 41)
    assert (found.too_low, found.too_high) == (2, 0)


def test_no_two_are_the_same_person():
    assert len({(case.url, case.summary) for case in CONTENT.published_cases}) == len(CONTENT.published_cases)


def test_too_low_and_too_high_are_told_apart():
    routine = next(tried for tried in TRIED.values() if tried.case.acceptable_urgencies == ("routine",))
    emergency = next(tried for tried in TRIED.values() if tried.case.acceptable_urgencies == ("emergency",))
    low, high = Tried(emergency.case, routine.decision), Tried(routine.case, emergency.decision)
    assert (low.too_low, low.too_high, high.too_low, high.too_high) == (True, False, False, True)
    counted = tally([low, high, routine])
    assert (counted.urgencies, counted.too_low, counted.too_high) == (1, 1, 1)
    stopped = replace(low, decision=replace(low.decision, urgency=None, origin=None))
    assert stopped.too_low
    assert not stopped.origin_accepted


# Reading them


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"best-origin": ["foot"], "acceptable-origins": ["back"]}, "is not among what is accepted"),
        ({"best-urgency": []}, "names nothing"),
        ({"acceptable-urgencies": ["soon"]}, "'soon' is not known here"),
        ({"answers": {"side": "middle"}}, "unknown code 'middle' for 'side'"),
        ({"ground": ""}, "should be a text"),
        ({"reason": "none"}, "unknown key 'reason'"),
    ],
)
def test_a_fault_in_a_case_is_named(fields, fault):
    with pytest.raises(ContentError, match=fault):
        load(changed(0, **fields))


def test_an_id_names_one_case():
    with pytest.raises(ContentError, match="used twice"):
        load(changed(0, id=CONTENT.published_cases[1].id))


def test_content_may_bring_no_cases():
    trees = dict(shipped_trees())
    del trees["cases"]
    assert load(trees).published_cases == ()
    assert own_tally(load(trees)) is None


# manage.py cases


def test_the_command_counts_and_names_each_miss_with_its_reason(capsys):
    out = run(capsys)
    assert "Urgency accepted: 41 of 43" in out
    assert "Origin accepted: 39 of 43" in out
    assert len(re.findall("UNDER-TRIAGE", out)) == 2
    for tried in TRIED.values():
        if tried.case.known_miss:
            assert f"{tried.case.id}: " in out
            assert tried.case.known_miss in out
            assert tried.case.ground in out


def test_it_reads_cases_from_a_file_of_either_kind(capsys, tmp_path):
    assert "41 of 43" in run(capsys, str(SHIPPED / "cases.yaml"))
    assert "Urgency accepted: 39 of 39" in run(capsys, str(as_lines(tmp_path / "cases.jsonl")))


@pytest.mark.parametrize("text", ['{"id": "A"', "[1]", "not: [closed", "\x00"])
@pytest.mark.parametrize("name", ["cases.jsonl", "cases.yaml"])
def test_a_file_that_holds_no_cases_is_named(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=name):
        load_published_cases(read_cases(tmp_path / name), CONTENT, name)


def test_no_file_is_named_too(tmp_path):
    with pytest.raises(CommandError, match=r"none\.jsonl"):
        call_command("cases", str(tmp_path / "none.jsonl"))


def test_a_miss_that_is_not_listed_fails_the_command(capsys, tmp_path):
    trees = planted(lambda trees: entry(trees, "urgency", "E5").update(gives="same-day"))
    with pytest.raises(CommandError, match="V03"):
        call_command("cases", content=written(trees, tmp_path))
    assert "V03: UNDER-TRIAGE same-day, not emergency" in capsys.readouterr().out


def test_a_known_miss_that_is_none_fails_the_command(tmp_path):
    number = next(n for n, case in enumerate(CONTENT.published_cases) if not case.known_miss)
    trees = changed(number, **{"known-miss": "Once it was."})
    with pytest.raises(CommandError, match=f"not missed: {CONTENT.published_cases[number].id}"):
        call_command("cases", content=written(trees, tmp_path))
