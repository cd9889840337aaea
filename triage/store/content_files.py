"""The content directory on disk: YAML 1.2 files, read into plain trees for the domain's loader."""

from __future__ import annotations

import json
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from triage.domain.content import Content
from triage.domain.loading import ContentError, Fault, Trees, load

SHIPPED = Path(__file__).resolve().parents[2] / "fixtures" / "foot-pain"


def read_trees(directory: Path) -> Trees:
    """Every YAML file of the directory, by its name without ending.

    Raises ContentError when the directory holds none, or a file is not YAML.
    """
    faults: list[Fault] = []
    trees: dict[str, object] = {}
    for path in sorted(directory.glob("*.yaml")):
        try:
            # The pure-Python reader follows YAML 1.2, where a bare `no` is the word, not a boolean.
            trees[path.stem] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        except (MarkedYAMLError, UnicodeDecodeError) as error:
            faults.append(
                Fault(path.name, _place(error), f"not YAML: {_problem(error)}", "Mend the line it names")
            )
    if not trees and not faults:
        faults.append(
            Fault(str(directory), "the directory", "holds no YAML files", "Name a content directory")
        )
    if faults:
        raise ContentError(faults)
    return trees


def read_content(directory: Path = SHIPPED, language: str | None = None) -> Content:
    """The content of a directory in one language (by default its own). Raises ContentError."""
    return load(read_trees(directory), language)


def read_cases(path: Path) -> object:
    """The tree of a file of cases: YAML as cases.yaml, or one JSON object a line, with `_` in names and `address`."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".jsonl":
            return YAML(typ="safe", pure=True).load(text)
        return {"cases": [_case(json.loads(line)) for line in text.splitlines() if line.strip()]}
    except (OSError, YAMLError, ValueError) as error:
        fault = Fault(path.name, _place(error), f"cannot be read: {_problem(error)}", "Mend it")
        raise ContentError([fault]) from None


def _case(line: object) -> object:
    """As cases.yaml writes it: an empty `assumed` is left out."""
    if not isinstance(line, dict):
        return line
    given = {name.replace("_", "-"): value for name, value in line.items() if value != ""}
    return {"url": given.pop("address", None), **given}


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark else "the whole file"


def _problem(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error).split("\n", 1)[0]
