"""Behind the nginx of deploy/: half-open requests stop nobody, a flood of starts stops nobody who has begun,
and whom nginx refuses, or while Footpath is away everybody, is told so and whom to call.

The configuration is read from there, without https. The controls ask gunicorn itself, or nginx without the page.
"""

import contextlib
import getpass
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

from proofs.harness import Proof, run
from proofs.patients import BROKEN, Browser, Reply, patients
from proofs.servers import ROOT, Footpath, footpath, free_port, wait_until

HALVES = (  # one that never says all its headers, and one that never sends all its form
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"POST /language/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nlanguage",
)
# Seconds. All at once, one of gunicorn's two processes would take them all, and the other stay free.
APART, APART_OF_MANY = 0.05, 0.0005
FEW = 60  # are enough for gunicorn alone
FROM_ONE = 90  # from one address: below what nginx lets one have
MOST_SECONDS = 2
EMERGENCY_NUMBER = "911"  # the clinic's default
ADVICE = ("tel:911", "Call", "Llame")  # in every language, since none was chosen
HOST = b"Host: 127.0.0.1\r\nConnection: close\r\n\r\n"
REFUSALS = {
    "400": b"GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
    "413": b"POST /start/ HTTP/1.1\r\nContent-Length: 100000\r\n" + HOST,
    "414": b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n" + HOST,
    "414 of gunicorn": b"GET /" + b"x" * 6_000 + b" HTTP/1.1\r\n" + HOST,
    "431": b"GET / HTTP/1.1\r\nCookie: " + b"x" * 40_000 + b"\r\n" + HOST,
    "431 of gunicorn": b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + HOST,
}
UPLOAD, AT_MOST = "/admin/triage/release/upload/", 1_000_000
PATHS = ("/", "/go-on/", "/questions/age/", "/result/")


def prove(proof: Proof) -> None:
    if not (nginx := find_nginx()):
        raise SystemExit("proxy needs nginx; install it (Debian and Ubuntu: apt install nginx).")
    with footpath() as site:
        port = site.serve()
        (site.folder / "closed.html").write_text(site.manage("closed_page"))
        (site.folder / "refused.html").write_text(site.manage("closed_page", "--refused"))
        with proxy(nginx, site, port) as front:
            half_open(proof, site, front)
            half_open(proof, site, port, control=True)
            flood(proof, site, front)
            flood(proof, site, port, control=True)
            refused(proof, site, front)
            uploaded(proof, site, front)
            with proxy(nginx, site, port, without="client_max_body_size 1m") as narrow:
                uploaded(proof, site, narrow, control=True)
            site.kill()
            away(proof, site, front)
        with proxy(nginx, site, port, without="error_page") as front:
            refused(proof, site, front, control=True)
            away(proof, site, front, control=True)


def find_nginx() -> str | None:
    return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")


@contextlib.contextmanager
def proxy(nginx: str, site: Footpath, port: int, without: str = "nothing") -> Iterator[int]:
    """nginx as the guide has it, on a port of its own and without https; without the lines that begin like this."""
    front = free_port()
    here = {
        "listen 443 ssl": f"listen 127.0.0.1:{front}",
        "listen 80": f"listen 127.0.0.1:{free_port()}",
        "X-Forwarded-Proto https": "X-Forwarded-Proto http",
    }
    with nginx_of_the_guide(nginx, site, port, here, ("ssl_", without)):
        wait_until(lambda: ask(front, "/healthz") is not None, "nginx answers")
        yield front


@contextlib.contextmanager
def nginx_of_the_guide(
    nginx: str, site: Footpath, port: int, here: dict[str, str], without: tuple[str, ...] = ()
) -> Iterator[None]:
    """With what is another here, and without the lines that begin like this."""
    folder = site.folder
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    block = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    folders = {"/var/log/nginx": str(folder), "/var/www/footpath": str(folder)}
    for there, ours in {**here, **folders, "127.0.0.1:8000": f"127.0.0.1:{port}"}.items():
        assert there in block, there
        block = block.replace(there, ours)
    left_out = ("listen [::]", *without)
    kept = [line for line in block.splitlines() if not line.strip().startswith(left_out)]
    (events,) = re.findall(r"^worker_rlimit_nofile.*\nevents .*$", text, re.MULTILINE)
    temporary = [f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi")]
    temporary += [f"client_body_temp_path {folder}/body;", "access_log off;"]
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; user {getpass.getuser()}; worker_processes 1;\n"
        f"pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        f"{events}\nhttp {{\n{' '.join(temporary)}\n" + "\n".join(kept) + "\n}\n"
    )
    with (folder / "nginx.err").open("wb") as errors:
        server = subprocess.Popen([nginx, "-c", str(configuration)], stderr=errors)
    try:
        yield
    finally:
        server.terminate()
        server.wait()


def ask(port: int, path: str, method: str = "GET", seconds: float = 5) -> Reply | None:
    """The reply, or None if there is none in time."""
    browser = Browser(port, seconds)
    try:
        return browser.send(method, path, {} if method == "POST" else None)
    except BROKEN:
        return None
    finally:
        browser.close()


def half_open(proof: Proof, site: Footpath, port: int, control: bool = False) -> None:
    """As many as asked for, some from each of many addresses; a patient from another asks for a page meanwhile."""
    count = FEW if control else int(proof.options.half_open)
    with contextlib.ExitStack() as stack:
        for number, half in zip(range(count), itertools.cycle(HALVES), strict=False):
            source = (f"127.0.{1 + number // FROM_ONE}.1", 0)
            line = stack.enter_context(socket.create_connection(("127.0.0.1", port), source_address=source))
            line.sendall(half)
            time.sleep(APART if control else APART_OF_MANY)
        begin = time.monotonic()
        reply = ask(port, "/")
        seconds = time.monotonic() - begin
    proof.case(
        "half-open requests" + (", without nginx" if control else ""),
        held=bool(reply and reply.status == 200 and seconds <= MOST_SECONDS),
        control=control,
        database=site.database_version(),
        half_open=count,
        answered=bool(reply),
        seconds_for_a_page=round(seconds, 2),
    )
    wait_until(lambda: (page := ask(port, "/")) is not None and page.status == 200, "all is as before", 60)


def flood(proof: Proof, site: Footpath, port: int, control: bool = False) -> None:
    """Somebody starts again and again while others, at the same address, go on with what they have begun."""
    stranger = Browser(port)
    stranger.send("GET", "/")
    with patients(proof.options.patients, port, proof.seed) as ledger:
        wait_until(lambda: ledger.started >= proof.options.patients, "patients begin")
        begun = ledger.started
        statuses = Counter(
            stranger.send("POST", "/start/", {}).status for _start in range(proof.options.starts)
        )
        wait_until(lambda: len(ledger.handed_in) >= begun, "those who began hand in", 120)
    proof.case(
        "a flood of starts" + (", without nginx" if control else ""),
        held=statuses[503] > statuses[302] and not ledger.faults,
        control=control,
        database=site.database_version(),
        starts=proof.options.starts,
        let_in=statuses[302],
        turned_away=statuses[503],
        begun_before=begun,
        handed_in=len(ledger.handed_in),
        faults=ledger.faults[:3],
    )


def refused(proof: Proof, site: Footpath, port: int, control: bool = False) -> None:
    """Each kind of request that nginx, or gunicorn behind it, does not hand on to Footpath."""
    replies = {name: raw(port, request) for name, request in REFUSALS.items()}
    if replies["413"].startswith("HTTP/1.1 303"):  # nothing that was sent stays in the browser
        replies["413"] = raw(port, b"GET /refused/ HTTP/1.1\r\n" + HOST)
    honest = [name for name, text in replies.items() if all(said in text for said in ADVICE)]
    proof.case(
        "what nginx refuses" + (", without the page" if control else ""),
        held=len(honest) == len(replies),
        control=control,
        database=site.database_version(),
        requests=len(replies),
        honest=honest,
        statuses={name: text[9:12] for name, text in replies.items()},
    )


def uploaded(proof: Proof, site: Footpath, port: int, control: bool = False) -> None:
    """What is as large as content may be gets through to Footpath on the page that takes it, and nowhere else."""
    size = b"Content-Length: %d\r\n" % AT_MOST
    paths = {"upload": UPLOAD, "another page": "/admin/triage/release/"}
    replies = {
        name: raw(port, b"POST %s HTTP/1.1\r\n" % path.encode() + size + HOST + b"x" * AT_MOST)
        for name, path in paths.items()
    }
    stopped = {name: "Location: /refused/" in reply for name, reply in replies.items()}
    proof.case(
        "an upload" + (", without its line" if control else ""),
        held=stopped == {"upload": False, "another page": True},
        control=control,
        database=site.database_version(),
        stopped=stopped,
        statuses={name: text[9:12] for name, text in replies.items()},
    )


def raw(port: int, request: bytes) -> str:
    """What comes back for these bytes."""
    # The line may be cut once the reply is sent, or before all that was to be sent is.
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line, contextlib.suppress(OSError):
        line.sendall(request)
        return b"".join(iter(lambda: line.recv(65536), b"")).decode()
    return ""


def away(proof: Proof, site: Footpath, port: int, control: bool = False) -> None:
    replies = [ask(port, path, method) for path in PATHS for method in ("GET", "POST")]
    honest = [reply for reply in replies if reply and reply.status == 503 and EMERGENCY_NUMBER in reply.text]
    proof.case(
        "Footpath is away" + (", without the page" if control else ""),
        held=len(honest) == len(replies),
        control=control,
        database=site.database_version(),
        requests=len(replies),
        honest=len(honest),
        statuses=dict(Counter(reply.status for reply in replies if reply)),
    )


def main(arguments: list[str] | None = None) -> int:
    return run("proxy", prove, arguments, databases=False, half_open=3000, starts=60, patients=4)


if __name__ == "__main__":
    sys.exit(main())
