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
    "answering": "self",
    "safety-now": "none",
    "side": "left",
    "foot-site": "ball",
    "injury": "no",
    "leg-pain": "none",
    "leg-sides": "one",
    "back-pain": "no",
    "travels": "no",
    "numb-site": "none",
    "health": "none",
    "changes": "none",
    "foot-lift": "yes",
    "heel-stand": "yes",
    "foot-heavy": "no",
    "tiptoe": "yes",
    "duration": "6-to-12-weeks",
    "course": "same",
    "pain-level": "4",
    "impact": "none",
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

# Every urgency row that matches, `-` for none.
URGENCY_TABLE = """
    - : leg-pain=none
    - : side=both foot-site=all-over
    - : leg-pain=a-good-deal travels=yes duration=under-2-weeks course=worse
    # E1 to E9 and E16: the urgent signs of screen one
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
    E16 : safety-now=belly-back-faint
    E1 E5 E9 : safety-now=saddle-numbness,cold-limb,stroke-signs
    E2 S11 : safety-now=not-sure,bladder-bowel
    # E10 and S10: both legs with a back row
    E10 S10 : leg-sides=both leg-pain=a-good-deal travels=yes duration=under-2-weeks
    E10 S10 : leg-sides=both leg-pain=a-little travels=yes duration=2-to-6-weeks course=worse
    E10 S1 S10 : leg-sides=both leg-pain=a-good-deal heel-stand=weak weak-since=recent
    E10 S1 S10 : leg-sides=both leg-pain=a-good-deal tiptoe=weak weak-since=sudden
    E10 S10 : leg-sides=both leg-pain=a-good-deal numb-site=sole-or-heel numb-since=under-2-weeks
    E10 S1 : side=both leg-pain=a-good-deal foot-lift=weak weak-since=recent
    S1 : side=both leg-pain=a-good-deal foot-lift=weak weak-since=older-worse
    S1 S10 : leg-sides=both leg-pain=a-good-deal tiptoe=weak weak-since=older-worse
    S10 : leg-sides=both leg-pain=a-good-deal travels=yes duration=2-to-6-weeks
    S10 : leg-sides=both leg-pain=a-good-deal travels=yes duration=2-to-6-weeks course=not-sure
    S10 : leg-sides=both leg-pain=a-good-deal travels=yes duration=not-sure
    S10 : leg-sides=both leg-pain=a-good-deal travels=yes course=worse
    S10 : leg-sides=both leg-pain=a-good-deal travels=yes course=not-sure
    S10 : leg-sides=both leg-pain=a-good-deal numb-site=sole-or-heel numb-since=2-to-6-weeks
    S10 : leg-sides=not-sure leg-pain=a-good-deal travels=yes duration=under-2-weeks
    S10 : leg-sides=not-sure leg-pain=a-good-deal travels=yes duration=2-to-6-weeks course=worse
    S10 : leg-sides=not-sure leg-pain=a-good-deal travels=yes duration= course=
    S10 : leg-sides=both leg-pain=a-little leg-site=buttock duration=under-2-weeks
    S10 : leg-sides=both leg-pain=a-little numb-site=toes numb-since=older-same duration=under-2-weeks
    - : leg-sides=both leg-pain=a-good-deal travels=yes
    - : leg-sides=both leg-pain=a-good-deal travels=yes duration=over-3-months course=worse
    - : leg-sides=both leg-pain=a-good-deal tiptoe=weak weak-since=older-same
    - : leg-sides=not-sure leg-pain=a-good-deal travels=yes duration=2-to-6-weeks
    - : leg-sides=not-sure leg-pain=a-good-deal travels=yes course=worse
    - : leg-sides=both leg-pain=a-little leg-site=knee duration=under-2-weeks
    - : leg-sides=both leg-pain=a-little leg-site=buttock duration=2-to-6-weeks
    - : leg-sides=both travels=yes course=worse duration=under-2-weeks
    # E11, E17, S7 and S12: the foot with diabetes, poor blood flow or weak defences
    E11 S5 S7 : health=diabetes changes=fever,open-sore
    E11 S4 S5 : health=diabetes changes=fever,hot-red-swollen
    E11 S7 : health=diabetes changes=black-toe
    E11 S7 : health=diabetes,poor-circulation changes=open-sore
    E11 S7 : health=diabetes changes=open-sore,night-rest-pain
    E11 S7 : health=diabetes changes=open-sore,foot-colder
    E17 S5 S7 : health=weak-immunity changes=fever,open-sore
    E17 S4 S5 : health=weak-immunity changes=fever,hot-red-swollen
    S7 : health=diabetes changes=open-sore
    S7 : health=poor-circulation changes=open-sore
    S7 : health=weak-immunity changes=open-sore
    S7 : health=not-sure changes=open-sore
    S7 : numb-site=both-feet-socks numb-since=older-same changes=open-sore
    S7 : changes=black-toe
    S7 : changes=night-rest-pain
    S5 S7 : health=poor-circulation changes=fever,open-sore
    S5 : health=diabetes changes=fever
    S5 : health=weak-immunity changes=fever,warm-or-swollen
    S4 : health=diabetes changes=hot-red-swollen
    S5 : changes=fever,open-sore
    S12 : health=diabetes changes=warm-or-swollen
    S12 : health=not-sure changes=warm-or-swollen
    S12 : numb-site=both-feet-socks numb-since=older-same changes=warm-or-swollen
    S12 : health=diabetes numb-site=toes numb-since=older-same changes=not-sure
    - : health=weak-immunity changes=warm-or-swollen
    - : health=diabetes numb-site=elsewhere changes=not-sure
    - : health=diabetes numb-site=toes numb-since=older-same
    - : changes=open-sore
    - : health=past-clot,recent-surgery-or-travel,weak-bones,blood-thinner changes=open-sore
    - : health=diabetes,poor-circulation
    # E12 and S8: cancer, now or past
    E12 S1 : health=cancer tiptoe=weak weak-since=recent
    E12 S1 : health=cancer foot-lift=weak weak-since=sudden
    E12 S1 : health=cancer heel-stand=weak weak-since=older-worse leg-pain=a-little
    E12 S1 : health=cancer heel-stand=weak weak-since=older-worse leg-pain=not-sure
    E12 S1 : health=cancer heel-stand=weak weak-since=older-worse back-pain=now
    E12 S1 S8 : health=cancer heel-stand=weak weak-since=older-worse back-pain=now course=worse
    E12 : health=cancer numb-site=toes numb-since=2-to-6-weeks leg-pain=a-little
    E12 : health=cancer numb-site=toes numb-since=under-2-weeks back-pain=now
    E12 : health=cancer changes=clumsy-unsteady back-pain=now
    S1 : health=cancer heel-stand=weak weak-since=older-worse
    S1 : health=cancer heel-stand=weak weak-since=not-sure leg-pain=a-little
    S1 : health=diabetes heel-stand=weak weak-since=recent leg-pain=a-little
    S8 : health=cancer leg-pain=a-good-deal leg-site=shin travels=yes duration=2-to-6-weeks
    S8 : health=cancer leg-pain=a-little travels=yes course=worse
    S8 : health=cancer back-pain=now duration=not-sure
    S8 : health=cancer back-pain=now course=not-sure
    S8 : health=cancer changes=night-pain leg-pain=not-sure
    S8 : health=cancer changes=night-pain back-pain=now
    S8 : health=cancer changes=constant-pain
    S8 : health=cancer changes=weight-loss
    - : health=cancer
    - : health=cancer changes=night-pain
    - : health=cancer foot-heavy=heavy weak-since=recent
    - : health=cancer leg-pain=a-good-deal leg-site=shin duration=2-to-6-weeks course=worse
    - : health=cancer leg-pain=a-good-deal travels=yes
    - : health=cancer back-pain=now
    - : health=cancer numb-site=toes numb-since=under-2-weeks
    - : health=cancer numb-site=toes numb-since=older-worse leg-pain=a-little
    # E13: sudden, without a leg that hurts like a nerve, and the foot drops
    E13 S1 : foot-lift=unable weak-since=sudden
    E13 S1 : heel-stand=unable weak-since=sudden leg-pain=not-sure
    E13 S1 : foot-heavy=drags weak-since=sudden leg-pain=a-little
    E13 S1 : foot-lift=unable weak-since=sudden leg-pain=a-little leg-site=knee travels=not-sure
    S1 : foot-lift=weak weak-since=sudden
    S1 : tiptoe=unable weak-since=sudden
    S1 : foot-lift=unable weak-since=recent
    S1 : foot-lift=unable weak-since=sudden leg-pain=a-good-deal
    S1 : foot-lift=unable weak-since=sudden leg-pain=a-little travels=yes
    S1 : foot-lift=unable weak-since=sudden leg-pain=a-little leg-site=buttock
    # E14 and S15: infection or bleeding of the spine
    E14 S1 S5 : changes=fever heel-stand=weak weak-since=older-worse leg-pain=a-little
    E14 S1 S5 : changes=fever heel-stand=weak weak-since=recent back-pain=now
    E14 S5 : changes=fever back-pain=now health=weak-immunity
    E14 S5 : changes=fever back-pain=now health=back-procedure
    E14 S5 : changes=fever back-pain=now health=diabetes
    E14 S5 S15 : changes=fever back-pain=now health=drug-injection
    E14 S1 : back-pain=now tiptoe=weak weak-since=recent health=blood-thinner
    E14 S1 : back-pain=now foot-lift=weak weak-since=sudden health=back-procedure
    S1 S5 : changes=fever heel-stand=weak weak-since=recent
    S5 : changes=fever back-pain=now
    S5 : changes=fever health=weak-immunity,drug-injection
    S1 : back-pain=now tiptoe=weak weak-since=recent health=diabetes
    S1 : back-pain=now foot-lift=weak weak-since=older-worse health=blood-thinner
    S15 : back-pain=now health=drug-injection duration=over-3-months
    S15 : back-pain=now health=weak-immunity duration=2-to-6-weeks
    S15 : back-pain=now health=back-procedure course=worse
    - : back-pain=now health=weak-immunity,back-procedure
    - : back-pain=now health=weak-immunity duration=not-sure course=not-sure
    - : back-pain=past health=drug-injection
    # E15 and S13: the nerves of both feet
    E15 S13 : numb-site=both-feet-socks numb-since=2-to-6-weeks back-pain=now
    E15 S13 : numb-site=both-feet-socks numb-since=under-2-weeks course=worse
    E15 S1 S13 : numb-site=both-feet-socks numb-since=under-2-weeks foot-lift=weak weak-since=recent
    E15 S1 S13 : side=both numb-site=toes numb-since=under-2-weeks tiptoe=weak weak-since=sudden
    S1 : numb-site=toes numb-since=under-2-weeks tiptoe=weak weak-since=sudden
    S13 : numb-site=both-feet-socks numb-since=2-to-6-weeks course=worse
    S13 : numb-site=both-feet-socks numb-since=under-2-weeks
    S13 : numb-site=both-feet-socks numb-since=not-sure duration=2-to-6-weeks
    S13 : side=both numb-site=toes numb-since=under-2-weeks
    - : numb-site=both-feet-socks numb-since=not-sure
    - : numb-site=both-feet-socks numb-since=older-worse back-pain=now course=worse
    - : side=both numb-site=toes numb-since=2-to-6-weeks
    - : side=both numb-site=elsewhere numb-since=under-2-weeks
    # E18, S14 and S16: blood flow
    E18 S14 : changes=foot-colder duration=under-2-weeks leg-pain=a-good-deal
    E18 S14 : changes=foot-colder duration=under-2-weeks numb-site=toes numb-since=older-same
    E18 S1 S14 : changes=foot-colder duration=under-2-weeks foot-lift=weak weak-since=older-same
    E18 : changes=foot-colder numb-site=toes numb-since=under-2-weeks
    E18 S1 : changes=foot-colder tiptoe=weak weak-since=recent
    E18 S14 : health=poor-circulation duration=under-2-weeks leg-pain=a-little numb-site=toes numb-since=not-sure
    E18 S1 S14 : health=poor-circulation duration=under-2-weeks leg-pain=not-sure tiptoe=weak weak-since=older-worse
    E18 S7 S14 : health=poor-circulation duration=under-2-weeks leg-pain=not-sure changes=night-rest-pain
    S14 : changes=foot-colder duration=under-2-weeks leg-pain=a-little
    S14 : changes=foot-colder duration=2-to-6-weeks leg-pain=a-good-deal
    S14 : changes=foot-colder duration=not-sure
    S14 : changes=foot-colder course=worse
    S14 : changes=foot-colder course=not-sure
    S14 : changes=foot-colder health=poor-circulation duration=over-3-months
    S14 : health=poor-circulation duration=under-2-weeks leg-pain=a-little numb-site=toes numb-since=older-worse
    S14 : health=poor-circulation duration=under-2-weeks leg-pain=a-little numb-site=elsewhere numb-since=not-sure
    S14 : health=poor-circulation duration=under-2-weeks leg-pain=not-sure
    S7 : health=poor-circulation duration=under-2-weeks changes=night-rest-pain
    S16 : changes=night-pain health=poor-circulation duration=2-to-6-weeks
    S16 : changes=night-pain health=poor-circulation duration=not-sure
    S16 : changes=night-pain health=poor-circulation course=worse
    S16 : changes=night-pain duration=under-2-weeks numb-site=toes numb-since=older-same
    S16 : changes=night-pain duration=under-2-weeks numb-site=toes numb-since=older-same leg-pain=not-sure
    - : changes=foot-colder
    - : health=poor-circulation duration=under-2-weeks
    - : changes=night-pain health=poor-circulation course=not-sure
    - : changes=night-pain duration=under-2-weeks
    - : changes=night-pain duration=under-2-weeks numb-site=toes numb-since=older-same leg-pain=a-little
    # S1: weakness that is new, growing, or of unknown age
    S1 : foot-lift=weak weak-since=recent
    S1 : heel-stand=unable weak-since=older-worse
    S1 : foot-heavy=drags
    S1 : foot-lift=weak weak-since=older-same duration=2-to-6-weeks
    S1 : foot-lift=weak weak-since=not-sure
    S1 : foot-lift=weak weak-since=not-sure duration=over-3-months course=worse
    S1 : foot-lift=weak weak-since=not-sure duration=over-3-months course=not-sure
    S1 : foot-heavy=heavy foot-lift=not-tried heel-stand=not-tried weak-since=older-worse
    S1 : tiptoe=weak weak-since=recent
    S1 : tiptoe=weak weak-since=older-worse leg-pain=a-good-deal
    S1 : tiptoe=weak weak-since=older-worse leg-pain=not-sure
    S1 : tiptoe=weak weak-since=older-same duration=2-to-6-weeks leg-pain=a-good-deal
    S1 : tiptoe=unable weak-since=older-worse
    S1 : tiptoe=unable weak-since=older-same duration=under-2-weeks
    S1 : tiptoe=unable
    S1 : foot-heavy=heavy weak-since=recent leg-pain=a-good-deal
    S1 : foot-heavy=heavy weak-since=sudden leg-pain=not-sure
    - : foot-lift=weak heel-stand=weak tiptoe=weak foot-heavy=drags weak-since=older-same
    - : foot-lift=weak weak-since=not-sure duration=over-3-months course=better
    - : foot-lift=weak weak-since=not-sure duration=over-3-months course=same
    - : foot-heavy=heavy weak-since=recent
    - : foot-heavy=heavy weak-since=older-worse leg-pain=a-good-deal
    - : foot-heavy=heavy foot-lift=not-tried weak-since=recent
    - : tiptoe=weak weak-since=older-worse
    - : tiptoe=weak weak-since=older-worse leg-pain=a-little
    - : tiptoe=weak weak-since=not-sure duration=2-to-6-weeks
    - : foot-lift=sore heel-stand=sore tiptoe=sore weak-since=recent
    - : foot-lift=not-tried heel-stand=not-tried tiptoe=not-tried foot-heavy=not-sure
    # S2 and S3: after an injury
    S2 : injury=recent injury-steps=no injury-bone=no
    S2 : injury=older injury-steps=no
    S2 : injury=not-sure injury-steps=no injury-bone=no
    S2 : injury=recent injury-steps=yes injury-bone=yes
    S2 : injury=not-sure injury-steps=yes injury-bone=yes duration=2-to-6-weeks
    S2 : injury=not-sure injury-steps=yes injury-bone=yes duration=not-sure
    S2 : injury=recent injury-steps=not-sure injury-bone=
    - : injury=recent injury-steps=yes injury-bone=no
    - : injury=recent injury-steps=not-sure injury-bone=no
    - : injury=recent injury-steps=yes injury-bone=not-sure
    - : injury=not-sure injury-steps=not-sure injury-bone=not-sure duration=under-2-weeks
    - : injury=not-sure injury-steps=yes injury-bone=yes
    - : injury=older injury-steps=yes injury-bone=yes
    S3 : changes=snap
    S3 : injury=recent injury-steps=yes tiptoe=unable weak-since=older-same
    S3 : injury=recent injury-steps=yes foot-site=back-of-heel tiptoe=weak weak-since=older-same
    S3 : injury=recent injury-steps=yes foot-site=back-of-heel tiptoe=
    S3 : injury=not-sure injury-steps=yes injury-bone=no foot-site=back-of-heel tiptoe=not-tried duration=2-to-6-weeks
    S1 S3 : injury=recent injury-steps=yes tiptoe=unable
    - : injury=recent injury-steps=yes tiptoe=weak foot-lift=unable weak-since=older-same
    - : injury=recent injury-steps=yes foot-site=back-of-heel tiptoe=sore
    - : injury=not-sure injury-steps=yes injury-bone=no foot-site=back-of-heel tiptoe=not-tried
    - : foot-site=back-of-heel tiptoe=not-tried duration=under-2-weeks
    - : injury=older injury-steps=yes tiptoe=unable weak-since=older-same
    # S6: a clot
    S6 : changes=calf-swollen-warm
    S6 : health=past-clot leg-pain=a-little leg-site=back-calf duration=2-to-6-weeks
    S6 : health=recent-surgery-or-travel leg-pain=a-good-deal leg-site=inner-calf duration=not-sure
    S6 : health=pregnant leg-pain=a-little leg-site=not-sure duration=under-2-weeks
    S6 : health=cancer leg-pain=a-little leg-site=inner-calf duration=under-2-weeks
    S6 : health=pregnant changes=warm-or-swollen duration=under-2-weeks
    S6 : health=past-clot changes=warm-or-swollen course=worse
    S6 : health=recent-surgery-or-travel changes=warm-or-swollen course=not-sure
    - : health=past-clot leg-pain=a-little leg-site=back-calf course=worse
    - : health=past-clot leg-pain=a-little leg-site=outer-calf,whole-leg duration=under-2-weeks
    - : health=past-clot leg-pain=not-sure leg-site=back-calf duration=under-2-weeks
    - : health=blood-thinner leg-pain=a-little leg-site=back-calf duration=under-2-weeks
    - : health=cancer changes=warm-or-swollen duration=under-2-weeks
    - : health=pregnant changes=warm-or-swollen
    # S9: illness behind the pain
    S9 : changes=weight-loss back-pain=now
    S9 : changes=constant-pain back-pain=now
    S9 : changes=weight-loss,constant-pain
    S9 : changes=weight-loss leg-pain=a-good-deal
    S9 : changes=weight-loss leg-pain=a-little travels=yes
    S9 : changes=constant-pain leg-pain=a-good-deal course=worse
    S9 : changes=constant-pain leg-pain=a-little travels=yes course=not-sure
    - : changes=weight-loss
    - : changes=constant-pain course=worse
    - : changes=weight-loss leg-pain=a-little
    - : changes=constant-pain leg-pain=a-good-deal
    # S4, S5, S11, S17, S18
    S4 : changes=hot-red-swollen
    S5 : changes=fever
    S17 : changes=rash-blisters
    S18 : changes=clumsy-unsteady duration=2-to-6-weeks
    S18 : changes=clumsy-unsteady course=worse
    S4 S5 : changes=fever,hot-red-swollen,not-sure
    - : changes=clumsy-unsteady duration=not-sure course=not-sure
    - : changes=not-sure
    - : changes=walk-stop,warm-or-swollen
    S11 : safety-now=not-sure
    S11 : safety-now=
"""

LEVELS = {"E": "emergency", "S": "same-day", "-": "routine"}

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

# Which questions the eight conditions ask; all others are always asked.
ASKED = """
    foot-feel : leg-pain=none
    leg-site leg-sides foot-feel : leg-pain=not-sure
    leg-site leg-sides foot-feel : leg-pain=
    leg-site leg-sides foot-feel : leg-pain=a-little
    leg-site leg-sides : leg-pain=a-good-deal
    leg-site leg-sides worse-place : leg-pain=a-good-deal back-pain=now
    leg-site leg-sides worse-place foot-feel : leg-pain=a-little back-pain=now
    leg-site leg-sides foot-feel : leg-pain=not-sure back-pain=now
    leg-site leg-sides foot-feel : leg-pain=a-little back-pain=past
    foot-feel : back-pain=now
    injury-steps injury-bone foot-feel : injury=recent
    injury-steps foot-feel : injury=older
    injury-steps injury-bone foot-feel : injury=not-sure
    injury-steps injury-bone foot-feel : injury=
    numb-since foot-feel : numb-site=elsewhere
    numb-since foot-feel : numb-site=toes,not-sure
    foot-feel : numb-site=not-sure
    foot-feel : numb-site=
    weak-since foot-feel : foot-lift=weak
    weak-since foot-feel : heel-stand=weak
    weak-since foot-feel : foot-heavy=heavy
    weak-since foot-feel : tiptoe=unable
    foot-feel : foot-lift=sore heel-stand=sore tiptoe=not-tried foot-heavy=not-sure
"""
SOMETIMES = (
    *("injury-steps", "injury-bone", "leg-site", "leg-sides", "worse-place"),
    *("numb-since", "weak-since", "foot-feel"),
)


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
