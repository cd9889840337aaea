"""The engine against the clinical contract: row by row, and hard case by hard case.

A case is written `key=code key=code,code`, on top of PLAIN: an adult who answers every question and has
nothing to report. `key=` takes an answer away.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests import oracle
from tests.shipped import shipped_content
from triage.domain.content import Content
from triage.domain.decision import decide
from triage.domain.walk import read_answers, walk

Answers = dict[str, Any]

CONTENT = shipped_content()

PLAIN: Answers = {
    "age": "16-or-over",
    "safety-now": "none",
    "side": "left",
    "foot-site": "ball",
    "injury": "no",
    "leg-pain": "none",
    "leg-sides": "one",
    "back-pain": "no",
    "travels": "no",
    "heel-stand": "yes",
    "foot-heavy": "no",
    "tiptoe": "yes",
    "numb-site": "none",
    "duration": "6-to-12-weeks",
    "course": "same",
    "impact": "none",
    "health": "none",
    "changes": "none",
    "foot-feel": "none",
}


def case(text: str) -> Answers:
    given = dict(pair.split("=") for pair in text.split())
    answers = PLAIN | {key: codes.split(",") if "," in codes else codes for key, codes in given.items()}
    return {key: codes for key, codes in answers.items() if codes}


def by_engine(answers: Answers, content: Content = CONTENT) -> dict[str, object]:
    walked = walk(content, read_answers(content, answers))
    decision = decide(content, walked)
    return {
        "origin": decision.origin,
        "origin_rule": decision.origin_rule.id if decision.origin_rule else None,
        "root": decision.root,
        "urgency": decision.urgency,
        "urgency_rules": {rule.id for rule in decision.urgency_rules},
        "path": list(walked.asked),
        "exit": walked.exit or None,
    }


def table(text: str) -> list[Any]:
    """Lines `expected : case` as test parameters; a comment says what the lines below it show."""
    lines = [line for line in text.strip().splitlines() if "#" not in line]
    return [pytest.param(*(part.strip() for part in line.split(":")), id=line.strip()) for line in lines]


ORIGIN = {"C1": "unclear", "C2": "unclear", "R1": "back", "R2": "back",
          "R3": "unclear", "R4": "unclear", "R5": "unclear", "R6": "foot"}  # fmt: skip

# The row that decides, and beside each case the nearest one that the row must leave alone.
ORIGIN_TABLE = """
    # C1: the leg signs came with an injury, and surely not in a line
    C1 : leg-pain=a-good-deal back-pain=now injury=recent
    C1 : leg-pain=a-good-deal back-pain=now injury=recent travels=part
    C1 : leg-pain=a-little tiptoe=weak back-pain=now injury=recent
    R1 : leg-pain=a-good-deal back-pain=now injury=older
    R1 : leg-pain=a-good-deal back-pain=now injury=not-sure
    R1 : leg-pain=a-good-deal back-pain=now injury=recent travels=yes
    R1 : leg-pain=a-good-deal back-pain=now injury=recent travels=not-sure
    R1 : leg-pain=a-good-deal back-pain=now injury=recent travels=
    R3 : leg-pain=a-good-deal injury=recent
    R6 : injury=recent back-pain=now
    # C2: something else must be looked at first
    C2 : leg-pain=a-good-deal travels=yes safety-now=cold-limb
    C2 : leg-pain=a-good-deal travels=yes safety-now=very-unwell-skin
    C2 : leg-pain=a-good-deal travels=yes safety-now=chest-breathing
    C2 : leg-pain=a-good-deal travels=yes safety-now=injury-deformity
    C2 : leg-pain=a-good-deal travels=yes safety-now=tight-swelling
    C2 : leg-pain=a-good-deal travels=yes safety-now=stroke-signs
    C2 : leg-pain=a-good-deal travels=yes changes=calf-swollen-warm
    C2 : leg-pain=a-good-deal travels=yes changes=hot-red-swollen
    C2 : leg-pain=a-good-deal travels=yes changes=open-sore
    C2 : leg-pain=a-good-deal travels=yes changes=black-toe
    C2 : leg-pain=a-little travels=yes changes=open-sore,not-sure
    C1 : leg-pain=a-good-deal back-pain=now injury=recent changes=open-sore
    R1 : leg-pain=a-good-deal travels=yes safety-now=saddle-numbness,bladder-bowel
    R1 : leg-pain=a-good-deal travels=yes safety-now=sexual-function,both-legs-weak,crash-back-pain
    R1 : leg-pain=a-good-deal travels=yes safety-now=not-sure changes=not-sure
    R1 : leg-pain=a-good-deal travels=yes changes=fever,night-rest-pain,weight-loss,constant-pain
    R3 : leg-pain=a-good-deal changes=open-sore
    # R1: a good deal of leg pain and one sign of six
    R1 : leg-pain=a-good-deal travels=yes
    R1 : leg-pain=a-good-deal heel-stand=weak
    R1 : leg-pain=a-good-deal heel-stand=unable
    R1 : leg-pain=a-good-deal foot-heavy=heavy
    R1 : leg-pain=a-good-deal foot-heavy=drags
    R1 : leg-pain=a-good-deal tiptoe=weak
    R1 : leg-pain=a-good-deal tiptoe=unable
    R1 : leg-pain=a-good-deal numb-site=lower-leg-front
    R1 : leg-pain=a-good-deal numb-site=outer-calf
    R1 : leg-pain=a-good-deal numb-site=top-or-big-toe
    R1 : leg-pain=a-good-deal numb-site=sole-or-heel
    R1 : leg-pain=a-good-deal numb-site=outer-edge
    R1 : leg-pain=a-good-deal leg-site=outer-calf foot-site=top
    R1 : leg-pain=a-good-deal leg-site=outer-calf foot-site=big-toe
    R1 : leg-pain=a-good-deal leg-site=back-calf foot-site=sole
    R1 : leg-pain=a-good-deal leg-site=back-calf foot-site=under-heel
    R1 : leg-pain=a-good-deal leg-site=back-calf foot-site=outer-edge
    R1 : leg-pain=a-good-deal back-pain=now
    R3 : leg-pain=a-good-deal
    R3 : leg-pain=a-good-deal travels=part back-pain=past
    R3 : leg-pain=a-good-deal heel-stand=sore tiptoe=sore
    R3 : leg-pain=a-good-deal numb-site=between-toes,both-feet-socks
    R3 : leg-pain=a-good-deal leg-site=outer-calf foot-site=sole
    R3 : leg-pain=a-good-deal leg-site=back-calf foot-site=top,back-of-heel
    R3 : leg-pain=a-good-deal leg-site=shin,inner-calf foot-site=top,sole
    R3 : leg-pain=a-good-deal travels= heel-stand= foot-heavy= tiptoe= numb-site= foot-site= back-pain=
    # R2: some leg pain and the line, or two signs of five
    R2 : leg-pain=a-little travels=yes
    R2 : leg-pain=a-little heel-stand=weak tiptoe=weak
    R2 : leg-pain=a-little foot-heavy=drags numb-site=outer-edge
    R2 : leg-pain=a-little tiptoe=unable leg-site=back-calf foot-site=sole
    R2 : leg-pain=a-little numb-site=sole-or-heel back-pain=now
    R2 : leg-pain=a-little leg-site=outer-calf foot-site=top back-pain=now
    R3 : leg-pain=a-little
    R3 : leg-pain=a-little heel-stand=weak foot-heavy=drags
    R3 : leg-pain=a-little tiptoe=weak
    R3 : leg-pain=a-little numb-site=outer-calf,top-or-big-toe
    R3 : leg-pain=a-little leg-site=outer-calf foot-site=top
    R3 : leg-pain=a-little back-pain=now travels=not-sure numb-site=not-sure
    # R4: the answer that matters is not known
    R4 : leg-pain=not-sure
    R4 : leg-pain=
    R4 : leg-pain=not-sure travels=yes heel-stand=unable tiptoe=unable back-pain=now
    # R5: no leg pain, yet a nerve-type sign
    R5 : travels=yes
    R5 : heel-stand=weak
    R5 : foot-heavy=heavy
    R5 : tiptoe=unable
    R5 : numb-site=lower-leg-front
    R5 : numb-site=outer-calf
    R5 : numb-site=both-feet-socks
    # R6: no leg pain, and none of those
    R6 : leg-pain=none
    R6 : travels=part
    R6 : heel-stand=sore tiptoe=sore
    R6 : numb-site=top-or-big-toe,sole-or-heel,outer-edge,between-toes
    R6 : travels= heel-stand= foot-heavy= tiptoe= numb-site= back-pain= foot-site=
    R6 : leg-site=outer-calf,back-calf leg-sides=both foot-site=top,sole
"""

# What is named for the root, on top of leg pain that runs in a line.
ROOT_TABLE = """
    L5 : leg-site=outer-calf foot-site=top
    L5 : leg-site=outer-calf foot-site=big-toe
    L5 : leg-site=outer-calf heel-stand=weak
    L5 : foot-site=top heel-stand=unable
    L5 : foot-site=big-toe foot-heavy=drags
    L5 : foot-site=top foot-heavy=heavy leg-sides=not-sure tiptoe=not-tried
    S1 : tiptoe=weak
    S1 : tiptoe=unable
    S1 : leg-site=back-calf foot-site=sole
    S1 : leg-site=back-calf foot-site=under-heel
    S1 : leg-site=back-calf foot-site=outer-edge
    # one half of a pattern
    unspecified : leg-site=outer-calf foot-site=sole
    unspecified : leg-site=back-calf foot-site=top
    unspecified : foot-site=top,big-toe
    unspecified : heel-stand=unable foot-heavy=drags
    unspecified : heel-stand=weak numb-site=outer-calf,top-or-big-toe
    unspecified : tiptoe=sore
    # sole pain alone
    unspecified : foot-site=sole
    # both patterns
    unspecified : leg-site=outer-calf,back-calf foot-site=big-toe,under-heel
    unspecified : leg-site=outer-calf foot-site=top tiptoe=weak
    unspecified : foot-site=big-toe heel-stand=weak tiptoe=weak
    unspecified : heel-stand=weak leg-site=outer-calf,back-calf foot-site=sole
    # both legs
    unspecified : leg-sides=both leg-site=outer-calf foot-site=top
    unspecified : leg-sides=both tiptoe=weak
"""

# Every urgency row that matches, `-` for none.
URGENCY_TABLE = """
    - : leg-pain=none
    - : side=both foot-site=all-over
    # E1 to E9: the urgent signs of screen one
    E1 : safety-now=saddle-numbness
    E2 : safety-now=bladder-bowel
    E3 : safety-now=sexual-function
    E4 : safety-now=both-legs-weak
    E5 : safety-now=cold-limb
    E6 : safety-now=injury-deformity
    E6 : safety-now=tight-swelling
    E7 : safety-now=chest-breathing
    E8 : safety-now=very-unwell-skin
    E9 : safety-now=stroke-signs
    E9 : safety-now=crash-back-pain
    E1 E5 E9 : safety-now=saddle-numbness,cold-limb,stroke-signs
    E2 S11 : safety-now=not-sure,bladder-bowel
    # E10 and S10: both legs with a back row, moving or steady
    E10 : leg-sides=both leg-pain=a-good-deal travels=yes duration=under-2-weeks
    E10 : leg-sides=both leg-pain=a-little travels=yes course=worse
    E10 S1 : leg-sides=both leg-pain=a-good-deal heel-stand=weak weak-since=recent
    E10 S1 : leg-sides=both leg-pain=a-good-deal tiptoe=weak weak-since=older-worse
    E10 : leg-sides=both leg-pain=a-good-deal back-pain=now injury=recent course=worse
    E10 S4 : leg-sides=both leg-pain=a-good-deal back-pain=now changes=hot-red-swollen course=worse
    S10 : leg-sides=both leg-pain=a-good-deal travels=yes
    S10 : leg-sides=both leg-pain=a-little travels=yes course=better duration=2-to-6-weeks
    S10 : leg-sides=both leg-pain=a-good-deal travels=yes duration=over-3-months
    S10 : leg-sides=both leg-pain=a-good-deal travels=yes duration=not-sure course=not-sure
    S10 : leg-sides=both leg-pain=a-good-deal travels=yes duration= course=
    S10 : leg-sides=both leg-pain=a-good-deal tiptoe=weak weak-since=older-same
    S1 S10 : leg-sides=both leg-pain=a-good-deal tiptoe=weak weak-since=not-sure
    S10 : leg-sides=both leg-pain=a-good-deal back-pain=now injury=recent
    - : leg-sides=both leg-pain=a-good-deal course=worse duration=under-2-weeks
    - : leg-sides=both travels=yes course=worse
    - : leg-sides=one leg-pain=a-good-deal travels=yes course=worse duration=under-2-weeks
    - : leg-sides=not-sure leg-pain=a-good-deal travels=yes course=worse
    # E11 and S7: the foot with diabetes or poor blood flow
    E11 S5 S7 : health=diabetes changes=fever,open-sore
    E11 S4 S5 : health=diabetes changes=fever,hot-red-swollen
    E11 S7 : health=diabetes changes=black-toe
    S7 : health=diabetes changes=open-sore
    S7 : health=poor-circulation changes=open-sore
    S7 : changes=black-toe
    S7 : health=poor-circulation changes=black-toe
    S7 : changes=night-rest-pain
    S5 S7 : health=poor-circulation changes=fever,open-sore
    S5 : health=diabetes changes=fever
    S4 : health=diabetes changes=hot-red-swollen
    S5 : health=not-sure changes=fever,open-sore
    - : changes=open-sore
    - : health=weak-immunity,past-clot,recent-surgery-or-travel changes=open-sore
    - : health=diabetes,poor-circulation
    # E12 and S8: cancer, now or past
    E12 S1 S8 : health=cancer heel-stand=weak weak-since=recent leg-pain=a-little
    E12 S1 S8 : health=cancer foot-heavy=drags weak-since=older-worse leg-pain=a-good-deal
    E12 S1 S8 : health=cancer tiptoe=weak weak-since=recent back-pain=now
    S8 : health=cancer tiptoe=weak weak-since=older-same back-pain=now
    S1 S8 : health=cancer tiptoe=weak weak-since=not-sure back-pain=now
    S1 : health=cancer tiptoe=weak weak-since=recent
    S1 : health=cancer tiptoe=weak weak-since=recent leg-pain=not-sure back-pain=past
    S1 : health=diabetes heel-stand=weak weak-since=recent leg-pain=a-little
    S8 : health=cancer leg-pain=a-little
    S8 : health=cancer leg-pain=a-good-deal
    S8 : health=cancer back-pain=now
    S8 S9 : health=cancer changes=constant-pain
    S8 S9 : health=cancer changes=weight-loss
    - : health=cancer
    - : health=cancer leg-pain=not-sure back-pain=past
    - : health=not-sure leg-pain=a-little back-pain=now
    # S1: weakness that is new, growing, or of unknown age
    S1 : heel-stand=weak weak-since=recent
    S1 : heel-stand=unable weak-since=older-worse
    S1 : foot-heavy=heavy weak-since=not-sure
    S1 : foot-heavy=drags
    S1 : tiptoe=weak weak-since=recent
    S1 : tiptoe=unable
    - : heel-stand=weak tiptoe=weak foot-heavy=drags weak-since=older-same
    - : heel-stand=sore tiptoe=sore weak-since=recent
    - : heel-stand=not-tried tiptoe=not-tried foot-heavy=not-sure
    # S2 and S3: after an injury
    S2 : injury=recent injury-steps=no injury-bone=no
    S2 : injury=recent injury-steps=yes injury-bone=yes
    - : injury=recent injury-steps=yes injury-bone=no
    - : injury=recent injury-steps=not-sure
    - : injury=older injury-steps=no injury-bone=yes
    S3 : injury=recent tiptoe=unable weak-since=older-same
    S1 S3 : injury=recent tiptoe=unable
    - : injury=recent tiptoe=weak heel-stand=unable weak-since=older-same
    - : injury=older tiptoe=unable weak-since=older-same
    # S4, S5, S6, S9, S11
    S4 : changes=hot-red-swollen
    S5 : changes=fever
    S6 : changes=calf-swollen-warm
    S9 : changes=weight-loss
    S9 : changes=constant-pain
    S4 S5 : changes=fever,hot-red-swollen,not-sure
    - : changes=not-sure
    S11 : safety-now=not-sure
    S11 : safety-now=
"""

LEVELS = {"E": "emergency", "S": "same-day", "-": "routine"}

# The contract's hard cases, in its order.
HARD_CASES = """
    foot R6 routine    : back-pain=now
    unclear R5 same-day : heel-stand=unable weak-since=recent
    unclear R5 routine : heel-stand=unable weak-since=older-same
    foot R6 routine    : heel-stand=sore tiptoe=sore
    unclear R3 routine : leg-pain=a-good-deal heel-stand=sore tiptoe=sore
    foot R6 routine    : foot-site=sole numb-site=sole-or-heel
    foot R6 routine    : numb-site=top-or-big-toe,between-toes
    unclear R5 routine : side=both numb-site=both-feet-socks
    foot R6 routine    : side=both foot-site=sole,ball leg-sides=both
    unclear R5 routine : travels=yes
    foot R6 same-day   : foot-site=big-toe changes=hot-red-swollen
    back R1 routine    : leg-pain=a-good-deal leg-site=outer-calf,back-calf foot-site=top,sole
    foot R6 emergency  : safety-now=cold-limb
    back R1 emergency  : safety-now=saddle-numbness leg-pain=a-good-deal travels=yes
"""

# Which questions the six conditions ask; all others are always asked.
ASKED = """
    foot-feel : leg-pain=none
    foot-feel : leg-pain=not-sure
    leg-site leg-sides foot-feel : leg-pain=a-little
    leg-site leg-sides : leg-pain=a-good-deal
    injury-steps injury-bone foot-feel : injury=recent
    foot-feel : injury=older
    foot-feel : injury=not-sure
    weak-since foot-feel : heel-stand=weak
    weak-since foot-feel : foot-heavy=heavy
    weak-since foot-feel : tiptoe=unable
    foot-feel : heel-stand=sore tiptoe=not-tried foot-heavy=not-sure
"""
SOMETIMES = ("injury-steps", "injury-bone", "leg-site", "leg-sides", "weak-since", "foot-feel")


def test_the_questionnaire_has_the_items_and_codes_of_the_contract() -> None:
    items = CONTENT.items.values()
    assert [(item.key, item.codes) for item in items] == [
        (k, set(codes)) for k, codes in oracle.CODES.items()
    ]
    assert {item.key for item in items if item.kind == "many"} == oracle.MANY


@pytest.mark.parametrize(("rule", "given"), table(ORIGIN_TABLE))
def test_origin(rule: str, given: str) -> None:
    decided = by_engine(case(given))
    assert (decided["origin_rule"], decided["origin"]) == (rule, ORIGIN[rule])
    assert (decided["root"] is not None) == (ORIGIN[rule] == "back")


@pytest.mark.parametrize(("root", "given"), table(ROOT_TABLE))
def test_root(root: str, given: str) -> None:
    assert by_engine(case(f"leg-pain=a-good-deal travels=yes {given}"))["root"] == root


@pytest.mark.parametrize(("rules", "given"), table(URGENCY_TABLE))
def test_urgency(rules: str, given: str) -> None:
    decided = by_engine(case(given))
    assert decided["urgency_rules"] == set(rules.split()) - {"-"}
    assert decided["urgency"] == LEVELS[rules[0]]


@pytest.mark.parametrize(("expected", "given"), table(HARD_CASES))
def test_hard_case(expected: str, given: str) -> None:
    decided = by_engine(case(given))
    assert f"{decided['origin']} {decided['origin_rule']} {decided['urgency']}" == expected


def test_all_not_sure_is_unclear_and_same_day() -> None:
    unsure = {item.key: item.unsure for item in CONTENT.items.values() if item.kind != "text"}
    for answers in (unsure, {}, {"age": "16-or-over"}):
        decided = by_engine(answers)
        assert (decided["origin"], decided["urgency"]) == ("unclear", "same-day")


@pytest.mark.parametrize(("asked", "given"), table(ASKED))
def test_asked(asked: str, given: str) -> None:
    path = by_engine(case(given))["path"]
    assert [key for key in path if key in SOMETIMES] == asked.split()
    assert len(path) == len(oracle.CODES) - len(SOMETIMES) + len(asked.split())


def test_under_16_ends_the_questions_undecided() -> None:
    decided = by_engine(case("age=under-16 safety-now=cold-limb"))
    assert (decided["exit"], decided["path"], decided["urgency_rules"]) == ("under-16", ["age"], set())
    assert decided["origin"] is decided["root"] is decided["urgency"] is None
