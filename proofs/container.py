"""The image of deploy/Containerfile: built, and then run with its root read-only, as nobody's root and without a
capability, on both databases. Patients answer over https through the image of the proxy, and find all after a restart.

The base is made by debootstrap, so that no registry is needed. podman keeps its images in a folder of the proof's own
and runs here as a sandbox lets it: without cgroups, and on this machine's network. What makes networks, limits, ports
and an order of deploy/compose.yaml is therefore not run. The control is a container as root with a root that can be
written.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

from proofs.debian import bare_debian, fetch_packages, missing, program, self_signed
from proofs.harness import DATABASES, Proof, run
from proofs.patients import BROKEN, Browser, Ledger, Patient, SecureBrowser, compare
from proofs.servers import ROOT, Footpath, free_port, postgres, wait_until

CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
NAME = "footpath.example.org"
USER, PROXY = 10001, 10002
LOCKED = (
    "--read-only",
    "--cap-drop",
    "all",
    "--security-opt",
    "no-new-privileges",
    "--tmpfs",
    "/tmp:mode=1777",
)
PLACES = ("/var/lib/footpath", "/var/backups/footpath", "/run/footpath", "/var/www/footpath", "/tmp")
# Which no image has any use for; each would serve whoever gets in.
TOOLS = ("cc", "gcc", "g++", "make", "ld", "pip", "pip3", "curl", "wget")
HERE = ("var/db.sqlite3", ".git/config", ".env", "deploy/secrets/secret_key", "footpath.env")
JOURNEYS = 5
HEALTHY = 60  # seconds
# As the machine has them: raising them takes a right that a sandbox has not.
HERE_ALONE = (
    "--no-healthcheck",  # which podman leaves to systemd; it is asked by hand
    "--network",
    "host",
    "--cgroups",
    "disabled",
    "--ulimit",
    "nofile=4096:4096",
    "--ulimit",
    "nproc=4096:4096",
)


class Podman:
    """With its images and containers in this folder alone."""

    def __init__(self, folder: Path) -> None:
        # Also where the kernel has both kinds of cgroups, with which crun begins nothing.
        self.alone = [
            "unshare",
            "--mount",
            "sh",
            "-c",
            'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"',
            "sh",
        ]
        self.stores = ["--root", str(folder / "store"), "--runroot", str(folder / "run")]
        self.stores += [
            "--storage-driver",
            "overlay",
            "--cgroup-manager",
            "cgroupfs",
            "--events-backend",
            "file",
        ]
        self.stores += ["--tmpdir", str(folder / "tmp")]

    def __call__(self, *arguments: str, check: bool = True, **options: object) -> str:
        done = self.tried(*arguments, **options)
        if check and done.returncode:
            raise RuntimeError(f"podman {' '.join(arguments)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def tried(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        command = [*self.alone, "podman", *self.stores, *arguments]
        return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]


def prove(proof: Proof) -> None:
    if lacking := missing("podman", "openssl"):
        raise SystemExit(f"container was NOT run: {lacking}")
    with tempfile.TemporaryDirectory(prefix="footpath-container-") as place:
        folder = Path(place)
        podman = Podman(folder)
        try:
            built(proof, podman, folder)
            for database in DATABASES[proof.options.database]:
                with contained(podman, folder / database, database) as site:
                    judge(proof, site)
            as_root(proof, podman)
        finally:
            podman("rm", "--all", "--force", check=False)
            podman("unmount", "--all", check=False)


# The image


def built(proof: Proof, podman: Podman, folder: Path) -> None:
    """From a folder in which lie things that must not get into it."""
    proof.progress("a base is made by debootstrap", every=0)
    base, tar = bare_debian(folder / "base", "ca-certificates"), folder / "base.tar"
    subprocess.run(["tar", "--directory", str(base), "--create", "--file", str(tar), "."], check=True)
    podman("import", str(tar), "debian-base")
    shutil.rmtree(base)
    tar.unlink()
    context, planted = program(folder / "context"), secrets.token_hex(16)
    for name in HERE:
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text(planted)
    proof.progress("its packages are fetched", every=0)
    wheels = folder / "wheels"
    fetch_packages(wheels)
    begun = time.monotonic()
    for target, image in (("footpath", "footpath"), ("proxy", "footpath-proxy")):
        proof.progress(f"{image} is built", every=0)
        command = ["build", "--quiet", "--isolation", "chroot", "--format", "docker", "--layers"]
        command += ["--file", str(context / "deploy/Containerfile"), "--target", target, "--tag", image]
        command += ["--build-arg", "BASE=debian-base", "--volume", f"{wheels}:/wheels:ro"]
        command += ["--build-arg", "PIP_NO_INDEX=1", "--build-arg", "PIP_FIND_LINKS=/wheels", str(context)]
        podman(*command)
    seconds = time.monotonic() - begun
    (told,) = json.loads(podman("image", "inspect", "footpath"))
    base_size = json.loads(podman("image", "inspect", "debian-base"))[0]["Size"]
    found = faults_of_image(podman, told, planted)
    proof.case(
        "image",
        held=not found,
        database="none",
        faults=found[:5],
        megabytes=round(told["Size"] / 1e6),
        of_which_the_base=round(base_size / 1e6),
        layers=len(told["RootFS"]["Layers"]),
        user=told["User"],
        built_within=round(seconds),
    )


def faults_of_image(podman: Podman, told: dict[str, object], planted: str) -> list[str]:
    root = Path(podman("image", "mount", "footpath").strip())
    history = podman("history", "--no-trunc", "--format", "{{.CreatedBy}}", "footpath") + json.dumps(told)
    found = [f"{tool} is in it" for tool in TOOLS for path in bins(root) if (path / tool).exists()]
    found += ["what lay beside it is in its history"] if planted in history else []
    search = ["grep", "--recursive", "--files-with-matches", "--fixed-strings", planted, str(root)]
    found += subprocess.run(search, capture_output=True, text=True).stdout.splitlines()
    found += [
        f"{word} in its history" for word in re.findall(r"(?:SECRET_KEY|NOTE_KEYS|CHAIN_KEY)=\S+", history)
    ]
    found += [] if told["User"] == f"{USER}:{USER}" else ["it runs as somebody else"]
    others = [
        path
        for path in (root / "srv/footpath").rglob("*")
        if path.lstat().st_uid or (path.lstat().st_mode & 0o022 and not path.is_symlink())
    ]
    return found + [f"{path} could be written" for path in others]


def bins(root: Path) -> Iterator[Path]:
    yield from (root / name for name in ("usr/bin", "usr/local/bin", "usr/sbin", "srv/footpath/.venv/bin"))


# A container


class Contained(Footpath):
    """Footpath by its image: gunicorn on a socket, the proxy in front of it, what is kept in folders of ours."""

    def __init__(self, podman: Podman, folder: Path, database_url: str) -> None:
        super().__init__(folder / "data", database_url)
        self.podman, self.place, self.port, self.front = podman, folder, free_port(), free_port()
        for name, mode in (("data", 0o700), ("backups", 0o700), ("socket", 0o755), ("pages", 0o755)):
            (folder / name).mkdir(parents=True)
            (folder / name).chmod(mode)
            shutil.chown(folder / name, USER, USER)
        kept = {"secret_key": secrets.token_urlsafe(50)}
        # Without NOTE_KEYS, so that notes are stored as patients wrote them, and can be compared.
        kept |= {"chain_key": urlsafe_b64encode(secrets.token_bytes(32)).decode()}
        kept |= {"database_url": database_url or "sqlite:////var/lib/footpath/db.sqlite3"}
        (folder / "secrets").mkdir()
        for name, value in kept.items():
            (folder / "secrets" / name).write_text(value)
            (folder / "secrets" / name).chmod(0o400)
            shutil.chown(folder / "secrets" / name, USER, USER)
        self.options = [*HERE_ALONE, *LOCKED]
        self.options += [
            "--volume",
            f"{folder}/secrets:/run/secrets:ro",
            "--volume",
            f"{folder}/data:/var/lib/footpath",
        ]
        self.options += [
            "--volume",
            f"{folder}/backups:/var/backups/footpath",
            "--volume",
            f"{folder}/pages:/var/www/footpath",
        ]
        self.options += ["--volume", f"{folder}/socket:/run/footpath", "--env-file", str(folder / "env")]
        lines = {f"{name.upper()}_FILE": f"/run/secrets/{name}" for name in kept}
        lines |= {"ALLOWED_HOSTS": NAME, "TRUST_PROXY": "on", "LOG_JSON": "on"}
        (folder / "env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))

    def manage(self, *command: str) -> str:
        return self.podman("run", "--rm", *self.options, "footpath", "python", "manage.py", *command)

    def begin(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.manage("publish_content")
        for name, extra in (("closed", ()), ("refused", ("--refused",))):
            (self.place / "pages" / f"{name}.html").write_text(self.manage("closed_page", *extra))
        self.begin_web()
        self.podman("run", "--detach", "--name", "proxy", *self.of_the_proxy(), "footpath-proxy")
        wait_until(lambda: self.asked("/") == 200, "the proxy answers", HEALTHY)

    def begin_web(self) -> None:
        """A container in place of the one before, if there was one, with what that one kept."""
        self.podman("rm", "--force", "--ignore", "web")
        binds = ["--bind", "unix:/run/footpath/web.sock", "--bind", f"127.0.0.1:{self.port}"]
        command = ["gunicorn", "triage.wsgi", *binds]
        self.podman("run", "--detach", "--name", "web", *self.options, "footpath", *command)
        wait_until(self.answers_by_itself, "the container answers", HEALTHY)

    def healthy(self, port: int) -> bool:
        """As the image's own health check finds, at this port."""
        (test,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*?\])$", CONTAINERFILE, re.DOTALL | re.MULTILINE)
        command = [word.replace(":8000/", f":{port}/") for word in json.loads(test)]
        return not self.podman.tried("exec", "web", *command).returncode

    def answers_by_itself(self) -> bool:
        with contextlib.suppress(*BROKEN):
            return Browser(self.port).send("GET", "/healthz").status == 200
        return False

    def asked(self, path: str) -> int:
        with contextlib.suppress(*BROKEN):
            return SecureBrowser(self.front, NAME, self.place / "tls/fullchain.pem").send("GET", path).status
        return 0

    def of_the_proxy(self) -> list[str]:
        """Its configuration as docs/deploy.md has it for containers, on ports that nobody has here."""
        self_signed(self.place / "tls", NAME)
        for path in (self.place / "tls").iterdir():
            shutil.chown(path, PROXY, PROXY)
        text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
        changes = {
            "127.0.0.1:8000": "unix:/run/footpath/web.sock",
            "listen 443": f"listen 127.0.0.1:{self.front}",
        }
        changes |= {"listen 80": f"listen 127.0.0.1:{free_port()}"}
        for there, here in changes.items():
            assert text.count(there) == 1, there
            text = text.replace(there, here)
        text = "\n".join(line for line in text.splitlines() if "listen [::]" not in line)
        (self.place / "nginx.conf").write_text(text)
        options = [*HERE_ALONE, *LOCKED, "--tmpfs", "/var/log/nginx:mode=1777"]
        mounted = {"nginx.conf": "/etc/nginx/conf.d/footpath.conf", "tls": "/etc/ssl/footpath"}
        for name, place in (mounted | {"pages": "/var/www/footpath"}).items():
            options += ["--volume", f"{self.place}/{name}:{place}:ro"]
        return [*options, "--volume", f"{self.place}/socket:/run/footpath:ro"]


@contextlib.contextmanager
def contained(podman: Podman, folder: Path, database: str) -> Iterator[Contained]:
    with contextlib.ExitStack() as stack:
        url = ""
        if database == "postgresql":
            server = stack.enter_context(postgres())
            server.create()
            server.start()
            url = server.url
        site = Contained(podman, folder, url)
        stack.callback(podman, "rm", "--force", "--ignore", "web", "proxy", check=False)
        site.begin()
        yield site


def judge(proof: Proof, site: Contained) -> None:
    ledger = Ledger()
    journeys(site, ledger, JOURNEYS, proof.seed)
    healthy, ill = site.healthy(site.port), site.healthy(free_port())
    begun = time.monotonic()
    site.begin_web()
    again = time.monotonic() - begun
    journeys(site, ledger, JOURNEYS, proof.seed + 1)
    commands = ("verify_store", "verify_access_log")
    found, compared = faults_of_container(site.podman, "web"), compare(ledger, site.answers(), site.records())
    found += [] if healthy and not ill else [f"its health check says {healthy}, and {ill} of nothing"]
    proof.case(
        "served by the image",
        held=not found and not compared.faults() and not ledger.faults,
        database=site.database_version(),
        acked=ledger.acknowledged,
        submissions=len(ledger.handed_in),
        **vars(compared),
        faults=[*found, *ledger.faults][:5],
        commands=len([site.manage(name) for name in commands]),
        away_for=round(again, 1),
    )


def journeys(site: Contained, ledger: Ledger, count: int, seed: int) -> None:
    """Each from the start to the result, over https."""
    patient = Patient(site.front, ledger, threading.Event(), seed)
    patient.browser = SecureBrowser(site.front, NAME, site.place / "tls/fullchain.pem")
    for _number in range(count):
        patient.journey()
    patient.browser.close()


def faults_of_container(podman: Podman, name: str) -> list[str]:
    """What somebody who got into it could do, and what it has written where nothing is to be written."""
    status = dict(
        line.split(":\t", 1)
        for line in podman("exec", name, "cat", "/proc/1/status").splitlines()
        if ":\t" in line
    )
    found = [] if status["Uid"].split()[0] == str(USER) else ["it runs as somebody else"]
    found += [] if int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0 else ["it has capabilities"]
    found += [] if status["NoNewPrivs"].strip() == "1" else ["it could gain rights"]
    for path in ("/srv/footpath/triage/new", "/etc/new", "/usr/bin/new", "/opt/new"):
        if not podman.tried("exec", name, "touch", path).returncode:
            found.append(f"{path} could be written")
    changed = [line.split(" ", 1) for line in podman("diff", name).splitlines()]
    within = {str(place) for place in map(Path, PLACES) for place in (place, *place.parents)}
    mounted = (
        "/run/secrets",
        "/etc/hosts",
        "/etc/hostname",
        "/etc/resolv.conf",
        "/etc/mtab",
        "/run/.containerenv",
        "/proc",
        "/sys",
        "/dev",
    )
    return found + [
        f"{kind} {path}"
        for kind, path in changed
        if path not in within and not path.startswith((*PLACES, *mounted)) and path not in ("/etc", "/run")
    ]


def as_root(proof: Proof, podman: Podman) -> None:
    options = [*HERE_ALONE, "--user", "0:0"]
    podman("run", "--detach", "--name", "open", *options, "footpath", "sleep", "600")
    found = faults_of_container(podman, "open")
    podman("rm", "--force", "open")
    proof.case("as root, and not read-only", held=not found, control=True, database="none", faults=found)


def main(arguments: list[str] | None = None) -> int:
    return run("container", prove, arguments)


if __name__ == "__main__":
    sys.exit(main())
