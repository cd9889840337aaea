"""The access log: every look and change is one entry, none holds an answer, and no entry changes unseen."""

from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client

from tests.staff import EMERGENCY, SETTINGS, WORKLIST, send, sheet, staff, submitted, text
from tests.visitor import NOW, publish
from triage import actions
from triage.admin.submissions import SubmissionAdmin
from triage.models import AccessChain, AccessEntry, Delivery, OutboxMail, TriageSession
from triage.store import access_log
from triage.store.reviews import logged

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def release(db):
    return publish()


def entries():
    return list(AccessEntry.objects.order_by("number").values_list("who", "what", "about", "detail"))


def test_one_review_leaves_one_entry_for_each_look_and_step():
    session = submitted(EMERGENCY)
    reviewer = staff("Reviewers")
    reviewer.get(WORKLIST)
    reviewer.get(WORKLIST, {"q": session.reference})
    reviewer.get(sheet(session))
    reviewer.get(sheet(session) + "?print")
    reviewer.post(sheet(session), {"seen": session.mark, "state": 2, "note": "Rang the patient."})
    reviewer.post("/admin/logout/")
    review = session.reviews.get()
    assert entries() == [
        ("reviewers", "login", "", ""),
        ("reviewers", "view", "worklist", ""),
        ("reviewers", "search", session.reference, ""),
        ("reviewers", "view", session.reference, ""),
        ("reviewers", "print", session.reference, ""),
        ("reviewers", "change", session.reference, logged(review, session.reference, "new to acknowledged")),
        ("reviewers", "logout", "", ""),
    ]


def test_every_page_that_shows_something_of_patients_leaves_one_entry():
    session, mail_of = submitted(EMERGENCY), submitted(EMERGENCY)
    manager, auditor = staff("Managers"), staff("Auditors")
    user = User.objects.get(username="managers")
    wanted = {"label": "J. D.", "appointment_at": NOW + timedelta(days=365), "language": "en"}
    ((invitation, _code),) = actions.invite([wanted], user, NOW)
    mail = OutboxMail.objects.get_or_create(session=mail_of, defaults={"created_at": NOW})[0]
    delivery = delivery_of(mail_of)
    first = AccessEntry.objects.earliest("number")
    pages = {
        WORKLIST: ("worklist", ""),
        f"{WORKLIST}?level__exact=3&p=1": ("worklist", "level__exact=3, p=1"),
        f"{WORKLIST}overview/": ("overview", None),
        f"{WORKLIST}agreement/": ("agreement with clinicians", ""),
        sheet(session): (session.reference, ""),
        "/admin/triage/invitation/": ("invitations", ""),
        "/admin/triage/invitation/?state=open": ("invitations", "state=open"),
        f"/admin/triage/invitation/{invitation.pk}/change/": (f"invitation {invitation.pk}", ""),
        "/admin/triage/outboxmail/": ("unsent mails", ""),
        f"/admin/triage/outboxmail/{mail.pk}/change/": (f"unsent mails {mail.pk}", ""),
        "/admin/triage/delivery/?state=waiting": ("deliveries", "state=waiting"),
        f"/admin/triage/delivery/{delivery.pk}/change/": (f"deliveries {delivery.pk}", ""),
        "/admin/triage/accessentry/": ("access log", ""),
        f"/admin/triage/accessentry/{first.pk}/change/": (f"access log {first.pk}", ""),
    }
    for page, (about, detail) in pages.items():
        before = AccessEntry.objects.count()
        client = auditor if "accessentry" in page else manager
        assert client.get(page).status_code == 200, page
        entry = AccessEntry.objects.latest("number")
        assert AccessEntry.objects.count() == before + 1, page
        assert (entry.what, entry.about) == ("view", about), page
        assert detail is None or entry.detail == detail, page
    assert "numb" not in str(entries())


def delivery_of(session):
    about = {"receiver": "webhook", "event": "submitted", "event_id": uuid4()}
    return Delivery.objects.create(session=session, event_at=NOW, queued_at=NOW, **about)


def test_a_page_that_shows_something_without_an_entry_would_be_found(monkeypatch):
    monkeypatch.setattr(SubmissionAdmin, "noted_as", "")
    submitted()
    staff("Reviewers").get(WORKLIST)
    assert [what for _who, what, *_rest in entries()] == ["login"]


def test_a_changed_password_is_entered_and_a_refused_one_is_not():
    client = Client()
    client.force_login(actions.create_staff("anna", "a password of its own", "Reviewers"))
    typed = {"old_password": "a password of its own", "new_password1": "x", "new_password2": "x"}
    client.post("/admin/password_change/", typed)
    assert entries()[-1][1] == "login"
    new = "quite another password"
    client.post("/admin/password_change/", {**typed, "new_password1": new, "new_password2": new})
    assert entries()[-1] == ("anna", "change", "own password", "")


def test_a_search_for_anything_but_a_reference_is_not_repeated():
    staff("Reviewers").get(WORKLIST, {"q": "Jane Doe 1970"})
    assert entries()[-1] == ("reviewers", "search", "", "not a reference")


def test_a_refused_login_is_kept_under_a_name_only_if_it_is_one_of_ours():
    staff("Reviewers")
    for name in ("reviewers", "my secret password"):
        Client().post("/admin/login/", {"username": name, "password": "wrong"})
    assert entries()[-2:] == [("reviewers", "failed-login", "", ""), ("", "failed-login", "", "")]


def test_a_refused_look_is_no_look():
    session, auditor = submitted(), staff("Auditors")
    assert auditor.get(sheet(session)).status_code == 403
    assert [what for _who, what, *_rest in entries()] == ["login"]


def test_clinic_settings_are_kept_before_and_after():
    staff("Managers").post("/admin/triage/clinic/1/change/", SETTINGS)
    assert entries()[1:] == [
        ("managers", "change", "clinic settings", "name: 'The clinic' to 'Hillside Feet'"),
        ("managers", "change", "clinic settings", "phone: '' to '555 0100'"),
        ("managers", "change", "clinic settings", "emergency number: '911' to '999'"),
    ]


def test_changes_to_accounts_are_kept():
    client = staff("superuser")
    client.post("/admin/auth/group/add/", {"name": "Students"})
    client.post(f"/admin/auth/group/{Group.objects.get(name='Students').pk}/delete/", {"post": "yes"})
    assert entries()[1:] == [
        ("super", "change", "group Students", "Added."),
        ("super", "change", "group Students", "Deleted."),
    ]


def test_no_entry_holds_an_answer_or_a_note():
    session, reviewer = submitted(EMERGENCY), staff("Reviewers")
    reviewer.get(sheet(session))
    send(reviewer, session, 2, "Spoke about the numbness")
    kept = " ".join(" ".join(entry) for entry in entries())
    for word in ("numb", "saddle", "Monday", "Spoke", "back"):
        assert word not in kept


# The chain


@pytest.fixture
def log():
    for number in range(5):
        actions.note_access("view", "anna", NOW, f"BCD-23{number + 2}")


def verify():
    out = StringIO()
    call_command("verify_access_log", stdout=out, stderr=out)
    return out.getvalue()


def test_a_log_that_nobody_touched_verifies(log):
    assert verify().startswith("5 entries, all as they were written.")


def test_an_empty_log_verifies():
    assert verify().startswith("0 entries")


TAMPERING = {
    "changed": lambda log: log.filter(number=3).update(who="rob"),
    "time changed": lambda log: log.filter(number=3).update(at=NOW.replace(hour=1)),
    "taken out": lambda log: log.filter(number=3).delete(),
    "first taken out": lambda log: log.filter(number=1).delete(),
    "last taken out": lambda log: log.filter(number=5).delete(),
    "all taken out": lambda log: log.all().delete(),
    "two exchanged": lambda log: (
        log.filter(number=2).update(number=9),
        log.filter(number=3).update(number=2),
        log.filter(number=9).update(number=3),
    ),
    "added": lambda log: log.create(number=6, at=NOW, who="rob", what="view", sha256="0" * 64),
}


@pytest.mark.parametrize("tampering", TAMPERING)
def test_tampering_is_found(log, tampering):
    TAMPERING[tampering](AccessEntry.objects)
    assert list(access_log.faults())
    with pytest.raises(CommandError, match="altered"):
        verify()


def test_a_change_with_its_own_hash_made_anew_breaks_the_next_link(log):
    entry = AccessEntry.objects.get(number=3)
    entry.who = "rob"
    entry.sha256 = access_log.link(AccessEntry.objects.get(number=2).sha256, entry)
    entry.save()
    assert list(access_log.faults()) == ["entry 4 is not as it was written, or the one before it"]


def test_an_entry_is_part_of_what_it_tells_of(monkeypatch):
    """Where the entry cannot be written, the change is not made, and the page is not shown."""
    session, reviewer = submitted(EMERGENCY), staff("Reviewers")
    monkeypatch.setattr(AccessChain, "save", lambda self: 1 / 0)
    for ask in (lambda: reviewer.get(sheet(session)), lambda: send(reviewer, session, 2)):
        with pytest.raises(ZeroDivisionError):
            ask()
    assert TriageSession.objects.get().review_state == TriageSession.ReviewState.NEW
    assert not session.reviews.exists()


def test_auditors_read_the_log_and_find_a_reference_or_a_name(log):
    client = staff("Auditors")
    page = text(client.get("/admin/triage/accessentry/"))
    assert "BCD-232" in page
    assert "auditors logged in" in page
    for query, count in (("bcd-233", 1), ("anna", 5), ("rob", 0)):
        found = client.get("/admin/triage/accessentry/", {"q": query}).context["cl"].result_list
        assert len(found) == count, query
    assert User.objects.get(username="auditors").get_all_permissions() == {"triage.view_accessentry"}
