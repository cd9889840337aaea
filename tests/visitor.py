"""A patient for tests: fills in the questionnaire over HTTP, page by page, as a browser without scripts would."""

from datetime import UTC, datetime
from unittest import mock

import html5lib
from django.test import Client
from django.urls import reverse

from tests.shipped import shipped_trees
from triage import actions
from triage.models import TriageSession
from triage.store import examination, releases, visit

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

# A quiet case: foot pain alone. Tests change what they are about.
FOOT_ONLY = {
    "age": "16-or-over",
    "answering": "self",
    "safety-now": ["none"],
    "side": "left",
    "foot-site": ["under-heel"],
    "injury": "no",
    "injury-steps": "yes",
    "injury-bone": "no",
    "leg-pain": "none",
    "leg-site": ["back-calf"],
    "leg-sides": "one",
    "back-pain": "no",
    "travels": "no",
    "worse-place": "leg",
    "numb-site": ["none"],
    "numb-since": "older-same",
    "health": ["none"],
    "changes": ["none"],
    "foot-lift": "yes",
    "heel-stand": "yes",
    "foot-heavy": "no",
    "tiptoe": "yes",
    "weak-since": "older-same",
    "duration": "6-to-12-weeks",
    "course": "same",
    "pain-level": "4",
    "impact": ["walking"],
    "foot-feel": ["first-steps"],
    "note": "",
}
BACK = FOOT_ONLY | {
    "leg-pain": "a-good-deal",
    "travels": "yes",
    "foot-site": ["top", "big-toe"],
    "leg-site": ["outer-calf"],
}


def publish(trees=None):
    """The shipped content, or one that decides the same, published. What is proved of it has tests of its own."""
    with mock.patch.object(examination, "broken_properties", return_value=()):
        return actions.publish(trees or shipped_trees(), NOW)[0]


class Browser(Client):
    """A browser whose pages are all of the session that its cookie names: what is sent carries that one's stamp."""

    def post(self, path, data=None, *args, **options):
        data = {} if data is None else data
        if isinstance(data, dict) and "stamp" not in data and not path.startswith("/admin/"):
            data = {"stamp": self.stamp(), **data}
        return super().post(path, data, *args, **options)

    def stamp(self):
        key = self.cookies["visit"].value if "visit" in self.cookies else ""
        session = TriageSession.objects.filter(key_hash=releases.sha256(key)).first()
        return visit.STAMPS.sign(session.reference) if session else ""


def holding(key):
    """A browser that holds this key."""
    browser = Browser()
    browser.cookies["visit"] = key
    return browser


class Patient:
    """One person with one browser. Answers are looked up by item, whatever screen asks for it."""

    def __init__(self, answers=None, client=None):
        self.answers = dict(answers or FOOT_ONLY)
        self.client = client or Browser()
        self.seen = []

    def start(self):
        return self.client.post(reverse("start"), follow=True)

    def answer(self, page):
        """Fill in the question page and send it; the page that follows."""
        path = page.request["PATH_INFO"]
        data = {item.key: self.answers[item.key] for item in page.context["form"].items}
        return self.client.post(path, data, follow=True)

    def go_on(self, page, until="check"):
        """Answer every question up to the page of that name, going on past an emergency page."""
        for _turn in range(40):
            name = page.resolver_match.url_name
            self.seen.append(page.request["PATH_INFO"])
            if name == until or name not in ("question", "emergency"):
                return page
            page = self.client.get(page.context["go_on_url"]) if name == "emergency" else self.answer(page)
        raise AssertionError(f"no end: {self.seen}")

    def submit(self):
        return self.client.post(reverse("submit"), follow=True)

    def whole(self):
        """From the start page to the result."""
        self.go_on(self.start())
        return self.submit()


def boxes(root):
    """The boxes of a page, by question and code: whether each is ticked."""
    return {(box.get("name"), box.get("value")): box.get("checked") is not None for box in root.iter("input")}


def shown(page):
    """What a question page shows as given: the ticked codes of each question, and the text."""
    root = html5lib.parse(page.content.decode(), namespaceHTMLElements=False)
    found = {area.get("name"): area.text or "" for area in root.iter("textarea")}
    for (name, code), ticked in boxes(root).items():
        if ticked:
            found.setdefault(name, []).append(code)
    return found


def hand_in(key, now=NOW, language="en"):
    """The session of this key, handed in without a browser."""
    actions.submit(visit.find(key, language), now)
    return TriageSession.objects.get(key_hash=releases.sha256(key))
