"""Whose a record is and what staff did with it cannot change unseen; and a check cries of nothing that is not so."""

import contextlib
import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from tests.store.test_storage import at_once
from tests.visitor import FOOT_ONLY, NOW, publish, shipped_trees
from triage import actions
from triage.domain.loading import load
from triage.models import (
    AccessChain,
    AccessEntry,
    Clinic,
    Purge,
    PurgedRecord,
    RecordChain,
    Review,
    TriageSession,
)
from triage.server.environment import chain_key
from triage.store import access_log, records, releases, retention, snapshot
from triage.store.records import ChainCheck, links, open_record

pytestmark = pytest.mark.django_db

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


@pytest.fixture(autouse=True)
def release(db):
    publish()


def submitted(when=NOW):
    content = load(shipped_trees())
    given = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in FOOT_ONLY.items()}
    return actions.enter(content, given, "en", when, demo=False)


def verify(*options):
    """What `verify_store` finds wrong."""
    said = StringIO()
    with contextlib.suppress(CommandError):
        call_command("verify_store", *options, stdout=StringIO(), stderr=said)
    return said.getvalue().splitlines()


# Whose it is


def test_a_record_says_whose_it_is():
    record = open_record(submitted())
    assert (record["invitation"], record["appointment_at"], record["demo"]) == (None, None, False)


def test_another_ones_invitation_beside_a_record_is_told():
    clerk = User.objects.create_user("clerk")
    wanted = {"label": "A.B.", "appointment_at": NOW + timedelta(days=1), "language": "en"}
    ((invitation, _code),) = actions.invite([wanted], clerk, NOW)
    session = submitted()
    TriageSession.objects.filter(pk=session.pk).update(
        invitation=invitation, appointment_at=invitation.appointment_at
    )
    (fault,) = verify()
    assert fault.endswith("the list shows another invitation than the record")


def test_a_submission_passed_off_as_a_demo_is_told():
    session = submitted()
    assert verify() == []
    TriageSession.objects.filter(pk=session.pk).update(demo=True)
    (fault,) = verify()
    assert fault.endswith("the list shows another demo mark than the record")


def test_a_record_from_before_that_still_holds():
    """Format 1 did not say whose it is."""
    session = submitted()
    record = json.loads(session.record)
    for name in ("invitation", "demo", "appointment_at"):
        del record[name]
    text = releases.canonical(record | {"format": 1})
    TriageSession.objects.filter(pk=session.pk).update(record=text, record_sha256=releases.sha256(text))
    RecordChain.objects.update(sha256=releases.sha256(text))
    assert verify() == []


# Reviews


@pytest.fixture
def reviewed():
    session = submitted()
    reviewer = User.objects.create_user("rita")
    actions.review(session.pk, session.mark, reviewer, 2, "Rang.", NOW)
    session.refresh_from_db()
    actions.review(session.pk, session.mark, reviewer, 3, "Seen.", NOW + timedelta(minutes=5))
    session.refresh_from_db()
    return session


REWRITTEN = {
    "note": lambda session: Review.objects.filter(note="Rang.").update(note="Did not ring."),
    "time": lambda session: Review.objects.filter(note="Rang.").update(created_at=NOW + timedelta(hours=1)),
    "taken out": lambda session: Review.objects.filter(note="Rang.").delete(),
    "made up": lambda session: Review.objects.create(
        session=session,
        reviewer=User.objects.get(),
        state=3,
        note="All well.",
        created_at=NOW + timedelta(days=1),
    ),
    "closed by nobody": lambda session: TriageSession.objects.filter(pk=session.pk).update(review_state=4),
}


def test_reviews_as_they_were_noted_hold(reviewed):
    assert verify() == []


@pytest.mark.parametrize("how", REWRITTEN)
def test_a_review_that_is_not_as_it_was_noted_is_told(reviewed, how):
    REWRITTEN[how](reviewed)
    faults = verify()
    assert faults
    assert all(fault.startswith(reviewed.reference) for fault in faults[:-1] or faults)


def test_purged_reviews_are_not_missed(reviewed, monkeypatch):
    Clinic.objects.filter(pk=1).update(retention_days=1)
    monkeypatch.setattr(retention, "forget_on_disk", lambda: None)
    monkeypatch.setattr(retention, "newest_event", lambda: None)
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(days=2))
    call_command("purge", "--yes", stdout=StringIO())
    assert not TriageSession.objects.exists()
    assert verify() == []


# Purged links, seals and noted heads


def purged(now):
    session = submitted()
    actions.purge_sessions([session.pk], now)


def test_a_link_that_no_purge_left_is_told():
    purged(NOW)
    assert verify() == []
    Purge.objects.all().delete()
    assert "no purge ran" in verify()[0]


@pytest.mark.parametrize(
    ("ago", "told"), [(timedelta(days=3), False), (timedelta(days=1), True), (None, True)]
)
def test_a_link_of_what_was_not_due_is_told(ago, told):
    """A purge that ran does not answer for whatever somebody else deletes."""
    now = NOW + timedelta(days=3)
    purged(now)
    actions.finish_purge(retention.Due(now - timedelta(days=2), 0, 0, 2), now)
    assert verify() == []
    PurgedRecord.objects.update(submitted_on=ago and timezone.localdate(now - ago))
    assert bool([fault for fault in verify() if "was not due" in fault]) == told


def test_the_day_is_under_the_seal(settings):
    settings.CHAIN_KEY = KEY
    purged(NOW)
    assert verify() == []
    PurgedRecord.objects.update(submitted_on=timezone.localdate(NOW - timedelta(days=9)))
    assert "was not made with CHAIN_KEY" in verify()[0]


def test_a_key_is_read_strictly():
    assert chain_key(urlsafe_b64encode(KEY).decode()) == KEY
    for wrong in ("short", "x" * 44, urlsafe_b64encode(b"k" * 31).decode()):
        with pytest.raises(ValueError, match="this is no key"):
            chain_key(wrong)


def everything_written_anew():
    """What somebody with the database, and without the key, can do: another record, and every hash to fit."""
    session = TriageSession.objects.exclude(record_number=None).last()
    record = json.loads(session.record)
    record["language"] = "es"
    text = releases.canonical(record)
    TriageSession.objects.filter(pk=session.pk).update(
        record=text, record_sha256=releases.sha256(text), language="es"
    )
    RecordChain.objects.update(sha256=releases.sha256(text))


def test_everything_written_anew_is_seen_by_its_seal(settings):
    settings.CHAIN_KEY = KEY
    submitted()
    assert verify() == []
    everything_written_anew()
    assert "was not made with CHAIN_KEY" in verify()[0]


def test_without_a_key_it_is_not_and_a_noted_head_shows_it(tmp_path):
    submitted()
    noted = tmp_path / "heads"
    with noted.open("w") as file:
        call_command("chain_heads", stdout=file)
    assert verify("--noted", str(noted)) == []
    everything_written_anew()
    assert verify() == []
    assert "records: number 1 is not the one that was noted" in verify("--noted", str(noted))[0]


def test_a_tail_that_was_cut_is_shown_by_a_noted_head(settings, tmp_path):
    settings.CHAIN_KEY = KEY
    actions.note_access("view", "anna", NOW, "BCD-232")
    before = AccessChain.objects.get()
    actions.note_access("view", "anna", NOW, "BCD-233")
    noted = tmp_path / "heads"
    with noted.open("w") as file:
        call_command("chain_heads", stdout=file)
    AccessEntry.objects.filter(number=2).delete()
    before.save()
    assert not list(access_log.faults())  # an old head with its old seal
    assert "access: number 2 is not the one that was noted" in verify("--noted", str(noted))[0]


def test_a_key_that_is_set_later_seals_what_is_there(settings):
    purged(NOW)
    submitted()
    settings.CHAIN_KEY = KEY
    assert any("run manage.py chain_heads --seal" in fault for fault in verify())
    call_command("chain_heads", "--seal", stdout=StringIO())
    assert verify() == []
    settings.CHAIN_KEY = OTHER_KEY
    assert any("was not made with CHAIN_KEY" in fault for fault in verify())
    PurgedRecord.objects.update(previous="0" * 64)
    settings.CHAIN_KEY = KEY
    assert any("was not made with CHAIN_KEY" in fault for fault in verify())


def test_the_heads_go_by_mail_to_where_they_are_kept(settings, mailoutbox, tmp_path):
    submitted()
    with pytest.raises(CommandError, match="EMAIL_URL is not set"):
        call_command("chain_heads", "--mail", "keeper@example.org")
    settings.EMAIL_HOST = "localhost"
    printed = StringIO()
    call_command("chain_heads", "--mail", "keeper@example.org", stdout=printed)
    (mail,) = mailoutbox
    assert (mail.to, mail.body) == (["keeper@example.org"], printed.getvalue())
    (tmp_path / "noted").write_text(mail.body)
    assert verify("--noted", str(tmp_path / "noted")) == []


def test_heads_that_are_none_are_refused(tmp_path):
    (tmp_path / "heads").write_text("nothing of ours")
    with pytest.raises(CommandError, match="does not hold what chain_heads prints"):
        call_command("verify_store", "--noted", str(tmp_path / "heads"))
    with pytest.raises(CommandError, match="CHAIN_KEY is not set"):
        call_command("chain_heads", "--seal")


# No false alarm


@pytest.fixture
def hands_in_between(monkeypatch):
    """Somebody hands in after the records were read, and before the end of the chain is."""
    end = ChainCheck.end

    def late(self):
        at_once(submitted)
        end(self)

    monkeypatch.setattr(records.ChainCheck, "end", late)


def checked():
    chain = ChainCheck()
    for link in links():
        chain.add(link)
    chain.end()
    return chain.faults


@pytest.mark.django_db(transaction=True)
def test_who_hands_in_meanwhile_is_no_fault(hands_in_between):
    publish()
    submitted()
    assert verify() == []
    assert TriageSession.objects.count() == 2  # and did not wait for the check


@pytest.mark.django_db(transaction=True)
def test_without_one_moment_it_would_be(hands_in_between):
    publish()
    submitted()
    assert checked() == ["record 2 is missing at the end"]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_written_at_that_moment():
    publish()
    with snapshot.one_moment():
        assert TriageSession.objects.count() == 0
        if connection.vendor == "postgresql":
            with pytest.raises(Exception, match="read-only"), transaction.atomic():
                submitted()
