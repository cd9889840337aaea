"""A questionnaire filled in elsewhere: asked, checked and decided as on our pages, and listed like any other."""

import copy
import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django import forms
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from tests import fhir_rules
from tests.exported import enter, export, lines
from tests.programs import EXPORTS, FHIR, RESPONSES, Program, faults, until_taken
from tests.staff import WORKLIST, sheet, text
from tests.store.test_storage import edited
from tests.visitor import BACK, FOOT_ONLY, Patient, publish
from triage import actions
from triage.actions import intake
from triage.actions.arrivals import CAP
from triage.api import responses
from triage.api.bodies import read_json
from triage.api.refusals import Refused
from triage.api.responses import MOST_BYTES, SAID
from triage.exports import fhir
from triage.exports.fhir_questionnaire import of_release
from triage.exports.fhir_response import response
from triage.exports.public import public
from triage.forms.answers import AnswersForm
from triage.models import AccessEntry, Answer, Clinic, OutboxMail, TakenIn, TriageSession
from triage.store import records, releases

pytestmark = pytest.mark.django_db
PATH = "/fhir/QuestionnaireResponse"
EMERGENCY = BACK | {"safety-now": ["cold-limb"], "note": "Since Monday."}


@pytest.fixture
def content(settings, db):
    settings.API = True
    return releases.content(publish().sha256, "en")


@pytest.fixture
def program(content):
    return Program(RESPONSES, name="the intake tablet")


def filled(content, answers=FOOT_ONLY, language="en"):
    """As another program would send it: what we export of these answers, under an identifier of its own."""
    session = enter(content, answers, language)
    resource = response(public(session, notes=True))
    TriageSession.objects.filter(pk=session.pk).delete()
    resource["identifier"] = {"system": "https://tablet.example.org", "value": f"visit {session.pk}"}
    return resource


def send(program, resource, media_type=FHIR):
    return program.post(PATH, resource, media_type)


def outcome(found):
    return {part["id"]: part["valueCodeableConcept"]["coding"][0]["code"] for part in found["contained"]}


def items(resource):
    """Every answered item, by its key."""
    return {item["linkId"]: item for group in resource["item"] for item in group["item"]}


def drop(resource, key):
    for group in resource["item"]:
        group["item"] = [item for item in group["item"] if item["linkId"] != key]


def recode(resource, key, *chosen):
    system = items(resource)[key]["answer"][0]["valueCoding"]["system"]
    items(resource)[key]["answer"] = [{"valueCoding": {"system": system, "code": code}} for code in chosen]


def of(key):
    return f"QuestionnaireResponse.repeat(item).where(linkId='{key}')"


# Taken in


def test_taken_in(content, program, proof):
    """What we export, taken in again: in the long form each case in both languages, in the short one some in one."""
    cases = [vignette for vignette in content.vignettes if vignette.urgency]
    cases = cases if proof.long else cases[::7]
    for number, vignette in enumerate(cases):
        for language in ("en", "es") if proof.long else (("en", "es")[number % 2],):
            answers = {"age": "16-or-over", **vignette.answers, "note": "=1+1 since Monday.\nThen “worse”."}
            session = enter(content, answers, language)
            sent = response(public(session, notes=True))
            answer = send(program, sent)
            assert answer.status_code == 201, (vignette.key, answer.json())
            taken = TriageSession.objects.select_related("release").latest("pk")
            assert outcome(answer.json()) == outcome(sent), vignette.key
            old, new = records.open_record(session), records.open_record(taken)
            assert new["language"] == language
            assert records.told(new) == records.told(old)
            for part in ("lines", "note", "why_urgent", "why_origin", "names", "sections"):
                assert new["result"].get(part) == old["result"].get(part), (vignette.key, part)
    proof.counted(cases=len(cases))


def test_it_says_where_it_came_from_wherever_it_is_shown(content, program, reviewer):
    sent = filled(content, FOOT_ONLY) | {"authored": "2026-11-20T09:30:00+01:00"}
    answer = send(program, sent)
    session = TriageSession.objects.get()
    assert answer.json()["id"] == session.reference
    assert list(fhir_rules.response_faults(answer.json(), of_release(releases.current()))) == []
    record = records.open_record(session)
    assert record["source"] == {"program": "the intake tablet", "authored": "2026-11-20T09:30:00+01:00"}
    assert record["privacy"] is None
    page = text(reviewer.get(sheet(session)))
    assert page.count("filled in with the intake tablet") == 2  # at its head, and in the text for the chart
    assert "with the intake tablet on Nov 20, 2026" in page
    assert ",the intake tablet," in export("csv")[0]
    assert lines(export("json")[0])[0]["source"]["program"] == "the intake tablet"
    [exported] = lines(export("fhir-responses")[0])
    assert exported["author"]["display"] == "the intake tablet"
    provenance = lines(export("fhir-bundles")[0])[0]["entry"][-1]["resource"]
    assert [agent["who"]["display"] for agent in provenance["agent"]][:2] == ["Footpath", "the intake tablet"]
    noted = AccessEntry.objects.filter(who="token the intake tablet").get()
    assert (noted.what, noted.about, noted.detail) == ("change", session.reference, "taken in")
    assert next(records.told_otherwise(content))[2] is None


def test_what_came_by_our_pages_says_nothing_of_it(content, reviewer):
    session = enter(content, FOOT_ONLY)
    assert records.open_record(session)["source"] is None
    assert "filled in with" not in text(reviewer.get(sheet(session)))


def test_an_emergency_is_a_row_and_a_mail_like_any_other(content, program, reviewer):
    Clinic.objects.update(tell_about=Clinic.TellAbout.EMERGENCY, mail="desk@example.org")
    sent = filled(content, EMERGENCY)
    OutboxMail.objects.all().delete()
    assert outcome(send(program, sent).json())["urgency"] == "emergency"
    taken = TriageSession.objects.get()
    assert taken.need == TriageSession.Need.UNSEEN_EMERGENCY
    assert taken.emergency_at
    assert taken.why
    assert OutboxMail.objects.get().session == taken
    assert taken.reference in text(reviewer.get(WORKLIST))
    assert "Since Monday." in text(reviewer.get(sheet(taken)))


def test_a_patient_who_gives_these_answers_is_told_the_same(content, program):
    """By the pages themselves, form by form."""
    Patient(BACK).whole()
    page = TriageSession.objects.get()
    sent = response(public(page, notes=True))
    sent["identifier"]["value"] += " again"
    send(program, sent)
    taken = TriageSession.objects.latest("pk")
    assert records.told(records.open_record(taken)) == records.told(records.open_record(page))
    kept = [dict(Answer.objects.filter(session=each).values_list("item", "given")) for each in (page, taken)]
    assert kept[0] == kept[1]


def test_made_up_answers_are_marked_and_tell_nobody(content, program):
    Clinic.objects.update(tell_about=Clinic.TellAbout.URGENT, mail="desk@example.org")
    sent = filled(content, EMERGENCY)
    OutboxMail.objects.all().delete()
    send(program, sent | {"meta": {"tag": [{"code": "HTEST"}]}})
    assert TriageSession.objects.get().demo
    assert not OutboxMail.objects.exists()


def test_many_from_one_program_each_have_a_row(content, program):
    sent = filled(content)
    for number in range(CAP + 1):
        sent["identifier"]["value"] = f"number {number}"
        assert send(program, sent).status_code == 201
    assert TriageSession.objects.with_a_row().count() == CAP + 1


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_questionnaire_in_one_language_is_answered_too_and_under_the_clinics_own_base(
    content, program, language
):
    base = "https://fhir.clinic.example.org/foot"
    sent = filled(content, language=language)
    sent["questionnaire"] = sent["questionnaire"].replace("|", f"-{language}|")
    del sent["language"]
    Clinic.objects.update(fhir_base=base)
    assert send(program, sent).status_code == 422
    answer = send(program, fhir.rebased(sent, base))
    assert answer.status_code == 201
    assert answer.json()["questionnaire"].startswith(base)
    assert TriageSession.objects.get().language == language


# Sent again


def test_sent_again_it_is_the_same_and_nothing_new(content, program):
    sent = filled(content)
    first, second = send(program, sent), send(program, sent | {"text": {"status": "empty"}})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert TriageSession.objects.count() == 1
    assert AccessEntry.objects.filter(detail="sent again").count() == 1


def test_other_answers_under_its_identifier_are_refused(content, program):
    sent = filled(content)
    send(program, sent)
    recode(sent, "side", "right")
    answer = send(program, sent)
    assert answer.status_code == 409
    assert faults(answer) == {("QuestionnaireResponse.identifier", "conflict")}
    assert TriageSession.objects.count() == 1


def test_not_known_again_it_would_be_there_twice(content, program, monkeypatch):
    monkeypatch.setattr(intake, "_hashes", lambda text: [releases.sha256(f"{text} {random.random()}")])
    sent = filled(content)
    assert [send(program, sent).status_code for _time in range(2)] == [201, 201]
    assert TriageSession.objects.count() == 2


def test_after_a_change_of_the_key_it_is_known_all_the_same(content, program, settings):
    sent = filled(content)
    send(program, sent)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of more than fifty signs, as the settings ask for"
    assert send(program, sent).status_code == 200


def test_what_was_deleted_may_come_anew(content, program):
    sent = filled(content)
    send(program, sent)
    actions.erase(TriageSession.objects.get().reference, "mona", "asked for", timezone.now())
    assert not TakenIn.objects.exists()
    assert send(program, sent).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_twelve_at_once_one_is_taken_in_and_all_are_told(content, program):
    sent = filled(content, EMERGENCY)

    def once(_number):
        try:
            answer = until_taken(lambda: send(program, sent))
            return answer.status_code, answer.json()["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(once, range(12)))
    assert sorted(status for status, _id in answers) == [200] * 11 + [201]
    assert len({reference for _status, reference in answers}) == 1
    assert TriageSession.objects.count() == 1


# Refused: with the item and the reason


def other_answers(resource):
    resource["item"][0]["item"][0]["answer"].append({"valueInteger": 1})


def elsewhere(resource):
    resource["item"][1]["item"].append(resource["item"][0]["item"].pop())


AGE = "QuestionnaireResponse.item[0].item[0]"
WRONG = {
    "a required answer is missing": (lambda r: drop(r, "side"), (of("side"), "required")),
    "a code of no option": (lambda r: recode(r, "side", "middle"), (of("side"), "code-invalid")),
    "not sure where it is not offered": (lambda r: recode(r, "age", "not-sure"), (of("age"), "code-invalid")),
    "two where one is taken": (lambda r: recode(r, "side", "left", "right"), (of("side"), "business-rule")),
    "one that stands alone, and another": (
        lambda r: recode(r, "safety-now", "none", "cold-limb"),
        (of("safety-now"), "business-rule"),
    ),
    "the questions end": (lambda r: recode(r, "age", "under-16"), (of("age"), "business-rule")),
    "the code of another question": (
        lambda r: items(r)["side"]["answer"][0]["valueCoding"].update(system="urn:other"),
        ("QuestionnaireResponse.item", "code-invalid"),
    ),
    "a text for a code": (
        lambda r: items(r)["side"].update(answer=[{"valueString": "left"}]),
        ("QuestionnaireResponse.item", "structure"),
    ),
    "a value beside the value": (
        lambda r: items(r)["side"]["answer"][0].update(valueString="left"),
        ("QuestionnaireResponse.item", "structure"),
    ),
    "another kind of answer": (other_answers, (f"{AGE}.answer[1]", "structure")),
    "a question that is none of ours": (
        lambda r: r["item"][0]["item"].append({"linkId": "no-such", "answer": []}),
        ("QuestionnaireResponse.item[0]", "structure"),
    ),
    "a group that is none of ours": (
        lambda r: r["item"].append({"linkId": "screen.no-such"}),
        ("QuestionnaireResponse.item[", "structure"),
    ),
    "a question in another's group": (elsewhere, ("QuestionnaireResponse.item[1]", "structure")),
    "a group twice": (lambda r: r["item"].append(r["item"][0]), ("QuestionnaireResponse.item[", "structure")),
    "a question twice": (
        lambda r: r["item"][0]["item"].append(r["item"][0]["item"][0]),
        ("QuestionnaireResponse.item[0]", "structure"),
    ),
    "a question within a question": (
        lambda r: r["item"][0]["item"][0].update(item=[]),
        (AGE, "structure"),
    ),
    "what would turn it around": (
        lambda r: items(r)["side"].update(modifierExtension=[{"url": "urn:not"}]),
        ("QuestionnaireResponse.item", "extension"),
    ),
    "the same for all of it": (
        lambda r: r.update(modifierExtension=[{"url": "urn:not"}]),
        ("QuestionnaireResponse", "extension"),
    ),
    "it is not completed": (
        lambda r: r.update(status="in-progress"),
        ("QuestionnaireResponse.status", "value"),
    ),
    "no identifier": (lambda r: r.pop("identifier"), ("QuestionnaireResponse.identifier", "required")),
    "an identifier without a system": (
        lambda r: r["identifier"].pop("system"),
        ("QuestionnaireResponse.identifier", "required"),
    ),
    "an identifier too long": (
        lambda r: r["identifier"].update(value="x" * 300),
        ("QuestionnaireResponse.identifier", "required"),
    ),
    "no questionnaire": (
        lambda r: r.pop("questionnaire"),
        ("QuestionnaireResponse.questionnaire", "not-found"),
    ),
    "no version": (
        lambda r: r.update(questionnaire=r["questionnaire"].partition("|")[0]),
        ("QuestionnaireResponse.questionnaire", "not-found"),
    ),
    "another's questionnaire": (
        lambda r: r.update(questionnaire="https://x.example/q|1"),
        ("QuestionnaireResponse.questionnaire", "not-found"),
    ),
    "a time that is none": (
        lambda r: r.update(authored="yesterday"),
        ("QuestionnaireResponse.authored", "value"),
    ),
    "a time in no zone": (
        lambda r: r.update(authored="2026-11-20T09:30:00"),
        ("QuestionnaireResponse.authored", "value"),
    ),
    "a day that there is not": (
        lambda r: r.update(authored="2026-13-20T09:30:00Z"),
        ("QuestionnaireResponse.authored", "value"),
    ),
    "a text too long": (
        lambda r: items(r)["note"].update(answer=[{"valueString": "x" * 5000}]),
        (of("note"), "too-long"),
    ),
    "two texts": (
        lambda r: items(r)["note"].update(answer=[{"valueString": "x"}, {"valueString": "y"}]),
        (of("note"), "business-rule"),
    ),
    "a text with half a sign": (
        lambda r: items(r)["note"].update(answer=[{"valueString": "\ud800"}]),
        ("QuestionnaireResponse.item", "value"),
    ),
    "a text with a control sign": (
        lambda r: items(r)["note"].update(answer=[{"valueString": "a\x01b"}]),
        ("QuestionnaireResponse.item", "value"),
    ),
    "an item that is none": (lambda r: r["item"].append("x"), ("QuestionnaireResponse.item[", "structure")),
    "items that are no list": (lambda r: r.update(item={}), ("QuestionnaireResponse.item", "structure")),
}


@pytest.fixture
def sent(content):
    return filled(content, FOOT_ONLY | {"note": "Kanarienvogel"})


def test_what_is_wrong_is_refused_with_its_place_and_nothing_is_stored(content, program, sent):
    for name, (spoil, (where, issue)) in WRONG.items():
        spoiled = copy.deepcopy(sent)
        spoil(spoiled)
        answer = send(program, spoiled)
        assert answer.status_code == 422, name
        assert any(place.startswith(where) and code == issue for place, code in faults(answer)), (
            name,
            answer.json(),
        )
        assert "Kanarienvogel" not in answer.content.decode(), name
        assert not TriageSession.objects.exists(), name
        assert not TakenIn.objects.exists(), name
    assert send(program, sent).status_code == 201  # so it was what was spoiled


class TakesAnything(AnswersForm):
    def is_valid(self):
        return True

    def answers(self):
        return {item.key: tuple(self.data.getlist(item.key)) for item in self.items}


def test_without_the_pages_own_form_it_would_come_as_far_as_the_decision(program, sent, monkeypatch):
    recode(sent, "safety-now", "none", "cold-limb")
    monkeypatch.setattr(responses, "AnswersForm", TakesAnything)
    assert send(program, sent).status_code == 500  # which does not know what to make of it


def test_a_question_that_is_not_asked_on_this_path_may_not_be_answered(content, program):
    """The most repeated fault of such programs: answers of questions that were hidden again."""
    sent, with_leg = filled(content, FOOT_ONLY), filled(content, BACK)
    hidden = [key for key in items(with_leg) if key not in items(sent)]
    assert hidden
    for key in hidden:
        spoiled = copy.deepcopy(sent)
        group = next(
            group for group in with_leg["item"] if any(item["linkId"] == key for item in group["item"])
        )
        item = items(with_leg)[key]
        there = [each for each in spoiled["item"] if each["linkId"] == group["linkId"]]
        if there:
            there[0]["item"].append(item)
        else:
            spoiled["item"].append({"linkId": group["linkId"], "item": [item]})
        answer = send(program, spoiled)
        assert answer.status_code == 422
        assert (of(key), "business-rule") in faults(answer)
    assert not TriageSession.objects.exists()


def test_a_question_that_was_emptied_again_is_no_answer(content, program, sent):
    hidden = next(key for key in items(filled(content, BACK)) if key not in items(sent))
    screen = fhir.group_link(content.screen_of[hidden].key)
    group = next(
        (group for group in sent["item"] if group["linkId"] == screen), {"linkId": screen, "item": []}
    )
    group["item"].append({"linkId": hidden})
    sent["item"] = [each for each in sent["item"] if each is not group] + [group]
    assert send(program, sent).status_code == 201


def test_all_that_is_wrong_with_its_shape_is_said_at_once(program, sent):
    sent["item"][0]["item"][0]["answer"] = "x"
    sent["item"].append("x")
    del sent["identifier"]
    assert len(faults(send(program, sent))) == 3


def test_an_answer_to_a_release_that_is_not_published_is_refused(content, program, sent):
    publish(edited(lambda trees: trees["questionnaire"].update(version="2099.1")))
    assert faults(send(program, sent)) == {("QuestionnaireResponse.questionnaire", "not-found")}


def test_published_at_this_very_moment_it_is_refused_too(program, sent, monkeypatch):
    take_in = actions.take_in

    def meanwhile(*arguments):
        publish(edited(lambda trees: trees["questionnaire"].update(version="2099.1")))
        return take_in(*arguments)

    monkeypatch.setattr(actions, "take_in", meanwhile)
    assert faults(send(program, sent)) == {("QuestionnaireResponse.questionnaire", "not-found")}
    assert not TriageSession.objects.exists()


def test_every_fault_of_the_form_has_words():
    fields = (forms.ChoiceField(), forms.MultipleChoiceField(), forms.CharField())
    assert {code for field in fields for code in field.error_messages} | {
        "alone",
        "max_length",
        "signs",
    } == set(SAID)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"resourceType": "Patient"}', 400),
        (b"{}", 400),
        (b"not json", 400),
        (b'{"resourceType": "QuestionnaireResponse", "resourceType": "Patient"}', 400),
        (b'{"resourceType": "QuestionnaireResponse", "authored": NaN}', 400),
        (b'{"resourceType": "QuestionnaireResponse", "item": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", 400),
        (
            b'{"resourceType": "QuestionnaireResponse", "item": '
            + b'{"item":' * 10_000
            + b"1"
            + b"}" * 10_001,
            400,
        ),
        (b" " * (MOST_BYTES + 1), 413),
        (b"x" * 10_000_000, 413),
    ],
)
def test_what_cannot_be_read_is_told(program, body, status):
    assert program.post(PATH, body, FHIR).status_code == status
    assert not TriageSession.objects.exists()


class Unread:
    def read(self, *_size):
        raise AssertionError

    readline = read


def test_of_what_is_too_long_nothing_is_read():
    request = RequestFactory().generic(
        "POST", PATH, b"x", content_type=FHIR, CONTENT_LENGTH=str(10**7), **{"wsgi.input": Unread()}
    )
    with pytest.raises(Refused) as refused:
        read_json(request, MOST_BYTES, (FHIR,))
    assert refused.value.status == 413


def test_another_scope_takes_nothing_in(content):
    assert send(Program(EXPORTS), filled(content)).status_code == 403


def test_a_note_is_sealed_as_any_other(content, program, settings):
    settings.NOTE_KEYS = [b"k" * 32]
    sent = filled(content, FOOT_ONLY | {"note": "Kanarienvogel"})
    send(program, sent)
    session = TriageSession.objects.get()
    assert "Kanarienvogel" not in session.record
    assert records.open_record(session)["result"]["note"] == "Kanarienvogel"
    assert send(program, sent).status_code == 200


def test_the_answer_is_json_of_its_kind(content, program):
    answer = send(program, filled(content), "application/json")
    assert (answer.status_code, answer["Content-Type"]) == (201, FHIR)
    assert answer["Cache-Control"] == "no-store"
    json.loads(answer.content)
