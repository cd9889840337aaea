"""FHIR that another system reads as we meant it: the questions of a release, and the answers of a submission."""

import copy
import json
import random
import re
from pathlib import Path

import fhirpathpy
import pytest
from fhirpathpy.models import models
from hypothesis import given
from hypothesis import strategies as st

from tests import fhir_rules
from tests.exported import NOTE, enter, export, lines
from tests.store.test_storage import edited
from tests.visitor import BACK, FOOT_ONLY, NOW, hand_in, publish
from triage import actions, exports
from triage.domain.decision import decide
from triage.domain.loading import load
from triage.domain.logic import YES, All, AnyOf, AtLeast, Not, Some
from triage.domain.walk import read_answers, walk
from triage.exports import fhir_conditions, reviews
from triage.exports.fhir import BASE, system
from triage.exports.fhir_questionnaire import of_release
from triage.exports.public import public
from triage.exports.stream import Export
from triage.models import Release
from triage.store import releases
from triage.store.visit import find

# test_storage.py holds that a record is the same text on both databases, and a release too.
pytestmark = pytest.mark.alike("FHIR is made of records and releases, which are texts")
DOCS = Path(__file__).parents[2] / "docs" / "exports.md"


@pytest.fixture
def content(db):
    return releases.content(publish().sha256, "en")


@pytest.fixture
def questionnaire(content):
    return of_release(releases.current())


# A release as a Questionnaire


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_questionnaire_keeps_to_schema_and_rules(content, language):
    found = of_release(releases.current(), language)
    assert list(fhir_rules.questionnaire_faults(found)) == []
    assert found["language"] == language
    assert json.loads(export("fhir-questionnaire", "--language", language)[0]) == found
    assert "no language 'fr'" in str(export("fhir-questionnaire", "--language", "fr")[2])


def test_every_text_stands_there_in_both_languages(content, questionnaire):
    spanish = releases.content(releases.current().sha256, "es")
    items = {item["linkId"]: item for item in fhir_rules.items_of(questionnaire)}
    for key, item in content.items.items():
        assert fhir_rules.texts(items[key], "text") == {None: item.text, "es": spanish.items[key].text}
        for option, offered in zip(item.options, items[key].get("answerOption", []), strict=True):
            of_option = fhir_rules.texts(offered["valueCoding"], "display")
            assert of_option == {None: option.text, "es": spanish.items[key].option(option.code).text}
            assert option.hint in items.get(f"{key}.hint.{option.code}", {"text": ""})["text"]
        assert items[key]["required"] == (item.kind != "text")
        assert items[key]["repeats"] == (item.kind == "many")


def extensions_of(node):
    return [part["url"].rpartition("/")[2] for part in node.get("extension", ())]


def test_each_option_says_whether_it_stands_alone_and_whether_it_leaves(content, questionnaire):
    items = {item["linkId"]: item for item in fhir_rules.items_of(questionnaire)}
    found = {
        (key, offered["valueCoding"]["code"]): extensions_of(offered)
        for key in content.items
        for offered in items[key].get("answerOption", ())
    }
    wanted = {
        (key, option.code): ["questionnaire-optionExclusive"] * option.exclusive
        + ["ends"] * bool(option.ends)
        for key, item in content.items.items()
        for option in item.options
    }
    assert found == wanted
    assert {("safety-now", "none"), ("age", "under-16")} <= {place for place in found if found[place]}


def test_each_item_says_how_it_is_shown(content, questionnaire):
    shown = {
        item["linkId"]: part["valueCodeableConcept"]["coding"][0]["code"]
        for item in fhir_rules.items_of(questionnaire)
        for part in item.get("extension", ())
        if part["url"].endswith("questionnaire-itemControl")
    }
    kinds = {"one": "radio-button", "many": "check-box", "scale": "radio-button"}
    wanted = {key: kinds[item.kind] for key, item in content.items.items() if item.kind in kinds}
    displays = [item["linkId"] for item in fhir_rules.items_of(questionnaire) if item["type"] == "display"]
    assert shown == wanted
    assert {"screen.leg.why", "leg-pain.hint"} <= set(displays)


def nested(item):
    return [part["linkId"] for part in item.get("item", ())] if item["type"] != "group" else []


def test_nothing_that_is_to_be_read_stands_within_a_question_where_others_do_not_show_it(questionnaire):
    assert [link for item in fhir_rules.items_of(questionnaire) for link in nested(item)] == []


def test_one_language_alone_has_a_name_of_its_own(questionnaire):
    alone = [of_release(releases.current(), language) for language in ("en", "es")]
    for name in ("id", "url", "name"):
        assert len({each[name] for each in (questionnaire, *alone)}) == 3, name
    assert "translation" in json.dumps(questionnaire)
    assert all("translation" not in json.dumps(each) for each in alone)
    assert {each["version"] for each in alone} == {questionnaire["version"]}


# An emergency in somebody else's program


def shown_to(questionnaire, answers):
    shown = fhir_rules.enabled(questionnaire, answers)
    return {
        link for link in shown if ".emergency" in link or ".ends." in link or link == "safety-net.net-saddle"
    }


def test_each_sign_that_is_an_emergency_alone_says_whom_to_call(content, questionnaire):
    items = {item["linkId"]: item for item in fhir_rules.items_of(questionnaire)}
    for language, said in ((None, "Call 911 now"), ("es", "Llame al 911 ahora")):
        assert said in fhir_rules.texts(items["safety-now.emergency"], "text")[language]
    urgent = 0
    for key, item in content.items.items():
        for option in item.options:
            answers = {"age": ("16-or-over",), "safety-now": ("none",)} | {key: (option.code,)}
            decided = decide(content, walk(content, answers))
            alone = key == "safety-now" and decided.urgency == "emergency"
            found = shown_to(questionnaire, codings(content, answers))
            assert ("safety-now.emergency" in found) == alone, (key, option.code)
            urgent += alone
    assert urgent > 10


def test_who_is_led_away_reads_why_and_everybody_else_the_signs_to_look_out_for(content, questionnaire):
    for answers, expected in (
        ({"age": ("under-16",)}, {"age.ends.under-16"}),
        ({"age": ("16-or-over",)}, {"safety-net.net-saddle"}),
        ({}, {"safety-net.net-saddle"}),
    ):
        assert shown_to(questionnaire, codings(content, answers)) == expected
    items = {item["linkId"]: item for item in fhir_rules.items_of(questionnaire)}
    assert "aged 16 and over" in items["age.ends.under-16"]["text"]
    assert "between your legs" in items["safety-net.net-saddle"]["text"]


def test_a_screen_of_which_nothing_is_asked_does_not_show(content, questionnaire):
    strong = {"age": ("16-or-over",), "foot-lift": ("normal",), "heel-stand": ("yes",), "tiptoe": ("yes",)}
    for answers, shows in ((strong, False), (strong | {"tiptoe": ("weak",)}, True)):
        shown = fhir_rules.enabled(questionnaire, codings(content, answers))
        assert ("screen.weak-since" in shown) == shows
        assert "screen.lifting" in shown


def test_a_new_release_keeps_every_name_and_has_a_version_of_its_own(questionnaire):
    def reworded(trees):
        screens = trees["questionnaire"]["screens"]
        screens[2]["items"][0]["text"] = "Which foot hurts?"
        screens[2], screens[3] = screens[3], screens[2]  # another place changes no name either

    release = publish(edited(reworded))
    later = of_release(release)
    names = [sorted(item["linkId"] for item in fhir_rules.items_of(each)) for each in (questionnaire, later)]
    assert names[0] == names[1]
    assert later["url"] == questionnaire["url"]
    assert later["version"] != questionnaire["version"]


FAULTS = {
    "no name": (lambda items: items["side"].pop("linkId"), "que-2"),
    "a name twice": (lambda items: items["side"].update(linkId="age"), "que-2"),
    "two values": (lambda items: items["side"]["answerOption"][0].update(valueString="x"), "and valueString"),
    "an option twice": (
        lambda items: items["side"]["answerOption"].append(items["side"]["answerOption"][0]),
        "twice",
    ),
    "any or all": (lambda items: items["weak-since"].pop("enableBehavior"), "que-12"),
    "an unknown question": (
        lambda items: items["leg-site"]["enableWhen"][0].update(question="x"),
        "waits for x",
    ),
    "an unknown answer": (
        lambda items: items["leg-site"]["enableWhen"][0]["answerCoding"].update(code="x"),
        "does not offer",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_questionnaire_is_found(questionnaire, fault):
    spoil, said = FAULTS[fault]
    spoil({item["linkId"]: item for item in fhir_rules.items_of(questionnaire)})
    assert said in " / ".join(fhir_rules.questionnaire_faults(questionnaire))


def some_answers(content, chance, missing=0.2):
    """Any answers, also to what is not asked; some are left open."""
    for item in content.items.values():
        if item.kind != "text" and chance.random() > missing:
            codes = [option.code for option in item.options]
            yield item.key, tuple(chance.sample(codes, 1 if item.takes_one else chance.randint(1, 3)))


def codings(content, answers):
    return {
        key: [{"system": system(content.key, key), "code": code} for code in codes]
        for key, codes in answers.items()
    }


def disagreements(content, questionnaire, count):
    """Answers for which another system, which has the exported Questionnaire alone, would ask something else."""
    chance = random.Random(1)
    for _number in range(count):
        answers = dict(some_answers(content, chance))
        shown = fhir_rules.enabled(questionnaire, codings(content, answers))
        walked = walk(content, answers)
        asked = {key for key in walked.asked if content.items[key].cautions}
        warned = {
            f"{key}.caution.{each.key}" for key in asked for each in warnings(content, key, walked.facts)
        }
        if tuple(link for link in shown if link in content.items) != walked.asked or warned != {
            link for link in shown if ".caution." in link
        }:
            yield answers


def warnings(content, key, facts):
    return [caution for caution in content.items[key].cautions if caution.when.truth(facts) is YES]


def test_another_system_asks_the_same_for_the_same_answers(content, questionnaire, proof):
    count = proof.size(1500, 50_000)
    assert list(disagreements(content, questionnaire, count)) == []
    proof.counted(answers=count)


def waiting(node):
    return [item for item in fhir_rules.items_of(node) if "enableWhen" in item]


def test_each_condition_that_is_lost_is_found(content, questionnaire):
    assert len(waiting(questionnaire)) > 15
    for number, item in enumerate(waiting(questionnaire)):
        if item["type"] == "choice":
            for test in range(len(item["enableWhen"])):
                harmed = copy.deepcopy(questionnaire)
                del waiting(harmed)[number]["enableWhen"][test]
                assert next(disagreements(content, harmed, 1500), None), (item["linkId"], test)


# Conditions that the shipped content does not have


def conditions(content, depth=2):
    keys = ["leg-pain", "injury", "injury-steps", "foot-site"]
    leaf = st.sampled_from(keys).flatmap(
        lambda key: st.frozensets(
            st.sampled_from(sorted(content.items[key].codes)), min_size=1, max_size=3
        ).map(lambda codes: AnyOf(key, codes, content.items[key].unsure))
    )
    if not depth:
        return leaf
    parts = st.lists(conditions(content, depth - 1), min_size=1, max_size=3).map(tuple)
    return st.one_of(
        leaf,
        parts.map(All),
        parts.map(Some),
        conditions(content, depth - 1).map(Not),
        parts.flatmap(lambda of: st.integers(1, len(of)).map(lambda count: AtLeast(count, of))),
    )


OWN = load(edited(lambda trees: None))


def response_with(answers):
    return {
        "resourceType": "QuestionnaireResponse",
        "item": [
            {"linkId": key, "answer": [{"valueCoding": coding} for coding in given]}
            for key, given in answers.items()
        ],
    }


@given(conditions(OWN), st.integers(0, 2**32))
def test_any_condition_says_the_same_in_fhir(condition, seed):
    answers = dict(some_answers(OWN, random.Random(seed), missing=0.4))
    walked = walk(OWN, answers | {"age": ("16-or-over",)})  # the groups see to the exits
    given = codings(OWN, walked.answers)
    holds = condition.truth(walked.facts) is YES
    path = fhir_conditions.expression(OWN, condition)
    response = response_with(given)
    assert fhirpathpy.evaluate(response, path, {"resource": response}, models["r4"]) == [holds]
    plain = fhir_conditions.plain(OWN, condition)
    if plain:
        asked = {"item": [{"linkId": key} for key in walked.asked] + [{"linkId": "x", **plain}]}
        assert ("x" in fhir_rules.enabled(asked, given)) == holds


def test_what_plain_conditions_cannot_say_is_an_expression_and_never_hides_without_it(content):
    def not_recent(trees):
        items = [item for screen in trees["questionnaire"]["screens"] for item in screen["items"]]
        next(item for item in items if item["key"] == "injury-bone")["ask-when"] = {
            "not": {"item": "injury", "is": "no"}
        }

    release = Release(
        sha256=releases.sha256(text := releases.canonical(edited(not_recent))),
        version="x",
        content=text,
        created_at=NOW,
    )
    release.save()
    found = of_release(release)
    assert list(fhir_rules.questionnaire_faults(found)) == []
    item = next(item for item in fhir_rules.items_of(found) if item["linkId"] == "injury-bone")
    assert "enableWhen" not in item
    assert item["extension"][1]["valueExpression"]["language"] == "text/fhirpath"


# A submission as a QuestionnaireResponse


def test_every_example_case_keeps_to_schema_and_rules_in_both_languages(content, questionnaire):
    cases = [vignette for vignette in content.vignettes if vignette.urgency]
    for number, vignette in enumerate(cases):
        session = enter(content, {**vignette.answers, "note": NOTE}, "es" if number % 2 else "en")
        [resource] = lines(export_of(session))
        assert list(fhir_rules.response_faults(resource, questionnaire)) == [], vignette.key
        assert resource["identifier"]["value"] == session.reference
        decided = {
            part["id"]: part["valueCodeableConcept"]["coding"][0]["code"] for part in resource["contained"]
        }
        expected = {"origin": vignette.origin, "root": vignette.root, "urgency": vignette.urgency}
        assert decided == {part: value for part, value in expected.items() if value}
        shown = {line["item"]: line["answer"] for line in json.loads(session.record)["result"]["lines"]}
        said = {
            item["linkId"]: "; ".join(answer["valueCoding"]["display"] for answer in item["answer"])
            for item in fhir_rules.items_of(resource)
            if item["linkId"] in shown
        }
        assert said == shown  # as the patient read it


@pytest.fixture
def response(content):
    return lines(export_of(enter(content, BACK | {"note": "A note."})))[0]


def export_of(session):
    return "".join(Export(exports.FORMATS["fhir-responses"], [session], notes=True, beside=reviews.beside))


def test_a_root_that_the_clinic_keeps_from_patients_has_no_words_of_theirs(response):
    values = {part["id"]: part["valueCodeableConcept"] for part in response["contained"]}
    assert "text" in values["origin"]
    assert "text" not in values["root"]


def item_of(resource, link):
    return next(item for item in fhir_rules.items_of(resource) if item["linkId"] == link)


def without_link(resource):
    del item_of(resource, "side")["linkId"]


HARMS = {
    "an unknown field": (lambda r: r.update(colour="red"), "schema"),
    "a time that is none": (lambda r: r.update(authored="yesterday"), "schema"),
    "no status": (lambda r: r.pop("status"), "no status"),
    "an item without a name": (without_link, "an item has no linkId"),
    "an item that is not asked": (
        lambda r: item_of(r, "screen.injury")["item"].append(
            {
                "linkId": "injury-bone",
                "text": "Is a bony bump of the ankle, or the edge of the foot, very sore to press?",
            }
        ),
        "injury-bone is not enabled",
    ),
    "another wording": (lambda r: item_of(r, "side").update(text="Which one?"), "asked in other words"),
    "another answer": (
        lambda r: item_of(r, "side")["answer"][0]["valueCoding"].update(code="middle"),
        "not among the options",
    ),
    "two answers": (
        lambda r: item_of(r, "side")["answer"].extend(item_of(r, "side")["answer"]),
        "answered 2 times",
    ),
    "no answer": (lambda r: item_of(r, "side").pop("answer"), "side is required"),
    "two values": (
        lambda r: item_of(r, "side")["answer"][0].update(valueString="x"),
        "valueCoding and valueString",
    ),
    "another release": (lambda r: r.update(questionnaire="x"), "answers another questionnaire"),
    "a loose part": (lambda r: r["contained"][0].pop("derivedFrom"), "dom-3"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_harmed_response_is_found(response, questionnaire, harm):
    assert list(fhir_rules.response_faults(response, questionnaire)) == []
    spoil, fault = HARMS[harm]
    spoil(response)
    assert fault in " / ".join(fhir_rules.response_faults(response, questionnaire))


def test_each_extension_of_ours_is_documented(content, questionnaire):
    _session, key = actions.start_session("en", NOW)
    ticked = read_answers(content, FOOT_ONLY | {"safety-now": ["cold-limb"]})
    actions.fill_in(key, content.screens, ticked, "en", NOW)
    actions.record_answers(find(key, "en"), {"safety-now": ("none",)}, NOW)
    actions.fill_in(key, content.screens, read_answers(content, FOOT_ONLY), "en", NOW)
    actions.keep_contact(find(key, "en"), "555 0100")
    second = hand_in(actions.correct(hand_in(key).pk, "en", NOW))
    ours = re.compile(rf'"{BASE}/StructureDefinition/([a-z-]+)"')
    used = ours.findall(json.dumps(questionnaire) + export_of(second))
    table = DOCS.read_text(encoding="utf-8").partition("| Extension | On | Value |")[2]
    assert set(used) == set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))


def test_a_correction_names_what_it_corrects(content):
    first = enter(content, FOOT_ONLY)
    second = hand_in(actions.correct(first.pk, "en", NOW))
    [resource] = lines(export_of(second))
    assert resource["extension"][0]["valueIdentifier"]["value"] == first.reference
    assert public(second, notes=False)["corrects"] == first.reference
