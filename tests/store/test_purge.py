"""Retention: what was kept long enough goes, all of it and nothing else; the chain still holds, the counts stay."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from tests.shipped import shipped_content
from tests.visitor import BACK, FOOT_ONLY, NOW, publish
from triage import actions
from triage.models import Answer, Clinic, DailyCount, KeptForm, Purge, PurgedRecord, TriageSession, WrongCodes
from triage.store import purge_mail, retention
from triage.store.records import ChainCheck, links
from triage.store.visit import find

pytestmark = pytest.mark.django_db

DAYS = 100
OLD = NOW - timedelta(days=DAYS, seconds=1)
LAST_DAY = NOW - timedelta(days=DAYS)
SECRET = "Zwickmühle-4711"


@pytest.fixture(autouse=True)
def clinic(db, monkeypatch):
    publish()
    Clinic.objects.filter(pk=1).update(retention_days=DAYS)
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    if connection.in_atomic_block:  # SQLite cannot tidy up within a test's transaction
        monkeypatch.setattr(retention, "forget_on_disk", lambda: None)


def submitted(when, answers=FOOT_ONLY, note=""):
    content = shipped_content()
    given = {
        key: (value,) if isinstance(value, str) and value else tuple(value)
        for key, value in (answers | {"note": note}).items()
    }
    return actions.enter(content, given, "en", when, demo=False)


def some(old, new):
    """So many that are due, and so many that are not."""
    return [submitted(OLD, note=SECRET) for _each in range(old)], [
        submitted(LAST_DAY) for _each in range(new)
    ]


def purge(*options):
    said = StringIO()
    call_command("purge", *options, stdout=said)
    return said.getvalue()


def chain_faults():
    chain = ChainCheck()
    for link in links():
        chain.add(link)
    chain.end()
    return chain.faults


@pytest.fixture
def recent():
    submitted(NOW - timedelta(hours=1))


@pytest.mark.usefixtures("recent")
def test_what_was_kept_long_enough_goes_and_nothing_else():
    _old, new = some(1, 9)
    started, _key = actions.start_session("en", OLD)
    TriageSession.objects.filter(pk=started.pk).update(last_sequence=1)
    assert "Due: 2 sessions" in purge("--allow-many")
    assert "Deleted 2 sessions" in purge("--yes", "--allow-many")
    assert not TriageSession.objects.filter(pk=started.pk).exists()
    assert TriageSession.objects.count() == 10
    assert {row.pk for row in new} < set(TriageSession.objects.values_list("pk", flat=True))
    assert not Answer.objects.filter(session__started_at__lt=LAST_DAY).exists()


@pytest.mark.usefixtures("recent")
def test_without_yes_nothing_goes_and_twice_is_once():
    some(1, 8)
    assert "Nothing was deleted" in purge()
    assert not Purge.objects.exists()
    purge("--yes")
    assert "Due: 0 sessions" in purge("--yes")
    assert list(Purge.objects.values_list("sessions", flat=True)) == [1]


@pytest.mark.usefixtures("recent")
def test_the_chain_of_records_still_holds_and_without_the_links_would_not():
    some(3, 2)
    submitted(OLD)  # out of order: handed in later by a clock that was wrong
    purge("--yes", "--allow-many")
    assert PurgedRecord.objects.count() == 4
    assert not chain_faults()
    call_command("verify_store", stdout=StringIO())
    PurgedRecord.objects.filter(record_number=2).update(record_sha256="0" * 64)
    assert chain_faults()
    PurgedRecord.objects.all().delete()
    assert any("missing" in fault for fault in chain_faults())


@pytest.mark.usefixtures("recent")
def test_counts_stay_by_day_urgency_and_origin():
    submitted(OLD)
    submitted(OLD, BACK)
    submitted(OLD, BACK)
    purge("--yes", "--allow-many")
    assert sorted(DailyCount.objects.values_list("origin", "count")) == [("back", 2), ("foot", 1)]


@pytest.mark.usefixtures("recent")
def test_a_tenth_at_most():
    some(retention.FEW + 1, 1)
    with pytest.raises(CommandError, match="more than a tenth"):
        purge("--yes")
    assert TriageSession.objects.count() == retention.FEW + 3
    assert retention.refused_since() == 1
    purge("--yes", "--allow-many")
    assert retention.refused_since() == 0


@pytest.mark.usefixtures("recent")
def test_in_a_small_clinic_one_is_soon_a_tenth_and_goes_all_the_same():
    some(2, 1)
    assert "Deleted 2 sessions" in purge("--yes")


@pytest.mark.usefixtures("recent")
def test_what_was_abandoned_does_not_hold_up_what_was_handed_in():
    some(1, 1)
    for _each in range(retention.FEW + 1):
        session, _key = actions.start_session("en", OLD)
        TriageSession.objects.filter(pk=session.pk).update(last_sequence=1)
    assert f"Deleted {retention.FEW + 2} sessions" in purge("--yes")


def test_a_clock_that_goes_on_steadily_is_believed_in_the_end(monkeypatch):
    """A clinic that was closed for a week, or a clock that was set right, does not keep everything for ever."""
    some(1, 0)
    quiet = NOW + timedelta(days=7)
    for hours, deleted in ((0, False), (1, False), (24, True)):
        monkeypatch.setattr(timezone, "now", lambda hours=hours: quiet + timedelta(hours=hours))
        if deleted:
            assert "Deleted 1 sessions" in purge("--yes")
        else:
            with pytest.raises(CommandError, match="set the clock right"):
                purge("--yes")


def test_a_clock_that_jumps_again_is_not_believed(monkeypatch):
    some(1, 0)
    for days in (3650, 7300):
        monkeypatch.setattr(timezone, "now", lambda days=days: NOW + timedelta(days=days))
        with pytest.raises(CommandError, match="set the clock right"):
            purge("--yes")


def test_what_nobody_decides_about_goes_also_when_the_purge_refuses(monkeypatch):
    def refuse(now):
        raise retention.NotNow("clock", "set the clock right")

    monkeypatch.setattr(retention, "due", refuse)
    untouched, begun = (actions.start_session("en", NOW - timedelta(hours=2))[0] for _each in range(2))
    TriageSession.objects.filter(pk=begun.pk).update(last_sequence=1)
    fresh, _key = actions.start_session("en", NOW - timedelta(minutes=59))
    Session.objects.create(session_key="ended", session_data="", expire_date=NOW - timedelta(days=1))
    with pytest.raises(CommandError, match="set the clock right"):
        purge("--yes")
    kept = set(TriageSession.objects.values_list("pk", flat=True))
    assert untouched.pk not in kept
    assert {begun.pk, fresh.pk} <= kept
    assert not Session.objects.exists()


def test_until_somebody_says_how_long_it_is_a_year():
    assert Clinic().retention_days == 365


@pytest.mark.parametrize("jump", [timedelta(days=3650), timedelta(days=-2)])
@pytest.mark.usefixtures("recent")
def test_a_clock_that_jumped_eats_nothing(monkeypatch, jump):
    some(1, 8)
    monkeypatch.setattr(timezone, "now", lambda: NOW + jump)
    with pytest.raises(CommandError, match="set the clock right"):
        purge("--yes", "--allow-many")
    assert TriageSession.objects.count() == 10


@pytest.mark.usefixtures("recent")
def test_who_may_still_come_back_stays():
    session, _key = actions.start_session("en", OLD)
    TriageSession.objects.filter(pk=session.pk).update(reopened_at=LAST_DAY)
    assert not retention.sessions_due(LAST_DAY).exists()
    TriageSession.objects.filter(pk=session.pk).update(reopened_at=OLD)
    assert retention.sessions_due(LAST_DAY).exists()


@pytest.mark.usefixtures("recent")
def test_a_draft_goes_once_its_session_has_closed():
    for hours in (11, 13):
        _session, key = actions.start_session("en", NOW - timedelta(hours=hours))
        actions.record_answers(find(key, "en"), {}, NOW, {"note": [SECRET]}, "words")
    purge("--yes")
    kept = TriageSession.objects.filter(drafts__isnull=False)
    assert [NOW - session.started_at for session in kept] == [timedelta(hours=11)]


@pytest.mark.usefixtures("recent")
def test_counts_of_wrong_codes_go_with_their_hour_and_what_staff_never_saved_after_a_week():
    for hours in (0, 2, 30):
        WrongCodes.objects.create(hour=NOW - timedelta(hours=hours), place="x")
    for days in (6, 8):
        user = User.objects.create_user(f"{days}")
        KeptForm.objects.create(user=user, path="/admin/", fields="{}", kept_at=NOW - timedelta(days=days))
    purge("--yes")
    assert [NOW - count.hour for count in WrongCodes.objects.all()] == [timedelta(0)]
    assert [form.user.username for form in KeptForm.objects.all()] == ["6"]


@pytest.mark.usefixtures("recent")
def test_an_altered_record_is_not_buried():
    (altered, whole), _new = some(2, 8)
    TriageSession.objects.filter(pk=altered.pk).update(record=altered.record.replace("foot", "back"))
    with pytest.raises(CommandError, match=f"Left where they are: {altered.reference}"):
        purge("--yes")
    kept = set(TriageSession.objects.values_list("pk", flat=True))
    assert altered.pk in kept
    assert whole.pk not in kept  # it does not keep the others
    assert retention.last_purge().altered == 1


@pytest.mark.usefixtures("recent")
def test_no_row_is_left_behind():
    """In any table with a foreign key, whoever adds it."""
    some(1, 8)
    purge("--yes")
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.remote_field and field.remote_field.model is TriageSession:
                kept = set(TriageSession.objects.values_list("pk", flat=True))
                assert (
                    set(model.objects.exclude(**{field.name: None}).values_list(field.attname, flat=True))
                    <= kept
                )


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL keeps copies until it cleans up: docs/deploy.md"
)
def test_on_sqlite_not_a_byte_is_left():
    submitted(NOW - timedelta(hours=1))
    some(1, 8)
    files = Path(connection.settings_dict["NAME"])
    on_disk = lambda: [  # noqa: E731
        path.name for path in files.parent.glob(files.name + "*") if SECRET.encode() in path.read_bytes()
    ]
    assert on_disk()
    purge("--yes")
    assert not on_disk()


# Told


@pytest.fixture
def refusing(monkeypatch, settings):
    settings.EMAIL_HOST = "mail.example.org"
    Clinic.objects.update(mail="desk@example.org")
    manager = actions.create_staff("anna", "a password of its own", "Managers")
    manager.email = "anna@example.org"
    manager.save()

    def refuse(now):
        raise retention.NotNow("clock", "set the clock right")

    monkeypatch.setattr(retention, "due", refuse)


def fail(times):
    for _each in range(times):
        with pytest.raises(CommandError):
            purge("--yes")


def test_a_purge_that_fails_twice_is_told_by_mail_and_again_after_a_week(refusing, mailoutbox):
    fail(1)
    assert mailoutbox == []
    fail(1)
    (mail,) = mailoutbox
    assert mail.to == ["anna@example.org", "desk@example.org"]
    assert mail.subject == "Footpath: the purge has failed 2 times"
    assert "set the clock right" in mail.body
    fail(purge_mail.AGAIN - 1)
    assert len(mailoutbox) == 1
    fail(1)
    assert len(mailoutbox) == 2


def test_looking_alone_is_no_failure_and_without_a_mail_server_nothing_is_sent(
    refusing, mailoutbox, settings
):
    for _each in range(3):
        with pytest.raises(CommandError):
            purge()
    assert retention.refused_since() == 0
    settings.EMAIL_HOST = ""
    fail(2)
    assert mailoutbox == []


def test_a_purge_that_breaks_down_counts_as_failed_and_a_mail_that_does_not_go_out_hides_nothing(
    refusing, monkeypatch
):
    def break_down(now):
        raise OSError("disk")

    monkeypatch.setattr(retention, "due", break_down)
    monkeypatch.setattr("django.core.mail.EmailMessage.send", break_down)
    for _each in range(2):
        with pytest.raises(OSError, match="disk"):
            purge("--yes")
    assert list(Purge.objects.values_list("refused", flat=True)) == ["failed", "failed"]
