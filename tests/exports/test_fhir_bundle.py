"""A submission as a transaction that another server can take in twice, and what our names mean, as FHIR says it."""

import json
import re

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from tests import fhir_rules
from tests.exported import enter, export, lines
from tests.staff import State, step
from tests.visitor import BACK, FOOT_ONLY, NOW, publish
from triage import actions
from triage.exports.fhir import BASE, OF_NAMES
from triage.exports.fhir_definitions import EXTENSIONS, definitions
from triage.models import Clinic
from triage.store import releases

pytestmark = pytest.mark.alike("FHIR is made of records and releases, which are texts")
EMERGENCY = BACK | {"safety-now": ["saddle-numbness"], "note": "A note."}
SAME_DAY = FOOT_ONLY | {"changes": ["fever"]}


@pytest.fixture
def content(db):
    return releases.content(publish().sha256, "en")


@pytest.fixture
def reviewer(content):
    return actions.create_staff("anna", "a password of its own", "Reviewers")


def bundle(*options):
    """Of the one submission that there is."""
    [found] = lines(export("fhir-bundles", *options)[0])
    assert list(fhir_rules.bundle_faults(found)) == []
    return found


def by_name(bundle):
    """Each entry's resource and request, by what it is."""
    found = {}
    for entry in bundle["entry"]:
        resource = entry["resource"]
        part = resource.get("code", {}).get("coding", [{}])[0].get("code", "")
        name = part if resource["resourceType"] == "Observation" else resource["resourceType"]
        found[name] = (resource, entry["request"])
    return found


# What is in it


@pytest.mark.parametrize(
    ("answers", "priority"),
    [(EMERGENCY, "stat"), (SAME_DAY, "urgent"), (FOOT_ONLY, None)],
    ids=["now", "today", "later"],
)
def test_it_keeps_to_schema_and_rules_and_only_what_is_urgent_is_a_task(content, answers, priority):
    session = enter(content, answers)
    parts = by_name(bundle())
    assert {"QuestionnaireResponse", "origin", "urgency", "Provenance"} <= set(parts)
    assert ("Task" in parts) is bool(priority)
    if priority:
        task = parts["Task"][0]
        assert (task["priority"], task["status"], task["intent"]) == (priority, "requested", "order")
    for name, (resource, _request) in parts.items():
        who = resource.get("subject") or resource.get("for")
        if name != "Provenance":
            assert who["identifier"]["value"] == session.reference, name
    assert "contained" not in parts["QuestionnaireResponse"][0]


def test_everything_leads_to_the_answers_and_the_record(content):
    session = enter(content, EMERGENCY)
    found = bundle()
    response = found["entry"][0]["fullUrl"]
    parts = by_name(found)
    for name in ("origin", "urgency"):
        assert parts[name][0]["derivedFrom"] == [{"reference": response}]
    assert parts["Task"][0]["focus"] == {"reference": response}
    provenance = parts["Provenance"][0]
    others = [
        entry["fullUrl"] for entry in found["entry"] if entry["resource"]["resourceType"] != "Provenance"
    ]
    assert [target["reference"] for target in provenance["target"]] == others
    assert {entity["what"]["identifier"]["value"] for entity in provenance["entity"]} == {
        session.record_sha256,
        session.release.sha256,
    }


def test_the_response_says_of_whom_by_what_and_what_asked_for_it(content):
    user = User.objects.create_superuser("boss")
    wanted = {"label": "J. D.", "appointment_at": NOW, "language": "en"}
    ((invitation, _code),) = actions.invite([wanted], user, NOW)
    session = enter(content, FOOT_ONLY)
    response = by_name(bundle())["QuestionnaireResponse"][0]
    assert response["id"] == session.reference
    assert response["source"] == response["subject"]
    assert response["author"]["type"] == "Device"
    assert "basedOn" not in response
    from triage.exports.fhir_response import answers
    from triage.exports.public import public

    invited = answers(public(session, notes=False) | {"invitation": invitation.pk})
    assert invited["basedOn"][0]["identifier"] == {
        "system": f"{BASE}/NamingSystem/invitation",
        "value": str(invitation.pk),
    }
    assert "J. D." not in json.dumps(invited)


def test_a_made_up_submission_is_marked_in_each_of_its_parts(content):
    from triage.domain.walk import read_answers

    actions.enter(content, read_answers(content, EMERGENCY), "en", NOW, demo=True)
    assert all("HTEST" in json.dumps(entry["resource"]["meta"]) for entry in bundle()["entry"])


def test_a_note_goes_along_only_where_it_is_asked_for(content):
    enter(content, EMERGENCY)
    assert "A note." not in json.dumps(bundle())
    assert "A note." in json.dumps(bundle("--with-notes"))


# Twice, and after a review


def test_sent_twice_it_makes_nothing_twice(content):
    session = enter(content, EMERGENCY)
    first, second = bundle(), bundle()
    assert first == second
    searches = [entry["request"]["ifNoneExist"] for entry in first["entry"]]
    assert len(set(searches)) == len(searches)
    for entry in first["entry"]:
        assert entry["request"]["method"] == "POST"
        by, _, value = entry["request"]["ifNoneExist"].partition("=")
        system, _, code = value.partition("|")
        resource = entry["resource"]
        known = resource["meta"]["tag"] if by == "_tag" else resource["identifier"]
        known = known if isinstance(known, list) else [known]
        assert (system, code) in {(each["system"], each.get("value") or each["code"]) for each in known}
        assert session.reference in code


def test_another_submission_is_another(content):
    for _time in range(2):
        enter(content, EMERGENCY)
    one, two = lines(export("fhir-bundles")[0])
    assert not {entry["fullUrl"] for entry in one["entry"]} & {entry["fullUrl"] for entry in two["entry"]}


def test_what_staff_did_brings_what_stands_there_up_to_date(content, reviewer):
    session = enter(content, EMERGENCY)
    seen = {}
    for state in (State.ACKNOWLEDGED, State.REVIEWED):
        step(session, reviewer, state)
        parts = by_name(bundle("--with-reviews"))
        assert parts["QuestionnaireResponse"][1]["method"] == "POST"  # which nobody changes
        assert parts["Task"][1]["method"] == parts["urgency"][1]["method"] == "PUT"
        assert parts["Task"][1]["url"].startswith("Task?identifier=")
        seen[state] = parts["Task"][0]["status"], parts["urgency"][0]["status"]
    assert seen == {State.ACKNOWLEDGED: ("accepted", "preliminary"), State.REVIEWED: ("completed", "final")}


def test_what_a_clinician_found_stands_beside_what_was_decided(content, reviewer):
    session = enter(content, EMERGENCY)
    session.refresh_from_db()
    actions.review(session.pk, session.mark, reviewer, State.REVIEWED, "", NOW, finding="foot", urgency=1)
    parts = by_name(bundle("--with-reviews"))
    found = {
        name: parts[name][0]["valueCodeableConcept"]["coding"][0]["code"]
        for name in ("origin", "finding", "hindsight")
    }
    assert found == {"origin": "back", "finding": "foot", "hindsight": "routine"}
    assert parts["finding"][0]["status"] == "final"
    assert parts["finding"][0]["performer"] == [{"type": "Practitioner", "display": "anna"}]


def test_a_bundle_that_leads_nowhere_would_be_found(content):
    enter(content, EMERGENCY)
    found = bundle()
    del found["entry"][0]
    assert any("leads nowhere" in fault for fault in fhir_rules.bundle_faults(found))
    found["entry"][0]["resource"]["status"] = 7
    assert any("schema" in fault for fault in fhir_rules.bundle_faults(found))


# What our names mean


@pytest.fixture
def meanings(content):
    found = json.loads(export("fhir-definitions")[0])
    assert list(fhir_rules.bundle_faults(found)) == []
    return found


def test_every_name_of_ours_that_leaves_has_its_meaning(content, meanings, reviewer):
    session = enter(content, EMERGENCY)
    step(session, reviewer, State.REVIEWED)
    out = export("fhir-bundles", "--with-reviews", "--with-notes")[0] + export("fhir-questionnaire")[0]
    out += export("fhir-responses")[0]
    used = set(re.findall(rf"{BASE}/(?:StructureDefinition|CodeSystem|NamingSystem)/[\w/-]+", out))
    known = {entry["fullUrl"] for entry in meanings["entry"]}
    assert used <= known
    assert len(used) > 15
    assert set(EXTENSIONS) == {url.rpartition("/")[2] for url in known if "/StructureDefinition/" in url}


def test_the_codes_are_those_that_can_be_given(content, meanings):
    systems = {
        entry["resource"]["url"]: {concept["code"] for concept in entry["resource"]["concept"]}
        for entry in meanings["entry"]
        if entry["resource"]["resourceType"] == "CodeSystem"
    }
    for vignette in content.vignettes[::6]:
        if vignette.urgency:
            enter(content, vignette.answers)
    out = export("fhir-bundles")[0] + export("fhir-questionnaire")[0]

    def codings(node):
        if isinstance(node, list):
            for part in node:
                yield from codings(part)
        elif isinstance(node, dict):
            if str(node.get("system", "")).startswith(f"{BASE}/CodeSystem/"):
                yield node["system"], node["code"]
            for part in node.values():
                yield from codings(part)

    given = {coding for line in out.split("\n{") for coding in codings(read(line))}
    assert len(given) > 60
    assert {coding for coding in given if coding[1] not in systems[coding[0]]} == set()


def read(line):
    return json.loads(line if line.startswith("{") else "{" + line)


def test_the_definitions_stay_the_same_for_one_release(content):
    assert definitions(releases.current()) == definitions(releases.current())


# A base of the clinic's own


def test_a_clinics_own_base_stands_in_every_name_and_nothing_else_changes(content):
    note = f"{BASE}/Questionnaire is what I wrote"
    enter(content, EMERGENCY | {"note": note})
    wanted = "https://fhir.example.org/foot"
    kinds = [
        ("fhir-bundles", "--with-notes"),
        ("fhir-responses", "--with-notes"),
        ("fhir-questionnaire",),
        ("fhir-definitions",),
    ]
    before = {kind: export(*kind)[0] for kind in kinds}
    Clinic.objects.update_or_create(pk=1, defaults={"fhir_base": wanted})
    for kind, plain in before.items():
        ours = export(*kind)[0]
        assert ours.replace(wanted, BASE) == plain
        assert ours.count(BASE) == ("--with-notes" in kind)
        assert note in ours or "--with-notes" not in kind
    assert {"url", "system", "questionnaire"} <= OF_NAMES


@pytest.mark.parametrize(
    "wrong", ["http://fhir.example.org", "fhir.example.org", "https://fhir.example.org/", "javascript:x"]
)
def test_a_base_that_is_none_is_refused(db, wrong):
    clinic = Clinic(pk=1, fhir_base=wrong)
    with pytest.raises(ValidationError) as refused:
        clinic.clean_fields()
    assert list(refused.value.message_dict) == ["fhir_base"]
