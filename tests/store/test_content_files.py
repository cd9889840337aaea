"""The content directory on disk: whatever the files hold, reading them ends soon, in plain trees or in sentences."""

import json
import os

import pytest

from tests.planted import written
from triage.domain.loading import ContentError
from triage.domain.loading.files import MOST_BYTES, MOST_BYTES_TOGETHER, MOST_FILES, MOST_VALUES
from triage.store import content_files, plain_yaml
from triage.store.content_files import SHIPPED, read_cases, read_trees
from triage.store.releases import canonical, sha256


def bomb(levels):
    """Each line means the one before ten times."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


# What is written in results.yaml, and words of the message
HOSTILE = {
    "NUL": ("a: \0", "control sign (U+0000)"),
    "a bell": ("a: b\nc: \x07", "line 2 holds a control sign (U+0007)"),
    "an escape for the terminal": ("a: \x1b[31m", "control sign (U+001B)"),
    "no sign at all": ("a: \uffff", "control sign (U+FFFF)"),
    "half a pair, written out": ('a: "\\ud800"', "no text"),
    "half a pair in a key": ('"\\udfff": a', "no text"),
    "NUL, written out": ('a: "\\0"', "no text"),
    "Latin-1": (b"a: \xe9", "not plain YAML"),
    "UTF-16": ("a: b".encode("utf-16"), "not plain YAML"),
    "an anchor that holds itself": ("a: &a [*a]", "holds itself"),
    "anchors that hold each other": ("a: &a {b: &b {c: *a}}", "holds itself"),
    "an alias of nothing": ("a: *b", "undefined alias"),
    "an anchor twice": ("a: &a x\nb: &a y", "named twice"),
    "a bomb of aliases": (bomb(12), "more than"),
    "a small bomb of aliases": (bomb(5), "more than"),
    "a bomb of merged keys": (
        "a: &a {x: 1}\n" + "\n".join(f"b{n}: {{<<: *a, y: [*a, *a]}}" for n in range(9000)), "more than"),
    "many brackets": ("[" * 100_000, "levels"),
    "many dashes": ("- " * 30_000 + "x", "levels"),
    "many question marks": ("? " * 30_000 + "x", "levels"),
    "deep lines": ("\n".join(" " * n + "-" for n in range(600)), "levels"),
    "many values": ("- x\n" * (MOST_VALUES + 1), "more than"),
    "too many bytes": ("a: " + "x" * MOST_BYTES, "too large"),
    "a tag of the language": ("a: !!python/object/apply:os.system [ls]", "a tag"),
    "a tag of a set": ("a: !!set {x, y}", "a tag"),
    "a tag of bytes": ("a: !!binary eHg=", "a tag"),
    "a tag that fails": ("a: !!int x", "a tag"),
    "a directive": ("%YAML 1.1\n---\na: no", "a directive"),
    "a version that is to come": ("%YAML 9.9\n---\na: no", "incompatible"),
    "two documents": ("a: 1\n---\nb: 2", "another document"),
    "a key twice": ("a: 1\na: 2", "duplicate key"),
    "a key that is a number": ("1: a\nb: c", "not a text"),
    "a key that is a list": ("? [a]\n: b", "not a text"),
    "a key that is a mapping": ("? {a: 1}\n: b", "unhashable"),
    "no number": ("a: .nan", "counted with"),
    "a number without end": ("a: -.inf", "counted with"),
    "a number too large": ("a: 0xfffffffffffffffffffff", "too large"),
    "a number of many digits": ("a: " + "9" * 5000, "not plain YAML"),
    "an equals sign": ("a: =", "not plain YAML"),
    "a tab for a space": ("\tx: 1", "line 1: not plain YAML"),
    "an open bracket": ("a: [1", "line 1: not plain YAML"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_named_and_no_more(tmp_path, text, words):
    (tmp_path / "results.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ContentError) as told:
        read_trees(tmp_path)
    assert words in str(told.value)
    assert all(str(fault).isprintable() and len(str(fault)) < 3000 for fault in told.value.faults)
    with pytest.raises(ContentError):
        read_cases(tmp_path / "results.yaml")


GOOD = {
    "yes and no": ("- no\n- yes\n- on", ["no", "yes", "on"]),
    "a day": ("a: 2026-11-22", {"a": "2026-11-22"}),
    "a day that is none": ("a: 2026-02-31", {"a": "2026-02-31"}),
    "an alias": ("a: &a [x, y]\nb: *a", {"a": ["x", "y"], "b": ["x", "y"]}),
    "a byte order mark": ("\ufeffa: 1", {"a": 1}),
    "nothing": ("", None),
    "numbers and switches": ("[1, 0.5, true, null]", [1, 0.5, True, None]),
}


@pytest.mark.parametrize(("text", "tree"), GOOD.values(), ids=GOOD)
def test_plain_files_are_read_and_can_be_kept(tmp_path, text, tree):
    (tmp_path / "results.yaml").write_text(text, encoding="utf-8")
    read = read_trees(tmp_path)
    assert read == {"results": tree}
    assert json.loads(canonical(read)) == read
    assert len(sha256(canonical(read))) == 64


def test_what_the_tests_keep_of_long_files_is_what_the_reader_makes_of_them(tmp_path):
    """See `conftest.py`."""
    text = (SHIPPED / "sources.yaml").read_text(encoding="utf-8")
    tree = plain_yaml.tree_of(text)
    assert content_files.tree_of(text) == tree
    written({"sources": tree}, tmp_path)
    assert read_trees(tmp_path)["sources"] == tree
    assert plain_yaml.tree_of((tmp_path / "sources.yaml").read_text(encoding="utf-8")) == tree


def test_an_empty_directory_says_so(tmp_path):
    with pytest.raises(ContentError, match="holds no YAML files"):
        read_trees(tmp_path)


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "near.yml").write_text("a: 1", encoding="utf-8")
    with pytest.raises(ContentError) as told:
        read_trees(tmp_path)
    faults = {fault.file: fault.problem for fault in told.value.faults}
    assert set(faults) == {"pipe.yaml", "folder.yaml", "zero.yaml", "gone.yaml", "near.yml"}
    assert faults["near.yml"] == "ends in .yml"


def test_files_are_counted(tmp_path):
    for number in range(MOST_FILES + 1):
        (tmp_path / f"{number}.yaml").write_text("a: 1", encoding="utf-8")
    with pytest.raises(ContentError, match="holds 41 files"):
        read_trees(tmp_path)


def test_files_are_weighed_together(tmp_path):
    for number in range(MOST_BYTES_TOGETHER // MOST_BYTES + 1):
        (tmp_path / f"{number}.yaml").write_text("a: " + "x" * (MOST_BYTES - 10), encoding="utf-8")
    with pytest.raises(ContentError, match="too large") as told:
        read_trees(tmp_path)
    assert len(told.value.faults) == 1


@pytest.mark.parametrize("name", ["nowhere", "a-file"])
def test_what_is_no_directory_says_so(tmp_path, name):
    (tmp_path / "a-file").write_text("x", encoding="utf-8")
    with pytest.raises(ContentError, match="Name a content directory"):
        read_trees(tmp_path / name)


def test_the_bounds_are_far_off():
    """What is shipped could grow threefold."""
    sizes = [path.stat().st_size for path in SHIPPED.glob("*.yaml")]
    assert max(sizes) < MOST_BYTES / 3
    assert sum(sizes) < MOST_BYTES_TOGETHER / 3
    assert len(sizes) < MOST_FILES / 3
