"""docs/reliability.md promises only what a command or a test of ours shows, and leaves out no proof."""

import re

import pytest

import dev
from tests.test_clinical_safety import ROOT, is_a_test, names, table
from triage.settings import BASE_DIR

DOC = (BASE_DIR / "docs" / "reliability.md").read_text(encoding="utf-8")
PROOFS = {path.stem.replace("_", "-") for path in (ROOT / "proofs").glob("*.py") if dev.runs(path)} | set(
    dev.TEST_PROOFS
)
PROVE = re.compile(r"prove ([a-z-]+)")


def rows(text):
    return table(text, "Promises")


def faults(text):
    """Promises that nothing shows, names of nothing, and proofs that no promise names."""
    named = set()
    for promise, figure, shown, without in rows(text):
        proofs, others = set(PROVE.findall(shown)), [name for name in names(shown) if not PROVE.match(name)]
        named |= proofs
        if not proofs and not others:
            yield f"nothing shows: {promise}"
        if not re.search(r"\d", figure) or not without:
            yield f"no figure: {promise}"
        yield from (f"no such proof: {name}" for name in proofs - PROOFS)
        yield from (f"no such test: {name}" for name in others if not is_a_test(name))
    yield from (f"no promise rests on: {name}" for name in sorted(PROOFS - named))


def test_every_promise_is_shown_and_every_proof_is_named():
    assert list(faults(DOC)) == []
    assert len(rows(DOC)) > 20


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("`prove power-cut`", "`prove power-cuts`", "no such proof: power-cuts"),
        ("`prove power-cut`", "nothing", "nothing shows"),
        ("::test_no_cell_runs_and_none_is_lost", "::test_gone", "no such test"),
    ],
)
def test_a_promise_that_nothing_shows_is_told(right, wrong, said):
    assert DOC.count(right) == 1
    assert any(fault.startswith(said) for fault in faults(DOC.replace(right, wrong)))
