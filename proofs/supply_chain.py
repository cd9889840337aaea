"""What Footpath runs on is what was locked: by hash, not withdrawn, installed as locked, and the newest there is.

Asks the package index that pip is set to, through pip. Known weaknesses are not looked up: that takes an advisory
service. Newest means the newest patch that requirements/base.in allows. The controls: a lock with another hash, and
a lock with an older Django.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from proofs.harness import Proof, run
from proofs.servers import ROOT

LOCK, WANTED = ROOT / "requirements" / "base.txt", ROOT / "requirements" / "base.in"
YANKED = re.compile(r"yanked version: '([\w.-]+)'")
AS_LOCKED = ("--no-deps", "--require-hashes", "--only-binary", ":all:")

Packages = dict[str, str]  # versions by name


def prove(proof: Proof) -> None:
    said = [resolved(LOCK, *AS_LOCKED), resolved(WANTED, "--only-binary", ":all:")]
    (locked, yanked, refused), (newest, _yanked, _refused) = said
    lock = LOCK.read_text(encoding="utf-8")
    other_hash = re.sub(r"(?<=sha256:)\w{8}", "0" * 8, lock)
    with tempfile.TemporaryDirectory() as folder:
        tampered = Path(folder, "base.txt")
        tampered.write_text(other_hash, encoding="utf-8")
        _packages, _yanked, tampering_refused = resolved(tampered, *AS_LOCKED)
    judge(proof, "the lock", locked, newest, yanked, refused)
    judge(proof, "other hashes", locked, newest, yanked, tampering_refused, control=True)
    judge(proof, "an older Django", {**locked, "django": "5.2"}, newest, yanked, refused, control=True)


def resolved(requirements: Path, *how: str) -> tuple[Packages, list[str], bool]:
    """What pip would install, which of it was withdrawn, and whether pip refuses."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--dry-run"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        done = subprocess.run(
            [*pip, "--ignore-installed", *how, "--report", report, "-r", requirements],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            return {}, [], True
        packages = [row["metadata"] for row in json.loads(report.read_text(encoding="utf-8"))["install"]]
    return {row["name"].lower(): row["version"] for row in packages}, YANKED.findall(done.stderr), False


def judge(
    proof: Proof,
    case: str,
    locked: Packages,
    newest: Packages,
    yanked: list[str],
    refused: bool,
    control: bool = False,
) -> None:
    behind = [
        f"{name} {locked[name]} < {newest[name]}" for name in locked if newest.get(name) != locked[name]
    ]
    installed = sum(version(name) == locked[name] for name in locked)
    proof.case(
        case,
        held=not refused and not yanked and not behind and installed == len(locked) > 10,
        control=control,
        database="none",
        packages=len(locked),
        installed_as_locked=installed,
        refused=refused,
        withdrawn=yanked,
        behind=behind,
        not_audited="known weaknesses (no advisory service was asked)",
    )


def main(arguments: list[str] | None = None) -> int:
    return run("supply_chain", prove, arguments, databases=False)


if __name__ == "__main__":
    sys.exit(main())
