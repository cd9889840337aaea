"""Hostile input on every field of both sides: never a fault of ours, and nothing stored that is no text."""

import hashlib
import json
import logging
import re
from collections import Counter
from functools import partial
from urllib.parse import quote, urlencode

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.test import RequestFactory
from django.urls import reverse

from tests.addresses import World, outcome, routes
from tests.corpus import BODIES, COOKIE_VALUES, COOKIES, FORM, HEADERS, SHORT, TYPES, VALUES
from tests.visitor import holding
from triage.forms import answers
from triage.models import AccessEntry, Answer, Clinic, Invitation, Review, TriageSession
from triage.server import gate
from triage.server.gate import GateMiddleware, Request
from triage.server.logs import PlainFormatter

pytestmark = pytest.mark.django_db
WRITTEN = (Answer, Review, Clinic, Invitation, TriageSession, User, Group, AccessEntry, LogEntry)
LISTS = (
    "triage/triagesession",
    "triage/accessentry",
    "triage/release",
    "triage/invitation",
    "triage/outboxmail",
    "triage/delivery",
)
LISTS += ("auth/user", "auth/group")
OURS = ("failed", "closed")  # the errors that are faults of ours
KEY = re.compile(r"/[0-9]+/")
PARAMETERS = (
    "q",
    "p",
    "o",
    "e",
    "all",
    "_popup",
    "_to_field",
    "_changelist_filters",
    "_facets",
    "is_staff__exact",
)
OVERVIEW = "/admin/triage/triagesession/overview/"  # its form is sent by GET
PARAMETERS += (
    "level__exact",
    "origin__exact",
    "review_state__exact",
    "demo__exact",
    "what__exact",
    "key_hash",
)
PARAMETERS += ("key_hash__startswith", "record__regex", "id__in", "pk", "answers__given__contains")


@pytest.fixture
def world(db):
    return World()


# Where a value can be put


def forms_of(world):
    """Every form: who fills it in, where it goes, and what it holds when it is filled in well."""
    for screen in world.content.screens:
        path = reverse("question", args=[screen.key])
        yield "answering", path, {item.key: world.answers[item.key] for item in screen.items}
    yield "answering", "/language/", {"language": "es", "next": "/"}
    yield "nobody", "/return/", {"code": ""}
    yield "nobody", "/admin/login/", {"username": "reviewer", "password": "", "next": "/admin/"}
    review = {
        "seen": world.submitted.mark,
        "state": "2",
        "note": "x",
        "finding": "",
        "root": "",
        "urgency": "",
    }
    yield "reviewer", f"/admin/triage/triagesession/{world.submitted.pk}/change/", review
    invitation = {"label": "A", "appointment_at": "2099-01-01 10:00", "language": "en"}
    yield "reviewer", "/admin/triage/invitation/add/", invitation
    yield "reviewer", "/admin/triage/invitation/paste/", {"lines": "A; 2099-01-01 10:00", "make": "on"}
    yield "reviewer", "/admin/triage/invitation/room/", {"language": "en", "prints": "on"}
    clinic = {
        "name": "A",
        "phone": "1",
        "hours": "x",
        "emergency_number": "911",
        "advice_line": "",
        "languages": "en",
        "sheet_footer": "x",
        "show_roots": "",
    }
    yield "manager", "/admin/triage/clinic/1/change/", clinic
    export = {"what": "submissions", "since": "", "notes": "on", "purpose": "x"}
    yield "manager", "/admin/triage/triagesession/export/", export
    rights = {"code": world.submitted.reference, "step": "text", "reason": "x"}
    yield "manager", "/admin/triage/triagesession/rights/", rights
    yield "manager", "/admin/staff/", {"username": "new", "group": "Reviewers", "name": "", "invite": "on"}
    yield from accounts_forms(
        f"/admin/auth/user/{world.keys['user']}", f"/admin/auth/group/{world.keys['group']}"
    )


def accounts_forms(user, group):
    password = {
        "password1": "a pass of 12 signs",
        "password2": "a pass of 12 signs",
        "usable_password": "true",
    }
    person = {
        "username": "new",
        "email": "",
        "first_name": "",
        "last_name": "",
        "is_staff": "on",
        "groups": "",
    }
    yield "superuser", "/admin/auth/user/add/", person | password
    yield "superuser", f"{user}/change/", person
    yield "superuser", f"{user}/password/", password
    yield "superuser", f"{user}/delete/", {"post": "yes", "_popup": "", "_to_field": "id"}
    for path in ("/admin/auth/group/add/", f"{group}/change/"):
        yield "superuser", path, {"name": "new", "permissions": ""}
    changed = {"old_password": "", "new_password1": "", "new_password2": ""}
    yield "superuser", "/admin/password_change/", changed
    yield "superuser", "/admin/triage/triagesession/", {"action": "", "_selected_action": "", "index": "0"}


def places(world):
    """By name, every place for a value: a function that sends it there."""
    found = dict(addresses(world))
    for kind, path, form in forms_of(world):
        for name in form:
            found[f"{kind} {name} {KEY.sub('/N/', path)}"] = partial(
                send_field, world, kind, path, name, form
            )
    found |= {f"{name} header": partial(send_header, world, name) for name in HEADERS}
    return found | {f"{name} cookie": partial(send_cookie, world, name) for name in COOKIES}


def addresses(world):
    """Paths and queries."""
    for part in LISTS:
        path = f"/admin/{part}/"
        for name in PARAMETERS:
            yield f"?{name} {path}", partial(send_query, world, "superuser", path, name)
        for page in ("change", "history", "delete"):
            yield f"key of {page} {path}", partial(send_path, world, "superuser", path, f"/{page}/")
    for name in ("first", "last", "demo"):
        yield f"?{name} {OVERVIEW}", partial(send_query, world, "manager", OVERVIEW, name)
    for path in ("/admin/", "/admin/auth/user/", "/", "/static/"):
        yield f"end of {path}", partial(send_path, world, "superuser", path, "/")
    for kind in ("nobody", "answering"):
        yield f"slug as {kind}", partial(send_path, world, kind, "/questions/", "/")
        yield f"query as {kind}", partial(send_query, world, kind, "/check/", "reference")


def send_field(world, kind, path, name, form, value, look=lambda: None):
    data = urlencode(_stamped(world, kind) | form | {name: value}, doseq=True).encode()
    return world.call(kind, "POST", path, data, look, content_type=FORM)


def _stamped(world, kind):
    """What ties a patient's page to its session: without it nothing is taken, and nothing would be tried."""
    key = world.clients[kind].cookies.get("visit")
    return {"stamp": holding(key.value).stamp()} if key else {}


def send_query(world, kind, path, name, value, look=None):
    return world.call(kind, "GET", f"{path}?{name}={quote(value)}")


def send_path(world, kind, before, after, value, look=None):
    return world.call(kind, "GET", before + quote(value, safe="") + after)


def send_header(world, name, value, look=lambda: None):
    """Both ways: a page is shown, and a form is sent whose token is checked."""
    headers = {name: value.decode("latin-1")}
    world.call("answering", "GET", "/check/", headers=headers)
    return world.call("answering", "POST", "/submit/", look=look, strict=True, headers=headers)


def send_cookie(world, name, value, look=lambda: None):
    headers = {"Cookie": f"{name}={value.decode('latin-1')}"}
    world.call("nobody", "GET", "/admin/", headers=headers)
    world.call("nobody", "POST", "/language/", {"language": "es"}, headers=headers, strict=True)
    return world.call("nobody", "GET", "/result/", look=look, headers=headers)


def send_body(world, kind, path, body, look=lambda: None):
    content_type, data = body
    return world.call(kind, "POST", path, data, look, content_type=content_type)


BODY_PLACES = [
    ("answering", "/questions/words/"),
    ("answering", "/questions/age/"),
    ("answering", "/submit/"),
    ("nobody", "/start/"),
    ("nobody", "/language/"),
    ("nobody", "/admin/login/"),
    ("manager", "/admin/triage/clinic/1/change/"),
    ("reviewer", "/admin/triage/triagesession/"),
]


def cases(world):
    """Every case: its name, the same on every database, and the call that tries it."""
    for place, send in places(world).items():
        for name, value in (VALUES if send.func is send_field else SHORT).items():
            yield f"{place}: {name}", partial(send, value)
    for name in COOKIES:
        for what, value in COOKIE_VALUES.items():
            yield f"{name} cookie: {what}", partial(send_cookie, world, name, value.encode())
    for kind, path in BODY_PLACES:
        for name, body in BODIES.items():
            yield f"{path}: {name}", partial(send_body, world, kind, path, body)


# What must hold


def bad_texts():
    """What is stored and is no text."""
    for model in WRITTEN:
        for row in model.objects.values():
            text = json.dumps(row, ensure_ascii=False, default=str)
            if r"\u0000" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
                yield f"{model.__name__}: {text[:200]!r}"
    for given in Answer.objects.filter(item="note").values_list("given", flat=True):
        if any(gate.REPLACEMENT in text for text in given):
            yield f"a note with what could not be read: {given!r}"


def tried(tries, progress=lambda done: None):
    """Run them; for each its verdict, and every fault."""
    verdicts, found = {}, []
    for number, (name, send) in enumerate(tries, start=1):
        answer = send(look=lambda name=name: found.extend(f"{name}: {bad}" for bad in bad_texts()))
        verdicts[name] = outcome(answer)
        if answer.status_code >= 500 or verdicts[name] in OURS:
            found.append(f"{name}: {verdicts[name]}")
        progress(number)
    return verdicts, found


def test_hostile(world, proof):
    every = list(cases(world))
    chosen = proof.random.sample(every, proof.size(short=400, long=len(every)))
    verdicts, found = tried(chosen, lambda done: proof.progress(done, len(chosen)))
    digest = hashlib.sha256(json.dumps(sorted(verdicts.items())).encode()).hexdigest()
    proof.counted(
        cases=len(chosen),
        of=len(every),
        places=len(places(world)),
        answers=Counter(verdicts.values()),
        same=digest,
    )
    assert len(every) >= 1500
    assert found == []


def generated(world, proof, count):
    """Values grown from the corpus: joined, cut, doubled and with bytes changed."""
    random, values, sends = proof.random, list(SHORT.values()), list(places(world).items())
    for number in range(count):
        value = random.choice(values) + random.choice(values)
        start, end = sorted(random.choices(range(len(value) + 1), k=2))
        changed = bytearray(value[start:end][:3000] * random.choice((1, 1, 2)))
        for _change in range(random.randrange(4) if changed else 0):
            changed[random.randrange(len(changed))] = random.randrange(256)
        place, send = random.choice(sends)
        yield f"{number} {place}: {bytes(changed)!r}", partial(send, bytes(changed))


def test_hostile_generated(world, proof):
    count = proof.size(short=150, long=1_000)
    verdicts, found = tried(generated(world, proof, count), lambda done: proof.progress(done, count))
    proof.counted(cases=len(verdicts), answers=Counter(verdicts.values()))
    assert found == []


@pytest.mark.parametrize("content_type", TYPES)
def test_a_content_type_that_cannot_be_read_is_answered(content_type):
    with pytest.raises(ValueError):
        WSGIRequest(RequestFactory()._base_environ(CONTENT_TYPE=content_type))
    handler, told = WSGIHandler(), []
    handler.request_class = Request
    environ = RequestFactory()._base_environ(
        CONTENT_TYPE=content_type, REQUEST_METHOD="POST", PATH_INFO="/leave/"
    )
    handler(environ, lambda status, headers: told.append(status))
    assert told == ["302 Found"]  # to the page that says so: no token could be read either


def test_what_was_sent_makes_no_line_of_its_own_in_the_log(world):
    told = PlainFormatter().format(
        logging.makeLogRecord({"msg": "The field %s", "args": ("a\n2026 INFO all\u2028well",)})
    )
    assert told.splitlines() == [told]


# That it would tell


def test_a_note_that_is_not_cleaned_is_told(world, monkeypatch):
    monkeypatch.setattr(gate, "plain", lambda text: text)
    monkeypatch.setattr(answers.NoteField, "clean", lambda self, value: (value,))
    send = places(world)["answering note /questions/words/"]
    _verdicts, found = tried([("NUL", partial(send, VALUES["NUL"])), ("%FF", partial(send, VALUES["%FF"]))])
    assert [fault.split(":")[0] for fault in found] == ["NUL", "%FF"]


def test_an_open_gate_is_told(world, monkeypatch):
    monkeypatch.setattr(GateMiddleware, "__call__", lambda self, request: self.get_response(request))
    bodies = [
        (name, partial(send_body, world, "nobody", "/admin/login/", body)) for name, body in BODIES.items()
    ]
    _verdicts, found = tried(bodies)
    assert any(fault.startswith("username in hex: 500") for fault in found)
    assert any(fault.startswith("username in raw_unicode_escape: 500") for fault in found)


def test_the_corpus_reaches_every_form(world):
    """A page of ours whose fields no case fills in is told by its address."""
    reached = {path for _kind, path, _form in forms_of(world)} | {path for _kind, path in BODY_PLACES}
    posting = {world.path(route) for route in routes() if takes_fields(world, world.path(route))}
    assert len(posting) > 8
    assert posting <= reached | {OVERVIEW} | {f"/admin/{part}/" for part in LISTS}


def takes_fields(world, path):
    """Whether the page has fields to fill in, beside the buttons of every page's frame."""
    kind = "superuser" if path.startswith("/admin/") else "answering"
    page = world.call(kind, "GET", path).content.decode(errors="replace")  # some are files
    return (
        re.search(r"<(textarea|select)|type=.(text|radio|checkbox|password|email|number)", page) is not None
    )
