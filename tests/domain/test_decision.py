"""The engine against the clinical contract: row by row, and hard case by hard case. Urgency: `test_urgency.py`."""

from __future__ import annotations

import pytest

from tests import oracle
from tests.cases import CONTENT, by_engine, case, table

ORIGIN = {"C1": "unclear", "C2": "unclear", "R1": "back", "R2": "back", "R3": "unclear",
          "R4": "unclear", "R8": "foot", "R5": "unclear", "R7": "unclear", "R6": "foot"}  # fmt: skip

# The row that decides, and beside each case the nearest one that the row must leave alone.
ORIGIN_TABLE = """
    # C1: the leg signs came with an injury, and no line from the back is known
    C1 : leg-pain=a-good-deal heel-stand=weak injury=recent
    C1 : leg-pain=a-good-deal heel-stand=weak injury=recent travels=part
    C1 : leg-pain=a-good-deal heel-stand=weak injury=recent travels=not-sure
    C1 : leg-pain=a-good-deal heel-stand=weak injury=recent travels=
    C1 : leg-pain=a-little tiptoe=weak numb-site=outer-edge injury=recent
    C1 : leg-pain=a-good-deal heel-stand=weak injury=recent changes=open-sore
    R1 : leg-pain=a-good-deal heel-stand=weak injury=older
    R1 : leg-pain=a-good-deal heel-stand=weak injury=not-sure
    R1 : leg-pain=a-good-deal heel-stand=weak injury=recent travels=yes
    R3 : leg-pain=a-good-deal injury=recent
    R8 : injury=recent back-pain=now
    # C2: something else must be looked at first
    C2 : leg-pain=a-good-deal travels=yes safety-now=cold-limb
    C2 : leg-pain=a-good-deal travels=yes safety-now=very-unwell-skin
    C2 : leg-pain=a-good-deal travels=yes safety-now=chest-breathing
    C2 : leg-pain=a-good-deal travels=yes safety-now=injury-deformity
    C2 : leg-pain=a-good-deal travels=yes safety-now=tight-swelling
    C2 : leg-pain=a-good-deal travels=yes safety-now=stroke-signs
    C2 : leg-pain=a-good-deal travels=yes safety-now=belly-back-faint
    C2 : leg-pain=a-good-deal travels=yes changes=calf-swollen-warm
    C2 : leg-pain=a-good-deal travels=yes changes=hot-red-swollen
    C2 : leg-pain=a-good-deal travels=yes changes=open-sore
    C2 : leg-pain=a-good-deal travels=yes changes=black-toe
    C2 : leg-pain=a-good-deal travels=yes changes=foot-colder duration=under-2-weeks
    C2 : leg-pain=a-good-deal travels=yes changes=foot-colder health=poor-circulation
    C2 : leg-pain=a-little travels=yes changes=open-sore,not-sure
    R1 : leg-pain=a-good-deal travels=yes changes=foot-colder duration=2-to-6-weeks
    R1 : leg-pain=a-good-deal travels=yes health=poor-circulation
    R1 : leg-pain=a-good-deal travels=yes safety-now=saddle-numbness,bladder-bowel
    R1 : leg-pain=a-good-deal travels=yes safety-now=sexual-function,both-legs-weak,crash-back-pain
    R1 : leg-pain=a-good-deal travels=yes safety-now=not-sure changes=not-sure
    R1 : leg-pain=a-good-deal travels=yes changes=fever,night-rest-pain,weight-loss,constant-pain
    R1 : leg-pain=a-good-deal travels=yes changes=warm-or-swollen,night-pain,snap,rash-blisters,walk-stop
    R3 : leg-pain=a-good-deal changes=open-sore
    # R1: a good deal of leg pain and one sign of seven
    R1 : leg-pain=a-good-deal travels=yes
    R1 : leg-pain=a-good-deal foot-lift=weak
    R1 : leg-pain=a-good-deal foot-lift=unable
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
    R1 : leg-pain=a-good-deal leg-site=buttock back-pain=now
    R1 : leg-pain=a-good-deal leg-site=back-thigh back-pain=now
    R1 : leg-pain=a-good-deal leg-site=whole-leg back-pain=now foot-site=no-pain
    R1 : leg-pain=a-good-deal leg-site=buttock,outer-calf
    R1 : leg-pain=a-good-deal leg-site=back-thigh,back-calf foot-site=ankle
    R1 : leg-pain=a-good-deal leg-site=whole-leg foot-site=other-toes
    R3 : leg-pain=a-good-deal
    R3 : leg-pain=a-good-deal travels=part back-pain=past
    R3 : leg-pain=a-good-deal foot-lift=sore heel-stand=sore tiptoe=sore
    R3 : leg-pain=a-good-deal numb-site=back-calf,toes,between-toes,both-feet-socks,elsewhere
    R3 : leg-pain=a-good-deal leg-site=outer-calf foot-site=sole
    R3 : leg-pain=a-good-deal leg-site=back-calf foot-site=top,back-of-heel
    R3 : leg-pain=a-good-deal leg-site=shin,inner-calf foot-site=top,sole
    R3 : leg-pain=a-good-deal back-pain=now
    R3 : leg-pain=a-good-deal leg-site=knee,front-thigh,outer-thigh,groin back-pain=now
    R3 : leg-pain=a-good-deal leg-site=buttock
    R3 : leg-pain=a-good-deal leg-site=buttock,back-calf foot-site=no-pain
    R3 : leg-pain=a-good-deal leg-site=whole-leg foot-site=not-sure
    R3 : leg-pain=a-good-deal travels= foot-lift= heel-stand= foot-heavy= tiptoe= numb-site= foot-site= back-pain=
    # R2: some leg pain and the line, or two signs of four
    R2 : leg-pain=a-little travels=yes
    R2 : leg-pain=a-little heel-stand=weak tiptoe=weak
    R2 : leg-pain=a-little numb-site=outer-edge tiptoe=weak
    R2 : leg-pain=a-little tiptoe=unable leg-site=back-calf foot-site=sole
    R2 : leg-pain=a-little numb-site=sole-or-heel leg-site=buttock back-pain=now
    R2 : leg-pain=a-little leg-site=buttock,outer-calf back-pain=now
    R2 : leg-pain=a-little leg-site=whole-leg foot-lift=weak
    R3 : leg-pain=a-little
    R3 : leg-pain=a-little heel-stand=weak foot-heavy=drags
    R3 : leg-pain=a-little heel-stand=weak numb-site=lower-leg-front
    R3 : leg-pain=a-little tiptoe=weak
    R3 : leg-pain=a-little numb-site=outer-calf,top-or-big-toe
    R3 : leg-pain=a-little leg-site=whole-leg,outer-calf foot-site=top
    R3 : leg-pain=a-little leg-site=buttock back-pain=now travels=not-sure numb-site=not-sure
    R3 : leg-pain=a-little numb-site=outer-edge back-pain=now
    # R4: the answer that matters is not known
    R4 : leg-pain=not-sure
    R4 : leg-pain=
    R4 : leg-pain=not-sure travels=yes foot-lift=unable heel-stand=unable tiptoe=unable back-pain=now
    # R8: no leg pain, something in the foot itself, and no nerve-type sign but a tiptoe that a snap explains
    R8 : injury=recent
    R8 : changes=hot-red-swollen
    R8 : changes=warm-or-swollen
    R8 : changes=open-sore
    R8 : changes=black-toe
    R8 : changes=snap
    R8 : changes=snap tiptoe=unable
    R8 : changes=open-sore numb-site=both-feet-socks
    R8 : changes=open-sore foot-site=no-pain
    R8 : changes=open-sore travels=not-sure foot-lift=not-tried heel-stand=not-tried foot-heavy=not-sure
    R5 : changes=open-sore travels=yes
    R5 : changes=snap foot-heavy=heavy
    R5 : injury=recent tiptoe=weak
    R5 : changes=hot-red-swollen tiptoe=weak
    R6 : injury=older changes=foot-colder,night-rest-pain,night-pain,calf-swollen-warm,fever
    # R5: no leg pain, yet a nerve-type sign
    R5 : travels=yes
    R5 : foot-lift=weak
    R5 : heel-stand=weak
    R5 : foot-heavy=heavy
    R5 : tiptoe=unable
    R5 : numb-site=lower-leg-front
    R5 : numb-site=outer-calf
    R5 : numb-site=both-feet-socks
    R5 : numb-site=outer-calf foot-site=no-pain
    # R7: nothing hurts at all
    R7 : foot-site=no-pain
    R7 : foot-site=no-pain numb-site=top-or-big-toe,sole-or-heel,outer-edge,toes
    # R6: no leg pain, and none of those
    R6 : leg-pain=none
    R6 : travels=part
    R6 : foot-lift=sore heel-stand=sore tiptoe=sore
    R6 : numb-site=back-calf,top-or-big-toe,sole-or-heel,outer-edge,toes,between-toes,elsewhere
    R6 : travels= foot-lift= heel-stand= foot-heavy= tiptoe= numb-site= back-pain= foot-site=
    R6 : leg-site=outer-calf,back-calf leg-sides=both foot-site=top,sole
"""

# What is named for the root, on top of leg pain that runs in a line.
ROOT_TABLE = """
    L5 : leg-site=outer-calf foot-site=top
    L5 : leg-site=outer-calf foot-site=big-toe
    L5 : leg-site=outer-calf heel-stand=weak
    L5 : foot-site=top heel-stand=unable
    L5 : foot-site=top foot-lift=weak
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
    unspecified : leg-site=whole-leg foot-site=top,sole
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

# The contract's hard cases, in its order.
HARD_CASES = """
    foot R6 routine      : back-pain=now
    unclear R5 same-day  : heel-stand=unable weak-since=recent
    unclear R5 routine   : heel-stand=unable weak-since=older-same
    unclear R5 emergency : heel-stand=unable foot-heavy=drags weak-since=sudden
    foot R8 same-day     : changes=snap tiptoe=weak weak-since=sudden
    foot R6 routine      : foot-lift=sore heel-stand=sore tiptoe=sore
    unclear R3 routine   : leg-pain=a-good-deal foot-lift=sore heel-stand=sore tiptoe=sore
    foot R6 routine      : foot-site=sole numb-site=sole-or-heel numb-since=older-same
    foot R6 routine      : numb-site=top-or-big-toe,toes,between-toes numb-since=older-same
    unclear R5 routine   : side=both numb-site=both-feet-socks numb-since=older-same
    foot R8 same-day     : side=both numb-site=both-feet-socks numb-since=older-same changes=open-sore
    foot R8 same-day     : side=both numb-site=both-feet-socks numb-since=older-same changes=hot-red-swollen
    unclear R5 same-day  : side=both numb-site=both-feet-socks numb-since=2-to-6-weeks
    unclear R5 emergency : side=both numb-site=both-feet-socks numb-since=2-to-6-weeks back-pain=now
    unclear R5 emergency : side=both numb-site=both-feet-socks numb-since=under-2-weeks course=worse
    foot R6 routine      : side=both foot-site=sole,ball leg-sides=both
    unclear R3 routine   : leg-pain=a-good-deal leg-site=knee leg-sides=both back-pain=now duration=over-3-months
    unclear R5 routine   : travels=yes
    foot R8 same-day     : foot-site=big-toe changes=hot-red-swollen
    back R1 routine      : leg-pain=a-good-deal leg-site=outer-calf,back-calf foot-site=top,sole
    foot R6 emergency    : safety-now=cold-limb
    back R1 emergency    : safety-now=saddle-numbness leg-pain=a-good-deal travels=yes
"""


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


@pytest.mark.parametrize(("expected", "given"), table(HARD_CASES))
def test_hard_case(expected: str, given: str) -> None:
    decided = by_engine(case(given))
    assert f"{decided['origin']} {decided['origin_rule']} {decided['urgency']}" == expected


def test_all_not_sure_is_unclear_and_same_day() -> None:
    unsure = {item.key: item.unsure for item in CONTENT.items.values() if item.kind != "text"}
    for answers in (unsure, {}, {"age": "16-or-over"}):
        decided = by_engine(answers)
        assert (decided["origin"], decided["urgency"]) == ("unclear", "same-day")


def test_under_16_ends_the_questions_undecided() -> None:
    decided = by_engine(case("age=under-16 safety-now=cold-limb"))
    assert (decided["exit"], decided["path"], decided["urgency_rules"]) == ("under-16", ["age"], set())
    assert decided["origin"] is decided["root"] is decided["urgency"] is None
