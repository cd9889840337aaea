"""Footpath's management commands; `python manage.py help` lists them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "triage.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, connection

    # Pages, tables and content come through pipes, and are UTF-8 whatever this machine's terminal speaks.
    for stream in filter(None, (sys.stdin, sys.stdout)):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    # For these Django would tell its own.
    command = [sys.argv[0], "versions"] if sys.argv[1:] in (["--version"], ["version"]) else sys.argv
    try:
        execute_from_command_line(command)
    except ImproperlyConfigured as fault:
        sys.exit(f"Footpath cannot start.\n{fault}")
    except OperationalError as fault:
        from triage.server.checks import no_answer

        if connection.connection:  # it did answer
            raise
        sys.exit(f"The database does not answer. Start it, or correct DATABASE_URL.\n{no_answer(fault)}")


if __name__ == "__main__":
    main()
