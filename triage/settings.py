"""Django's settings: one file, steered by the environment variables that environment.py declares."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from triage.server.environment import read_environment

ENVIRONMENT = read_environment(os.environ)

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = ENVIRONMENT.data_dir or BASE_DIR / "var"

DEBUG = ENVIRONMENT.debug
HTTPS = ENVIRONMENT.https
# Without a key or a host, commands run all the same (a throwaway key signs nothing that lasts);
# server/checks.py refuses to serve.
SECRET_KEY = ENVIRONMENT.secret_key or secrets.token_urlsafe(50)
SECRET_KEY_FALLBACKS = ENVIRONMENT.secret_key_fallbacks
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts or []
STAFF_HOST = ENVIRONMENT.staff_host  # see server/gate.py

INSTALLED_APPS = [
    "triage.apps.StaffConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "crispy_forms",
    "triage.apps.TriageConfig",
]
MIDDLEWARE = [
    "triage.server.request_number.RequestNumberMiddleware",
    "triage.server.meters.MeterMiddleware",
    # These three come before all that answers, so that their headers are on static files and on refusals too.
    "triage.server.headers.PrivateHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Programs come in here, and pass nothing that is made for browsers.
    "triage.api.door.MachinesMiddleware",
    "triage.server.next_page.NextPageMiddleware",
    "triage.server.errors.NothingSentStaysMiddleware",
    "triage.server.gate.GateMiddleware",
    "triage.admin.sign_in.CrowdMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "triage.server.gate.StaffTokenMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "triage.server.errors.DatabaseDownMiddleware",
    "triage.admin.sign_in.BusyMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "triage.urls"
WSGI_APPLICATION = "triage.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "triage.patient.page.page_context",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "footpath"

# Database. Either way an answer that was confirmed is on the disk; server/checks.py reads that back at the
# start.
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SQLITE = {
    "ENGINE": "triage.server.databases.sqlite3",
    "NAME": ENVIRONMENT.database_url or DATA_DIR / "db.sqlite3",
    "ATOMIC_REQUESTS": False,  # with IMMEDIATE it would make every reader wait for every writer
    "CONN_MAX_AGE": None,  # a closing connection writes the log back: four syncs an answer in place of one
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",  # else two writers that read first fail with "database is locked"
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;"
            "PRAGMA synchronous=FULL;"  # NORMAL would lose confirmed answers in a power cut
            "PRAGMA secure_delete=ON;"  # deleted answers leave no bytes behind
        ),
    },
}


def postgresql(url: str) -> dict[str, Any]:
    """What libpq reads in the address: also several hosts, of which it takes what `target_session_attrs` asks."""
    from psycopg.conninfo import conninfo_to_dict  # here, since a clinic on SQLite needs none of it

    said = conninfo_to_dict(url)
    return {
        "ENGINE": "triage.server.databases.postgresql",
        "NAME": said.pop("dbname"),
        "USER": said.pop("user", ""),
        "PASSWORD": said.pop("password", ""),
        "HOST": said.pop("host", ""),
        "PORT": said.pop("port", ""),
        "CONN_MAX_AGE": 0,  # the pool keeps them
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            **said,
            "pool": {
                # One for each thread of gunicorn.conf.py, from the start.
                "min_size": 4,
                "max_size": 4,
                # Both short, since each new request for a connection makes the pool try anew, and nothing else
                # does; server/databases/postgresql asks until a patient has waited long enough.
                "timeout": 0.5,
                "reconnect_timeout": 0.3,
            },
        },
    }


DATABASES = {
    "default": postgresql(ENVIRONMENT.database_url) if isinstance(ENVIRONMENT.database_url, str) else SQLITE
}

# Languages and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = ENVIRONMENT.time_zone
USE_TZ = True

# Static files
STATIC_URL = "static/"
STATIC_ROOT = ENVIRONMENT.static_dir or DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Staff: how they sign in and how long they stay is in admin/sign_in.py.
STAFF_SECOND_FACTOR = ENVIRONMENT.staff_second_factor
PROVIDER = ENVIRONMENT.provider  # of their accounts, see admin/provider.py
TWO_PEOPLE_PUBLISH = ENVIRONMENT.two_people_publish
OTP_TOTP_ISSUER = "Footpath"
LOGIN_URL = "admin:login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "triage.admin.sign_in.ByGroup",
]
SESSION_ENGINE = "triage.server.staff_sessions"
# A session that is over opens nothing, and for some days still tells whose form it is that comes late.
SESSION_COOKIE_AGE = 3 * 24 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
PASSWORD_HASHERS = ["triage.server.hashing.QueuedPBKDF2"]
GUESSES_A_MINUTE = 20  # from one address, in each process: more are turned away before anything is hashed
LOG_INS_A_SECOND = 10  # on all unknown devices together, for each page of the sign-in and in each process
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60  # of a one-time link, see admin/staff.py
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "triage.admin.sign_in.AnotherPassword"},
]

# Five wrong passwords or codes lock a name for the place they came from, and for nobody else.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # fifteen minutes are fifteen minutes
AXES_LOCKOUT_CALLABLE = "triage.admin.site.locked_out"
AXES_CLIENT_IP_CALLABLE = "triage.server.gate.address_of"
AXES_USERNAME_CALLABLE = "triage.admin.sign_in.name_for_lock"
AXES_SENSITIVE_PARAMETERS = ["username", "code", "next", "csrfmiddlewaretoken"]
# Who came and went is in our own access log, which holds no address; axes keeps its counts alone.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False

# Mail to the clinic: see store/outbox.py.
if ENVIRONMENT.email_url:
    EMAIL_HOST, EMAIL_PORT = ENVIRONMENT.email_url.host, ENVIRONMENT.email_url.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = ENVIRONMENT.email_url.user, ENVIRONMENT.email_url.password
    EMAIL_USE_SSL, EMAIL_USE_TLS = ENVIRONMENT.email_url.ssl, ENVIRONMENT.email_url.starttls
else:
    EMAIL_HOST = ""
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENVIRONMENT.email_from or ""

# Other systems that hear of submissions: see integration/.
FHIR_SERVER = ENVIRONMENT.fhir_server
WEBHOOK = ENVIRONMENT.webhook

NOTE_KEYS = ENVIRONMENT.note_keys  # see store/notes.py
CHAIN_KEY = ENVIRONMENT.chain_key  # see store/chains.py
METRICS_TOKEN = ENVIRONMENT.metrics_token  # see server/metrics.py
API = ENVIRONMENT.api  # see api/door.py
BACKUP_RECIPIENTS = ENVIRONMENT.backup_recipients  # see server/backups.py

# Cookies: on https the prefix ties each to this very host.
COOKIE_PREFIX = "__Host-" if HTTPS else ""
CSRF_FAILURE_VIEW = "triage.admin.kept.not_from_here"
SESSION_COOKIE_NAME = COOKIE_PREFIX + "staff"
CSRF_COOKIE_NAME = COOKIE_PREFIX + "csrf"
STAFF_CSRF_COOKIE_NAME = COOKIE_PREFIX + "staff-csrf"  # see server/gate.py
VISIT_COOKIE_NAME = COOKIE_PREFIX + "visit"  # the patient's: a random key, see store/visit.py
DEVICE_COOKIE_NAME = COOKIE_PREFIX + "device"  # of staff who have signed in there, see admin/known_devices.py
ROOM_COOKIE_NAME = COOKIE_PREFIX + "room"  # of a device in a waiting room, see store/rooms.py
LANGUAGE_COOKIE_NAME = COOKIE_PREFIX + "language"
CSRF_COOKIE_AGE = None  # it ends with the browser, and at Leave
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"

# Transport and headers; headers.py adds those that Django does not know.
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by the machine next door, over plain http
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS and ENVIRONMENT.hsts_subdomains
# Django warns of both where they are off; whether they may be on is for the clinic to say, see the README.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if ENVIRONMENT.trust_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Not "no-referrer": under it a browser sends "Origin: null" with a form, which the CSRF check must refuse.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# The longest honest post is one screen of answers with a note.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
# A file is taken on one page alone (see server/gate.py), into memory, and none that is larger.
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# What goes wrong is told on stderr: where, never what was answered. Nothing is mailed.
DEFAULT_EXCEPTION_REPORTER_FILTER = "triage.server.logs.NothingPersonal"
LOG_FORMATTER = f"triage.server.logs.{'Json' if ENVIRONMENT.log_json else 'Plain'}Formatter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"ours": {"()": LOG_FORMATTER}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Django's own configuration gives this one a handler that prints addresses.
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        # Its lines hold the statements with their values.
        "django.db.backends": {"level": "WARNING"},
        # Its lines hold names and addresses.
        "axes": {"level": "CRITICAL"},
    },
}
