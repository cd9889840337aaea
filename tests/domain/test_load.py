"""The loader names every fault, with file, place and remedy; nothing faulty becomes content."""

import pytest

from tests.planted import planted
from tests.shipped import TODAY, few_trees, shipped_content, shipped_trees
from triage.domain.loading import ContentError, check, languages, load

TREES = few_trees()


@pytest.fixture
def trees():
    return planted(lambda trees: None, TREES)


def item(trees, key):
    return next(
        row for screen in trees["questionnaire"]["screens"] for row in screen["items"] if row["key"] == key
    )


def rule(trees, table, id):
    return next(row for row in trees["decision"][table] if row["id"] == id)


def row(trees, section, number=0):
    return trees["results"]["sections"][section]["rows"][number]


def set_in(target, key, value):
    target[key] = value


def test_the_shipped_content_has_no_fault():
    assert check(shipped_trees(), TODAY) == []


def test_the_shipped_content_is_all_there():
    content = shipped_content()
    assert 14 <= len(content.screens) <= 16
    assert len(content.claims) == 29
    assert len(content.passages) == 9
    assert {rule.id for rule in content.origin_rules} == {"C1", "C2"} | {f"R{n}" for n in range(1, 9)}
    assert {rule.id for rule in content.urgency_rules} == {
        *(f"E{n}" for n in range(1, 19)),
        *(f"S{n}" for n in range(1, 19)),
    }


def test_every_language_has_the_same_keys_codes_and_rules():
    own, *others = (shipped_content(language) for language in languages(shipped_trees()))
    assert others
    for other in others:
        assert list(other.items) == list(own.items)
        assert all(other.items[key].codes == own.items[key].codes for key in own.items)
        assert [rule.when for rule in other.urgency_rules] == [rule.when for rule in own.urgency_rules]
        assert other.items["leg-pain"].text != own.items["leg-pain"].text


# Each plants one fault: (what it does to the trees, the file it is told of, words of the message)
FAULTS = {
    "unknown key": (lambda t: set_in(item(t, "side"), "colour", "red"), "questionnaire.yaml", "unknown key 'colour'"),
    "missing key": (lambda t: item(t, "side").pop("text"), "questionnaire.yaml", "'text' is missing"),
    "bad key": (lambda t: set_in(item(t, "side"), "key", "Which Side"), "questionnaire.yaml", "not a good key"),
    "item key twice": (
        lambda t: set_in(item(t, "side"), "key", "age"),
        "questionnaire.yaml", "item key 'age' is used twice"),
    "duplicate code": (
        lambda t: set_in(item(t, "side")["options"][1], "code", "left"),
        "questionnaire.yaml", "code 'left' is used twice"),
    "two options say the same": (
        lambda t: set_in(item(t, "side")["options"][1], "text", "Left"), "questionnaire.yaml", "option text 'Left'"),
    "no way to say not sure": (
        lambda t: item(t, "side")["options"].pop(), "questionnaire.yaml", "does not know"),
    "exclusive in a choice of one": (
        lambda t: set_in(item(t, "side")["options"][0], "exclusive", True), "questionnaire.yaml", "exclusive"),
    "exclusive that is no switch": (
        lambda t: set_in(item(t, "impact")["options"][0], "exclusive", "maybe"),
        "questionnaire.yaml", "true or false"),
    "an exit among check boxes": (
        lambda t: set_in(item(t, "impact")["options"][0], "ends", "under-16"),
        "questionnaire.yaml", "only an item of kind one"),
    "an exit to nowhere": (
        lambda t: set_in(item(t, "age")["options"][1], "ends", "over-90"),
        "questionnaire.yaml", "'over-90', which is no exit page"),
    "condition on a later item": (
        lambda t: set_in(item(t, "injury-steps"), "ask-when", {"item": "leg-pain", "is": "none"}),
        "questionnaire.yaml", "'leg-pain' is not above this place"),
    "condition on itself": (
        lambda t: set_in(item(t, "side"), "ask-when", {"item": "side", "is": "left"}),
        "questionnaire.yaml", "not above"),
    "condition on an unknown code": (
        lambda t: set_in(item(t, "injury-steps"), "ask-when", {"item": "injury", "is": "fresh"}),
        "questionnaire.yaml", "no code 'fresh'"),
    "condition on free text": (
        lambda t: set_in(rule(t, "urgency", "S4"), "when", {"item": "note", "is": "help"}),
        "decision.yaml", "free text"),
    "condition of no known form": (
        lambda t: set_in(rule(t, "urgency", "S4"), "when", {"item": "side", "was": "left"}),
        "decision.yaml", "not a condition"),
    "unreachable item": (
        lambda t: set_in(item(t, "injury-steps"), "ask-when", {"all": [
            {"item": "injury", "is": "no"}, {"item": "injury", "is": "recent"}]}),
        "questionnaire.yaml", "'injury-steps' can never be asked"),
    "at least three of two": (
        lambda t: set_in(rule(t, "urgency", "S4"), "when", {"at-least": 3, "of": [{"sign": "K1"}, {"sign": "K2"}]}),
        "decision.yaml", "asks for 3 of 2"),
    "unknown sign": (lambda t: set_in(rule(t, "origin", "R1"), "when", {"sign": "K99"}), "decision.yaml", "'K99'"),
    "rule without source": (lambda t: rule(t, "origin", "R1").pop("basis"), "decision.yaml", "no source"),
    "rule on the clinic's word alone": (
        lambda t: set_in(rule(t, "origin", "R1"), "basis", ["clinic"]), "decision.yaml", "claim or guidance ids"),
    "rule with an unknown source": (
        lambda t: set_in(rule(t, "origin", "R1"), "basis", ["P99.z"]), "decision.yaml", "'P99.z' is not known"),
    "rule that gives nothing known": (
        lambda t: set_in(rule(t, "origin", "R1"), "gives", "spine"), "decision.yaml", "'spine' is not known here"),
    "rule that calms down": (
        lambda t: set_in(rule(t, "urgency", "S4"), "gives", "routine"), "decision.yaml", "cannot give routine"),
    "rule id twice": (
        lambda t: set_in(rule(t, "origin", "R1"), "id", "R2"),
        "decision.yaml", "rule id 'R2' is used twice"),
    "rule without wording": (lambda t: t["results"]["rules"].pop("E1"), "decision.yaml", "has no wording"),
    "wording without a rule": (
        lambda t: set_in(t["results"]["rules"], "E99", {"patient": "x", "staff": "y"}),
        "results.yaml", "no rule has this id"),
    "sign without wording": (lambda t: t["results"]["signs"].pop("K1"), "results.yaml", "K1 has no wording"),
    "unused claim": (
        lambda t: t["sources"]["article"]["passages"][0]["claims"].append({"id": "P1.z", "text": "x", "hedge": "may"}),
        "sources.yaml", "P1.z is cited nowhere"),
    "passage without a claim": (
        lambda t: t["sources"]["article"]["passages"].append(
            {"id": "P10", "locator": "the end", "sha256": "0" * 64, "claims": []}),
        "sources.yaml", "nothing rests on the passage P10"),
    "unused guidance": (
        lambda t: t["sources"]["guidance"].append(
            {"id": "orphan", "title": "x", "publisher": "x", "status": "read", "fact": "x"}),
        "sources.yaml", "the guidance orphan is cited nowhere"),
    "checked on no date": (
        lambda t: set_in(t["sources"]["guidance"][0], "checked", "2026-13-01"), "sources.yaml", "is not a date"),
    "claim under another passage": (
        lambda t: set_in(t["sources"]["article"]["passages"][0]["claims"][0], "id", "P2.z"),
        "sources.yaml", "does not fit"),
    "a hash that is none": (
        lambda t: set_in(t["sources"]["article"]["passages"][0], "sha256", "abc"), "sources.yaml", "not a SHA-256"),
    "section for nobody": (
        lambda t: set_in(t["results"]["sections"], "adverts", {"title": "x", "rows": []}),
        "results.yaml", "does not say whom it is for"),
    "safety net only at times": (
        lambda t: set_in(row(t, "safety-net"), "urgency", ["routine"]), "results.yaml", "shown only at times"),
    "safety net left out": (
        lambda t: t["results"]["sections"].pop("safety-net"),
        "results.yaml", "'safety-net' is missing"),
    "root told outside its place": (
        lambda t: set_in(row(t, "meanwhile"), "root", ["L5"]), "results.yaml", "has a root filter"),
    "safety net empty": (
        lambda t: set_in(t["results"]["sections"]["safety-net"], "rows", []), "results.yaml", "could be empty"),
    "nothing to say in an emergency": (
        lambda t: set_in(t["results"]["sections"]["now"], "rows", [
            r for r in t["results"]["sections"]["now"]["rows"] if "emergency" not in r.get("urgency", [])]),
        "results.yaml", "says nothing for emergency"),
    "unknown setting": (
        lambda t: set_in(row(t, "limits"), "text", "Ring {doctor}."),
        "results.yaml", "{doctor} is not known here"),
    "missing translation": (
        lambda t: t["es"]["texts"].pop("item.leg-pain.text"), "es.yaml", "'item.leg-pain.text' is not translated"),
    "translation of nothing": (
        lambda t: set_in(t["es"]["texts"], "item.tail.text", "cola"), "es.yaml", "no such text"),
    "missing file": (lambda t: t.pop("sources"), "sources.yaml", "the file is missing"),
    "a list where a mapping belongs": (lambda t: set_in(t, "results", []), "results.yaml", "should be a mapping"),
    "vignette with an unknown code": (
        lambda t: set_in(t["vignettes"]["vignettes"][0]["answers"], "side", "middle"),
        "vignettes.yaml", "unknown code 'middle'"),
}  # fmt: skip


@pytest.mark.parametrize(("plant", "file", "words"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_named_with_its_place_and_remedy(trees, plant, file, words):
    plant(trees)
    faults = check(trees, TODAY)
    assert any(fault.file == file and words in str(fault) for fault in faults), [
        str(fault) for fault in faults
    ]
    assert all(fault.place and fault.remedy for fault in faults)
    with pytest.raises(ContentError):
        [load(trees, language) for language in languages(trees)]


def test_all_faults_are_named_in_one_go(trees):
    set_in(item(trees, "side"), "colour", "red")
    rule(trees, "origin", "R1").pop("basis")
    trees["es"]["texts"].pop("item.leg-pain.text")
    assert {fault.file for fault in check(trees, TODAY)} == {"questionnaire.yaml", "decision.yaml", "es.yaml"}


def test_a_translation_keeps_the_names_in_braces(trees):
    key = next(key for key, text in trees["es"]["texts"].items() if "{emergency_number}" in text)
    trees["es"]["texts"][key] = "Llame ahora."
    assert any(key in fault.place for fault in check(trees, TODAY))


@pytest.mark.parametrize(
    "tree", [None, 7, "text", [], {}, {"screens": None}, {"screens": [None, 3, {"items": [[]]}]}]
)
def test_any_tree_at_all_gives_faults_and_never_breaks(trees, tree):
    for name in list(trees):
        assert check({**trees, name: tree}, TODAY)
