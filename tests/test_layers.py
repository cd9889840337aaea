"""The lines between the parts, held by reading the code itself."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TRIAGE = ROOT / "triage"
DOMAIN = sorted((TRIAGE / "domain").rglob("*.py"))
WRITING = {
    "save",
    "create",
    "update",
    "delete",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "triage":
            yield from (f"triage.{name.name}" for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def foreign(path):
    """What a domain module imports beyond the standard library and the domain itself."""
    return [
        name
        for name in imports(path)
        if not name.startswith("triage.domain") and name.split(".")[0] not in sys.stdlib_module_names
    ]


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: str(path.relative_to(TRIAGE)))
def test_the_domain_needs_the_standard_library_alone(path):
    assert foreign(path) == []


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: str(path.relative_to(TRIAGE)))
def test_the_domain_reads_no_clock_and_rolls_no_dice(path):
    assert not {"datetime", "time", "random", "secrets", "uuid", "os"} & {
        name.split(".")[0] for name in imports(path)
    }


def test_a_domain_module_that_imported_django_would_be_seen(tmp_path):
    (tmp_path / "x.py").write_text("from django.db import models\nimport triage.models\n", encoding="utf-8")
    assert foreign(tmp_path / "x.py") == ["django.db", "triage.models"]


def test_loading_and_deciding_loads_no_django():
    code = (
        "import sys; from triage.store.content_files import read_content; from triage.domain.walk import walk; "
        "from triage.domain.decision import decide; c = read_content(); decide(c, walk(c, {})); "
        "sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# The rooms from the ground up: a room may use those on the floors below it, and none beside or above it.
FLOORS = [
    {"domain"},
    {"models"},
    {"store"},
    {"actions", "exports", "server", "templatetags"},
    {"patient", "admin"},
    {"management", "urls", "settings", "wsgi", "apps"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room(name):
    """The room of a module of ours: `triage.store.visit` is in `store`; "" for any other."""
    return name.split(".")[1] if name.startswith("triage.") else ""


def arrows():
    """Every import between two rooms: (from, to, the file)."""
    for path in sorted(TRIAGE.rglob("*.py")):
        here = path.relative_to(TRIAGE).parts[0].removesuffix(".py")
        if here == "migrations":
            continue
        for name in imports(path):
            there = room(name)
            if there in FLOOR and there != here:
                yield here, there, str(path.relative_to(ROOT))


def runs_up(here, there):
    return FLOOR[here] <= FLOOR[there]


def test_every_room_has_a_floor():
    rooms = {path.name.removesuffix(".py") for path in TRIAGE.iterdir() if not path.name.startswith("__")}
    assert rooms - {"migrations"} == set(FLOOR)


def test_no_arrow_runs_up():
    assert [arrow for arrow in arrows() if runs_up(arrow[0], arrow[1])] == []


def test_an_arrow_that_ran_up_would_be_seen():
    assert runs_up("store", "actions")
    assert runs_up("patient", "admin")
    assert runs_up("admin", "patient")
    assert runs_up("server", "actions")
    assert not runs_up("admin", "store")
    assert ("patient", "actions") in {arrow[:2] for arrow in arrows()}


def writes(path):
    """Calls on a model's manager or a queryset that store something."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in WRITING and ".objects" in ast.unparse(called):
            yield ast.unparse(called)


def test_one_package_writes():
    found = {
        str(path.relative_to(TRIAGE)): list(writes(path))
        for path in TRIAGE.rglob("*.py")
        if not {"migrations", "actions"} & set(path.parts)
    }
    assert {name: calls for name, calls in found.items() if calls} == {}
    assert [
        call for path in (TRIAGE / "actions").glob("*.py") for call in writes(path)
    ]  # so they would be found


ITEM_KEYS = {
    "safety-now",
    "foot-site",
    "leg-pain",
    "heel-stand",
    "weak-since",
    "numb-site",
    "cold-limb",
    "a-good-deal",
}


def words_of(path):
    """The texts a file compares or looks things up with."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    return set(re.findall(r"['\"]([a-z-]+)['\"]", text))


def test_no_clinical_condition_outside_the_content():
    """No code or template names an item or an answer; the content alone does."""
    named = {
        str(path.relative_to(ROOT)): words_of(path) & ITEM_KEYS
        for path in [*TRIAGE.rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    }
    assert {name: keys for name, keys in named.items() if keys} == {}
    assert words_of(ROOT / "tests" / "visitor.py") & ITEM_KEYS  # so the search would have found them
