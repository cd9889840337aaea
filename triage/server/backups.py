"""The whole database in one file: taken while patients answer, and restored into an empty database alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from django.conf import settings
from django.db import connection


class NotPossible(Exception):
    """Why there is no backup, or why it was not restored, and what to do."""


def back_up(file: Path) -> None:
    """Write all that was accepted before this began. The file appears when it is whole and on the disk.

    Raises NotPossible, and OSError where the file cannot be written.
    """
    if file.exists():
        raise NotPossible(
            f"{file.name} is there already. Name a new file: no backup is written over another."
        )
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)  # it holds health data
    try:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(part)])
        else:
            _tool("pg_dump", "--format", "custom", "--file", str(part))
        _appear(part, file)
    finally:
        part.unlink(missing_ok=True)


def restore(file: Path) -> None:
    """Fill the empty database from this file: wholly or not at all. Raises NotPossible."""
    if not file.is_file():
        raise NotPossible(f"There is no file {file.name}.")
    if connection.vendor == "sqlite":
        _restore_sqlite(file, Path(str(connection.settings_dict["NAME"])))
        return
    if connection.introspection.table_names():
        raise NotPossible("The database of DATABASE_URL has tables. Make an empty one, and name that.")
    _tool("pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", str(file))


def _restore_sqlite(file: Path, database: Path) -> None:
    if database.exists():
        raise NotPossible(f"{database.name} is there already. Stop Footpath and move it away first.")
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


def _tool(name: str, *arguments: str) -> None:
    """One of PostgreSQL's own programs, on our database. The password stays out of the list of processes."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    said = conninfo_to_dict(str(settings.ENVIRONMENT.database_url or ""))
    password = str(said.pop("password", ""))
    where = make_conninfo("", **{key: str(value) for key, value in said.items()})
    try:
        subprocess.run(
            [name, "--dbname", where, *arguments],
            env={**os.environ, "PGPASSWORD": password},
            check=True,
            stderr=subprocess.PIPE,
            text=True,
        )
    except FileNotFoundError:
        raise NotPossible(
            f"{name} is missing. Install PostgreSQL's client programs, of the server's version or newer."
        ) from None
    except subprocess.CalledProcessError as error:
        raise NotPossible(f"{name} failed: {error.stderr.strip()}") from None
