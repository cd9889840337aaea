"""A flag that the patient takes back stays known to the clinic: which, when given, when taken back (hazard H6)."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given as drawn
from hypothesis import strategies as st

from tests.fhir_rules import schema_faults, value_faults
from tests.shipped import shipped_content
from tests.visitor import BACK, FOOT_ONLY, NOW, hand_in, publish
from triage import actions, exports
from triage.domain.content import URGENCIES
from triage.domain.decision import decide
from triage.domain.flags import in_words, taken_back
from triage.domain.walk import read_answers, walk
from triage.exports.public import public
from triage.models import Answer, TriageSession
from triage.store import visit

CONTENT = shipped_content()
BOTH_LEGS = BACK | {"leg-sides": "both", "duration": "2-to-6-weeks", "course": "worse"}
NEW_WEAKNESS = FOOT_ONLY | {"heel-stand": "weak", "weak-since": "recent"}


def lost(before, changes):
    """What counts as taken back when these answers replace those given before."""
    before, given = read_answers(CONTENT, before), read_answers(CONTENT, changes)
    return taken_back(CONTENT, walk(CONTENT, before), given, walk(CONTENT, {**before, **given}))


@pytest.mark.parametrize(
    ("before", "changes", "wanted"),
    [
        ({"safety-now": ["cold-limb"]}, {"safety-now": ["none"]}, {"safety-now": ("cold-limb",)}),
        # Another sign of the same row stays: the one un-ticked counts all the same.
        (
            {"safety-now": ["stroke-signs", "crash-back-pain"]},
            {"safety-now": ["crash-back-pain"]},
            {"safety-now": ("stroke-signs",)},
        ),
        ({"safety-now": ["cold-limb"]}, {"safety-now": ["cold-limb", "chest-breathing"]}, {}),
        ({"safety-now": ["not-sure"]}, {"safety-now": ["none"]}, {"safety-now": ("not-sure",)}),
        ({"safety-now": ["not-sure"]}, {"safety-now": ["cold-limb"]}, {}),
        ({"changes": ["fever"]}, {"changes": ["none"]}, {"changes": ("fever",)}),
        (NEW_WEAKNESS, {"weak-since": "older-same"}, {"weak-since": ("recent",)}),
        (NEW_WEAKNESS, {"weak-since": "older-worse"}, {}),
        (NEW_WEAKNESS, {"heel-stand": "unable"}, {}),
        # It still calls for the same day, but no longer for the emergency number.
        (BOTH_LEGS, {"course": "same"}, {"course": ("worse",)}),
        (BOTH_LEGS | {"course": "same"}, {"course": "worse"}, {}),
        # What raised nothing is no flag.
        (FOOT_ONLY, {"foot-feel": ["none"], "side": "right"}, {}),
        ({"health": ["diabetes"]}, {"health": ["none"]}, {}),
    ],
)
def test_what_counts_as_taken_back(before, changes, wanted):
    assert lost(FOOT_ONLY | before, changes) == wanted


ANSWERS = st.fixed_dictionaries(
    {
        item.key: st.sampled_from([option.code for option in item.options]).map(lambda code: (code,))
        for item in CONTENT.items.values()
        if item.kind != "text" and item.key != "age"
    }
).map(lambda answers: {"age": ("16-or-over",), **answers})


@drawn(ANSWERS, ANSWERS, st.sampled_from([screen.key for screen in CONTENT.screens[1:]]))
def test_no_answered_urgency_falls_without_a_trace(before, other, key):
    items = {item.key for item in CONTENT.screen_by_key[key].items}
    given = {item: codes for item, codes in other.items() if item in items}
    first, then = walk(CONTENT, before), walk(CONTENT, {**before, **given})
    if level(first) > level(then):
        assert taken_back(CONTENT, first, given, then)


def level(walked):
    return URGENCIES.index(decide(CONTENT, walked).urgency)


def test_a_sign_is_told_in_words_and_whether_it_was_given_again():
    times = {"given_at": "2026-11-22T09:00:00+00:00", "taken_back_at": "2026-11-22T09:05:00+00:00"}
    stored = {"changes": {"fever": times}, "safety-now": {"cold-limb": times, "not-sure": times}}
    told = list(in_words(CONTENT, {"safety-now": ("cold-limb",)}, stored))
    assert [(flag["code"], flag["again"]) for flag in told] == [
        ("cold-limb", True),
        ("not-sure", False),
        ("fever", False),
    ]
    assert told[0]["answer"] == CONTENT.items["safety-now"].option("cold-limb").text


# Stored, shown, frozen, exported, carried over


@pytest.fixture
def release(db):
    return publish()


def minute(number):
    return NOW + timedelta(minutes=number)


def send(key, number, **answers):
    given = {item.replace("_", "-"): tuple(codes) for item, codes in answers.items()}
    actions.record_answers(visit.find(key, "en"), given, minute(number))


def finish(key):
    found = visit.find(key, "en")
    others = read_answers(found.content, {**FOOT_ONLY, "note": "x"})
    while (found := visit.find(key, "en")).walk.unanswered:
        actions.record_answers(found, {item: others[item] for item in found.walk.unanswered}, minute(30))
    return hand_in(key, minute(30))


@pytest.fixture
def hesitant(release):
    """Ticked, un-ticked, ticked and un-ticked again."""
    session, key = actions.start_session("es", NOW)
    for number, codes in enumerate((["cold-limb"], ["none"], ["cold-limb"], ["none"]), start=1):
        send(key, number, age=["16-or-over"], safety_now=codes)
    return session, key


def sheet(session):
    client = Client()
    user = User.objects.filter(username="rita").first()
    client.force_login(user or actions.create_staff("rita", "a password of her own", actions.REVIEWERS))
    return client.get(f"/admin/triage/triagesession/{session.pk}/change/").content.decode()


def test_the_first_time_it_was_given_and_the_last_time_it_was_taken_back_are_kept(hesitant):
    session, _key = hesitant
    stored = Answer.objects.get(session=session, item="safety-now").taken_back
    assert stored == {
        "cold-limb": {"given_at": minute(1).isoformat(), "taken_back_at": minute(4).isoformat()}
    }


def test_the_sheet_says_which_and_when_before_and_after_handing_in(hesitant):
    session, key = hesitant
    said = "Given Nov 22, 04:01:00, taken back Nov 22, 04:04:00"
    assert said in sheet(session)
    submitted = finish(key)
    page = sheet(submitted)
    assert said in page
    assert "newly cold" in page.split('class="taken-back"')[1].split("</ul>")[0]
    assert submitted.urgency == TriageSession.Urgency.ROUTINE
    assert "taken-back" not in sheet(actions.enter(visit.find(key, "en").content, {}, "en", NOW, demo=True))


def test_the_patient_reads_nothing_of_it(hesitant):
    _session, key = hesitant
    record = json.loads(finish(key).record)
    assert record["taken_back"]
    assert "taken" not in json.dumps(record["result"]["sections"])


def test_it_is_in_every_export(hesitant):
    _session, key = hesitant
    data = public(finish(key), notes=False)
    written = {name: form.write(data) for name, form in exports.FORMATS.items()}
    assert "safety-now:cold-limb" in written["submissions"]
    assert json.loads(written["json"])["taken_back"][0]["taken_back_at"] == minute(4).isoformat()
    response = json.loads(written["fhir-responses"])
    assert "cold-limb" in json.dumps(response["extension"])
    assert not [*schema_faults(response), *value_faults(response)]


def test_a_correction_takes_it_along_and_adds_its_own(hesitant):
    _session, key = hesitant
    send(key, 5, changes=["fever"])
    first = finish(key)
    corrected = actions.correct(first.pk, "en", minute(60))
    send(corrected, 61, changes=["none"])
    again = json.loads(hand_in(corrected, minute(62)).record)["taken_back"]
    assert [(flag["code"], flag["given_at"], flag["taken_back_at"]) for flag in again] == [
        ("cold-limb", minute(1).isoformat(), minute(4).isoformat()),
        ("fever", minute(5).isoformat(), minute(61).isoformat()),
    ]


def test_it_goes_with_its_session(hesitant):
    _session, key = hesitant
    first = finish(key)
    actions.purge_sessions([first.pk], minute(90))
    assert not Answer.objects.exists()


def test_an_answer_still_costs_three_queries(hesitant, django_assert_num_queries):
    _session, key = hesitant
    send(key, 5, safety_now=["cold-limb"])
    with django_assert_num_queries(5):  # with the two of a transaction within the test's own
        send(key, 6, safety_now=["none"])
