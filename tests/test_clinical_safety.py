"""docs/clinical-safety.md is held to the code: tests that exist, names that exist, guidance as in sources.yaml."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

from tests.shipped import shipped_content
from tests.visitor import BACK, Patient, publish
from triage import actions
from triage.domain.proof.prove import PROPERTIES
from triage.models import Clinic
from triage.server.environment import VARIABLES

ROOT = Path(__file__).resolve().parent.parent
DOC = (ROOT / "docs" / "clinical-safety.md").read_text(encoding="utf-8")
CONTENT = shipped_content()
RISK = re.compile(r"([1-5])×([1-5])")


def table(text, heading):
    """The rows of the first table under the heading, as lists of cells."""
    lines = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return rows[2:]  # without head and rule


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


# What exists


@lru_cache
def nodes_of(path):
    """The node ids of a test file, without parameters."""
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(f"{path}::{node.name}")
        elif isinstance(node, ast.ClassDef):
            found |= {
                f"{path}::{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)
            }
    return found


def is_a_test(node):
    path = node.split("::")[0]
    return (ROOT / path).is_file() and node.split("::")[-1].startswith("test_") and node in nodes_of(path)


def named():
    """Every rule, sign, item, answer, sentence, property, group, setting, variable, action and command there is."""
    rules = (*CONTENT.origin_rules, *CONTENT.root_rules, *CONTENT.urgency_rules)
    yield from (each.id for each in (*rules, *CONTENT.signs))
    yield from (each.name for each in PROPERTIES)
    yield from (row.key for section in CONTENT.sections.values() for row in section.rows)
    yield from get_commands()
    yield from (variable.name for variable in VARIABLES)
    yield from actions.GROUPS
    yield from (f"actions.{name}" for name in vars(actions))
    for item in CONTENT.items.values():
        yield item.key
        yield from (code for code in item.codes if "-" in code)
        yield from (f"{item.key}: {code}" for code in item.codes)
    for model in apps.get_app_config("triage").get_models():
        yield from (f"{model.__name__}.{field.name}" for field in model._meta.get_fields())
    yield from (path.name for path in (ROOT / "fixtures" / "foot-pain").iterdir())


NAMED = set(named())


def unknown(cell):
    """The names in a cell that nothing in the project has."""
    return [name for name in names(cell) if name not in NAMED and not (ROOT / name).exists()]


# What is wrong with a text; the document has none of it


def orphans(text):
    """Hazards without a test, and tests that do not exist."""
    for id, *_rest, cited, _open in table(text, "Hazard log"):
        if not any(is_a_test(node) for node in names(cited)):
            yield f"{id} has no test"
        yield from (f"{id}: no such test: {node}" for node in names(cited) if not is_a_test(node))


def dangling(text):
    """Names in the tables that are no rule, setting, sentence, item, command or file; and points nobody wrote down."""
    rows = [(row[0], row[5]) for row in table(text, "Hazard log")]
    rows += [(row[0], row[2]) for row in table(text, "Decisions for a clinician")]
    rows += [(row[0], row[1] + row[2]) for row in table(text, "Doubts")]
    for id, cell in rows:
        yield from (f"{id}: nothing has the name {name}" for name in unknown(cell))
    listed = {row[0] for heading in ("Doubts", "Open") for row in table(text, heading)}
    for id, *_rest, points in table(text, "Hazard log"):
        yield from (
            f"{id}: no such point: {point}" for point in re.findall(r"\w+", points) if point not in listed
        )


def guidance(source):
    rules = (*CONTENT.origin_rules, *CONTENT.root_rules, *CONTENT.urgency_rules)
    resting = " ".join(f"`{rule.id}`" for rule in rules if source.id in rule.basis)
    return [
        f"`{source.id}`",
        f"{source.publisher}: {source.title}",
        source.status,
        source.checked or "not yet",
        resting or "none",
    ]


def drifted(text):
    """Rows of the guidance list that are missing, too many, or other than in sources.yaml."""
    wanted = [guidance(source) for source in CONTENT.guidance.values()]
    found = table(text, "Guidance and its checking")
    return [f"| {' | '.join(row)} |" for row in [*wanted, *found] if row not in wanted or row not in found]


def test_every_hazard_is_held_by_tests_that_exist():
    assert list(orphans(DOC)) == []
    assert {f"H{number}" for number in range(1, 13)} <= {row[0] for row in table(DOC, "Hazard log")}


def test_every_name_in_the_tables_exists():
    assert list(dangling(DOC)) == []


def test_all_twelve_decisions_are_listed_with_place_and_default():
    decisions = table(DOC, "Decisions for a clinician")
    assert [row[0] for row in decisions] == [str(number) for number in range(1, 13)]
    assert all(names(place) and default for _number, _what, place, default in decisions)


def test_the_guidance_list_is_that_of_the_sources():
    """Stale? The lines to add and to take out are shown."""
    assert drifted(DOC) == []


def test_no_control_makes_a_hazard_worse():
    for id, *_words, before, _control, after, _tests, _open in table(DOC, "Hazard log"):
        (severity, likelihood), (then, less_likely) = (
            map(int, RISK.fullmatch(risk).groups()) for risk in (before, after)
        )
        assert then <= severity, id
        assert less_likely <= likelihood, id
        assert then * less_likely < severity * likelihood, id


# Each says something wrong: (what it replaces, by what, who notices, what is said)
WRONG = {
    "a test that is gone": ("::test_side_decides_nothing", "::test_sides", orphans, "H10: no such test"),
    "a hazard without a test": (
        "tests/test_layers.py::test_the_domain_reads",
        "tests/gone.py::test_the",
        orphans,
        "",
    ),
    "a rule that is gone": (
        "when same-day | `E10`",
        "when same-day | `S99`",
        dangling,
        "1: nothing has the name S99",
    ),
    "a setting that is gone": ("`Clinic.hours`", "`Clinic.colour`", dangling, "5: nothing has the name"),
    "an open point nobody wrote": ("| O4 |\n| H10", "| O44 |\n| H10", dangling, "H9: no such point: O44"),
    "another status": ("(NG59) | copy", "(NG59) | read", drifted, "| `nice-ng59`"),
}


@pytest.mark.parametrize(("right", "wrong", "check", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_line_is_noticed(right, wrong, check, said):
    assert DOC.count(right) == 1
    found = list(check(DOC.replace(right, wrong)))
    assert found
    assert found[0].startswith(said)


@pytest.mark.django_db
def test_no_root_is_named_to_a_patient_until_the_clinic_allows_it():
    publish()
    told = [CONTENT.outcomes["root"]["L5"].patient, "When the L5 root makes the foot weak"]
    pages = []
    for allowed in (False, True):
        Clinic.objects.update(show_roots=allowed)
        pages.append(Patient(BACK).whole().content.decode())
    assert [[words in page for words in told] for page in pages] == [[False, False], [True, True]]
