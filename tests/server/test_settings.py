"""The environment is read strictly, the README tells all of it, and only a fit process serves."""

import contextlib
import fcntl
import json
import logging
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, transaction
from django.test import RequestFactory
from psycopg_pool import PoolTimeout

from tests.templates import faults as template_faults
from tests.visitor import publish
from triage import __version__, actions
from triage.server import checks
from triage.server.databases.postgresql import base as postgresql_base
from triage.server.databases.postgresql.base import DatabaseWrapper as PostgreSQL
from triage.server.environment import FILES, ROLES, VARIABLES, read_environment
from triage.server.logs import JsonFormatter, NothingPersonal, PlainFormatter
from triage.settings import SQLITE, postgresql

KEY = "k3y-" + "abcdefghijklmnopqrstuvwxyz" * 2
SERVES = {"SECRET_KEY": KEY, "ALLOWED_HOSTS": "footpath.example.org"}


def manage(*command, **environment):
    """Run manage.py with these variables and no other of ours, nor one of the tests' own."""
    ours = {variable.name for variable in VARIABLES} | FILES
    bare = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith("DJANGO_")
    }
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR,
        env=bare | environment,
        capture_output=True,
        text=True,
    )


# The environment


def test_readme_table_is_the_code():
    readme = (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*) \| (.*) \| (.*) \|$", readme, re.MULTILINE)
    assert rows == [(v.name, v.kind, v.default, v.meaning) for v in VARIABLES]
    named = {variable.name for variable in VARIABLES if variable.name.endswith("_FILE")}
    assert set(re.findall(r"`([A-Z_]+_FILE)`", readme)) == FILES | named


def test_unset_and_empty_mean_the_defaults():
    assert read_environment({}) == read_environment({variable.name: "" for variable in VARIABLES})
    assert read_environment({}).https
    assert not read_environment({}).debug


@pytest.mark.parametrize("word, meaning", [("on", True), ("True", True), ("1", True), ("yes", True)])
def test_words_for_on_and_off(word, meaning):
    assert read_environment({"TRUST_PROXY": word}).trust_proxy is True
    assert read_environment({"HTTPS": "off"}).https is False
    assert read_environment({"DEBUG": word}).https is False
    assert read_environment({"DEBUG": word, "HTTPS": word}).https is True


@pytest.mark.parametrize(
    "name, value",
    [
        ("DEBUG", "maybe"),
        ("DEBUG", " on"),
        ("HTTPS", "enabled"),
        ("TRUST_PROXY", "2"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 60),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "https://footpath.example.org"),
        ("ALLOWED_HOSTS", "footpath.example.org:8000"),
        ("ALLOWED_HOSTS", "a.example.org,"),
        ("DATABASE_URL", "mysql://user:word@host/name"),
        ("DATABASE_URL", "postgresql://user:word@host"),
        ("DATABASE_URL", "postgresql://user:word@host:port/name"),
        ("DATABASE_URL", "postgresql://user:word@host/name?no-such-word=1"),
        ("DATABASE_URL", "host=name dbname=name"),
        ("DATABASE_URL", "sqlite://db.sqlite3"),
        ("DATABASE_URL", "sqlite://:memory:"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///db.sqlite3"),
        ("DATABASE_URL", "sqlite://tmp/db.sqlite3"),
        ("DATABASE_URL", "sqlite:tmp/db.sqlite3"),
        ("DATABASE_URL", "sqlite:///tmp/db.sqlite3?mode=memory"),
        ("DATA_DIR", "relative"),
        ("TIME_ZONE", "America/Nowhere"),
        ("TIME_ZONE", "../etc/passwd"),
        ("STAFF_SECOND_FACTOR", "totp"),
        ("EMAIL_URL", "mail.example.org"),
        ("EMAIL_URL", "http://user:word@mail.example.org"),
        ("EMAIL_URL", "smtp://user@mail.example.org"),
        ("EMAIL_URL", "smtp://user:word@mail.example.org:port"),
        ("EMAIL_URL", "smtp://user:word@mail.example.org?tls=off"),
        ("EMAIL_FROM", "footpath"),
        ("SECRET_KEY_FALLBACKS", f"{KEY},short"),
        ("BACKUP_RECIPIENTS", "AGE-SECRET-KEY-1"),
        ("DISK_ENCRYPTED", "luks"),
        ("HSTS_SUBDOMAINS", "preload"),
        ("STAFF_HOST", "https://staff.example.org"),
        ("METRICS_TOKEN", "short"),
        ("METRICS_TOKEN", "a" * 40),
        ("OIDC_ISSUER", "http://login.example.org"),
        ("OIDC_ISSUER", "https://login.example.org?tenant=1"),
        ("OIDC_ISSUER", "https://"),
        ("OIDC_CLIENT_SECRET_FILE", "/no/such/file"),
        ("OIDC_ROLES", "nurses=Superusers"),
        ("OIDC_ROLES", "nurses"),
        ("OIDC_ROLES", "nurses=Reviewers,nurses=Managers"),
        ("OIDC_SECOND_FACTOR", "mfa"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_set(name, value):
    with pytest.raises(ImproperlyConfigured, match=rf"^{name}: .*; set [^.]") as refusal:
        read_environment({name: value})
    if name in ("SECRET_KEY", "DATABASE_URL", "EMAIL_URL", "METRICS_TOKEN"):
        assert value not in str(refusal.value)


def test_all_wrong_values_are_named_at_once():
    with pytest.raises(ImproperlyConfigured, match=r"HTTPS: .*\nDEBUG: "):
        read_environment({"DEBUG": "maybe", "HTTPS": "maybe"})


@pytest.mark.parametrize(
    "url, port, ssl, starttls",
    [
        ("smtp://us%40er:wo%2Frd@mail.example.org", 587, False, True),
        ("smtp://us%40er:wo%2Frd@mail.example.org:25", 25, False, True),
        ("smtps://us%40er:wo%2Frd@mail.example.org", 465, True, False),
        ("smtp://us%40er:wo%2Frd@localhost", 25, False, False),
    ],
)
def test_no_mail_leaves_this_machine_without_tls(url, port, ssl, starttls):
    server = read_environment({"EMAIL_URL": url, "EMAIL_FROM": "a@example.org"}).email_url
    assert (server.port, server.ssl, server.starttls) == (port, ssl, starttls)
    assert (server.user, server.password) == ("us@er", "wo/rd")


def test_a_mail_server_needs_a_sender():
    with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_FROM: .*; set a mail address"):
        read_environment({"EMAIL_URL": "smtp://localhost"})


def test_staff_need_a_second_factor_unless_it_is_turned_off():
    assert read_environment({}).staff_second_factor
    assert not read_environment({"STAFF_SECOND_FACTOR": "off"}).staff_second_factor
    assert not read_environment({"DEBUG": "on"}).staff_second_factor


PROVIDED = {
    "OIDC_ISSUER": "https://login.example.org/realm",
    "OIDC_CLIENT_ID": "footpath",
    "OIDC_CLIENT_SECRET": "a secret",
    "OIDC_ROLES": "/clinic/nurses=Reviewers, dc=leads=Managers",
}


def test_a_provider_is_whole_or_none():
    assert read_environment({}).provider is None
    provider = read_environment({**PROVIDED, "OIDC_SECOND_FACTOR": "amr=mfa, acr=gold=2"}).provider
    assert provider.roles == {"/clinic/nurses": "Reviewers", "dc=leads": "Managers"}
    assert provider.second_factor == [("amr", "mfa"), ("acr", "gold=2")]
    for name in PROVIDED:
        with pytest.raises(ImproperlyConfigured, match=rf"^{name}: .*; set it"):
            read_environment({**PROVIDED, name: ""})
    with pytest.raises(ImproperlyConfigured, match="OIDC_ISSUER"):
        read_environment({"OIDC_NAME": "Mercy"})


def test_a_secret_may_be_in_a_file(tmp_path):
    (tmp_path / "secret").write_text("a secret\n", encoding="utf-8")
    named = {**PROVIDED, "OIDC_CLIENT_SECRET": "", "OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret")}
    assert read_environment(named).provider.client_secret == "a secret"
    assert "a secret" not in repr(read_environment(named))
    with pytest.raises(ImproperlyConfigured, match=r"^OIDC_CLIENT_SECRET: .*; set one of the two"):
        read_environment({**named, "OIDC_CLIENT_SECRET": "another"})


def test_what_is_in_a_file_is_read_as_strictly(tmp_path):
    (tmp_path / "secret").write_text(f"{KEY}\n", encoding="utf-8")
    assert read_environment({"SECRET_KEY_FILE": str(tmp_path / "secret")}).secret_key == KEY
    (tmp_path / "secret").write_text("short", encoding="utf-8")
    with pytest.raises(
        ImproperlyConfigured, match=r"^SECRET_KEY_FILE: the key is too easy to guess; "
    ) as told:
        read_environment({"SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert "short" not in str(told.value)


def test_what_is_no_secret_is_in_no_file(tmp_path):
    (tmp_path / "debug").write_text("on", encoding="utf-8")
    assert not read_environment({"DEBUG_FILE": str(tmp_path / "debug")}).debug


def test_a_provider_gives_the_roles_that_there_are():
    assert set(ROLES) == set(actions.GROUPS)


def test_two_people_publish_unless_somebody_says_no():
    assert read_environment({}).two_people_publish
    assert not read_environment({"TWO_PEOPLE_PUBLISH": "off"}).two_people_publish
    assert not read_environment({"DEBUG": "on"}).two_people_publish


def test_commands_run_without_any_variable_and_stop_on_a_wrong_one(tmp_path):
    assert manage("check").returncode == 0
    refused = manage("check", DEBUG="maybe")
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        "Footpath cannot start.\nDEBUG: “maybe” is not a switch; set one of on, "
    )


RANDOM = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
KEPT_SAFE = {
    "NOTE_KEYS": RANDOM,
    "CHAIN_KEY": RANDOM,
    "BACKUP_RECIPIENTS": f"age1{'q' * 58}",
    "DISK_ENCRYPTED": "on",
}


def test_deployment_check_is_clean(tmp_path):
    check = ("check", "--deploy", "--fail-level", "WARNING")
    checked = manage(*check, **SERVES, **KEPT_SAFE, DATA_DIR=str(tmp_path))
    assert checked.returncode == 0, checked.stderr
    assert settings.SILENCED_SYSTEM_CHECKS == ["security.W005", "security.W021"]  # HSTS on other names
    loose = {**PROVIDED, "OIDC_ISSUER": "http://localhost:8080"}
    bare = manage(*check, **SERVES, **loose, DATA_DIR=str(tmp_path))
    assert bare.returncode == 1
    assert all(f"footpath.W00{number}" in bare.stderr for number in (1, 2, 3, 4, 5))


# Serving


def test_serving_needs_key_hosts_and_static_files(settings, tmp_path):
    settings.ALLOWED_HOSTS = []
    settings.STATIC_ROOT = tmp_path
    key, hosts, static = checks.set_up_faults()
    assert key.startswith("SECRET_KEY is not set")
    assert hosts.startswith("ALLOWED_HOSTS is not set")
    assert static.endswith("run manage.py collectstatic.")
    settings.ENVIRONMENT = read_environment(SERVES)
    settings.ALLOWED_HOSTS = settings.ENVIRONMENT.allowed_hosts
    (tmp_path / "staticfiles.json").touch()
    assert checks.set_up_faults() == []


@pytest.mark.parametrize("slashes", ["///", "////"])
def test_sqlite_may_be_named_by_its_file(tmp_path, slashes):
    folder = tmp_path / "of answers"
    url = f"sqlite:{slashes}{str(folder).lstrip('/').replace(' ', '%20')}/footpath.sqlite3"
    assert read_environment({"DATABASE_URL": url}).database_url == folder / "footpath.sqlite3"


def test_sqlite_named_by_its_file_keeps_the_checks_of_the_data_folder(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    assert read_environment({"DATABASE_URL": f"sqlite://{tmp_path}/file"}).database_url
    for wrong in ("folder", "file/footpath.sqlite3"):
        for name, value in (
            ("DATABASE_URL", f"sqlite://{tmp_path}/{wrong}"),
            ("DATA_DIR", f"{tmp_path}/file"),
        ):
            with pytest.raises(ImproperlyConfigured, match=f"^{name}: .*; set "):
                read_environment({name: value})


def test_sqlite_named_by_its_file_runs_as_safely(tmp_path):
    file = tmp_path / "footpath.sqlite3"
    code = (
        "import django; django.setup(); from django.db import connection; from triage.server import checks; "
        "connection.ensure_connection(); print(connection.settings_dict['NAME'], checks.database_faults())"
    )
    done = manage(
        "shell", "--no-imports", "-c", code, DATABASE_URL=f"sqlite://{file}", DATA_DIR=str(tmp_path)
    )
    assert done.stdout == f"{file} []\n", done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.django_db
def test_the_database_is_safe_as_it_runs():
    assert checks.database_faults() == []


@pytest.mark.django_db(transaction=True)
def test_an_unsafe_database_is_refused():
    unsafe, safe = {
        "sqlite": ("PRAGMA synchronous=NORMAL", "PRAGMA synchronous=FULL"),
        "postgresql": ("SET synchronous_commit=off", "SET synchronous_commit=on"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(unsafe)
        try:
            (fault,) = checks.database_faults()
        finally:
            cursor.execute(safe)
    assert "synchronous" in fault


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no roles that set something otherwise"
)
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_read_only", "on"),
        ("lock_timeout", "1s"),
        ("DateStyle", "German"),
    ],
)
def test_a_role_that_sets_something_otherwise_is_refused(name, odd):
    with connection.cursor() as cursor:
        cursor.execute(f"SET {name} = '{odd}'")
        try:
            (fault,) = checks.database_faults()
        finally:
            cursor.execute(f"RESET {name}")
    assert f"{name}={odd}" in fault


def test_sqlite_begins_its_transactions_as_writers():
    assert SQLITE["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert SQLITE["CONN_MAX_AGE"] is None


def test_postgresql_gets_a_pool_that_checks_and_gives_up_in_time():
    database = postgresql("postgresql://user:word@host:5433/name")
    assert database["CONN_HEALTH_CHECKS"]
    assert database["CONN_MAX_AGE"] == 0
    assert database["OPTIONS"]["pool"]["timeout"] <= postgresql_base.SECONDS <= 3
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("host", "5433", "name")


def test_postgresql_may_have_several_hosts():
    url = "postgresql://user:w%40rd@one:5432,two:5433/name?target_session_attrs=read-write"
    database = postgresql(read_environment({"DATABASE_URL": url}).database_url)
    assert (database["HOST"], database["PORT"], database["PASSWORD"]) == ("one,two", "5432,5433", "w@rd")
    assert database["OPTIONS"]["target_session_attrs"] == "read-write"


def test_some_threads_do_not_wait_for_a_database_that_is_away(monkeypatch):
    monkeypatch.setattr(PostgreSQL, "may_wait", threading.BoundedSemaphore(1))
    monkeypatch.setattr(postgresql_base, "SECONDS_TO_BEGIN", 0.01)
    wrapper = PostgreSQL({"OPTIONS": {}})
    with PostgreSQL.may_wait, pytest.raises(OperationalError, match="others wait"):
        wrapper.get_new_connection({})


def test_whoever_waits_asks_again_until_it_is_too_long(monkeypatch):
    asked = []

    def away(self, conn_params):
        asked.append(conn_params)
        raise PoolTimeout

    monkeypatch.setattr(postgresql_base.base.DatabaseWrapper, "get_new_connection", away)
    monkeypatch.setattr(postgresql_base, "SECONDS", 0.01)
    with pytest.raises(PoolTimeout):
        PostgreSQL({"OPTIONS": {}}).get_new_connection({})
    assert len(asked) > 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has a queue of its own")
def test_sqlite_writers_take_turns():
    turn = Path(f"{connection.settings_dict['NAME']}-turn")

    def taken():
        with turn.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    with transaction.atomic():
        assert taken()
    assert not taken()
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError
    assert not taken()


def test_an_outage_does_not_keep_the_server_from_starting(monkeypatch, settings, caplog):
    def down():
        raise OperationalError("secret words")

    settings.DEBUG = True  # so that nothing else is refused
    monkeypatch.setattr(checks, "database_faults", down)
    monkeypatch.setattr(checks, "_close_connection", lambda: None)
    checks.refuse_unless_fit()
    assert "does not answer (OperationalError)" in caplog.text
    assert "secret" not in caplog.text


def test_the_web_server_refuses_in_a_sentence(tmp_path):
    environment = os.environ | {"SECRET_KEY": "", "ALLOWED_HOSTS": "", "DEBUG": "", "DATA_DIR": str(tmp_path)}
    environment.pop("DJANGO_SETTINGS_MODULE")
    started = subprocess.run(
        [sys.executable, "-m", "gunicorn", "triage.wsgi", "--check-config"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert started.returncode == 1
    assert "Footpath cannot start.\nSECRET_KEY is not set;" in started.stderr
    assert "Traceback" not in started.stderr


# Headers


def test_every_page_carries_the_headers(client):
    response = client.get("/no-such-page/")
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert {rule.split()[1] for rule in policy} == {"'none'", "'self'"}
    assert {name: response.headers[name] for name in (
        "Cache-Control",
        "Cross-Origin-Embedder-Policy",
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy",
        "Referrer-Policy",
        "X-Content-Type-Options",
        "X-Frame-Options",
    )} == {
        "Cache-Control": "no-store",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }  # fmt: skip
    assert "geolocation=()" in response.headers["Permissions-Policy"]


# Logs


def logged(message, *args, error=None):
    info = (type(error), error, error.__traceback__) if error else None
    return PlainFormatter().format(logging.LogRecord("x", logging.ERROR, "", 0, message, args, info))


def test_an_error_tells_where_and_not_what():
    try:
        raise ValueError("Failing row contains (both-legs-weak)")
    except ValueError as error:
        line = logged("Internal Server Error: %s", "/questions/leg/", error=error)
    assert "/questions/leg/" in line
    assert "test_an_error_tells_where_and_not_what" in line
    assert "builtins.ValueError" in line
    assert "both-legs-weak" not in line


def test_a_log_line_may_be_json_and_holds_no_more():
    try:
        raise ValueError("Failing row contains (both-legs-weak)")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
        record = logging.LogRecord("x", logging.ERROR, "", 0, "Failed: %s", ("/start/?leg-pain=back",), info)
    line = JsonFormatter().format(record)
    said = json.loads(line)
    assert (said["level"], said["message"], said["error"]) == (
        "ERROR",
        "Failed: /start/",
        "builtins.ValueError",
    )
    assert "test_a_log_line_may_be_json_and_holds_no_more" in said["places"][0]
    assert "both-legs-weak" not in line


@pytest.mark.django_db
def test_machines_are_told_what_runs(client):
    release = publish()
    assert client.get("/healthz").content.decode() == f"ok\nfootpath {__version__}\n"
    ready = client.get("/readyz")
    assert ready.content.decode() == f"ready\nfootpath {__version__}\nrelease {release.sha256[:8]}\n"


@pytest.mark.django_db
def test_a_probe_may_ask_under_any_name_and_nobody_else(client, settings):
    publish()
    settings.ALLOWED_HOSTS = [".example.org"]
    for host in ("10.1.2.3:8000", "[fd00::1]", "web1", "no name"):
        for address in ("/healthz", "/readyz"):
            assert client.get(address, headers={"host": host}).status_code == 200, (host, address)
        assert client.get("/", headers={"host": host}).status_code == 400, host
    assert client.get("/", headers={"host": "footpath.example.org"}).status_code == 200


def test_queries_and_addresses_stay_out_of_the_log():
    assert "leg-pain" not in logged("Error handling request %s %s", "GET", "/start/?leg-pain=back")
    refused = logged("Invalid request from ip=203.0.113.7: Invalid HTTP request line: '\x16\x03\nsecret'")
    assert refused.endswith("Invalid request")


def test_error_reports_hold_nothing_personal():
    request = RequestFactory().post("/questions/leg/", {"leg-pain": "back-to-foot"})
    request.COOKIES["visit"] = "token"
    report = NothingPersonal()
    assert not report.get_post_parameters(request)
    assert not report.get_safe_cookies(request)
    assert not report.get_traceback_frame_variables(request, sys._getframe())


# Templates (checked by `dev.py lint`)


@pytest.mark.parametrize(
    "line",
    [
        "{% if %}",
        '<p style="color: red">',
        "<style>",
        "<script>alert()</script>",
        '<a onclick="go()">',
        '<img src="//elsewhere.example/dot.gif">',
        "{{ note|safe }}",
        "{% autoescape off %}",
    ],
)
def test_a_template_fault_is_named(line):
    assert any(fault.startswith("page.html") for fault in template_faults("page.html", line))


def test_a_plain_template_has_no_fault():
    text = '{% load static %}<script src="{% static "x.js" %}" defer></script><a href="https://example.org">source</a>'
    assert not list(template_faults("page.html", text))
