"""Every urgency row against the clinical contract, and beside each case the nearest one that it must leave alone."""

from __future__ import annotations

import pytest

from tests.cases import by_engine, case, table

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


@pytest.mark.parametrize(("rules", "given"), table(URGENCY_TABLE))
def test_urgency(rules: str, given: str) -> None:
    decided = by_engine(case(given))
    assert decided["urgency_rules"] == set(rules.split()) - {"-"}
    assert decided["urgency"] == LEVELS[rules[0]]
