"""The content directory on disk: YAML files, read into plain trees for the domain's loader."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from triage.domain.content import Content
from triage.domain.loading import ContentError, Fault, Trees, load
from triage.domain.loading.files import MOST_BYTES, MOST_BYTES_TOGETHER, MOST_FILES, note_plain
from triage.domain.loading.tree import Node
from triage.store.plain_yaml import CANNOT_BE_READ, text_of, told, tree_of

SHIPPED = Path(__file__).resolve().parents[2] / "fixtures" / "foot-pain"
KEPT = "examined.json"  # beside the files: what `manage.py prove --keep` found out about the shipped content
DOMAIN = Path(__file__).resolve().parents[1] / "domain"
ENDING, OTHER_ENDING = ".yaml", ".yml"


def read_trees(directory: Path) -> Trees:
    """Every YAML file of the directory, by its name without ending.

    Raises ContentError when the directory holds none, or a file is not plain YAML.
    """
    faults: list[Fault] = []
    trees: dict[str, object] = {}
    left = MOST_BYTES_TOGETHER
    for path in _files(directory, faults):
        try:
            text = text_of(path, min(MOST_BYTES, left))
            left -= len(text.encode())
            trees[path.stem] = tree_of(text)
            note_plain(Node(path.name, "", trees[path.stem], faults))
        except CANNOT_BE_READ as error:
            faults.append(told(path.name, error))
    if faults:
        raise ContentError(faults)
    return trees


def read_content(directory: Path = SHIPPED, language: str | None = None) -> Content:
    """The content of a directory in one language (by default its own). Raises ContentError."""
    return load(read_trees(directory), language)


@cache
def domain_sha256() -> str:
    """The hash of the code that asks, decides and proves."""
    code = hashlib.sha256()
    for path in sorted(DOMAIN.rglob("*.py")):
        code.update(path.relative_to(DOMAIN).as_posix().encode())
        code.update(path.read_bytes())
    return code.hexdigest()


def kept() -> dict[str, Any]:
    """What is kept of the shipped content, with the hashes of what it was found out about and of the code that found
    it out; empty where nothing is."""
    path = SHIPPED / KEPT
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def keep(found: dict[str, Any]) -> None:
    text = json.dumps(found, ensure_ascii=False, indent=1)
    (SHIPPED / KEPT).write_text(f"{text}\n", encoding="utf-8", newline="\n")


def read_cases(path: Path) -> object:
    """The tree of a file of cases: YAML as cases.yaml, or one JSON object a line, with `_` in names and `address`.

    Raises ContentError.
    """
    faults: list[Fault] = []
    tree: object = None
    try:
        text = text_of(path, MOST_BYTES)
        lines = text.splitlines() if path.suffix == ".jsonl" else ()
        tree = (
            {"cases": [_case(json.loads(line)) for line in lines if line.strip()]} if lines else tree_of(text)
        )
        note_plain(Node(path.name, "", tree, faults))
    except CANNOT_BE_READ as error:
        faults.append(told(path.name, error))
    if faults:
        raise ContentError(faults)
    return tree


def _case(line: object) -> object:
    """As cases.yaml writes it: an empty `assumed` is left out."""
    if not isinstance(line, dict):
        return line
    given = {name.replace("_", "-"): value for name, value in line.items() if value != ""}
    return {"url": given.pop("address", None), **given}


def _files(directory: Path, faults: list[Fault]) -> list[Path]:
    def fault(problem: str, remedy: str, name: str = str(directory), place: str = "the directory") -> None:
        faults.append(Fault(name, place, problem, remedy))

    try:
        every = sorted(directory.iterdir())
    except OSError as error:
        fault(str(error.strerror), "Name a content directory")
        return []
    found = [path for path in every if path.suffix == ENDING]
    if not found:
        fault("holds no YAML files", "Name a content directory")
    if len(found) > MOST_FILES:
        fault(f"holds {len(found)} files", f"Keep to {MOST_FILES}")
        return []
    for path in every:
        if path.suffix == OTHER_ENDING:
            fault(f"ends in {OTHER_ENDING}", f"Let it end in {ENDING}", path.name, "its name")
    return found
