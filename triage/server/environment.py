"""The environment variables Footpath reads, all of them, strictly.

A wrong value stops the start and says what to set; nothing falls back in silence. The README's table
is this one, and a test holds them together.
"""

import re
import zoneinfo
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from triage.server.other_systems import (
    LOOPBACK,
    FhirServer,
    Webhook,
    address,
    client_key,
    fhir_base,
    fhir_server,
    is_secure,
    uri,
    webhook,
    webhook_keys,
)

SWITCH = dict.fromkeys(("on", "true", "1", "yes"), True) | dict.fromkeys(("off", "false", "0", "no"), False)
HOST = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\]", re.IGNORECASE)
SECRET_KEY_LENGTH = 50
NOTE_KEY_LENGTH = 32  # bytes
TOKEN_LENGTH = 32
ROLES = ("Reviewers", "Managers", "Auditors")  # the groups of actions/accounts.py, which this file cannot ask


AGE_KEY = re.compile(r"age1[02-9ac-hj-np-z]{58}")


def switch(value: str) -> bool:
    if value.lower() not in SWITCH:
        raise ValueError(f"“{value}” is not a switch; set one of {', '.join(SWITCH)}")
    return SWITCH[value.lower()]


def secret_key(value: str) -> str:
    if len(value) < SECRET_KEY_LENGTH or len(set(value)) < 10:
        raise ValueError(f"the key is too easy to guess; set at least {SECRET_KEY_LENGTH} random characters")
    return value


def secret_keys(value: str) -> list[str]:
    return [secret_key(key.strip()) for key in value.split(",")]


def token(value: str) -> str:
    # The value is secret, so the message does not repeat it.
    if len(value) < TOKEN_LENGTH or len(set(value)) < 10 or not value.isascii() or " " in value:
        raise ValueError(
            f"the token is too easy to guess; set at least {TOKEN_LENGTH} random letters and digits"
        )
    return value


def hosts(value: str) -> list[str]:
    names = [name.strip() for name in value.split(",")]
    for name in names:
        if not HOST.fullmatch(name):
            raise ValueError(
                f"“{name}” is not a host name; set names without scheme, port or *, parted by commas, "
                "such as footpath.example.org"
            )
    return names


def staff_host(value: str) -> str:
    if not HOST.fullmatch(value) or value.startswith("."):
        raise ValueError(f"“{value}” is not a host name; set one such as staff.footpath.example.org")
    return value.lower()


def database(value: str) -> str | Path:
    """The address of a PostgreSQL database, or the file of a SQLite one."""
    return sqlite_file(value) if value.startswith("sqlite:") else postgresql_url(value)


def sqlite_file(value: str) -> Path:
    """`sqlite:///full/path`; whoever begins the path with a slash of its own means the same."""
    path = Path("/", unquote(value.removeprefix("sqlite://")).lstrip("/"))
    named = value.startswith("sqlite:///") and not {"?", "#"} & set(value)
    # A file at the very top is a path that was meant from some folder or other, or no file at all (":memory:").
    if not named or path.parent == Path("/") or (path.exists() and not path.is_file()):
        raise ValueError(
            "the value is not the full path of a SQLite database; set "
            "sqlite:///var/lib/footpath/db.sqlite3 or the like, or leave it unset for SQLite in DATA_DIR"
        )
    directory(str(path.parent))
    return path


def postgresql_url(value: str) -> str:
    from psycopg import ProgrammingError  # here and not above, since a clinic on SQLite needs none of it
    from psycopg.conninfo import conninfo_to_dict

    # The value holds a password, so the message does not repeat it.
    try:
        said = conninfo_to_dict(value)
    except ProgrammingError:
        said = {}
    ports = str(said.get("port", "")).replace(",", "")
    if "://" not in value or not said.get("dbname") or not (ports.isdecimal() or not ports):
        raise ValueError(
            "the value is not the address of a PostgreSQL database; set "
            "postgresql://USER:PASSWORD@HOST:PORT/NAME, or sqlite:///full/path for SQLite"
        )
    return value


@dataclass(frozen=True, slots=True)
class MailServer:
    host: str
    port: int
    user: str
    password: str
    ssl: bool  # from the start
    starttls: bool  # after the first words


def mail_server(value: str) -> MailServer:
    # The value holds a password, so the message does not repeat it.
    try:
        parts = urlsplit(value)
        port = parts.port
        usable = (
            parts.scheme in ("smtp", "smtps")
            and bool(parts.hostname)
            and bool(parts.username) == bool(parts.password)
            and not (parts.path.strip("/") or parts.query or parts.fragment)
        )
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(
            "the value is not the address of a mail server; set smtp://USER:PASSWORD@HOST:PORT or "
            "smtps://USER:PASSWORD@HOST:PORT, or leave it unset to send no mail"
        )
    host, ssl = parts.hostname or "", parts.scheme == "smtps"
    starttls = not ssl and host not in LOOPBACK
    return MailServer(
        host=host,
        port=port or (465 if ssl else 587 if starttls else 25),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        ssl=ssl,
        starttls=starttls,
    )


def mail_address(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        raise ValueError(f"“{value}” is not a mail address; set one such as footpath@example.org") from None
    return value


def directory(value: str) -> Path:
    path = Path(value)
    if not path.is_absolute() or (path.exists() and not path.is_dir()):
        raise ValueError(f"“{value}” is not a folder's full path; set one that starts with /")
    return path


def note_keys(value: str) -> list[bytes]:
    # The value is secret, so the message does not repeat it.
    try:
        keys = [urlsafe_b64decode(key.strip()) for key in value.split(",")]
    except ValueError:
        keys = []
    if not keys or any(len(key) != NOTE_KEY_LENGTH for key in keys):
        raise ValueError(
            f"these are no keys; set one or more of {NOTE_KEY_LENGTH} random bytes in base64, parted by commas, "
            "the newest first"
        )
    return keys


def chain_key(value: str) -> bytes:
    # The value is secret, so the message does not repeat it.
    try:
        key = urlsafe_b64decode(value.strip())
    except ValueError:
        key = b""
    if len(key) != NOTE_KEY_LENGTH:
        raise ValueError(f"this is no key; set {NOTE_KEY_LENGTH} random bytes in base64")
    return key


def backup_recipients(value: str) -> list[str]:
    keys = [key.strip() for key in value.split(",")]
    if not all(AGE_KEY.fullmatch(key) for key in keys):
        raise ValueError(
            "these are no public keys of age; set one or more, such as manage.py backup_key prints, parted by commas"
        )
    return keys


def issuer(value: str) -> str:
    parts = urlsplit(value)
    if not is_secure(value) or parts.query or parts.fragment:
        raise ValueError(
            f"“{value}” is not the address of a provider; set one that begins with https:// and is exactly its “issuer”"
        )
    return value


def secret_file(value: str) -> str:
    try:
        secret = Path(value).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        secret = ""
    if not secret:
        raise ValueError(
            "the file cannot be read, or is empty; set the full path of one that the service may read"
        )
    return secret


def roles(value: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in value.split(","):
        group, _, role = (part.strip() for part in pair.rpartition("="))
        if not group or role not in ROLES:
            raise ValueError(
                f"“{pair.strip()}” gives no role; set pairs such as footpath-nurses=Reviewers, parted by commas, each "
                f"with one of {', '.join(ROLES)}"
            )
        if found.setdefault(group, role) != role:
            raise ValueError(f"“{group}” has two roles; set each group once")
    return found


def claim_values(value: str) -> list[tuple[str, str]]:
    pairs = [tuple(part.strip() for part in pair.partition("=")[::2]) for pair in value.split(",")]
    if not all(name and wanted for name, wanted in pairs):
        raise ValueError(f"“{value}” names no claim and value; set pairs such as amr=mfa, parted by commas")
    return [(name, wanted) for name, wanted in pairs]


def time_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError(f"“{value}” is not a time zone; set a name such as America/Chicago") from None
    return value


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    kind: str
    read: Callable[[str], object]
    default: str
    meaning: str
    secret: bool = (
        False  # then it may stand in a file, which the variable of its name with _FILE at its end names
    )


VARIABLES = (
    Variable(
        "SECRET_KEY",
        "50 or more random characters",
        secret_key,
        "none: required to serve, unless `DEBUG` is on",
        "Signs the staff's sessions and the forms. Keep it secret and the same on every machine.",
        secret=True,
    ),
    Variable(
        "SECRET_KEY_FALLBACKS",
        "former values of `SECRET_KEY`, parted by commas",
        secret_keys,
        "none",
        "After a change of `SECRET_KEY`: what the former one signed goes on. A letter is over after the day of its "
        "visit, a return code after 30 days; recovery codes printed before need it for good.",
        secret=True,
    ),
    Variable(
        "ALLOWED_HOSTS",
        "host names, parted by commas",
        hosts,
        "none: required to serve, unless `DEBUG` is on",
        "The names under which patients and staff reach Footpath. Requests for any other are refused. "
        "Links in mails have the first.",
    ),
    Variable(
        "STAFF_HOST",
        "a host name",
        staff_host,
        "none: staff sign in on every name",
        "The name of its own under which staff reach Footpath; it stands in `ALLOWED_HOSTS` too, not first. The admin "
        "is on no other, so that the proxy can let in the clinic's own network alone.",
    ),
    Variable(
        "DATABASE_URL",
        "`postgresql://USER:PASSWORD@HOST:PORT/NAME`, or `sqlite:///` and the full path of a file",
        database,
        "none: SQLite in `DATA_DIR`",
        "The database that holds everything. PostgreSQL may have several hosts, see docs/deploy.md; "
        "SQLite needs a local disk, never a network share.",
        secret=True,
    ),
    Variable(
        "DATA_DIR",
        "full path of a folder",
        directory,
        "`var` beside `manage.py`",
        "Where the SQLite database and the collected static files are. A local disk, never a network share.",
    ),
    Variable(
        "STATIC_DIR",
        "full path of a folder",
        directory,
        "`static` in `DATA_DIR`",
        "Where the collected static files are, if elsewhere: in a container they are part of the image.",
    ),
    Variable(
        "HTTPS",
        "on or off",
        switch,
        "on, unless `DEBUG` is on",
        "Sends everyone to https, tells browsers to stay there, and keeps the cookies to it. "
        "Off only for a try-out on one's own machine.",
    ),
    Variable(
        "HSTS_SUBDOMAINS",
        "on or off",
        switch,
        "off",
        "Tells browsers that every name beneath this one has https too, and may stand in their own lists. "
        "Only where that is so: on a hospital's top domain it locks out others for a year.",
    ),
    Variable(
        "TRUST_PROXY",
        "on or off",
        switch,
        "off",
        "Believe `X-Forwarded-Proto: https`, the last address in `X-Forwarded-For` and the number in `X-Request-ID`. "
        "On only behind a proxy that sets or removes these headers itself. "
        "A request whose last address cannot be read is refused.",
    ),
    Variable(
        "STAFF_SECOND_FACTOR",
        "on or off",
        switch,
        "on, unless `DEBUG` is on",
        "Staff sign in with their password and a code from an app on their own device.",
    ),
    Variable(
        "OIDC_ISSUER",
        "an https address",
        issuer,
        "none: staff have accounts here alone",
        "Staff sign in with their accounts of this provider (OpenID Connect), see docs/deploy.md. The three below are "
        "required with it.",
    ),
    Variable("OIDC_CLIENT_ID", "text", str, "none", "What the provider calls Footpath."),
    Variable("OIDC_CLIENT_SECRET", "text", str, "none", "What the provider knows Footpath by.", secret=True),
    Variable(
        "OIDC_ROLES",
        "`GROUP=ROLE`, parted by commas",
        roles,
        "none",
        "Which group of the provider has which role here: Reviewers, Managers or Auditors. Who is in none of them "
        "cannot sign in.",
    ),
    Variable(
        "OIDC_GROUPS_CLAIM",
        "name of a claim",
        str,
        "`groups`",
        "Where the provider's ID token has the groups.",
    ),
    Variable(
        "OIDC_SECOND_FACTOR",
        "`CLAIM=VALUE`, parted by commas",
        claim_values,
        "none: our own second factor is asked",
        "What the ID token says when the provider asked for a second factor, such as `amr=mfa`; any of them will do.",
    ),
    Variable("OIDC_SCOPE", "words", str, "`openid profile`", "What is asked of the provider."),
    Variable(
        "OIDC_NAME", "text", str, "`your work account`", "How the log-in page calls it: “Sign in with …”."
    ),
    Variable(
        "TWO_PEOPLE_PUBLISH",
        "on or off",
        switch,
        "on, unless `DEBUG` is on",
        "New content is loaded as a draft, and published in the admin by somebody other than who loaded it.",
    ),
    Variable(
        "EMAIL_URL",
        "`smtp://USER:PASSWORD@HOST:PORT`, or `smtps://…` for TLS from the start",
        mail_server,
        "none: no mail is sent",
        "The mail server. With `smtp` it must offer STARTTLS, unless it is this machine. User and password may be "
        "left out.",
        secret=True,
    ),
    Variable(
        "EMAIL_FROM",
        "a mail address",
        mail_address,
        "none: required with `EMAIL_URL`",
        "The sender of the mails to the clinic.",
    ),
    Variable(
        "FHIR_SERVER",
        "an https address",
        fhir_base,
        "none: nothing is filed elsewhere",
        "The base address of the FHIR R4 server into which each submission and its review go: see docs/record.md.",
    ),
    Variable(
        "FHIR_TOKEN_URL",
        "an https address",
        address,
        "none: the server asks for no token",
        "Where access to that server is asked for (SMART backend services). The two below are required with it.",
    ),
    Variable("FHIR_CLIENT_ID", "text", str, "none", "What that server knows Footpath by."),
    Variable(
        "FHIR_CLIENT_KEY_FILE",
        "full path of a file",
        client_key,
        "none",
        "The private key that signs the request, as `manage.py fhir_key` makes it. Nobody but the service may read it.",
    ),
    Variable(
        "FHIR_SCOPE",
        "words",
        str,
        "what sending needs, and no more",
        "What access is asked for, where the server wants it in other words (SMART 1: `system/*.write system/*.read`).",
    ),
    Variable(
        "FHIR_PATIENT_SYSTEM",
        "a URI",
        uri,
        "none: whose it is, is said by the code alone",
        "The `system` of your patient numbers there: of who was invited with a number, the Patient with it is looked "
        "up and named.",
    ),
    Variable(
        "FHIR_NOTES",
        "on or off",
        switch,
        "off",
        "Also what patients wrote in their own words, and the number they can be reached at.",
    ),
    Variable(
        "WEBHOOK_URL",
        "an https address",
        address,
        "none: no program is told",
        "Another program that is told of each submission and review step, by its code alone: see docs/record.md. "
        "`WEBHOOK_KEY` is required with it.",
    ),
    Variable(
        "WEBHOOK_KEY",
        "`whsec_` and 24 to 64 random bytes in base64; several parted by commas, the newest first",
        webhook_keys,
        "none",
        "Signs what that program is told, as Standard Webhooks has it. While it is changed, both sign.",
        secret=True,
    ),
    Variable(
        "NOTE_KEYS",
        "keys of 32 random bytes in base64, parted by commas, the newest first",
        note_keys,
        "none: notes are stored as they are",
        "Encrypts what patients write in their own words, and the secrets of the staff's second factor. An old key "
        "stays until what it encrypted is purged, and all staff have signed in again. Kept apart from backups.",
        secret=True,
    ),
    Variable(
        "CHAIN_KEY",
        "a key of 32 random bytes in base64",
        chain_key,
        "none: the chains of records and of the access log are not sealed",
        "Seals the newest link of each chain, so that whoever can write to the database cannot rewrite all of it "
        "unseen. After setting it run `manage.py chain_heads --seal` once. Kept apart from the database and its "
        "backups.",
        secret=True,
    ),
    Variable(
        "BACKUP_RECIPIENTS",
        "public keys of age, parted by commas",
        backup_recipients,
        "none: backups are not encrypted",
        "`manage.py backup` encrypts for the holders of their secret keys, one of which `restore` needs. "
        "`manage.py backup_key` makes a pair; the secret one is kept elsewhere.",
    ),
    Variable(
        "METRICS_TOKEN",
        "32 or more random letters and digits",
        token,
        "none: `/metrics` is not there",
        "Whoever sends it as a bearer token reads `/metrics`: counts and times, nothing of anybody.",
        secret=True,
    ),
    Variable(
        "API",
        "on or off",
        switch,
        "off",
        "Other programs of the clinic come in by tokens that managers make in the admin, see docs/api.md. Off, none of "
        "its addresses is there.",
    ),
    Variable(
        "DISK_ENCRYPTED",
        "on or off",
        switch,
        "off",
        "That the disk under the database and its backups is encrypted, which Footpath cannot see: "
        "`check --deploy` asks for it.",
    ),
    Variable(
        "LOG_JSON",
        "on or off",
        switch,
        "off",
        "The log on stderr as one JSON object a line. It never holds an answer or an address.",
    ),
    Variable(
        "TIME_ZONE",
        "name of a time zone",
        time_zone,
        "`America/New_York`",
        "The clinic's time zone, in which times are shown.",
    ),
    Variable(
        "DEBUG",
        "on or off",
        switch,
        "off",
        "Django's pages for developers. Never on where a patient is.",
    ),
)
FILES = {f"{variable.name}_FILE" for variable in VARIABLES if variable.secret}


@dataclass(frozen=True, slots=True)
class Provider:
    """Who vouches for staff (OpenID Connect)."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    roles: dict[str, str]  # by the provider's group
    groups_claim: str = "groups"
    second_factor: tuple[tuple[str, str], ...] = ()
    scope: str = "openid profile"
    name: str = "your work account"


@dataclass(frozen=True, slots=True)
class Environment:
    """What the variables say; None where one that has no default is not set."""

    debug: bool
    https: bool
    hsts_subdomains: bool
    trust_proxy: bool
    secret_key: str | None
    secret_key_fallbacks: list[str]
    allowed_hosts: list[str] | None
    staff_host: str | None
    database_url: str | Path | None
    data_dir: Path | None
    static_dir: Path | None
    staff_second_factor: bool
    provider: Provider | None
    two_people_publish: bool
    email_url: MailServer | None
    email_from: str | None
    fhir_server: FhirServer | None
    webhook: Webhook | None
    note_keys: list[bytes]
    chain_key: bytes | None
    backup_recipients: list[str]
    metrics_token: str | None
    api: bool
    disk_encrypted: bool
    log_json: bool
    time_zone: str


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Read every variable; an empty one counts as not set. All faults are named in one go."""
    values: dict[str, object] = {}
    faults = []
    for variable in VARIABLES:
        name, text = _said(environ, variable)
        if not text:
            continue
        try:
            values[variable.name.lower()] = variable.read(secret_file(text) if name in FILES else text)
        except ValueError as fault:
            faults.append(f"{name}: {fault}.")
        if name != variable.name and environ.get(variable.name):
            faults.append(f"{variable.name}: it is in a file too ({name}); set one of the two.")
    if "email_url" in values and not environ.get("EMAIL_FROM"):
        faults.append("EMAIL_FROM: a mail server needs a sender; set a mail address.")
    if (own := values.get("staff_host")) and own not in (environ.get("ALLOWED_HOSTS") or "").lower().split(
        ","
    )[1:]:
        faults.append(
            "STAFF_HOST: has to stand in ALLOWED_HOSTS, and not first; set it there after the patients' name."
        )
    provider = _provider(values, faults)
    filed, told = fhir_server(values, faults), webhook(values, faults)
    if faults:
        raise ImproperlyConfigured("\n".join(faults))
    debug = bool(values.get("debug", False))
    defaults: dict[str, object] = {
        "debug": debug,
        "https": not debug,
        "hsts_subdomains": False,
        "trust_proxy": False,
        "secret_key": None,
        "secret_key_fallbacks": [],
        "allowed_hosts": None,
        "staff_host": None,
        "database_url": None,
        "data_dir": None,
        "static_dir": None,
        "staff_second_factor": not debug,
        "provider": provider,
        "two_people_publish": not debug,
        "email_url": None,
        "email_from": None,
        "fhir_server": filed,
        "webhook": told,
        "note_keys": [],
        "chain_key": None,
        "backup_recipients": [],
        "metrics_token": None,
        "api": False,
        "disk_encrypted": False,
        "log_json": False,
        "time_zone": "America/New_York",
    }
    return Environment(**(defaults | values))  # type: ignore[arg-type]


def _said(environ: Mapping[str, str], variable: Variable) -> tuple[str, str]:
    """The variable that says it, and what that says."""
    file = f"{variable.name}_FILE"
    name = file if file in FILES and environ.get(file) else variable.name
    return name, environ.get(name, "")


def _provider(values: dict[str, object], faults: list[str]) -> Provider | None:
    """Take its variables out of the others: they are one thing, or nothing."""
    said = {name.removeprefix("oidc_"): values.pop(name) for name in list(values) if name.startswith("oidc_")}
    if not said or faults:
        return None
    faults += [
        f"OIDC_{name.upper()}: signing in with a provider needs it; set it, or no OIDC_ variable."
        for name in ("issuer", "client_id", "client_secret", "roles")
        if not said.get(name)
    ]
    if faults:
        return None
    return Provider(**said)  # type: ignore[arg-type]
