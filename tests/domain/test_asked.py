"""Which questions are asked, against the clinical contract."""

from __future__ import annotations

import pytest

from tests import oracle
from tests.cases import by_engine, case, table

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


@pytest.mark.parametrize(("asked", "given"), table(ASKED))
def test_asked(asked: str, given: str) -> None:
    path = by_engine(case(given))["path"]
    assert [key for key in path if key in SOMETIMES] == asked.split()
    assert len(path) == len(oracle.CODES) - len(SOMETIMES) + len(asked.split())
