"""Look at all that a server needs, and say of what is not right what to do about it; the exit status is then 1.

It asks and changes nothing. Where the database does not answer, it says so and looks at what is left.
"""

from __future__ import annotations

import os
import shutil
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from triage import __version__
from triage.actions import MANAGERS
from triage.admin.provider import Refused, asked
from triage.domain.loading import ContentError
from triage.integration import fhir_server
from triage.integration.access import NoToken
from triage.integration.asking import NoReply
from triage.integration.fhir_server import NotFhir
from triage.models import OutboxMail, the_clinic
from triage.server.backups import FOLDER
from triage.server.checks import database_faults, no_answer, set_up_faults
from triage.store import readiness, releases, retention
from triage.store.deliveries import not_sent, receivers

LEAST_FREE = 2**30  # bytes
MAY_DIFFER = 5  # seconds between the clocks of two machines
CERTIFICATE_LEFT = timedelta(days=14)
PURGED_WITHIN, BACKED_UP_WITHIN = timedelta(days=2), timedelta(hours=26)
MAIL_WAITS = timedelta(minutes=10)
DELIVERY_WAITS = timedelta(minutes=30)
SECONDS = 5  # for a server that is asked
SENDER = "systemctl enable --now footpath-outbox.service"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at and found; a remedy, if something is to be done."""

    what: str
    said: str
    remedy: str = ""


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()  # they are what is looked at

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--backups",
            type=Path,
            default=FOLDER,
            help="the folder of backups (default: %(default)s)",
        )

    def handle(self, *args: Any, backups: Path, **options: Any) -> None:
        looks: list[Callable[[], Iterator[Finding]]] = [set_up, deployment, disk, mail_server, certificate]
        looks += [lambda: backed_up(backups), provider, record, database]
        if answers():
            looks += [content, clocks, purge, mails, deliveries, clinic, other_way_in]
        to_do = 0
        self.stdout.write(f"Footpath {__version__}")
        for look in looks:
            for found in look():
                to_do += bool(found.remedy)
                mark = self.style.ERROR("DO") if found.remedy else self.style.SUCCESS("ok")
                self.stdout.write(f"{mark}  {found.what}: {found.said}")
                if found.remedy:
                    self.stdout.write(f"    {found.remedy}")
        if to_do:
            raise CommandError(f"{to_do} to be set right.", returncode=1)


def answers() -> bool:
    try:
        connection.ensure_connection()
    except DatabaseError:
        return False
    return True


# The machine


def set_up() -> Iterator[Finding]:
    faults = set_up_faults()
    for fault in faults:
        said, _, remedy = fault.partition("; ")
        yield Finding("settings", said, remedy.capitalize())
    if not faults:
        yield Finding("settings", "all that serving needs is there")


def deployment() -> Iterator[Finding]:
    problems = [
        problem for problem in run_checks(include_deployment_checks=True) if not problem.is_silenced()
    ]
    for problem in problems:
        yield Finding("deployment", str(problem.msg), str(problem.hint or "See manage.py check --deploy."))
    if not problems:
        yield Finding("deployment", "manage.py check --deploy is clean")


def disk() -> Iterator[Finding]:
    folder = Path(settings.DATA_DIR)
    free = shutil.disk_usage(folder).free
    said = f"{free / 2**30:.1f} GB are free in {folder}"
    yield Finding(
        "disk", said, "" if free >= LEAST_FREE else "Make room: a full disk refuses what patients send."
    )
    if folder.stat().st_mode & 0o077:
        yield Finding("disk", f"others may read {folder}", f"chmod 0700 {folder}")
    if folder.stat().st_uid != os.geteuid():
        yield Finding(
            "disk",
            f"{folder} is not of the user who runs this",
            "Run it as the service's user: footpath-manage.",
        )


def mail_server() -> Iterator[Finding]:
    if not settings.EMAIL_HOST:
        yield Finding("mail", "no server is set, so that nobody is told of an emergency", "Set EMAIL_URL.")
        return
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with get_connection(timeout=SECONDS):
            yield Finding("mail", f"{server} lets us in")
    except (OSError, smtplib.SMTPException) as fault:
        yield Finding(
            "mail",
            f"{server} does not let us in ({fault})",
            "Correct EMAIL_URL, or ask who runs that server.",
        )


def certificate() -> Iterator[Finding]:
    if not (settings.SECURE_SSL_REDIRECT and settings.ALLOWED_HOSTS):
        return
    name = settings.ALLOWED_HOSTS[0].lstrip(".")
    try:
        with (
            socket.create_connection((name, 443), timeout=SECONDS) as line,
            ssl.create_default_context().wrap_socket(line, server_hostname=name) as secure,
        ):
            over = ssl.cert_time_to_seconds(str((secure.getpeercert() or {})["notAfter"]))
    except OSError as fault:
        yield Finding(
            "https",
            f"{name} cannot be asked ({fault})",
            "Start the proxy; its certificate has to be for this name.",
        )
        return
    left = timedelta(seconds=over - time.time())
    remedy = "" if left > CERTIFICATE_LEFT else "Renew it."
    yield Finding("https", f"the certificate of {name} is good for {left.days} days", remedy)


def provider() -> Iterator[Finding]:
    if settings.PROVIDER is None:
        return
    try:
        with asked() as client:
            said = client.server_metadata
    except Refused as refused:
        yield Finding(
            "sign-in",
            f"{settings.PROVIDER.issuer}: {refused.reason}, {refused.why}",
            "Correct OIDC_ISSUER: it is word for word what its .well-known/openid-configuration says as “issuer”.",
        )
        return
    if "S256" not in said.get("code_challenge_methods_supported", ["S256"]):
        yield Finding("sign-in", "the provider does not know PKCE with S256", "Turn it on at the provider.")
        return
    out = "signs out there too" if said.get("end_session_endpoint") else "has no sign-out of its own"
    yield Finding("sign-in", f"{settings.PROVIDER.issuer} answers, and {out}")


def record() -> Iterator[Finding]:
    """The FHIR server that submissions go to; nothing of anybody is sent to try it."""
    if settings.FHIR_SERVER is None:
        return
    try:
        said = fhir_server.capabilities(timezone.now())
    except (NoToken, NoReply, NotFhir) as fault:
        remedy = "Correct FHIR_SERVER and its fellows, or ask who runs that server; see docs/record.md."
        yield Finding("FHIR", f"{settings.FHIR_SERVER.base}: {fault}", remedy)
        return
    taken = [each.get("code") for rest in said.get("rest", ()) for each in rest.get("interaction", ())]
    if not str(said.get("fhirVersion", "")).startswith("4."):
        yield Finding(
            "FHIR", "the server speaks another version than R4", "Set FHIR_SERVER to its address for R4."
        )
    elif "transaction" not in taken:
        yield Finding(
            "FHIR", "the server does not say that it takes transactions", "Ask who runs it to allow them."
        )
    else:
        yield Finding("FHIR", f"{settings.FHIR_SERVER.base} answers, and takes transactions")


def backed_up(folder: Path) -> Iterator[Finding]:
    remedy = "systemctl enable --now footpath-backup.timer, or name your folder with --backups."
    try:
        files = [path.stat() for path in folder.iterdir() if path.is_file()]
    except OSError as fault:
        yield Finding("backup", f"{folder} cannot be read ({fault.strerror})", remedy)
        return
    if not files:
        yield Finding("backup", f"there is none in {folder}", remedy)
        return
    newest = datetime.fromtimestamp(max(file.st_mtime for file in files), UTC)
    late = timezone.now() - newest > BACKED_UP_WITHIN
    yield Finding(
        "backup", f"the newest is of {timezone.localtime(newest):%Y-%m-%d %H:%M}", remedy if late else ""
    )
    if any(file.st_mode & 0o077 for file in files):
        yield Finding("backup", f"others may read what is in {folder}", f"chmod --recursive go= {folder}")


# What is stored


def database() -> Iterator[Finding]:
    try:
        faults = database_faults()
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as fault:
        said = f"{connection.vendor} does not answer: {no_answer(fault)}"
        yield Finding("database", said, "Start it, or correct DATABASE_URL.")
        return
    for unsafe in faults:
        yield Finding("database", unsafe, "Set it in the database, and restart Footpath.")
    if waiting:
        yield Finding("database", f"{len(waiting)} migrations are not applied", "manage.py migrate")
    if not faults and not waiting:
        yield Finding("database", f"{connection.vendor}, safe to write to, every migration applied")


def content() -> Iterator[Finding]:
    try:
        release = releases.current()
        releases.content(release.sha256, settings.LANGUAGE_CODE)
    except (releases.NothingPublished, ContentError, DatabaseError):
        yield Finding("content", "nothing is published that can be read", "manage.py publish_content")
    else:
        yield Finding("content", f"release {release.version} ({release.sha256[:8]})")


def clocks() -> Iterator[Finding]:
    try:
        retention.due(timezone.now())
    except retention.NotNow as refused:
        yield Finding("clock", "it is far from the newest event", str(refused).capitalize())
        return
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
            apart = abs(float(cursor.fetchone()[0]) - time.time())
        if apart > MAY_DIFFER:
            yield Finding(
                "clock", f"the database's is {apart:.0f} seconds off", "Run a time service on both machines."
            )
            return
    yield Finding("clock", "it fits what is stored")


def purge() -> Iterator[Finding]:
    ran = retention.last_purge()
    said = f"last at {timezone.localtime(ran.at):%Y-%m-%d %H:%M}" if ran else "never yet"
    late = not ran or timezone.now() - ran.at > PURGED_WITHIN
    remedy = "systemctl enable --now footpath-purge.timer; if it runs, manage.py purge says why it refuses."
    yield Finding("purge", said, remedy if late else "")


def mails() -> Iterator[Finding]:
    unsent = OutboxMail.objects.filter(sent_at=None)
    given_up = unsent.filter(next_at=None).count()
    late = unsent.filter(next_at__lt=timezone.now() - MAIL_WAITS).count()
    if given_up:
        yield Finding("mails", f"{given_up} were given up", "Look at Mails not sent in the admin.")
    if late:
        yield Finding("mails", f"{late} wait and nobody sends them", SENDER)
    if not given_up and not late:
        yield Finding("mails", "none waits")


def deliveries() -> Iterator[Finding]:
    """To other systems. Each is told of real submissions alone, so none is told of anything here."""
    if not receivers():
        return
    unsent, now = not_sent(), timezone.now()
    given_up = unsent.filter(next_at=None).count()
    untouched = unsent.filter(next_at__lt=now - DELIVERY_WAITS).count()
    if unsent.filter(tried_at__gt=now - DELIVERY_WAITS).exists():
        untouched = 0  # while a receiver is down, they are tried one by one
    if given_up:
        yield Finding("deliveries", f"{given_up} were given up", "Look at Deliveries in the admin.")
    if untouched:
        yield Finding("deliveries", f"{untouched} wait and nobody sends them", SENDER)
    if not given_up and not untouched:
        yield Finding("deliveries", f"{unsent.count()} wait for their next try")


def other_way_in() -> Iterator[Finding]:
    """For when the provider is away."""
    if settings.PROVIDER is None:
        return
    managers = User.objects.filter(groups__name=MANAGERS, is_active=True, is_staff=True, staffidentity=None)
    names = [user.get_username() for user in managers if user.has_usable_password()]
    yield Finding(
        "sign-in",
        f"without the provider: {', '.join(names) or 'nobody who manages'}",
        ""
        if names
        else "manage.py create_staff NAME --group Managers, and keep its password and codes locked away.",
    )


def clinic() -> Iterator[Finding]:
    wanted = list(readiness.wishes(the_clinic()))
    for text in wanted:
        yield Finding("clinic", text, "In the admin, its first page says where.")
    if not wanted:
        yield Finding("clinic", "nothing is wanted of its staff")
