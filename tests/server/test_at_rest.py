"""What lies in the database, in its backups and in dumps, and what somebody with a copy of it could do."""

import json
import os
import sqlite3
import stat
from contextlib import closing

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as Stock
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django_otp.oath import TOTP
from pyrage import x25519

from tests.staff import staff
from tests.visitor import NOW, holding, publish
from triage import actions
from triage.models import StaffDevice, TriageSession
from triage.models.accounts import SEALED, opened_key
from triage.server import backups, deployment
from triage.server.environment import read_environment
from triage.server.staff_sessions import SessionStore
from triage.store import codes, visit

KEYS = [os.urandom(32), os.urandom(32)]
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="a database is a file on SQLite alone")
pytestmark = pytest.mark.django_db


# Staff's sessions


def opens(client, key):
    thief = Client()
    thief.cookies["staff"] = key
    return thief.get("/admin/").status_code == 200


def test_what_is_stored_of_a_staff_session_opens_nothing(client):
    manager = staff("Managers")
    cookie = manager.cookies["staff"].value
    stored = Session.objects.get().session_key
    assert cookie not in (stored, Session.objects.get().session_data)
    assert opens(client, cookie)
    assert not opens(client, stored)
    manager.post("/admin/logout/")
    assert not Session.objects.filter(session_key=stored).exists()
    assert not opens(client, cookie)


def test_a_session_as_django_keeps_it_would_be_opened_by_what_is_stored(client, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    staff("Managers")
    assert opens(client, Session.objects.get().session_key)


def test_a_session_is_found_saved_and_deleted_under_one_hash():
    session = SessionStore()
    session["a"] = 1
    session.create()
    assert session.exists(session.session_key)
    assert not Stock().exists(session.session_key)
    assert SessionStore(session.session_key)["a"] == 1
    SessionStore().delete(session.session_key)
    assert SessionStore(session.session_key).load() == {}
    SessionStore().delete()  # of nobody


# The second factor


def code_of(device):
    totp = TOTP(bytes.fromhex(opened_key(device.key, device.user_id)))
    return f"{totp.token():06}"


@pytest.fixture
def anna(settings):
    """Anna, with a device that was set up while there was one key."""
    settings.NOTE_KEYS = KEYS[:1]
    user = actions.create_staff("anna", "a password of its own", "Managers")
    key = os.urandom(20).hex()
    actions.set_up_second_factor(user, key, f"{TOTP(bytes.fromhex(key)).token():06}", NOW)
    StaffDevice.objects.update(last_t=-1)
    return user, key


def test_the_secret_of_a_second_factor_is_sealed_for_its_account(anna):
    user, key = anna
    device = StaffDevice.objects.get()
    assert device.key.startswith(SEALED)
    assert key not in device.key
    assert len(device.key) <= 80
    assert actions.check_second_factor(user, code_of(device))
    other = actions.create_staff("other", "a password of its own", "Managers")
    StaffDevice.objects.update(user=other, last_t=-1)
    assert opened_key(device.key, other.pk) == ""
    assert not actions.check_second_factor(other, f"{TOTP(bytes.fromhex(key)).token():06}")


def test_a_newer_key_seals_it_anew_at_the_next_sign_in(anna, settings, caplog):
    user, _key = anna
    before = StaffDevice.objects.get()
    settings.NOTE_KEYS = [KEYS[1], KEYS[0]]
    assert actions.check_second_factor(user, code_of(before))
    after = StaffDevice.objects.get()
    assert after.key != before.key
    settings.NOTE_KEYS = KEYS[1:]
    assert opened_key(after.key, user.pk)
    assert not opened_key(before.key, user.pk)
    StaffDevice.objects.update(last_t=-1, key=before.key)
    assert not actions.check_second_factor(user, "123456")
    assert "NOTE_KEYS lacks its key" in caplog.text


def test_without_keys_it_is_stored_as_before_and_sealed_once_there_is_one(settings):
    settings.NOTE_KEYS = []
    user = actions.create_staff("bob", "a password of its own", "Managers")
    key = os.urandom(20).hex()
    actions.set_up_second_factor(user, key, f"{TOTP(bytes.fromhex(key)).token():06}", NOW)
    assert StaffDevice.objects.get().key == key
    settings.NOTE_KEYS = KEYS[:1]
    StaffDevice.objects.update(last_t=-1)
    assert actions.check_second_factor(user, f"{TOTP(bytes.fromhex(key)).token():06}")
    assert StaffDevice.objects.get().key.startswith(SEALED)


def test_a_key_that_waits_to_be_set_up_is_sealed_in_the_session_too(settings):
    settings.STAFF_SECOND_FACTOR, settings.NOTE_KEYS = True, KEYS[:1]
    actions.create_staff("anna", "a password of its own", "Managers")
    browser = Client()
    page = browser.post(
        "/admin/login/", {"username": "anna", "password": "a password of its own"}, follow=True
    )
    shown = page.context["link"].split("secret=")[1].split("&")[0]
    assert shown
    assert browser.session["password_given_by"]["key"].startswith(SEALED)


# Another SECRET_KEY


def test_letters_codes_and_recovery_codes_outlive_a_secret_key(settings):
    publish()
    user = actions.create_staff("anna", "a password of its own", "Managers")
    key = os.urandom(20).hex()
    _device, papers = actions.set_up_second_factor(user, key, f"{TOTP(bytes.fromhex(key)).token():06}", NOW)
    wanted = {"label": "A", "appointment_at": NOW, "language": "en"}
    ((_invitation, letter),) = actions.invite([wanted], user, NOW)
    _session, cookie = actions.start_session("en", NOW)
    actions.record_answers(visit.find(cookie, "en"), {"age": ("16-or-over",)}, NOW)
    actions.save_for_later(visit.find(cookie, "en"), cookie, NOW)
    way_back = codes.code_of(cookie, TriageSession.objects.get().return_until)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another " * 10
    assert actions.open_code(letter, None, NOW) is None
    assert actions.open_code(way_back, None, NOW) is None
    settings.SECRET_KEY_FALLBACKS = [former]
    assert actions.open_code(letter, None, NOW)
    assert actions.open_code(way_back, None, NOW, held=cookie)
    assert actions.check_second_factor(user, papers[0])
    assert not actions.check_second_factor(user, papers[0])


def test_staff_stay_signed_in_when_the_secret_key_is_changed(settings):
    manager = staff("Managers")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another " * 10
    settings.SECRET_KEY_FALLBACKS = [former]
    assert manager.get("/admin/").status_code == 200
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a third " * 10, []
    assert manager.get("/admin/").status_code == 302


# Dumps


def test_a_dump_is_its_owners_alone_and_holds_no_session(tmp_path):
    staff("Managers")
    before = os.umask(0o022)
    try:
        call_command("dumpdata", output=str(tmp_path / "dump.json"), verbosity=0)
        assert os.umask(0o022) == 0o022  # as it was
    finally:
        os.umask(before)
    dump = tmp_path / "dump.json"
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600
    models = {row["model"] for row in json.loads(dump.read_text(encoding="utf-8"))}
    assert "auth.user" in models
    assert not any(model.startswith(("sessions.", "axes.")) for model in models)


def test_an_export_over_an_open_file_closes_it(tmp_path):
    publish()
    out = tmp_path / "out.csv"
    out.touch(mode=0o644)
    call_command("export", "csv", out=out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


# Backups


@on_sqlite
class TestBackups:
    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture
    def pair(self, settings):
        pair = x25519.Identity.generate()
        settings.BACKUP_RECIPIENTS = [str(pair.to_public())]
        return pair

    def test_nobody_is_signed_in_in_a_backup(self, tmp_path):
        staff("Managers")
        call_command("backup", str(tmp_path / "backup"))
        with closing(sqlite3.connect(tmp_path / "backup")) as copy:
            assert copy.execute("SELECT count(*) FROM django_session").fetchone() == (0,)
            assert copy.execute("SELECT count(*) FROM auth_user").fetchone() == (1,)
        assert Session.objects.get().session_data.encode() not in (tmp_path / "backup").read_bytes()
        assert [path.name for path in tmp_path.iterdir()] == ["backup"]

    def test_it_opens_with_the_secret_key_alone(self, pair, tmp_path, monkeypatch):
        User.objects.create_user("somebody-in-it")
        call_command("backup", str(tmp_path / "backup"))
        file = tmp_path / "backup"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"somebody-in-it" not in file.read_bytes()
        assert not list(tmp_path.parent.glob("*-backup"))
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "new.sqlite3"))
        (tmp_path / "right").write_text(f"# made today\n{pair}\n")
        (tmp_path / "other").write_text(f"{x25519.Identity.generate()}\n")
        (tmp_path / "none").write_text("x")
        for key, said in ((None, "is encrypted"), ("other", "another key"), ("none", "no secret key")):
            with pytest.raises(CommandError, match=said):
                call_command("restore", str(file), key=tmp_path / key if key else None)
        assert not (tmp_path / "new.sqlite3").exists()
        (tmp_path / "cut").write_bytes(file.read_bytes()[:-100])
        with pytest.raises(CommandError, match="damaged"):
            call_command("restore", str(tmp_path / "cut"), key=tmp_path / "right")
        backups.restore(file, tmp_path / "right")
        with closing(sqlite3.connect(tmp_path / "new.sqlite3")) as copy:
            names = [name for (name,) in copy.execute("SELECT username FROM auth_user")]
        assert names == ["somebody-in-it"]

    def test_without_recipients_it_is_read_as_it_is(self, tmp_path):
        User.objects.create_user("somebody-in-it")
        call_command("backup", str(tmp_path / "backup"))
        assert b"somebody-in-it" in (tmp_path / "backup").read_bytes()


def test_a_pair_of_keys_is_made(capsys):
    call_command("backup_key")
    public, secret = capsys.readouterr().out.splitlines()
    named = read_environment({"BACKUP_RECIPIENTS": public.partition("=")[2]}).backup_recipients
    made = x25519.Identity.from_str(secret.rpartition(" ")[2])
    assert named == [str(made.to_public())]


# What nobody has set


def test_the_deployment_check_asks_for_keys_and_for_the_disk(settings):
    assert [warning.id for warning in deployment.deployment()] == [
        f"footpath.W00{number}" for number in (1, 2, 3, 4)
    ]
    settings.CHAIN_KEY, settings.NOTE_KEYS, settings.BACKUP_RECIPIENTS = b"x", [b"x"], ["x"]
    settings.ENVIRONMENT = read_environment({"DISK_ENCRYPTED": "on"})
    assert deployment.deployment() == []


def test_a_patient_is_not_touched_by_any_of_it():
    publish()
    _session, key = actions.start_session("en", NOW)
    assert holding(key).get("/").status_code == 200
