"""What `manage.py doctor` says of a set-up in which nothing is missing, and of those in which one thing is."""

import io
import os
import smtplib
import ssl
from datetime import timedelta
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.core.checks import Warning
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from tests.provider import TestProvider
from tests.visitor import publish
from triage import actions
from triage.management.commands import doctor
from triage.models import Clinic, OutboxMail, Purge, Release, TriageSession
from triage.store.retention import NotNow

pytestmark = pytest.mark.django_db


@pytest.fixture
def healthy(db, settings, monkeypatch, tmp_path):
    """The folder of backups of a server where all is well."""
    publish()
    actions.start_session("en", timezone.now())
    Clinic.objects.update_or_create(pk=1, defaults={"phone": "555 0100"})
    Purge.objects.create(at=timezone.now(), sessions=0)
    settings.DATA_DIR, backups = tmp_path / "data", tmp_path / "backups"
    settings.EMAIL_HOST, settings.STAFF_SECOND_FACTOR = "mail.example.org", False
    for folder in (settings.DATA_DIR, backups):
        folder.mkdir(mode=0o700)
    (backups / "footpath-1").touch(mode=0o600)
    monkeypatch.setattr(doctor, "set_up_faults", list)
    monkeypatch.setattr(doctor, "run_checks", lambda **asked: [])
    return backups


def told(backups):
    """The lines, and those that follow what is to be done."""
    said = io.StringIO()
    ended = ""
    try:
        call_command("doctor", "--backups", str(backups), stdout=said, no_color=True)
    except CommandError as end:
        ended = f"{end} {end.returncode}"
    lines = said.getvalue().splitlines()
    to_do = [f"{line} {remedy.strip()}" for line, remedy in pairwise(lines) if line[:2] == "DO"]
    assert ended == (f"{len(to_do)} to be set right. 1" if to_do else "")
    return lines, to_do


def test_where_all_is_well_every_line_says_so(healthy):
    lines, to_do = told(healthy)
    assert to_do == []
    assert lines[0].startswith("Footpath ")
    parts = {line[4:].partition(":")[0] for line in lines[1:]}
    assert parts == {
        "settings", "deployment", "disk", "mail", "backup", "database", "content", "clock", "purge", "mails", "clinic"
    }  # fmt: skip


def fails(error):
    def failing(*args, **options):
        raise error

    return failing


def mail(**fields):
    OutboxMail.objects.create(session=TriageSession.objects.get(), created_at=timezone.now(), **fields)


def late():
    return timezone.now() - timedelta(days=3)


BROKEN = {
    "no key": (
        lambda patch, backups: patch.setattr(
            doctor, "set_up_faults", lambda: ["SECRET_KEY is not set; set one."]
        ),
        "SECRET_KEY is not set Set one.",
    ),
    "a warning": (
        lambda patch, backups: patch.setattr(
            doctor,
            "run_checks",
            lambda **asked: [Warning("No CHAIN_KEY.", hint="Set it.", id="footpath.W001")],
        ),
        "deployment: No CHAIN_KEY. Set it.",
    ),
    "a full disk": (lambda patch, backups: patch.setattr(doctor, "LEAST_FREE", 2**80), "Make room"),
    "a folder that others read": (
        lambda patch, backups: (backups.parent / "data").chmod(0o755),
        "chmod 0700",
    ),
    "a mail server that is away": (
        lambda patch, backups: patch.setattr(
            doctor, "get_connection", fails(ConnectionRefusedError("refused"))
        ),
        "(refused) Correct EMAIL_URL",
    ),
    "a mail server that knows nobody": (
        lambda patch, backups: patch.setattr(
            doctor, "get_connection", fails(smtplib.SMTPAuthenticationError(535, b"no"))
        ),
        "Correct EMAIL_URL",
    ),
    "no backup": (lambda patch, backups: (backups / "footpath-1").unlink(), "there is none"),
    "no folder of backups": (
        lambda patch, backups: [(backups / "footpath-1").unlink(), backups.rmdir()],
        "cannot be read (No such file or directory) systemctl enable --now footpath-backup.timer",
    ),
    "an old backup": (
        lambda patch, backups: os.utime(backups / "footpath-1", (late().timestamp(),) * 2),
        "systemctl enable --now footpath-backup.timer",
    ),
    "a backup that others read": (
        lambda patch, backups: (backups / "footpath-1").chmod(0o644),
        "chmod --recursive",
    ),
    "an unsafe database": (
        lambda patch, backups: patch.setattr(
            doctor, "database_faults", lambda: ["PostgreSQL runs with fsync=off."]
        ),
        "fsync=off",
    ),
    "nothing published": (
        lambda patch, backups: Release.objects.update(state=Release.State.RETIRED),
        "manage.py publish_content",
    ),
    "a clock that jumped": (
        lambda patch, backups: patch.setattr(
            doctor.retention, "due", fails(NotNow("clock", "set the clock right"))
        ),
        "Set the clock right",
    ),
    "an old purge": (lambda patch, backups: Purge.objects.update(at=late()), "footpath-purge.timer"),
    "mails that nobody sends": (lambda patch, backups: mail(next_at=late()), "footpath-outbox.service"),
    "mails given up": (lambda patch, backups: mail(next_at=None), "Mails not sent"),
    "no number": (lambda patch, backups: Clinic.objects.update(phone=""), "No number is set"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_not_right_is_told_with_what_to_do(healthy, monkeypatch, broken):
    breaks, said = BROKEN[broken]
    breaks(monkeypatch, healthy)
    _lines, to_do = told(healthy)
    assert len(to_do) == 1, to_do
    assert said in to_do[0]


@pytest.fixture
def mercy(settings):
    provider = TestProvider()
    settings.PROVIDER = provider.settings()
    actions.create_staff("glass", "a password of its own", "Managers")
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


def test_a_provider_is_asked_and_somebody_can_sign_in_without_it(healthy, mercy, settings):
    lines, to_do = told(healthy)
    assert to_do == []
    assert f"ok  sign-in: {mercy.issuer} answers, and signs out there too" in lines
    assert "ok  sign-in: without the provider: glass" in lines
    User.objects.filter(username="glass").update(is_active=False)
    mercy.metadata = {"code_challenge_methods_supported": ["plain"]}
    no_pkce, nobody = told(healthy)[1]
    assert "Turn it on at the provider" in no_pkce
    assert "nobody who manages manage.py create_staff NAME --group Managers" in nobody
    User.objects.filter(username="glass").update(is_active=True)
    settings.PROVIDER = mercy.settings(issuer=f"{mercy.issuer}/")  # a slash is another issuer
    (line,) = told(healthy)[1]
    assert "untrusted, another issuer Correct OIDC_ISSUER" in line
    mercy.fails[".well-known/openid-configuration"] = lambda: (500, "")
    assert "away, HTTPError" in told(healthy)[1][0]


def test_without_the_database_the_rest_is_looked_at(healthy, monkeypatch):
    monkeypatch.setattr(doctor, "answers", lambda: False)
    monkeypatch.setattr(
        doctor, "database_faults", fails(DatabaseError("first\npassword authentication failed"))
    )
    lines, to_do = told(healthy)
    assert [line.partition(" does")[2] for line in to_do] == [
        " not answer: first password authentication failed Start it, or correct DATABASE_URL."
    ]
    assert not any("content" in line for line in lines)


def test_a_certificate_is_asked_for_by_the_patients_name(healthy, monkeypatch, settings):
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["footpath.example.org"]
    for error, said in (
        (ConnectionRefusedError("refused"), "(refused)"),
        (ssl.SSLError("expired"), "expired"),
    ):
        monkeypatch.setattr(doctor.socket, "create_connection", fails(error))
        (line,) = told(healthy)[1]
        assert line.startswith("DO  https: footpath.example.org")
        assert said in line
        assert "Start the proxy" in line
