"""What leaves Footpath: tables that run nothing, and FHIR that another system reads as we meant it."""

import copy
import csv
import io
import json
import random
import tracemalloc
import unicodedata
from itertools import islice
from pathlib import Path

import fhirpathpy
import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from fhirpathpy.models import models
from hypothesis import given
from hypothesis import strategies as st

from tests import fhir_rules
from tests.patient import BACK, FOOT_ONLY, NOW, publish
from tests.test_storage import edited
from triage import actions, exports, releases
from triage.domain.loading import load
from triage.domain.logic import YES, All, AnyOf, AtLeast, Not, Some
from triage.domain.walk import read_answers, walk
from triage.exports import fhir_conditions, table
from triage.exports.fhir import system
from triage.exports.fhir_questionnaire import of_release
from triage.exports.public import public
from triage.exports.stream import Export
from triage.models import AccessEntry, Release, TriageSession
from triage.visit import find

DOCS = Path(__file__).parent.parent / "docs" / "exports.md"
NOTE = '=HYPERLINK("http://x","y")\u2028\x0bsecond line'


@pytest.fixture
def content(db):
    return releases.content(publish().sha256, "en")


@pytest.fixture
def questionnaire(content):
    return of_release(releases.current())


def enter(content, answers, language="en"):
    return actions.enter(content, read_answers(content, answers), language, NOW, demo=False)


def export(*arguments):
    """What the command writes, and what it says."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("export", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue(), error
    return out.getvalue(), err.getvalue(), None


def lines(text):
    return [json.loads(line) for line in text.split("\n") if line]


def alter(session):
    """As somebody with the database at hand could."""
    TriageSession.objects.filter(pk=session.pk).update(
        record=session.record.replace('"origin":"foot"', '"origin":"back"')
    )


# Tables


def runs(cell):
    """Whether some spreadsheet might take the cell for a formula. Written apart from the code under test."""
    return cell[:1] in ("\t", "\r", "\n") or unicodedata.normalize("NFKC", cell.lstrip())[:1] in tuple("=+-@")


DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "﹦1",
    "⁺1",
    " =1",
    "\u3000＝1",
]
CELLS = st.one_of(st.text(), st.tuples(st.sampled_from([*DANGEROUS, "'", ""]), st.text()).map("".join))


@pytest.mark.parametrize("cell", DANGEROUS)
def test_a_formula_is_known_and_made_harmless(cell):
    assert runs(cell)
    assert not runs(table.safe(cell))


@given(CELLS)
def test_no_cell_runs_and_none_is_lost(cell):
    written = next(csv.reader(io.StringIO(table.written([["x", cell]]), newline="")))[1]
    assert not runs(written)
    assert written.removeprefix(table.MARK) == cell


def test_what_is_no_formula_stays_as_it_is():
    assert [table.safe(cell) for cell in ("", "Yes, 16 or over", "R4 S11", "¿Le duele?")] == [
        "",
        "Yes, 16 or over",
        "R4 S11",
        "¿Le duele?",
    ]


def test_a_row_for_each_submission_or_answer(content):
    sessions = [enter(content, FOOT_ONLY | {"note": NOTE}), enter(content, BACK, "es")]
    out, err, _ = export("csv")
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert err == "2 of 2 submissions written.\n"
    assert [row["reference"] for row in rows] == [session.reference for session in sessions]
    assert [(row["origin"], row["urgency"], row["language"]) for row in rows] == [
        (session.origin, "routine", session.language) for session in sessions
    ]
    assert not any(runs(cell) for row in rows for cell in row.values())
    answers = list(csv.DictReader(io.StringIO(export("csv", "--rows", "answers")[0], newline="")))
    of_first = [row["item"] for row in answers if row["reference"] == sessions[0].reference]
    assert of_first == [key for key in walk(content, read_answers(content, FOOT_ONLY)).asked if key != "note"]
    assert "¿" in answers[-1]["question"]  # as that patient read it


@pytest.mark.parametrize("what", [["csv"], ["csv", "--rows", "answers"], ["json"], ["fhir-responses"]])
def test_a_note_leaves_only_when_asked_for(content, what):
    enter(content, FOOT_ONLY | {"note": "Between you and me."})
    assert "Between you and me." not in export(*what)[0]
    assert "Between you and me." in export(*what, "--with-notes")[0]


def test_an_answer_off_the_path_stays_behind(content):
    session, key = actions.start_session("en", NOW)
    everything = read_answers(content, FOOT_ONLY | {"leg-pain": "a-little"})
    for answers in (everything, {"leg-pain": ("none",)}):
        actions.record_answers(find(key, "en"), answers, NOW)
    actions.submit(session.pk, "en", NOW)
    for data in lines(export("json")[0] + export("fhir-responses")[0]):
        assert "leg-pain" in json.dumps(data)
        assert "leg-site" not in json.dumps(data)


@pytest.mark.parametrize("columns", [table.SUBMISSION, table.ANSWER])
def test_every_column_is_documented(columns):
    described = DOCS.read_text(encoding="utf-8")
    assert [name for name in columns if f"| `{name}` |" not in described] == []
    assert "| `no_such_column` |" not in described


# Only what was frozen, and no more than one at a time


@pytest.mark.parametrize("what", [["csv"], ["csv", "--rows", "answers"], ["json"], ["fhir-responses"]])
def test_an_altered_record_is_refused_and_named_and_the_rest_goes_on(content, what):
    sessions = [enter(content, FOOT_ONLY) for _number in range(3)]
    alter(sessions[1])
    out, err, error = export(*what)
    assert error.returncode == 1
    assert f"{sessions[1].reference}: the stored record is not what was submitted" in err
    assert "2 of 3 submissions written." in err
    assert all(session.reference in out for session in sessions)  # the file itself says what it lacks
    assert "altered" in out or "OperationOutcome" in out
    assert '"back"' not in out
    if what == ["fhir-responses"]:
        assert [list(fhir_rules.schema_faults(resource)) for resource in lines(out)] == [[], [], []]


def test_nothing_is_decided_again(content, monkeypatch):
    enter(content, BACK)
    for module in ("triage.records", "triage.actions.sessions"):
        monkeypatch.setattr(f"{module}.decide", None)
        monkeypatch.setattr(f"{module}.walk", None)
    for what in ("csv", "json", "fhir-responses"):
        assert export(what)[2] is None


def test_submissions_are_read_one_after_the_other(content):
    session = enter(content, FOOT_ONLY)
    read = []
    endless = (read.append(number) or session for number in range(10**9))
    assert len(list(islice(Export(exports.FORMATS["json"], endless, notes=True), 4))) == 4
    assert len(read) == 3  # and the head


@pytest.mark.parametrize("name", exports.FORMATS)
def test_memory_does_not_grow_with_the_number_of_submissions(content, name):
    session = enter(content, BACK)

    def peak(count):
        tracemalloc.start()
        for _text in Export(exports.FORMATS[name], (session for _number in range(count)), notes=True):
            pass
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(30) < peak(3) + 50_000


def test_one_query_reads_them_all(content, django_assert_num_queries):
    for _number in range(3):
        enter(content, FOOT_ONLY)
    with django_assert_num_queries(1):
        assert len(list(exports.chosen(None))) == 3


def test_since_and_release_choose(content):
    session = enter(content, FOOT_ONLY)
    assert export("json", "--since", "2026-11-22")[0].count(session.reference) == 1
    assert export("json", "--since", "2026-11-23")[0] == ""
    assert export("json", "--release", session.release.sha256[:6])[0].count(session.reference) == 1
    assert "no release begins" in str(export("json", "--release", "zz")[2])


def test_the_file_is_for_its_owner_alone(content, tmp_path):
    out = tmp_path / "out.csv"
    enter(content, FOOT_ONLY)
    assert export("csv", "--bom", "--out", str(out)) == ("", "1 of 1 submissions written.\n", None)
    assert out.stat().st_mode & 0o077 == 0
    assert out.read_bytes().startswith(b"\xef\xbb\xbfreference,record")
    assert "cannot be written" in str(export("csv", "--out", str(tmp_path / "no" / "out.csv"))[2])


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
            assert (option.hint in items.get(f"{key}.hint", {"text": ""})["text"]) is True
        assert items[key]["required"] == (item.kind != "text")
        assert items[key]["repeats"] == (item.kind == "many")


def some_answers(content, chance, missing=0.2):
    """Any answers, also to what is not asked; some are left open."""
    for item in content.items.values():
        if item.kind != "text" and chance.random() > missing:
            codes = [option.code for option in item.options]
            yield item.key, tuple(chance.sample(codes, 1 if item.kind == "one" else chance.randint(1, 3)))


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
        if tuple(link for link in shown if link in content.items) != walk(content, answers).asked:
            yield answers


def test_another_system_asks_the_same_for_the_same_answers(content, questionnaire, proof):
    count = proof.size(1500, 50_000)
    assert list(disagreements(content, questionnaire, count)) == []
    proof.counted(answers=count)


def waiting(node):
    return [item for item in fhir_rules.items_of(node) if "enableWhen" in item]


def test_each_condition_that_is_lost_is_found(content, questionnaire):
    assert len(waiting(questionnaire)) > 15
    for number, item in enumerate(waiting(questionnaire)):
        if item["type"] != "group":
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
        [resource] = [
            json.loads(text)
            for text in Export(exports.FORMATS["fhir-responses"], [session], notes=True)
            if text
        ]
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
    return "".join(Export(exports.FORMATS["fhir-responses"], [session], notes=True))


def test_a_root_that_the_clinic_keeps_from_patients_has_no_words_of_theirs(response):
    values = {part["id"]: part["valueCodeableConcept"] for part in response["contained"]}
    assert "text" in values["origin"]
    assert "text" not in values["root"]


def item_of(resource, link):
    return next(item for item in fhir_rules.items_of(resource) if item["linkId"] == link)


def without_link(resource):
    del resource["item"][0]["item"][0]["linkId"]


HARMS = {
    "an unknown field": (lambda r: r.update(colour="red"), "schema"),
    "a time that is none": (lambda r: r.update(authored="yesterday"), "schema"),
    "no status": (lambda r: r.pop("status"), "no status"),
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


def test_a_correction_names_what_it_corrects(content):
    first = enter(content, FOOT_ONLY)
    actions.correct(first.pk, "en", NOW)
    second = actions.submit(TriageSession.objects.get(corrects=first).pk, "en", NOW)
    [resource] = lines(export_of(second))
    assert resource["extension"][0]["valueIdentifier"]["value"] == first.reference
    assert public(second, notes=False)["corrects"] == first.reference


# In the admin


def staff(group):
    user = User.objects.create_user(group, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def test_a_manager_takes_out_a_file_and_the_log_says_so(content):
    session = enter(content, FOOT_ONLY | {"note": NOTE})
    manager = staff(actions.MANAGERS)
    assert "/export/" in manager.get("/admin/triage/triagesession/").content.decode()
    page = "/admin/triage/triagesession/export/"
    assert b"What it is for" in manager.get(page).content
    assert b"This field is required" in manager.post(page, {"what": "json"}).content
    assert not AccessEntry.objects.filter(what="export").exists()
    answer = manager.post(page, {"what": "submissions", "purpose": "Audit", "notes": "on"})
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="footpath-submissions-')
    assert "no-store" in answer.headers["Cache-Control"]
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert session.reference in text
    assert not any(runs(cell) for row in csv.reader(io.StringIO(text, newline="")) for cell in row)
    entry = AccessEntry.objects.get(what="export")
    assert (entry.who, entry.about, entry.detail) == (
        "Managers",
        "submissions",
        "submissions, with notes: Audit",
    )


def test_a_manager_takes_out_the_questions_without_any_patients_data(content):
    enter(content, FOOT_ONLY)
    manager = staff(actions.MANAGERS)
    asked = {"what": "fhir-questionnaire", "purpose": "Another system"}
    answer = manager.post("/admin/triage/triagesession/export/", asked)
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert answer.json() == of_release(releases.current())
    entry = AccessEntry.objects.get(what="export")
    assert entry.about == f"release {releases.current()}"
    assert entry.detail == "fhir-questionnaire: Another system"


@pytest.mark.parametrize("group", [actions.REVIEWERS, actions.AUDITORS])
def test_nobody_else_may(content, group):
    client = staff(group)
    assert "/export/" not in client.get("/admin/triage/triagesession/").content.decode()
    assert (
        client.post("/admin/triage/triagesession/export/", {"what": "json", "purpose": "x"}).status_code
        == 403
    )


def test_the_command_is_logged_too(content):
    export("json", "--since", "2026-11-01")
    entry = AccessEntry.objects.get(what="export")
    assert (entry.who, entry.detail) == ("", "json, since 2026-11-01: on the command line")
