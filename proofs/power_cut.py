"""Every answer a patient saw accepted survives a power cut, on SQLite.

Gunicorn runs as for patients, watched by strace, which notes each write to the database's files and each sync
(fsync, fdatasync). For a power cut right after a patient saw an answer accepted, the files are made anew from
what was synced until then. What was written and not yet synced is dropped, all of it or at random. PostgreSQL's
files are not taken apart like this; see kill_db for its crashes.
"""

import contextlib
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from proofs.harness import Proof, run
from proofs.patients import Comparison, Ledger, compare, patients
from proofs.servers import Footpath, footpath

NAMES = ("db.sqlite3", "db.sqlite3-wal")
CALLS = "trace=pwrite64,write,ftruncate,unlink,fsync,fdatasync"
BEGUN = re.compile(r"(?P<pid>\d+) +(?P<at>[\d.]+) (?P<call>\w+)\((?P<given>.*)")
ENDED = re.compile(r"(?P<pid>\d+) +(?P<at>[\d.]+) <\.\.\. (?P<call>\w+) resumed>")
TOOK = re.compile(r"<([\d.]+)>$")


def prove(proof: Proof) -> None:
    if not shutil.which("strace"):
        raise SystemExit("power_cut needs strace; install it (Debian and Ubuntu: apt install strace).")
    with footpath() as site:
        for without in ("", "full_sync"):
            with contextlib.closing(sqlite3.connect(site.folder / NAMES[0])) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it is in the one file
            shutil.copy(site.folder / NAMES[0], site.folder / "before")
            ledger = watched(proof, site, without)
            events = list(read_trace(site.folder / "trace"))
            judge(proof, site, ledger, events, without)


def watched(proof: Proof, site: Footpath, without: str) -> Ledger:
    """Patients answer while strace writes down what reaches the disk; what they saw accepted."""
    trace = [
        "strace",
        "-f",
        "-y",
        "-T",
        "-ttt",
        "-xx",
        "-s",
        "70000",
        "-o",
        str(site.folder / "trace"),
        "-e",
        CALLS,
    ]
    for name in NAMES:
        trace += ["-P", str(site.folder / name)]
    port = site.serve(without, before=tuple(trace))
    deadline = time.monotonic() + proof.left() / 3
    with patients(proof.options.patients, port, proof.seed) as ledger:
        while ledger.posts < proof.options.pages and time.monotonic() < deadline:
            time.sleep(0.1)
            proof.progress(f"{ledger.posts} of {proof.options.pages} pages accepted")
    site.kill()
    return ledger


def judge(proof: Proof, site: Footpath, ledger: Ledger, events: list["Event"], without: str) -> None:
    chance = random.Random(proof.seed)
    syncs = sum(event.call == "synced" and event.at > ledger.began for event in events)
    stored = ledger.posts + ledger.started + len(ledger.handed_in)
    moments = sorted(
        chance.sample([at for at, _key, _given in ledger.times], min(proof.options.cuts, ledger.posts))
    )
    worst, cuts, broken = Comparison(0, 0, 0, 0, 0, 0), 0, 0
    lossy = 0
    for keep in (0.0, 0.5):
        for number, found in enumerate(after_cuts(site, ledger, events, moments, keep, chance), start=1):
            cuts += 1
            broken += found is None
            lossy += bool(found is None or found.faults())
            if found and found.faults() > worst.faults():
                worst = found
            proof.progress(f"power cut {number} of {len(moments)}, unsynced writes kept: {keep:.0%}")
    proof.case(
        "synchronous=NORMAL" if without else "power cut",
        held=not lossy and len(moments) >= proof.options.cuts and syncs >= stored,
        control=bool(without),
        database=site.database_version(),
        acked=ledger.acknowledged,
        pages=ledger.posts,
        starts_and_ends=ledger.started + len(ledger.handed_in),
        syncs=syncs,
        syncs_per_commit=round(syncs / stored, 2),
        cuts=cuts,
        cuts_that_lost=lossy,
        unreadable=broken,
        most_lost_in_a_cut=worst.lost + worst.wrong,
    )


# What strace saw


@dataclass(slots=True)
class Event:
    at: float
    call: str  # write, truncate, unlink, syncing (begun) or synced (ended)
    name: str
    pid: str
    offset: int = 0
    data: bytes = b""


def read_trace(path: Path) -> Iterator[Event]:
    """The calls in the order in which they count: a write when it begins, a sync for what was written before it
    begins and not until it has ended."""
    events: list[Event] = []
    with path.open() as lines:
        for line in lines:
            events += read_line(line)
    return iter(sorted(events, key=lambda event: event.at))


def read_line(line: str) -> Iterator[Event]:
    if ended := ENDED.match(line):
        if "sync" in ended["call"]:
            yield Event(float(ended["at"]), "synced", "", ended["pid"])
        return
    begun = BEGUN.match(line)
    name = begun and next((name for name in reversed(NAMES) if in_hex(name) in line or name in line), None)
    if not begun or not name:
        return
    at, pid = float(begun["at"]), begun["pid"]
    match begun["call"]:
        case "fsync" | "fdatasync":
            yield Event(at, "syncing", name, pid)
            if took := TOOK.search(line):
                yield Event(at + float(took[1]), "synced", "", pid)
        case "pwrite64":
            data, numbers = begun["given"].split('"')[1:3]
            offset = int(re.findall(r"\d+", numbers)[1])
            yield Event(at, "write", name, pid, offset, bytes.fromhex(data.replace("\\x", "")))
        case "ftruncate":
            yield Event(at, "truncate", name, pid, int(begun["given"].split(",")[1].split(")")[0].split()[0]))
        case "unlink":
            yield Event(at, "unlink", name, pid)
        case call:
            raise ValueError(f"SQLite uses {call}, which this proof does not know")


def in_hex(name: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in name.encode())


# The disk


@dataclass
class File:
    """What is surely on the disk, and what was written since and may be."""

    durable: bytearray = field(default_factory=bytearray)
    written: list[Event] = field(default_factory=list)

    def sync(self, count: int) -> None:
        for event in self.written[:count]:
            put(self.durable, event)
        del self.written[:count]


def put(content: bytearray, event: Event) -> None:
    if event.call == "truncate":
        del content[event.offset :]
        return
    content.extend(bytes(max(0, event.offset - len(content))))
    content[event.offset : event.offset + len(event.data)] = event.data


def after_cuts(
    site: Footpath,
    ledger: Ledger,
    events: list[Event],
    moments: list[float],
    keep: float,
    chance: random.Random,
) -> Iterator[Comparison | None]:
    """For a cut at each of these moments, what is then found; None where the database cannot be read."""
    files: dict[str, File] = defaultdict(File)
    files[NAMES[0]].durable[:] = (site.folder / "before").read_bytes()
    begun: dict[str, tuple[str, list[Event]]] = {}
    coming = iter(moments)
    moment = next(coming)
    for event in [*events, Event(float("inf"), "", "", "")]:
        while moment < event.at:
            yield after_cut(site, ledger, files, moment, keep, chance)
            if (moment := next(coming, float("inf"))) == float("inf"):
                return
        follow(files, begun, event)


def follow(files: dict[str, File], begun: dict[str, tuple[str, list[Event]]], event: Event) -> None:
    match event.call:
        case "write" | "truncate":
            files[event.name].written.append(event)
        case "unlink":
            files.pop(event.name, None)
        case "syncing":
            begun[event.pid] = (event.name, list(files[event.name].written))
        case "synced" if event.pid in begun:
            name, covered = begun.pop(event.pid)
            left = files[name].written
            # Another process may have synced some of them meanwhile.
            files[name].sync(sum(any(each is one for one in covered) for each in left))


def after_cut(
    site: Footpath, ledger: Ledger, files: dict[str, File], moment: float, keep: float, chance: random.Random
) -> Comparison | None:
    with tempfile.TemporaryDirectory(dir=site.folder) as folder:
        for name, file in files.items():
            content = bytearray(file.durable)
            for event in file.written:
                if chance.random() < keep:
                    put(content, event)
            (Path(folder) / name).write_bytes(content)
        database = Path(folder) / NAMES[0]
        try:
            with contextlib.closing(sqlite3.connect(database)) as connection:
                if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                    return None
            return compare(ledger, site.answers(database), set(), until=moment)
        except sqlite3.DatabaseError:
            return None


def main(arguments: list[str] | None = None) -> int:
    return run("power_cut", prove, arguments, databases=False, pages=400, cuts=60, patients=4)


if __name__ == "__main__":
    sys.exit(main())
