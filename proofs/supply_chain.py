"""What Footpath runs on is what was locked: by hash, not withdrawn, installed as locked, and not long behind.

Asks the package index that pip is set to: pip for what it would install, the index itself for when files came and
which were withdrawn, and Django's newest source archive for its list of security releases. Weaknesses of the other
packages are not looked up: that takes an advisory service, and each line says so. The controls: a lock with another
hash, and a lock with an older Django.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from proofs.harness import Proof, run
from proofs.servers import ROOT

LOCK, WANTED = ROOT / "requirements" / "base.txt", ROOT / "requirements" / "base.in"
AS_LOCKED = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
MOST_DAYS_BEHIND = 14
INDEX_JSON = "application/vnd.pypi.simple.v1+json"
CVE = re.compile(r"(?:CVE-|:cve:`)(\d{4}-\d+)")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")

Packages = dict[str, str]  # versions by name
Files = list[dict[str, Any]]  # what the index says of each file of a package


@dataclass(frozen=True)
class Known:
    """What is known today."""

    newest: Packages  # that base.in allows
    files: dict[str, Files]
    closed: dict[str, set[str]]  # weaknesses of Django by the release that closes them


def prove(proof: Proof) -> None:
    locked, refused = resolved(LOCK, *AS_LOCKED)
    newest, _refused = resolved(WANTED, "--only-binary", ":all:")
    lock = LOCK.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        tampered = Path(folder, "base.txt")
        tampered.write_text(re.sub(r"(?<=sha256:)\w{8}", "0" * 8, lock), encoding="utf-8")
        _packages, tampering_refused = resolved(tampered, *AS_LOCKED)
    index, files = index_address(), {}
    for name in locked:
        files[name] = files_of(index, name)
        proof.progress(f"asked the index for {len(files)} of {len(locked)} packages")
    known = Known(newest, files, closed_by_release(newest_source(files["django"])))
    judge(proof, "the lock", locked, known, refused)
    judge(proof, "other hashes", locked, known, tampering_refused, control=True)
    judge(proof, "an older Django", {**locked, "django": "5.2"}, known, refused, control=True)


def resolved(requirements: Path, *how: str) -> tuple[Packages, bool]:
    """What pip would install, and whether it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [*PIP, "install", "--dry-run", "--ignore-installed", *how]
        done = subprocess.run([*command, "--report", report, "-r", requirements], capture_output=True)
        if done.returncode:
            return {}, True
        packages = [row["metadata"] for row in json.loads(report.read_text(encoding="utf-8"))["install"]]
    return {row["name"].lower(): row["version"] for row in packages}, False


def index_address() -> str:
    """The index that pip asks here: its own help names it as the default, with what this machine has set."""
    told = subprocess.run([*PIP, "install", "--help"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"--index-url.*?default\s+(\S+?)\)", told, re.DOTALL)
    assert found, "pip no longer names its index in its help"
    return found[1].rstrip("/")


def files_of(index: str, name: str) -> Files:
    with fetch(f"{index}/{re.sub(r'[-_.]+', '-', name)}/", INDEX_JSON) as reply:
        files: Files = json.load(reply)["files"]
    return files


def fetch(address: str, kind: str = "*/*") -> Any:
    return urllib.request.urlopen(urllib.request.Request(address, headers={"Accept": kind}), timeout=60)


def files_of_version(files: Files, wanted: str) -> Files:
    found = re.compile(rf"[^-]+-{re.escape(wanted)}(?:-.*\.whl|\.tar\.gz|\.zip)")
    return [file for file in files if found.fullmatch(file["filename"])]


def newest_source(files: Files) -> tarfile.TarFile:
    """The source archive that came last: it knows the security releases of all series."""
    sources = [file for file in files if re.fullmatch(r"django-[\d.]+\.tar\.gz", file["filename"])]
    with fetch(max(sources, key=lambda file: file["upload-time"])["url"]) as reply:
        return tarfile.open(fileobj=io.BytesIO(reply.read()))


def closed_by_release(source: tarfile.TarFile) -> dict[str, set[str]]:
    """The weaknesses that each release of Django closes, by its release notes."""
    closed = {}
    for member in source.getmembers():
        if found := re.search(r"/docs/releases/([\d.]+)\.txt$", member.name):
            text = source.extractfile(member)
            closed[found[1]] = set(CVE.findall(text.read().decode())) if text else set()
    return closed


def still_open(closed: dict[str, set[str]], locked: str) -> list[str]:
    """The weaknesses that only a later release of the same series closes."""
    here = numbers(locked)
    return sorted(
        {
            cve
            for release, cves in closed.items()
            if numbers(release)[:2] == here[:2] and numbers(release) > here
            for cve in cves
        }
    )


def numbers(release: str) -> list[int]:
    return [int(part) for part in release.split(".")]


def long_behind(locked: Packages, known: Known, now: datetime) -> list[str]:
    """What has had a newer release for longer than it may take to notice."""
    noticed = (now - timedelta(days=MOST_DAYS_BEHIND)).isoformat()
    return [
        f"{name} {locked[name]} < {newer}"
        for name, newer in sorted(known.newest.items())
        if locked.get(name, newer) != newer
        and any(file["upload-time"] < noticed for file in files_of_version(known.files[name], newer))
    ]


def judge(
    proof: Proof, case: str, locked: Packages, known: Known, refused: bool, control: bool = False
) -> None:
    now = datetime.now(UTC)
    files = {name: files_of_version(known.files[name], locked[name]) for name in locked}
    came = [datetime.fromisoformat(file["upload-time"]) for of_one in files.values() for file in of_one]
    withdrawn = sorted(name for name in locked if any(file["yanked"] for file in files[name]))
    behind, weak = long_behind(locked, known, now), still_open(known.closed, locked["django"])
    installed = sum(version(name) == locked[name] for name in locked)
    proof.case(
        case,
        held=not (refused or withdrawn or behind or weak)
        and all(files.values())
        and installed == len(locked) > 10,
        control=control,
        database="none",
        packages=len(locked),
        installed_as_locked=installed,
        refused=refused,
        withdrawn=withdrawn,
        behind_for_two_weeks=behind,
        days_since_the_oldest_release=(now - min(came)).days,
        weaknesses_of_django_known=len(set().union(*known.closed.values())),
        weaknesses_of_django_open=weak,
        not_audited=f"the other {len(locked) - 1} packages for known weaknesses (no advisory service was asked)",
    )


def main(arguments: list[str] | None = None) -> int:
    return run("supply_chain", prove, arguments, databases=False)


if __name__ == "__main__":
    sys.exit(main())
