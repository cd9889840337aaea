"""What `backup` and `restore` refuse. That nothing is lost is for proof `backup`, on both databases."""

import contextlib
import sqlite3
import stat

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from triage.server import backups

pytestmark = pytest.mark.django_db(transaction=True)
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="a database is a file on SQLite alone")


def test_no_backup_is_written_over_another(tmp_path):
    file = tmp_path / "backup"
    file.write_text("of yesterday")
    with pytest.raises(CommandError, match=r"backup is there already. Name a new file"):
        call_command("backup", str(file))
    assert file.read_text() == "of yesterday"


def test_what_fails_leaves_no_file_behind(tmp_path, monkeypatch):
    def fail(part, file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "_appear", fail)
    monkeypatch.setattr(backups, "_tool", lambda *arguments: None)
    with pytest.raises(CommandError, match=r"No space left on device. Name another file"):
        call_command("backup", str(tmp_path / "backup"))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_restored_over_a_database(tmp_path):
    file = tmp_path / "backup"
    file.write_text("")
    with pytest.raises(CommandError, match=r"is there already|has tables"):
        call_command("restore", str(file))


@pytest.mark.parametrize("name", ["pg_dump", "pg_restore"])
def test_a_missing_program_is_named(name, monkeypatch, settings):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(backups.NotPossible, match=f"{name} is missing. Install PostgreSQL's client programs"):
        backups._tool(name)


@on_sqlite
class TestOnSQLite:
    @pytest.fixture
    def backup(self, tmp_path):
        call_command("backup", str(tmp_path / "backup"))
        return tmp_path / "backup"

    def test_nobody_else_reads_it(self, backup):
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600

    def test_it_is_restored_where_nothing_is_and_old_logs_are_gone(self, backup, tmp_path):
        database = tmp_path / "db.sqlite3"
        log = tmp_path / "db.sqlite3-wal"
        log.write_text("of another database")
        backups._restore_sqlite(backup, database)
        with contextlib.closing(sqlite3.connect(database)) as copy:
            assert copy.execute("SELECT count(*) FROM triage_clinic").fetchone() == (1,)
        assert not log.exists()

    @pytest.mark.parametrize("damage", ["not a database", "another", "cut off"])
    def test_what_is_no_backup_is_refused_whole(self, damage, backup, tmp_path):
        match damage:
            case "not a database":
                backup.write_text("x" * 5000)
            case "another":
                backup.unlink()
                sqlite3.connect(backup).execute("CREATE TABLE other (x)").connection.close()
            case "cut off":
                backup.write_bytes(backup.read_bytes()[:20_000])
        with pytest.raises(backups.NotPossible, match="backup is no backup of Footpath on SQLite"):
            backups._restore_sqlite(backup, tmp_path / "db.sqlite3")
        assert {path.name for path in tmp_path.iterdir()} == {"backup"}
