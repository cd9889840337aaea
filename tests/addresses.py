"""Every address of the resolver and every kind of person who may call it: what the proofs over all pages share."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, get_resolver, resolve
from django.urls.resolvers import URLResolver
from django.utils import timezone
from ruamel.yaml import YAML

from tests.visitor import FOOT_ONLY, Browser, Patient, publish
from triage import actions
from triage.models import AccessEntry, Clinic, Delivery, OutboxMail, TriageSession
from triage.store import releases

TABLE = YAML(typ="safe").load(Path(__file__).with_name("access_table.yaml"))
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PATIENTS = ("nobody", "submitted", "answering", "expired")
STAFF = ("nobody", "no-group", "reviewer", "manager", "auditor", "superuser")
GROUPS = {"reviewer": actions.REVIEWERS, "manager": actions.MANAGERS, "auditor": actions.AUDITORS}
# Answers to which every question is asked.
ALL_ASKED = FOOT_ONLY | {"injury": "recent", "leg-pain": "a-little", "heel-stand": "weak"}
MISSING = 987654321  # no row has this key


PATTERN = re.compile(r"\^?\(\?P<(\w+)>[^)]*\)(/?)\$")  # how Django writes two of its own


def routes(resolver=None, before=""):
    """The resolver's patterns, as they are written there."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + PATTERN.sub(r"<\1>\2", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield route


def rows(route):
    """The table's rows of a route: for each method what each kind of person gets."""
    admin = route.startswith("admin/")
    kinds = STAFF if admin else PATIENTS
    given = TABLE["staff" if admin else "patients"].get(f"/{route}", {})
    for methods, outcomes in given.items():
        for method in methods.split():
            yield method, dict(zip(kinds, outcomes.split(), strict=True))


def expected(route):
    """Every cell. Patients are nobody to the admin, and staff are nobody to the patients' pages."""
    for method, outcomes in rows(route):
        for kind in dict.fromkeys(PATIENTS + STAFF):
            yield kind, method, outcomes.get(kind, outcomes["nobody"])


class World:
    """One of everything, and a browser for each kind of person. What a call changes is taken back."""

    def __init__(self):
        publish()
        self.content = releases.content(releases.current().sha256, "en")
        self.answers = ALL_ASKED
        self.clients = {"nobody": Client()}
        self.patients()
        for kind in ("no-group", *GROUPS):
            user = User.objects.create_user(kind, is_staff=True)
            user.groups.set(Group.objects.filter(name=GROUPS.get(kind)))
            self.log_in(kind, user)
        self.log_in("superuser", User.objects.create_superuser("superuser"))
        visit_to_be = {
            "label": "A. B.",
            "appointment_at": timezone.now() + timedelta(days=7),
            "language": "en",
        }
        (invitation, _code), *_others = actions.invite(
            [visit_to_be], User.objects.get(username="manager"), timezone.now()
        )
        mail = OutboxMail.objects.get_or_create(
            session=self.submitted, defaults={"created_at": timezone.now()}
        )[0]
        now = timezone.now()
        delivery = Delivery.objects.create(
            session=self.submitted,
            receiver=Delivery.Receiver.WEBHOOK,
            event=Delivery.Event.SUBMITTED,
            event_id=uuid4(),
            event_at=now,
            queued_at=now,
        )
        self.keys = {
            "delivery": delivery.pk,
            "outboxmail": mail.pk,
            "invitation": invitation.pk,
            "accessentry": AccessEntry.objects.latest("pk").pk,
            "user": User.objects.get(username="reviewer").pk,
            "group": Group.objects.earliest("pk").pk,
            "clinic": Clinic.objects.get().pk,
            "release": releases.current().pk,
            "triagesession": self.submitted.pk,
        }

    def patients(self):
        submitted, answering, expired = (
            Patient(FOOT_ONLY | {"note": "A note."}),
            Patient(ALL_ASKED),
            Patient(),
        )
        expired.answer(expired.start())
        self.expired = TriageSession.objects.latest("pk")
        long_ago = timezone.now() - timedelta(days=2)
        TriageSession.objects.filter(pk=self.expired.pk).update(started_at=long_ago)
        self.expired.answers.update(answered_at=long_ago)
        answering.go_on(answering.start(), until="check")
        self.answering = TriageSession.objects.latest("pk")
        submitted.whole()
        self.submitted = TriageSession.objects.latest("pk")
        people = (submitted, answering, expired)
        self.clients |= {kind: person.client for kind, person in zip(PATIENTS[1:], people, strict=True)}

    def log_in(self, kind, user):
        self.clients[kind] = Client()
        self.clients[kind].force_login(user)

    def path(self, route, missing=False):
        """An address of that route: of something that is there, or of nothing."""
        parts = route.split("/")
        model = parts[2] if len(parts) > 2 else ""
        key = MISSING if missing else self.keys.get(model)
        return "/" + (
            route.replace("<slug:key>", "no-such-page" if missing else "leg")
            .replace("<path:rest>", "no-such-page" if missing else "BCDFGHJKMNPQ")
            .replace("<slug:name>", "no-such-page" if missing else "closed")
            .replace("<path:object_id>", str(key))
            .replace("<id>", str(key))
            .replace("<int:pk>", str(key))
            .replace("<uidb64>", "MQ")
            .replace("<token>", "no-such-token")
            .replace("<app_label>", "triage")
            .replace("<url>", "no-such-page/")
        )

    def call(self, kind, method, path, data=None, look=lambda: None, strict=False, **options):
        """The answer to one call; the next one finds everything as it was. `look` sees what the call has stored,
        and `strict` asks for the form's token as a browser's request is asked."""
        client = Browser(raise_request_exception=False, enforce_csrf_checks=strict)
        client.cookies.load({name: morsel.value for name, morsel in self.clients[kind].cookies.items()})
        with transaction.atomic():
            if method in ("GET", "HEAD", "POST") and not isinstance(data, bytes):
                answer = getattr(client, method.lower())(path, data, **options)
            else:
                answer = client.generic(method, path, data or b"", **options)
            if answer.streaming:
                list(answer)  # a file goes out while it is made
            look()
            transaction.set_rollback(True)
        return answer


def outcome(answer):
    """A status as a number, a redirect as the name of the page it leads to; of an error's page, which error."""
    if "Location" not in answer.headers:
        return str(answer.status_code)
    target = answer.headers["Location"].split("?")[0].split("#")[0]
    try:
        found = resolve(target)
    except Resolver404:
        return target
    return found.kwargs["name"] if found.url_name == "problem" else found.url_name or target
