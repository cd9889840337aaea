"""Who gives a command on the server, for the access log."""

from __future__ import annotations

import getpass
import os

from django.core.management.base import CommandParser


def add_by(parser: CommandParser) -> None:
    parser.add_argument(
        "--by",
        default="",
        metavar="NAME",
        help="who gives the command (default: who is signed in on the server)",
    )


def operator(by: str) -> str:
    """The name that was said, or that of the person behind sudo, or of the user of the service."""
    if by:
        return by
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        name = str(os.getuid())
    return f"{name} (on the server)"
