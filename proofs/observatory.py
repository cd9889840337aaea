"""What Mozilla's own scanner says of the headers, through the nginx of deploy/ with https on loopback.

Where something that it needs is missing it says so and proves nothing: the scanner comes from npm and asks ports 443
and 80. The control has Django's own headers alone.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from proofs.harness import Proof, run
from proofs.proxy import find_nginx, nginx_of_the_guide
from proofs.servers import Footpath, footpath, wait_until

SCANNER = "@mdn/mdn-http-observatory@1.4.8"
BEST = 135  # of this version, with every bonus


def prove(proof: Proof) -> None:
    nginx = find_nginx()
    if not (nginx and shutil.which("npm") and shutil.which("openssl") and os.geteuid() == 0):
        print("observatory: left out, since it needs nginx, npm, openssl and root.", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="footpath-npm-") as folder, footpath() as site:
        scanner = install(Path(folder))
        site.environment |= {"HTTPS": "on", "TRUST_PROXY": "on", "ALLOWED_HOSTS": "127.0.0.1,localhost"}
        certify(site.folder)
        for without in ("", "our_headers"):
            port = site.serve(without)
            judge(proof, site, scan(scanner, nginx, site, port), control=bool(without))
            site.kill()


def install(folder: Path) -> Path:
    """The scanner without its own steps of installing, which fetch lists that it does not need here."""
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(
        ["npm", "install", *quiet, "--prefix", folder, SCANNER], check=True, stdin=subprocess.DEVNULL
    )
    scanner = folder / "node_modules" / "@mdn" / "mdn-http-observatory"
    (scanner / "conf" / "hsts-preload.json").write_text("{}")
    (scanner / "conf" / "tld-list.json").write_text("[]")
    return scanner


def certify(folder: Path) -> None:
    """A certificate of our own for localhost."""
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "fullchain.pem")]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *files, *names]
    subprocess.run(made, check=True, capture_output=True)


def scan(scanner: Path, nginx: str, site: Footpath, port: int) -> dict[str, Any]:
    here = {
        "listen 443": "listen 127.0.0.1:443",
        "listen 80": "listen 127.0.0.1:80",
        "footpath.example.org": "localhost",
        "/etc/ssl/footpath": str(site.folder),
    }
    with nginx_of_the_guide(nginx, site, port, here):
        wait_until(answers, "nginx answers")
        done = subprocess.run(
            ["node", scanner / "src" / "scan.js", "localhost"],
            cwd=scanner,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(site.folder / "fullchain.pem")},
            capture_output=True,
            text=True,
            timeout=120,
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def answers() -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", 443)) == 0


def judge(proof: Proof, site: Footpath, found: dict[str, Any], control: bool) -> None:
    said = found["scan"]
    proof.case(
        "Django's own headers" if control else "our headers",
        held=said["score"] >= BEST and not said["testsFailed"],
        control=control,
        database=site.database_version(),
        scanner=SCANNER,
        grade=said["grade"],
        score=said["score"],
        tests_passed=said["testsPassed"],
        tests=said["testsQuantity"],
    )


def main(arguments: list[str] | None = None) -> int:
    return run("observatory", prove, arguments, databases=False)


if __name__ == "__main__":
    sys.exit(main())
