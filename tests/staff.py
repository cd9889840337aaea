"""Staff for tests: each kind of account with a browser, and what there is to see on their pages."""

import re
from datetime import timedelta
from html import unescape

from django.contrib.auth.models import User
from django.db import connection
from django.forms import model_to_dict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.queries import NO_STATEMENTS
from tests.visitor import BACK, FOOT_ONLY, NOW
from triage import actions
from triage.domain.walk import read_answers
from triage.models import Clinic, TriageSession, the_clinic
from triage.store import codes, releases, visit

ROUTINE = FOOT_ONLY
SAME_DAY = FOOT_ONLY | {"changes": ["fever"]}
EMERGENCY = BACK | {"safety-now": ["saddle-numbness"], "note": "It began <b>on Monday</b>."}
State = TriageSession.ReviewState
WORKLIST = "/admin/triage/triagesession/"
DEFAULTS = {name: value for name, value in model_to_dict(Clinic()).items() if value not in (None, False)}
DEFAULTS |= {name: "\n".join(words) for name, words in DEFAULTS.items() if name.endswith("outcomes")}
SETTINGS = DEFAULTS | {"name": "Hillside Feet", "phone": "555 0100", "emergency_number": "999"}


def submitted(answers=ROUTINE, language="en", now=NOW, demo=False):
    content = releases.content(releases.current().sha256, language)
    return actions.enter(content, read_answers(content, answers), language, now, demo=demo)


def given(*screens):
    """A session in which these answers were sent, one screen after the other, and no more."""
    session, key = actions.start_session("en", NOW)
    for answers in screens:
        actions.record_answers(visit.find(key, "en"), answers, NOW)
    session.refresh_from_db()
    return session


def many(count=600):
    """Enough submissions for a database to weigh its indexes by, spread over all that lists filter and sort by."""
    clinic, release = the_clinic(), releases.current()
    TriageSession.objects.bulk_create(
        TriageSession(
            key_hash=f"many {n}",
            reference="MNX-" + "".join(codes.SIGNS[int(digit)] for digit in f"{n:03}"),
            clinic=clinic,
            release=release,
            language="en",
            demo=n % 50 == 0,
            started_at=NOW - timedelta(days=n),
            submitted_at=NOW - timedelta(days=n),
            origin=TriageSession.Origin.values[n % 3],
            urgency=n // 3 % 3 + 1,
            review_state=n // 9 % 4 + 1,
            record="{}",
            record_sha256="of many",
            record_number=n + 1,
        )
        for n in range(count)
    )
    with connection.cursor() as cursor:  # it goes by what it counted last, in a test before or never
        cursor.execute("ANALYZE triage_triagesession")


def staff(kind):
    client = Client()
    if kind == "superuser":
        client.force_login(User.objects.create_superuser("super"))
    elif kind != "anonymous":
        client.force_login(actions.create_staff(kind.lower(), "a password of its own", kind))
    return client


def sheet(session):
    return f"{WORKLIST}{session.pk}/change/"


def text(response):
    """The page as it is read: no tags, white space collapsed."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def statements(client, address):
    """What a page asks of the database; what begins and ends a transaction is not asked."""
    client.get(address)  # the first page of a while also notes that somebody is there
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in asked if not query["sql"].startswith(NO_STATEMENTS)]


def listed(client, query=""):
    page = client.get(WORKLIST + query)
    assert page.status_code == 200
    return [session.reference for session in page.context["cl"].result_list]


def step(session, user, state, note=""):
    session.refresh_from_db()
    return actions.review(session.pk, session.mark, user, state, note, NOW)


def send(client, session, state, note="", seen=None):
    session.refresh_from_db()
    data = {"seen": session.mark if seen is None else seen, "state": int(state), "note": note}
    return client.post(sheet(session), data, follow=True)


def nurse():
    return User.objects.get(username="reviewers")


def later(**time):
    return NOW + timedelta(**time)


def correction(of, *answers, hand_in=True):
    key = actions.correct(of.pk, "en", NOW)
    for given_now in answers:
        actions.record_answers(visit.find(key, "en"), given_now, NOW)
    found = visit.find(key, "en")
    if hand_in:
        actions.submit(found, NOW)
    return TriageSession.objects.get(pk=found.pk)


def invite(label, numbers):
    """These submissions were for an appointment."""
    visit = {"label": label, "appointment_at": NOW, "language": "en"}
    ((invitation, _code),) = actions.invite([visit], User.objects.get(), NOW - timedelta(days=1))
    TriageSession.objects.filter(record_number__in=numbers).update(
        invitation=invitation, appointment_at=invitation.appointment_at
    )
