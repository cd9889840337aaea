"""Files that documents and comments name are there, and the README sends nobody to a wrong place."""

import re

from tests.house import ROOT

TOPS = ("benchmarks", "docs", "fixtures", "proofs", "requirements", "static", "templates", "tests", "triage")
FILES = [path.relative_to(ROOT) for top in TOPS for path in (ROOT / top).rglob("*") if path.is_file()]
FILES += [path.relative_to(ROOT) for path in ROOT.iterdir() if path.is_file()]
PLACES = {f"/{path}" for file in FILES for path in (file, *(f"{folder}/" for folder in file.parents))}
TOLD = {".py", ".md", ".html", ".css", ".js", ".yaml", ".toml", ".in"}
NAMED = re.compile(
    rf"(?<![\w./%-])((?:[\w-]+/)*[\w-]+\.py|(?:{'|'.join(TOPS)})/(?:[\w.-]+/?)*[\w/])(?![\w*{{<-])"
)


def missing(text):
    """What the text names that is nowhere: by its whole path, by the end of it, or a decision by its number."""
    return [
        name
        for name in NAMED.findall(text)
        if not any(place.endswith((f"/{name}", f"/{name}/")) or f"/{name}-" in place for place in PLACES)
    ]


def test_what_files_name_is_there():
    read = [file for file in FILES if file.suffix in TOLD and file.parts[0] != "tests"]  # which make up names
    found = {str(file): missing((ROOT / file).read_text(encoding="utf-8")) for file in read}
    assert {file: names for file, names in found.items() if names} == {}


def test_a_file_that_was_moved_would_be_missed():
    assert missing("see store/notes.py, `triage/domain/`, tests/store and docs/adr/0009") == []
    assert missing("see patient/notes.py, notes.py and triage/views/") == [
        "patient/notes.py",
        "triage/views/",
    ]


def test_where_one_changes_what_is_where_the_readme_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| `([\w./-]+)`: `([^`]+)`", readme, re.MULTILINE)
    assert len(rows) == 7
    for change, file, name in rows:
        assert name in (ROOT / file).read_text(encoding="utf-8"), change
