"""Which answers force a decision, and what would change it: proved over all answer sets, not over a sample.

The proofs use the other exact account of the answer space (`domain.space`), which shares nothing with the cases
that explanations are read off.
"""

import random
from itertools import chain, combinations
from pathlib import Path

import pytest

from tests.shipped import shipped_content, shipped_space
from triage.domain import explain as explain_module
from triage.domain.cases import CaseTable, table_of
from triage.domain.content import ORIGINS, ROOTS, URGENCIES
from triage.domain.decision import decide
from triage.domain.explain import MOST_STEPS, explain
from triage.domain.proof.bdd import NEVER
from triage.domain.result import build
from triage.domain.walk import in_order, read_answers, walk

CONTENT = shipped_content()
TABLE = table_of(CONTENT)
CLINIC = {
    "clinic_name": "C",
    "clinic_phone": "",
    "clinic_hours": "",
    "emergency_number": "911",
    "advice_line": "",
}


def drawn(number):
    """Answer sets with everything mixed: several ticks, answers that are missing, answers off the path."""
    dice = random.Random(number)
    answers = {"age": ("16-or-over",)}
    for item in [item for item in CONTENT.items.values() if item.kind != "text"][1:]:
        codes = sorted(item.codes - item.exclusive) if item.kind == "many" else sorted(item.codes)
        count = dice.choice([0, 1, 1, 1, 1, 2, 3]) if item.kind == "many" else dice.choice([0, 1, 1, 1, 1, 1])
        if item.exclusive and dice.random() < 0.6:
            codes, count = sorted(item.exclusive), 1
        if count:
            answers[item.key] = in_order(item, dice.sample(codes, count))
    return answers


ANSWERS = {
    vignette.key: read_answers(CONTENT, vignette.answers) for vignette in CONTENT.vignettes if vignette.origin
}
ANSWERS |= {f"drawn-{number}": drawn(number) for number in range(40)}


def some(proof):
    """Every eighth of them by name; all in the long form."""
    return list(ANSWERS)[:: proof.size(8, 1)]


def explained(answers, content=CONTENT):
    walked = walk(content, answers)
    decision = decide(content, walked)
    return walked, decision, explain(content, walked, decision)


# The cases are the decision


def as_function(cases, table=TABLE):
    """The cases, spelled out in the other account of the answer space."""
    diagrams = shipped_space().diagrams

    def holds(case):
        for key, every in table.every.items():
            item = CONTENT.items[key]
            yield diagrams.no(shipped_space().given(item, table.codes(key, case.none_of & every)))
            for codes in case.some_of:
                if codes & every:
                    yield shipped_space().given(item, table.codes(key, codes))

    everything = diagrams.both(shipped_space().sets, shipped_space().decided)
    return diagrams.both(everything, diagrams.either(diagrams.both(*holds(case)) for case in cases))


def decided(function):
    return shipped_space().diagrams.both(shipped_space().sets, shipped_space().decided, function)


@pytest.mark.parametrize("origin", ORIGINS)
def test_cases_give_each_origin_for_exactly_the_right_answers(origin):
    assert as_function(TABLE.origins[origin]) == decided(shipped_space().origins[origin])


@pytest.mark.parametrize("root", ROOTS)
def test_cases_give_each_root_for_exactly_the_right_answers(root):
    assert as_function(TABLE.roots[root]) == decided(shipped_space().roots[root])


@pytest.mark.parametrize("urgency", URGENCIES)
def test_cases_give_each_urgency_for_exactly_the_right_answers(urgency):
    higher = URGENCIES[URGENCIES.index(urgency) :]
    enough = shipped_space().diagrams.either(shipped_space().urgencies[name] for name in higher)
    assert as_function(TABLE.at_least[urgency]) == decided(enough)


def test_a_case_left_out_is_noticed():
    for cases in (TABLE.origins["unclear"], TABLE.at_least["emergency"]):
        assert as_function(cases[1:]) != as_function(cases)


# Smallest sufficient reasons


def settings(answers, keys):
    made = {}
    for key in keys:
        made |= shipped_space().exactly(CONTENT.items[key], answers.get(key, ()))
    return made


def forces(part, decision, answers, keys):
    """Whether these answers alone leave nothing else to decide, for every way to answer the rest."""
    here = (
        shipped_space().origins[decision.origin]
        if part == "origin"
        else shipped_space().urgencies[decision.urgency]
    )
    elsewhere = shipped_space().diagrams.without(decided(1), here)
    return shipped_space().diagrams.fixed(elsewhere, settings(answers, keys)) == NEVER


@pytest.mark.parametrize("part", ["origin", "urgency"])
def test_enough_forces_the_decision_and_dropping_any_answer_does_not(part, proof):
    for name in some(proof):
        answers = ANSWERS[name]
        walked, decision, explanation = explained(answers)
        enough = explanation.enough[part]
        assert set(enough) <= set(walked.asked), name
        assert forces(part, decision, answers, enough), name
        for key in enough:
            assert not forces(part, decision, answers, set(enough) - {key}), (name, key)


@pytest.mark.parametrize("name", [name for name in ANSWERS if name.startswith("drawn")][:10])
def test_no_smaller_set_of_answers_is_enough(name):
    walked, decision, explanation = explained(ANSWERS[name])
    asked = [key for key in walked.asked if key in walked.facts]
    for part, enough in explanation.enough.items():
        if 1 <= len(enough) <= 4:
            fewer = combinations(asked, len(enough) - 1)
            assert not any(forces(part, decision, ANSWERS[name], keys) for keys in fewer)


def test_the_engine_itself_agrees_for_answers_drawn_around_the_reasons():
    for name in list(ANSWERS)[:12]:
        _walked, decision, explanation = explained(ANSWERS[name])
        kept = {key: ANSWERS[name][key] for key in explanation.enough["origin"] if key in ANSWERS[name]}
        for number in range(100):
            other = {**drawn(number), **kept}
            assert decide(CONTENT, walk(CONTENT, other)).origin == decision.origin


def test_reasons_include_what_keeps_the_rows_above_from_matching():
    """R6, foot: not only "no leg pain" but each answer that keeps R5 and R7 away."""
    _walked, decision, explanation = explained(ANSWERS["plantar-heel"])
    assert decision.origin_rule.id == "R6"
    assert explanation.enough["origin"] == (
        "foot-site",
        "leg-pain",
        "travels",
        "numb-site",
        "foot-lift",
        "heel-stand",
        "foot-heavy",
        "tiptoe",
    )


def test_one_emergency_sign_is_enough_by_itself():
    assert explained(ANSWERS["sudden-cold-leg"])[2].enough["urgency"] == ("safety-now",)


def test_reasons_from_cases_with_one_missing_are_refuted(monkeypatch):
    """The negative control: leave out how R5 comes about, and "no leg pain" looks like enough for the foot."""
    faulty = CaseTable(CONTENT)
    faulty.origins = TABLE.origins | {"unclear": ()}
    monkeypatch.setattr(explain_module, "table_of", lambda content: faulty)
    _walked, decision, explanation = explained(ANSWERS["plantar-heel"])
    assert len(explanation.enough["origin"]) < 8
    assert not forces("origin", decision, ANSWERS["plantar-heel"], explanation.enough["origin"])


# What would change it


def new_answers(change):
    """Every answer set the change stands for."""
    sets = [{}]
    for step in change.steps:
        sets = [{**chosen, step.item: codes} for chosen in sets for codes in step.answers]
    return sets


def reached(part, decision):
    return decision.origin if part == "origin" else decision.urgency


def test_every_change_changes_what_it_says_and_no_part_of_it_does(proof):
    for name in some(proof):
        walked, decision, explanation = explained(ANSWERS[name])
        assert explanation.changes, name
        for change in explanation.changes:
            assert change.to != reached(change.part, decision), name
            for answers in new_answers(change):
                assert reached_with(walked, change, answers) == change.to, (name, answers)
                for key in answers if len(answers) > 1 else ():
                    fewer = {other: codes for other, codes in answers.items() if other != key}
                    assert reached_with(walked, change, fewer) != change.to, (name, fewer)


def reached_with(walked, change, answers):
    return reached(change.part, decide(CONTENT, walk(CONTENT, {**walked.answers, **answers})))


def goals(decision):
    """What a change may aim at: each other origin, something more urgent, something less urgent."""
    rank = URGENCIES.index(decision.urgency)
    for origin in ORIGINS:
        if origin != decision.origin:
            yield "origin", {origin}
    yield "urgency", set(URGENCIES[rank + 1 :])
    yield "urgency", set(URGENCIES[:rank])


def free(part, values, answers, keys):
    """Whether answering these items otherwise, and nothing else, can lead there."""
    ends = shipped_space().origins if part == "origin" else shipped_space().urgencies
    there = decided(shipped_space().diagrams.either(ends[value] for value in values))
    others = [item.key for item in shipped_space().items if item.key not in keys]
    return shipped_space().diagrams.fixed(there, settings(answers, others)) != NEVER


@pytest.mark.parametrize("name", [*list(ANSWERS)[:50:7], "drawn-0", "drawn-1", "drawn-2", "drawn-3"])
def test_changes_name_all_the_smallest_sets_and_there_is_none_smaller(name):
    walked, decision, explanation = explained(ANSWERS[name])
    keys = [item.key for item in shipped_space().items if item.key != "age"]
    for part, values in goals(decision):
        found = {
            frozenset(step.item for step in change.steps)
            for change in explanation.changes
            if change.part == part and change.to in values
        }
        size = min(map(len, found), default=MOST_STEPS + 1)
        for smaller in range(1, size):
            assert not any(
                free(part, values, walked.answers, chosen) for chosen in combinations(keys, smaller)
            )
        if found:
            all_of_them = {
                frozenset(chosen)
                for chosen in combinations(keys, size)
                if free(part, values, walked.answers, chosen)
            }
            assert found == all_of_them


def test_a_smaller_change_would_be_seen():
    """The negative control of the search above: leg pain alone turns a foot result."""
    walked, _decision, _explanation = explained(ANSWERS["plantar-heel"])
    assert free("origin", {"unclear"}, walked.answers, {"leg-pain"})
    assert not free("origin", {"unclear"}, walked.answers, {"duration"})


# What the patient is shown of it


def test_an_urgent_result_offers_a_patient_no_way_out():
    urgent = [name for name in ANSWERS if explained(ANSWERS[name])[1].urgency != "routine"]
    assert len(urgent) > 20
    assert not any(explained(ANSWERS[name])[2].check_again for name in urgent)


def test_a_routine_result_asks_to_check_what_turns_the_origin_without_alarm():
    assert explained(ANSWERS["bunion"])[2].check_again == (
        "foot-site",
        "leg-pain",
        "travels",
        "numb-site",
        "foot-heavy",
        "tiptoe",
    )


def test_changes_are_for_the_clinic_alone():
    pages = [path for path in Path("templates").rglob("*.html") if "admin" not in path.parts]
    assert [path for path in pages if ".changes" in path.read_text(encoding="utf-8")] == []


def test_a_result_says_it_in_the_words_of_the_questionnaire():
    walked = walk(CONTENT, ANSWERS["plantar-heel"])
    result = build(CONTENT, walked, decide(CONTENT, walked), CLINIC)
    assert result.enough["origin"][1].item == "leg-pain"
    assert result.check_again[1].question == CONTENT.items["leg-pain"].text
    first = result.changes[0]
    assert (first.to, first.name) == ("back", "Back-related pattern")
    assert all(instead.label and instead.answers for instead in first.instead)


def test_names_of_findings_of_one_sign_are_parted():
    names = {part.staff for text in CONTENT.sign_texts.values() for part in text.parts}
    several = 0
    for answers in ANSWERS.values():
        walked = walk(CONTENT, answers)
        points_to = build(CONTENT, walked, decide(CONTENT, walked), CLINIC).points_to
        for found in chain.from_iterable(points_to.values()):
            listed = found.staff.text.split("; ")
            assert names.issuperset(listed), found.staff.text
            several += len(listed) > 1
    assert several


# Answers that disagree


def contradictions(answers):
    walked = walk(CONTENT, read_answers(CONTENT, answers))
    result = build(CONTENT, walked, decide(CONTENT, walked), CLINIC)
    return [said.text for said in result.staff_sections["contradictions"].sentences]


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ({"leg-pain": "none", "travels": "yes"}, "line down the leg"),
        ({"foot-site": ["no-pain"], "leg-pain": "none", "foot-feel": ["sore-spot"]}, "No pain in the foot"),
        ({"heel-stand": "yes", "foot-heavy": "drags"}, "drag"),
        ({"safety-now": ["crash-back-pain"], "back-pain": "no"}, "crash"),
        ({"injury": "recent", "duration": "over-3-months"}, "lasted longer"),
    ],
)
def test_answers_that_disagree_are_named_for_the_clinic(answers, word):
    (text,) = contradictions(answers)
    assert word in text


def test_answers_that_agree_or_are_not_known_are_no_contradiction():
    assert contradictions({}) == []
    assert contradictions(dict(CONTENT.vignettes[0].answers)) == []
