"""Commands about one content, named as a directory, or as a release by the start of its SHA-256."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.domain.content import Content
from triage.domain.loading import ContentError, Trees
from triage.models import Release
from triage.store import releases
from triage.store.content_files import SHIPPED, read_content, read_trees

ARGUMENT = "a content directory, or the first letters of a release's SHA-256"


class ContentCommand(BaseCommand):
    """A command whose first argument, `content`, may be left out. It needs no settings but those it uses."""

    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        told = f"{ARGUMENT} (default: the shipped content)"
        parser.add_argument("content", nargs="?", default=str(SHIPPED), help=told)


def named_content(name: str, language: str | None = None) -> Content:
    """The content in the language (by default in its own). Only a release needs the database."""
    try:
        if Path(name).is_dir():
            return read_content(Path(name), language)
        return releases.content(release(name), language or "en")
    except ContentError as error:
        raise CommandError(f"{error}\nMend the content first: manage.py check_content {name}") from None


def named_trees(name: str) -> Trees:
    """The files of the content, as plain trees."""
    try:
        return read_trees(Path(name)) if Path(name).is_dir() else releases.trees(release(name))
    except ContentError as error:
        raise CommandError(str(error)) from None


def release(start: str) -> str:
    """The SHA-256 of the one release that begins so."""
    found = Release.objects.filter(sha256__startswith=start.lower()).values_list("sha256", flat=True)[:2]
    match list(found):
        case [sha256]:
            return sha256
        case []:
            what = "There is no directory of this name, and no release begins"
        case _:
            what = "More than one release begins"
    raise CommandError(f"{what} with {start!r}. Name {ARGUMENT}.")
