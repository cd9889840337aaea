"""The whole database in one file: taken while patients answer, and restored into an empty database alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection

from triage.server.private_files import make_private, only_private

AGE = b"age-encryption.org/"  # how a file that age encrypted begins


FOLDER = Path("/var/backups/footpath")  # as deploy/ has it


def newest(folder: Path) -> datetime | None:
    """When the last backup in it was made; None where there is none, or none that may be seen."""
    try:
        made = [path.stat().st_mtime for path in folder.iterdir() if path.is_file()]
    except OSError:
        return None
    return datetime.fromtimestamp(max(made), UTC) if made else None


class NotPossible(Exception):
    """Why there is no backup, or why it was not restored, and what to do."""


# What no copy needs: who is signed in at the moment, and from which addresses passwords were tried.
LEFT_OUT = ("django_session", "axes_accessattempt", "axes_accesslog", "axes_accessfailurelog")


def back_up(file: Path) -> None:
    """Write all that was accepted before this began, encrypted where BACKUP_RECIPIENTS is set.

    The file appears when it is whole and on the disk. Raises NotPossible, and OSError where it cannot be written.
    """
    if file.exists():
        raise NotPossible(
            f"{file.name} is there already. Name a new file: no backup is written over another."
        )
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    make_private(part)
    try:
        _copy_encrypted(part) if settings.BACKUP_RECIPIENTS else _copy(part)
        _appear(part, file)
    finally:
        part.unlink(missing_ok=True)


def _copy_encrypted(part: Path) -> None:
    """What is not encrypted stands on no other disk than the database's own, and there for this moment alone."""
    if connection.vendor != "sqlite":
        dump = ("pg_dump", "--format", "custom", *_left_out())
        _tool(*dump, through=lambda stream: _encrypt(stream, part))
        return
    plain = Path(f"{connection.settings_dict['NAME']}-backup")
    plain.unlink(missing_ok=True)
    make_private(plain)
    try:
        _copy(plain)
        with plain.open("rb") as stream:
            _encrypt(stream, part)
    finally:
        plain.unlink(missing_ok=True)


def _copy(part: Path) -> None:
    if connection.vendor != "sqlite":
        _tool("pg_dump", "--format", "custom", "--file", str(part), *_left_out())
        return
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(part)])
    with contextlib.closing(sqlite3.connect(part)) as copy:
        copy.execute("PRAGMA journal_mode=MEMORY")  # nothing beside the file
        copy.execute("PRAGMA secure_delete=ON")
        for table in LEFT_OUT:
            copy.execute(f"DELETE FROM {table}")  # noqa: S608 (names of ours)
        copy.commit()


def _left_out() -> list[str]:
    return [f"--exclude-table-data={table}" for table in LEFT_OUT]


def _encrypt(stream: IO[bytes], part: Path) -> None:
    import pyrage

    keys = [pyrage.x25519.Recipient.from_str(key) for key in settings.BACKUP_RECIPIENTS]
    with part.open("wb") as file:
        pyrage.encrypt_io(stream, file, keys)


def restore(file: Path, key: Path | None = None) -> None:
    """Fill the empty database from this file: wholly or not at all. `key` holds the secret key of an encrypted one.

    Raises NotPossible.
    """
    if not file.is_file():
        raise NotPossible(f"There is no file {file.name}.")
    database = Path(str(connection.settings_dict["NAME"]))
    if connection.vendor == "sqlite" and database.exists():
        raise NotPossible(f"{database.name} is there already. Stop Footpath and move it away first.")
    if connection.vendor != "sqlite" and connection.introspection.table_names():
        raise NotPossible("The database of DATABASE_URL has tables. Make an empty one, and name that.")
    with _decrypted(file, key) as plain:
        if connection.vendor == "sqlite":
            _restore_sqlite(plain, database)
        else:
            _tool("pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", str(plain))


@contextlib.contextmanager
def _decrypted(file: Path, key: Path | None) -> Iterator[Path]:
    """The file itself, or, where it is encrypted, what is in it, in a file that goes again."""
    with file.open("rb") as stream:
        encrypted = stream.read(len(AGE)) == AGE
    if not encrypted:
        yield file
        return
    if key is None:
        raise NotPossible(f"{file.name} is encrypted. Name the file with the secret key: --key FILE.")
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as folder, only_private():
        plain = Path(folder, file.name)
        _decrypt(file, key, plain)
        yield plain


def _decrypt(file: Path, key: Path, plain: Path) -> None:
    import pyrage

    try:
        found = [line.strip() for line in key.read_text(encoding="ascii").splitlines()]
        secrets = [pyrage.x25519.Identity.from_str(line) for line in found if line and line[0] != "#"]
    except (OSError, ValueError, pyrage.IdentityError):
        raise NotPossible(f"{key.name} holds no secret key. Name the file with AGE-SECRET-KEY-…") from None
    try:
        with file.open("rb") as stream, plain.open("wb") as out:
            pyrage.decrypt_io(stream, out, secrets)
    except (OSError, pyrage.DecryptError):
        raise NotPossible(f"{file.name} was encrypted for another key, or it is damaged.") from None


def _restore_sqlite(file: Path, database: Path) -> None:
    part = database.with_name(f"{database.name}.part")
    try:
        shutil.copyfile(file, part)
        part.chmod(0o600)
        with contextlib.closing(sqlite3.connect(part)) as copy:
            if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError
            copy.execute("SELECT 1 FROM triage_triagesession")
        for beside in ("-wal", "-shm"):  # of the database that was here before, they would spoil this one
            database.with_name(f"{database.name}{beside}").unlink(missing_ok=True)
        _appear(part, database)
    except sqlite3.DatabaseError:
        raise NotPossible(f"{file.name} is no backup of Footpath on SQLite, or it is damaged.") from None
    finally:
        part.unlink(missing_ok=True)


def _appear(part: Path, file: Path) -> None:
    """The content is on the disk before it has its name; then the name is too."""
    _sync(part)
    part.rename(file)
    _sync(file.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tool(name: str, *arguments: str, through: Callable[[IO[bytes]], None] | None = None) -> None:
    """One of PostgreSQL's own programs, on our database. The password stays out of the list of processes.

    `through` reads what it writes, piece by piece.
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    said = conninfo_to_dict(str(settings.ENVIRONMENT.database_url or ""))
    password = str(said.pop("password", ""))
    where = make_conninfo("", **{key: str(value) for key, value in said.items()})
    try:
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(
                [name, "--dbname", where, *arguments],
                env={**os.environ, "PGPASSWORD": password},
                stdout=subprocess.PIPE if through else None,
                stderr=errors,
            ) as program,
        ):
            if through and program.stdout:
                through(program.stdout)
            if program.wait():
                errors.seek(0)
                raise NotPossible(f"{name} failed: {errors.read().strip()}")
    except FileNotFoundError:
        raise NotPossible(
            f"{name} is missing. Install PostgreSQL's client programs, of the server's version or newer."
        ) from None
