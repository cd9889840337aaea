"""Virtual patients: they read each page, answer at random, and try again when the line breaks.

What they saw accepted goes into a ledger, which is later compared with the database.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import random
import re
import ssl
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

ANSWER_FIELD = re.compile(r"<(?:input|textarea)\b[^>]*>")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
STAMP = re.compile(r'name="stamp" value="([^"]*)"')
COOKIE = re.compile(r"([\w-]+)=([^;]*)")
HONEST = (200, 302, 503)
# Where a form that met an error is led on to, by Footpath and by the proxy.
PROBLEMS = ("/problem/", "/closed/")
REFUSED = 'class="problem"'  # on a page that says what was wrong with what was sent
# A closed connection, a worker that died, a server that is away: the same request again.
BROKEN = (OSError, http.client.HTTPException)
PATIENCE = 30  # seconds
PAUSE = (0.02, 0.15)  # before the same request again
ADULT = "16-or-over"

Questions = dict[str, list[str]]  # by name, each with its codes; a text has none
Answers = dict[str, list[str]]  # by item, as they are stored


class Stopped(Exception):
    """The proof is over; what is under way stays unanswered."""


@dataclass
class Reply:
    status: int
    location: str
    text: str


@dataclass
class Ledger:
    """What patients saw accepted, and how their requests went. Keys are hashes, as the database has them."""

    accepted: dict[str, Answers] = field(default_factory=lambda: defaultdict(dict))
    under_way: dict[str, Answers] = field(default_factory=lambda: defaultdict(dict))
    began: float = field(default_factory=time.time)
    started: int = 0
    handed_in: set[str] = field(default_factory=set)
    times: list[tuple[float, str, Answers]] = field(default_factory=list)
    acknowledged: int = 0  # answers, the same item answered again counting again
    posts: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0  # requests whose connection broke, and which were sent again
    most_tries: int = 0
    asked_again: int = 0  # a question whose answer had been accepted: for its patient that answer is lost
    shown_again: int = 0  # a page sent again that had grown meanwhile
    turned_out: int = 0  # a session that was open and is gone
    faults: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def dishonest(self) -> int:
        """Answers other than a page, a redirect, or the honest 503."""
        return sum(count for status, count in self.statuses.items() if status not in HONEST)


class Browser:
    """Connections to one address, with cookies, and the stamp of the page that was shown last."""

    prefix = ""  # of the names of cookies
    headers: Mapping[str, str] = {}

    def __init__(self, port: int, patience: float = PATIENCE) -> None:
        self.port, self.patience = port, patience
        self.line: http.client.HTTPConnection | None = None
        self.cookies: dict[str, str] = {}
        self.stamp = ""

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.patience)

    def cookie(self, name: str) -> str:
        return self.cookies.get(self.prefix + name, "")

    def send(self, method: str, path: str, data: dict[str, str] | None = None) -> Reply:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {**self.headers, "Cookie": cookies}
        body = None
        if data is not None:
            token = self.cookie("csrf") or self.cookie("staff-csrf")
            body = urlencode({**data, "csrfmiddlewaretoken": token, "stamp": self.stamp})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.line = self.line or self.connect()
        try:
            self.line.request(method, path, body, headers)
            reply = self.line.getresponse()
            text = reply.read().decode()
        except BROKEN:
            self.close()
            raise
        for line in reply.headers.get_all("Set-Cookie") or ():
            name, value = COOKIE.match(line).groups()  # type: ignore[union-attr]
            self.cookies[name] = value
        self.stamp = stamp_of(text) or self.stamp
        location = reply.headers.get("Location", "")
        return (
            self.send("GET", location)
            if location.startswith(PROBLEMS)
            else Reply(reply.status, location, text)
        )

    def close(self) -> None:
        if self.line:
            self.line.close()
        self.line = None


class SecureBrowser(Browser):
    """The same over https: a server on this machine that has to show a certificate for this name."""

    prefix = "__Host-"

    def __init__(self, port: int, name: str, authority: Path) -> None:
        super().__init__(port)
        self.name, self.trusted = name, ssl.create_default_context(cafile=str(authority))
        self.headers = {"Host": name, "Origin": f"https://{name}"}

    def connect(self) -> http.client.HTTPConnection:
        line = super().connect()
        line.connect()
        line.sock = self.trusted.wrap_socket(line.sock, server_hostname=self.name)
        return line


class Patient(threading.Thread):
    """One person after another at one browser, until the proof is over."""

    def __init__(
        self, port: int, ledger: Ledger, over: threading.Event, seed: object, think: float = 0
    ) -> None:
        super().__init__(daemon=True)
        self.browser, self.ledger, self.over, self.think = Browser(port), ledger, over, think
        self.random = random.Random(str(seed))

    def run(self) -> None:
        with contextlib.suppress(Stopped):
            while True:
                try:
                    self.journey()
                except AssertionError as fault:
                    self.ledger.faults.append(str(fault))
        self.browser.close()

    def ask(self, method: str, path: str, data: dict[str, str] | None = None) -> Reply:
        """The reply to a request; the same request again while the line breaks or Footpath says 503."""
        tries = 0
        while not self.over.is_set():
            tries += 1
            begin = time.perf_counter()
            try:
                reply = self.browser.send(method, path, data)
            except BROKEN:
                self.ledger.broken += 1
            else:
                self.ledger.statuses[reply.status] += 1
                if reply.status != 503:
                    self.ledger.seconds[method].append(time.perf_counter() - begin)
                    self.ledger.most_tries = max(self.ledger.most_tries, tries)
                    return reply
            self.over.wait(self.random.uniform(*PAUSE))
        raise Stopped

    def journey(self) -> None:
        """From the start page to the result; now and then one answer is changed before handing in."""
        self.browser.cookies.clear()
        self.ask("GET", "/")
        path = self.ask("POST", "/start/", {}).location
        self.ledger.started += 1
        key = hashlib.sha256(self.browser.cookie("visit").encode()).hexdigest()
        given = self.ledger.accepted[key]
        change = self.random.random() < 0.5
        asked: list[str] = []
        for _turn in range(60):
            reply = self.ask("GET", path)
            if reply.status == 302:
                path = reply.location
            elif path == "/emergency/":
                path = "/go-on/"
            elif path == "/check/" and change and (again := self.random.choice(asked)):
                change = False
                page = self.ask("GET", again).text
                if len(fields(page)) == 1:  # so that no other answer on the page decides whether it counts
                    self.answer(key, again, fields(page), kept={})
            elif path == "/check/":
                path = self.ask("POST", "/submit/", {}).location
            elif path == "/result/":
                self.ledger.handed_in.add(key)
                return
            elif path.startswith("/questions/") and reply.status == 200:
                asked.append(path)
                questions = fields(reply.text)
                self.ledger.asked_again += given.keys() >= questions.keys()
                path = self.answer(key, path, questions, kept=given)
            else:
                self.ledger.turned_out += path in ("/", "/expired/")
                raise AssertionError(f"{path}: {reply.status}")
        raise AssertionError(f"no end: {asked}")

    def answer(self, key: str, path: str, questions: Questions, kept: Answers) -> str:
        """Answer the questions of a page, those that were answered before as before; where that leads to."""
        if self.think:
            self.over.wait(self.random.uniform(0, 2 * self.think))
        given = {name: kept.get(name) or [self.pick(codes)] for name, codes in questions.items()}
        under_way = self.ledger.under_way[key]
        under_way.update(given)
        reply = self.ask("POST", path, {name: codes[0] for name, codes in given.items()})
        assert reply.status == 302, f"POST {path}: {reply.status}"
        if reply.location == path and REFUSED in (page := self.ask("GET", path).text):
            # The line broke after it was stored, and what was stored opened more questions on this page.
            self.ledger.shown_again += 1
            assert fields(page).keys() > given.keys(), f"POST {path}: refused"
            return self.answer(key, path, fields(page), kept={**kept, **given})
        self.ledger.times.append((time.time(), key, given))
        self.ledger.accepted[key].update(given)
        self.ledger.acknowledged += len(given)
        self.ledger.posts += 1
        under_way.clear()
        return reply.location

    def pick(self, codes: list[str]) -> str:
        if not codes:
            return f"note {self.random.getrandbits(64):x}"
        return ADULT if ADULT in codes else self.random.choice(codes)


def stamp_of(page: str) -> str:
    """What the page says of whose session it is, if anything."""
    found = STAMP.search(page)
    return found[1] if found else ""


def fields(page: str) -> Questions:
    """The questions of a page."""
    found: Questions = {}
    for tag in ANSWER_FIELD.findall(page):
        attributes = dict(ATTRIBUTE.findall(tag))
        if attributes.get("type") in ("radio", "checkbox"):
            found.setdefault(attributes["name"], []).append(attributes["value"])
        elif tag.startswith("<textarea"):
            found[attributes["name"]] = []
    return found


@contextlib.contextmanager
def patients(count: int, port: int, seed: int, think: float = 0) -> Iterator[Ledger]:
    """So many patients at once, until the block ends; then each stops after what it has under way."""
    ledger, over = Ledger(), threading.Event()
    people = [Patient(port, ledger, over, (seed, number), think) for number in range(count)]
    for person in people:
        person.start()
    try:
        yield ledger
    finally:
        over.set()
        for person in people:
            person.join()


# What is stored, against what was accepted


@dataclass
class Comparison:
    answers: int  # accepted, each item of each session once
    lost: int
    wrong: int
    duplicated: int
    made_up: int
    records_lost: int

    def faults(self) -> int:
        return self.lost + self.wrong + self.duplicated + self.made_up + self.records_lost


def compare(
    ledger: Ledger, stored: list[tuple[str, str, list[str]]], records: set[str], until: float = float("inf")
) -> Comparison:
    """Hold the rows (key hash, item, given) and the sessions with a record against what was accepted `until` then."""
    rows: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    for key, item, row in stored:
        rows[key, item].append(row)
    accepted: dict[tuple[str, str], list[str]] = {}
    # What was on its way at that moment, or came after it, may be there or not.
    later: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    for moment, key, given in ledger.times:
        for item, codes in given.items():
            if moment <= until:
                accepted[key, item] = codes
            else:
                later[key, item].append(codes)
    for key, unanswered in ledger.under_way.items():
        for item, codes in unanswered.items():
            later[key, item].append(codes)
    ours = {key for key, _item in accepted}
    return Comparison(
        answers=len(accepted),
        lost=sum(place not in rows for place in accepted),
        wrong=sum(
            any(row not in (codes, *later[place]) for row in rows.get(place, ()))
            for place, codes in accepted.items()
        ),
        duplicated=sum(len(found) > 1 for found in rows.values()),
        made_up=sum(place not in accepted and place not in later for place in rows if place[0] in ours),
        records_lost=0 if until < float("inf") else len(ledger.handed_in - records),
    )
