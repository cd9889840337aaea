"""FHIR as another system reads it: the schema, HL7's rules that it misses, and which items are enabled.

Knows nothing of Footpath: only what stands in the exported resources.
"""

import json
import re
from collections import Counter
from pathlib import Path

from jsonschema import Draft6Validator

SCHEMA = json.loads((Path(__file__).parent / "fhir" / "r4.schema.json").read_text(encoding="utf-8"))
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
WORDING = "/StructureDefinition/wording"  # said in other words to whom these fit
EXCLUSIVE = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive"
REQUIRED = {
    "Questionnaire": {"status"},
    "QuestionnaireResponse": {"status"},
    "Observation": {"status", "code"},
    "OperationOutcome": {"issue"},
    "Bundle": {"type"},
    "Task": {"status", "intent"},
    "Provenance": {"target", "recorded", "agent"},
    "DocumentReference": {"status", "content"},
    "StructureDefinition": {"url", "name", "status", "kind", "abstract", "type"},
    "CodeSystem": {"status", "content"},
    "ValueSet": {"status"},
    "NamingSystem": {"name", "status", "kind", "date", "uniqueId"},
    "CapabilityStatement": {"status", "date", "kind", "fhirVersion", "format"},
}


def validator(kind):
    return Draft6Validator(SCHEMA | {"oneOf": [{"$ref": f"#/definitions/{kind}"}]})


VALIDATORS = {kind: validator(kind) for kind in REQUIRED}


def schema_faults(resource):
    """What the official schema finds, in the resource and in those it contains."""
    kind = resource["resourceType"]
    for fault in VALIDATORS[kind].iter_errors(resource):
        deepest = min(fault.context, key=lambda part: len(part.path), default=fault)
        yield f"schema: {kind}.{'.'.join(map(str, deepest.absolute_path))}: {deepest.message[:200]}"
    for missing in sorted(REQUIRED[kind] - resource.keys()):
        yield f"{kind} has no {missing}"
    for contained in resource.get("contained", ()):
        yield from schema_faults(contained)
        yield from value_faults(contained)
        if "contained" in contained:
            yield "dom-2: a contained resource contains another"
        if '"#"' not in json.dumps(contained) and f'"#{contained.get("id")}"' not in json.dumps(resource):
            yield f"dom-3: nothing refers to {contained.get('id')}"


def value_faults(node, where=""):
    """The schema lets several value[x] stand side by side, and an extension without any."""
    if isinstance(node, list):
        for part in node:
            yield from value_faults(part, where)
        return
    if not isinstance(node, dict):
        return
    values = [name for name in node if re.match(r"(value|answer)[A-Z]", name) and name != "answerOption"]
    if len(values) > 1:
        yield f"{where} has {' and '.join(values)}"
    if (
        where in ("extension", "answer", "answerOption", "enableWhen")
        and not values
        and "extension" not in node
    ):
        yield f"{where} has no value"
    for name, part in node.items():
        yield from value_faults(part, name)


# Questionnaires


def items_of(node):
    for item in node.get("item", ()):
        yield item
        yield from items_of(item)


def coded(value):
    return value.get("system"), value.get("code")


def questionnaire_faults(questionnaire):
    yield from schema_faults(questionnaire)
    yield from value_faults(questionnaire)
    items = list(items_of(questionnaire))
    links = Counter(item.get("linkId") for item in items)
    yield from (
        f"que-2: {links[link]} items with linkId {link}" for link in links if links[link] > 1 or not link
    )
    above = {}
    for item in items:
        yield from (f"{item.get('linkId')}: {fault}" for fault in item_faults(item, above))
        above[item.get("linkId")] = item


def item_faults(item, above):
    kind = item.get("type")
    if not kind or not item.get("text"):
        yield "no type or no text"
    if (kind == "group") != bool(item.get("item")) and kind in ("group", "display"):
        yield "que-1: a group has items, a display has none"
    if kind == "display" and {"required", "repeats", "answerOption"} & item.keys():
        yield "que-6, que-9: a display asks nothing"
    if "answerOption" in item and kind not in ("choice", "open-choice"):
        yield "que-5: options without a choice"
    if "maxLength" in item and kind not in ("string", "text", "url", "open-choice"):
        yield "que-10: a length of what has none"
    codes = [coded(option["valueCoding"]) for option in item.get("answerOption", ())]
    if len(codes) != len(set(codes)):
        yield "an option stands there twice"
    tests = item.get("enableWhen", ())
    if len(tests) > 1 and "enableBehavior" not in item:
        yield "que-12: any or all of the tests?"
    for test in tests:
        yield from test_faults(test, above)


def test_faults(test, above):
    question = above.get(test.get("question"))
    if question is None:
        yield f"waits for {test.get('question')}, which is not above it"
    elif (test["operator"] == "exists") != ("answerBoolean" in test):
        yield "que-7: exists goes with yes or no"
    elif "answerCoding" in test and coded(test["answerCoding"]) not in options(question):
        yield f"waits for an answer that {question['linkId']} does not offer"


def options(item):
    return {coded(option["valueCoding"]): option for option in item.get("answerOption", ())}


def enabled(questionnaire, answers):
    """The linkIds that a renderer shows, in order. `answers`: linkId to the codings given; those of an item that is
    not enabled do not count."""
    shown = {}
    _enable(questionnaire, answers, shown)
    return list(shown)


def _enable(node, answers, shown):
    for item in node.get("item", ()):
        tests = [_holds(test, shown) for test in item.get("enableWhen", ())]
        if not tests or (all(tests) if item.get("enableBehavior") == "all" else any(tests)):
            shown[item["linkId"]] = answers.get(item["linkId"], ())
            _enable(item, answers, shown)


def _holds(test, shown):
    given = shown.get(test["question"], ())
    if test["operator"] == "exists":
        return bool(given) == test["answerBoolean"]
    assert test["operator"] in ("=", "!=")
    return (coded(test["answerCoding"]) in map(coded, given)) == (test["operator"] == "=")


# Responses


def texts(node, field):
    """The text with its translations, by language; the main one under None."""
    found = {None: node[field]}
    for extension in node.get(f"_{field}", {}).get("extension", ()):
        parts = {part["url"]: part for part in extension["extension"]}
        assert extension["url"] == TRANSLATION or extension["url"].endswith(WORDING)
        if extension["url"] == TRANSLATION:
            found[parts["lang"]["valueCode"]] = parts["content"]["valueString"]
    return found


def in_language(node, field, language, main):
    """The words in which it may be said in this language."""
    said = {texts(node, field)[None if language == main else language]}
    for extension in node.get(f"_{field}", {}).get("extension", ()):
        parts = {part["url"]: part for part in extension["extension"]}
        if extension["url"].endswith(WORDING) and parts["lang"]["valueCode"] == language:
            said.add(parts["content"]["valueString"])
    return said


def response_faults(response, questionnaire):
    """HL7's rules: only enabled items, in their place and words, and every required one answered."""
    yield from schema_faults(response)
    yield from value_faults(response)
    if response["questionnaire"] != f"{questionnaire['url']}|{questionnaire['version']}":
        yield "answers another questionnaire"
    yield from ("an item has no linkId" for item in items_of(response) if not item.get("linkId"))
    given = {item.get("linkId"): item for item in items_of(response)}
    codings = {
        link: [answer.get("valueCoding") for answer in item["answer"]]
        for link, item in given.items()
        if "answer" in item
    }
    shown = enabled(questionnaire, codings)
    yield from (f"{link} is not enabled" for link in given if link not in shown)
    for item in items_of(questionnaire):
        link = item["linkId"]
        if link in shown and item.get("required") and link not in codings:
            yield f"{link} is required"
        if link in given:
            yield from answer_faults(given[link], item, response["language"], questionnaire["language"])
    order = [item["linkId"] for item in items_of(questionnaire)]
    if list(given) != [link for link in order if link in given]:
        yield "the items stand in another order"
    yield from nesting_faults(response, questionnaire)


def nesting_faults(answered, asked):
    inside = {item["linkId"]: item for item in asked.get("item", ())}
    for item in answered.get("item", ()):
        link = item.get("linkId")
        if link not in inside:
            yield f"{link} stands in the wrong group"
        else:
            yield from nesting_faults(item, inside[link])


def answer_faults(answered, item, language, main):
    link, answers = item["linkId"], answered.get("answer", [])
    if answered["text"] not in in_language(item, "text", language, main):
        yield f"{link}: asked in other words"
    if len(answers) > 1 and not item.get("repeats"):
        yield f"{link}: answered {len(answers)} times"
    if item["type"] == "text":
        yield from (f"{link}: no text" for answer in answers if "valueString" not in answer)
        return
    offered = options(item)
    for answer in answers:
        option = offered.get(coded(answer.get("valueCoding", {})))
        if option is None:
            yield f"{link}: not among the options"
        elif answer["valueCoding"]["display"] not in in_language(
            option["valueCoding"], "display", language, main
        ):
            yield f"{link}: answered in other words"
        elif len(answers) > 1 and EXCLUSIVE in [part["url"] for part in option.get("extension", ())]:
            yield f"{link}: {option['valueCoding']['code']} stands alone"


# Bundles


def bundle_faults(bundle):
    """HL7's rules: each entry is what its type says, and every address within leads to one of them."""
    yield from schema_faults(bundle)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    yield from (f"bdl-7: {url} stands there twice" for url in set(urls) if urls.count(url) > 1)
    for entry in bundle["entry"]:
        yield from schema_faults(entry["resource"])
        yield from value_faults(entry["resource"])
        if ("request" in entry) != (bundle["type"] == "transaction"):
            yield "bdl-3: a request goes with a transaction"
        yield from (
            f"{entry['fullUrl']}: {found} leads nowhere"
            for found in re.findall(r'"reference": "([^"#]+)"', json.dumps(entry["resource"]))
            if found not in urls
        )
