"""Other systems hear of every submission and review, once, though all between goes wrong.

Patients hand in and staff review, while the sender gets SIGKILL at random moments, and a FHIR server and a webhook lose
their answers after they have stored, answer late, answer nonsense, refuse, ask for time and hang up. In the
end each resource of each submission is there exactly once and up to date, each event was heard, and no answer stands in
a row, in the sender's log or in what the webhook was told. The control is a server that looks at no condition.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from proofs.fhir_server import FhirServer
from proofs.harness import DATABASES, Proof, run
from proofs.listener import Answer, Asked, Listener
from proofs.patients import BROKEN, Browser, patients
from proofs.servers import ROOT, Footpath, footpath_on, free_port, kill, wait_until

KEY = "whsec_" + "A" * 44
UNTIL_THEN = "SELECT count(*) FROM triage_delivery WHERE sent_at IS NULL"
ROWS = "SELECT receiver, event, last_outcome FROM triage_delivery"
SESSIONS = "SELECT id, reference FROM triage_triagesession WHERE record_number IS NOT NULL"
EACH = ("QuestionnaireResponse", "DocumentReference", "Provenance")
SHEET = "/admin/triage/triagesession/{}/change/"


class Unkind:
    """Answers in place of a server, until it is to be kind: badly, by chance."""

    def __init__(self, listener: Listener, chance: random.Random) -> None:
        self.listener, self.chance, self.kind = listener, chance, False
        self.did: Counter[str] = Counter()
        self.honest = listener.usual
        listener.usual = self.answer

    def answer(self, asked: Asked) -> Answer | None:
        ways = {
            "honest": 50,
            "lost": 12,
            "an error after storing": 8,
            "late": 6,
            "500": 6,
            "409": 4,
            "412": 4,
        }
        ways |= {"429": 3, "nonsense": 4, "hung up": 3}
        way = "honest" if self.kind else self.chance.choices(list(ways), list(ways.values()))[0]
        self.did[way] += 1
        stored = way in ("honest", "lost", "an error after storing", "late")
        answer = self._honest(asked) if stored else None
        if way == "late":
            time.sleep(1.3)
        said: dict[str, Answer | None] = {
            "an error after storing": (502, {}, b""),
            "429": (429, {"Retry-After": "1"}, b""),
            "nonsense": (200, {"Content-Type": "text/html"}, b"<h1>Please log in</h1>"),
            "lost": None,
            "hung up": None,
        }
        return (int(way), {}, b"") if way in ("500", "409", "412") else said.get(way, answer)

    def _honest(self, asked: Asked) -> Answer | None:
        return (self.honest, {}, b"") if isinstance(self.honest, int) else self.honest(asked)


class Sender:
    """The sender's process, killed and started anew."""

    def __init__(self, site: Footpath) -> None:
        self.site, self.log = site, site.folder / "sender.log"
        self.process = self._start()
        self.killed = 0

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            environment = self.site.environment | {"DJANGO_SETTINGS_MODULE": "triage.settings"}
            command = [sys.executable, "-m", "proofs.without.long_pauses"]
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def kill(self) -> None:
        kill(self.process.pid)
        self.process.wait()

    def again(self) -> None:
        self.kill()
        self.killed += 1
        self.process = self._start()


def prove(proof: Proof) -> None:
    for database in DATABASES[proof.options.database]:
        judge(proof, database, careless=False)
        judge(proof, database, careless=True)


@contextmanager
def other_systems(careless: bool) -> Iterator[tuple[FhirServer, Listener]]:
    fhir, webhook = FhirServer(free_port(), careless), Listener()
    try:
        yield fhir, webhook
    finally:
        fhir.stop()
        webhook.stop()


def judge(proof: Proof, database: str, careless: bool) -> None:
    wanted = max(4, proof.options.submissions // (4 if careless else 1))
    with footpath_on(database) as site, other_systems(careless) as (fhir, webhook):
        site.environment |= {
            "FHIR_SERVER": fhir.base,
            "WEBHOOK_URL": webhook.url,
            "WEBHOOK_KEY": KEY,
            "STAFF_SECOND_FACTOR": "off",
        }
        unkind = [
            Unkind(system, random.Random(f"{proof.seed} {n}")) for n, system in enumerate((fhir, webhook))
        ]
        sender = Sender(site)
        try:
            reviewed = under_fire(proof, site, sender, unkind, wanted)
            for system in unkind:
                system.kind = True
            wait_until(lambda: not waiting(site), "everything has arrived", proof.left() / 2)
        finally:
            sender.kill()
        tell(proof, site, fhir, webhook, sender, reviewed, unkind, careless)


def waiting(site: Footpath) -> int:
    return int(site.rows(UNTIL_THEN)[0][0])


def under_fire(proof: Proof, site: Footpath, sender: Sender, unkind: list[Unkind], wanted: int) -> int:
    """Patients hand in, staff review and the sender dies, until there is enough and most of it has arrived all the
    same: how many reviews there were."""
    chance, port, reviewed = random.Random(proof.seed), site.serve(), set[int]()
    staff, share = signed_in(site, port), proof.left() / (len(DATABASES[proof.options.database]) + 1)
    deadline = time.monotonic() + share
    with patients(proof.options.patients, port, proof.seed):
        while len(rows := site.rows(SESSIONS)) < wanted and time.monotonic() < deadline:
            if rows and (key := int(chance.choice(rows)[0])) not in reviewed and review(staff, key):
                reviewed.add(key)
            kill_midway(sender, unkind, chance)
            proof.progress(
                f"{site.vendor}: {len(rows)} handed in, {len(reviewed)} reviewed, {sender.killed} kills"
            )
        for key, _reference in site.rows(SESSIONS)[: wanted // 4]:
            if int(key) not in reviewed and review(staff, int(key)):
                reviewed.add(int(key))
    site.kill()
    while waiting(site) > 4 and time.monotonic() < deadline:
        kill_midway(sender, unkind, chance)
        proof.progress(f"{site.vendor}: {waiting(site)} wait, {sender.killed} kills")
    return len(reviewed)


def kill_midway(sender: Sender, unkind: list[Unkind], chance: random.Random) -> None:
    """Once it has begun to send, at a moment that is drawn."""
    before, most = sum(each.did.total() for each in unkind), time.monotonic() + 10
    enough = before + chance.randint(3, 20)
    while sum(each.did.total() for each in unkind) < enough and time.monotonic() < most:
        time.sleep(0.02)
    if sum(each.did.total() for each in unkind) > before:
        time.sleep(chance.uniform(0, 0.5))
        sender.again()


def signed_in(site: Footpath, port: int) -> Browser:
    said = site.manage("create_staff", "anna", "--group", "Reviewers", "--lasting")
    password = re.search(r"Password: (\S+)", said)
    assert password, said
    staff = Browser(port)
    staff.send("GET", "/admin/login/")
    staff.send("POST", "/admin/login/", {"username": "anna", "password": password[1]})
    return staff


def review(staff: Browser, key: int) -> bool:
    try:
        page = staff.send("GET", SHEET.format(key)).text
        if not (seen := re.search(r'name="seen" value="([^"]*)"', page)):
            return False
        step = {"seen": seen[1], "state": "3", "note": ""}
        return staff.send("POST", SHEET.format(key), step).status == 302
    except BROKEN:
        return False


def tell(
    proof: Proof,
    site: Footpath,
    fhir: FhirServer,
    webhook: Listener,
    sender: Sender,
    reviewed: int,
    unkind: list[Unkind],
    careless: bool,
) -> None:
    references = {reference for _key, reference in site.rows(SESSIONS)}
    rows = site.rows(ROWS)
    found = by_submission(fhir, references)
    heard = Counter(
        (said["type"], said["id"]) for said in map(json.loads, (asked.body for asked in webhook.asked))
    )
    events = Counter(event for receiver, event, _outcome in rows if receiver == "webhook")
    counts: dict[str, Any] = {
        "handed_in": len(references),
        "reviews": reviewed,
        "deliveries": len(rows),
        "lost": sum(not kinds[kind] for kinds in found.values() for kind in EACH)
        + sum(events.values())
        - len(heard),
        "doubled": sum(max(0, count - 1) for kinds in found.values() for count in kinds.values()),
        "behind": behind(fhir, events["reviewed"]),
        "answers_told": told(site, sender.log, webhook),
        "kills": sender.killed,
        "misdeeds": {name: sum(each.did[name] for each in unkind) for name in unkind[0].did},
    }
    bad = counts["lost"] + counts["doubled"] + counts["behind"] + counts["answers_told"]
    proof.case(
        "a server that looks at no condition" if careless else "all between goes wrong",
        held=not bad and bool(references) and bool(reviewed),
        control=careless,
        database=site.database_version(),
        **counts,
    )


def by_submission(fhir: FhirServer, references: set[str]) -> dict[str, Counter[str]]:
    """Of each submission how many of each thing there are: by kind, or by kind and what it is called there."""
    found: dict[str, Counter[str]] = {reference: Counter() for reference in references}
    for kind, resources in fhir.stored.items():
        for resource in resources.values():
            known = resource.get("identifier") or resource["meta"]["tag"]
            value = known["value"] if isinstance(known, dict) else known[0].get("value") or known[0]["code"]
            reference, _, part = value.partition(".")
            found[reference][f"{kind} {part}" if kind == "Observation" else kind] += 1
    return found


def behind(fhir: FhirServer, reviewed: int) -> int:
    """Reviews that the urgency there does not show."""
    shown = [
        each
        for each in fhir.all("Observation")
        if each["identifier"][0]["value"].endswith(".urgency") and each["status"] == "final"
    ]
    return abs(reviewed - len(shown))


def told(site: Footpath, log: Path, webhook: Listener) -> int:
    """Places where something of a patient stands that has no business there: drawn notes, and words of a decision."""
    notes = re.compile(r"note [0-9a-f]{8,}|emergency|routine|same-day|saddle|numb")
    texts = [log.read_text(encoding="utf-8"), *(asked.body.decode() for asked in webhook.asked)]
    texts += [" ".join(map(str, row)) for row in site.rows("SELECT * FROM triage_delivery")]
    return sum(bool(notes.search(text)) for text in texts)


def main(arguments: list[str] | None = None) -> int:
    return run("deliveries", prove, arguments, submissions=200, patients=6)


if __name__ == "__main__":
    sys.exit(main())
