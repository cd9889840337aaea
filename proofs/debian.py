"""A bare Debian in a folder, of the release that this machine has and from where it takes its packages."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from proofs.servers import ROOT

SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
LEFT_OUT = (".git", ".venv", "var", "__pycache__", ".*_cache", ".hypothesis", ".coverage*")


def missing(*programs: str) -> str:
    """What of this a proof needs is not here, in a sentence, or nothing."""
    if os.geteuid():
        return "it makes a Debian of its own, which takes root."
    lacking = [program for program in ("debootstrap", *programs) if not shutil.which(program)]
    return f"it needs {' and '.join(lacking)}, which Debian has as packages." if lacking else ""


def bare_debian(folder: Path, *packages: str) -> Path:
    """What Debian itself calls minimal, and these packages; security updates come as they do here."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    wanted = [f"--include={','.join(packages)}"] if packages else []
    command = ["debootstrap", "--variant=minbase", *wanted, release, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    if SOURCES.exists():
        shutil.copy(SOURCES, folder / "etc/apt/sources.list.d")
        (folder / "etc/apt/sources.list").write_text("")
    return folder


def program(folder: Path) -> Path:
    """This program as an archive of it has it."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return folder


def fetch_packages(folder: Path) -> None:
    """The wheels of requirements/base.txt, by their hashes, for a pip that asks nobody."""
    fetch = ["pip", "download", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    lock = str(ROOT / "requirements" / "base.txt")
    subprocess.run([sys.executable, "-m", *fetch, "--requirement", lock, "--dest", str(folder)], check=True)


def self_signed(folder: Path, name: str) -> None:
    """A certificate and its key where deploy/nginx.conf has them."""
    folder.mkdir()
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "fullchain.pem")]
    about = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*new, *files, *about], check=True, capture_output=True)
