"""What all tests share: which database they run on, how far the proofs go, and the browser."""

import contextlib
import functools
import hashlib
import itertools
import json
import os
import pickle
import platform
import random
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django
import hypothesis
import pytest
import ruamel.yaml
from django.apps import apps
from django.core.management.commands import flush
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction
from django.test import TransactionTestCase
from django.utils import timezone, translation
from playwright.sync_api import expect, sync_playwright

from dev import find_windowless
from tests.planted import WRITTEN
from tests.shipped import earlier_trees, shipped_trees
from triage.domain.loading import files
from triage.store import content_files, plain_yaml

# Playwright's synchronous interface keeps an event loop running in the test's thread; Django takes that
# for asynchronous code and would refuse every query a browser test makes. There is none here.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# The same examples every time, and no verdict on how fast a shared machine is.
hypothesis.settings.register_profile(
    "footpath",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("footpath")


# Databases


DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}


def uses_database(item):
    return bool(
        item.get_closest_marker("django_db")
        or DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        or issubclass(getattr(item, "cls", None) or object, TransactionTestCase)
    )


def can_differ(item, long):
    alike = item.get_closest_marker("alike")
    assert not alike or alike.args, f"say why {item.nodeid} is alike on both databases"
    return uses_database(item) and not item.get_closest_marker("looks") and (long or not alike)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Everything runs on SQLite; on PostgreSQL only what can come out differently there."""
    if connection.vendor == "sqlite":
        # Servers that are started, broken and waited for: first, while the other processes have work to do.
        items.sort(key=lambda item: item.path.name != "test_proofs.py")
        return
    kept = [item for item in items if can_differ(item, config.option.long)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


LEFT = []  # the rows that a migration leaves, by their models


def put_back(*options):
    """In place of the signal on which a flush has Django look for all rights and kinds of rows anew, after each test
    that empties the tables: what comes of it is always the same."""
    if not LEFT:
        emit_post_migrate_signal(*options)
        models = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]
        LEFT.extend(rows for model in models if (rows := list(model._base_manager.all())))
        return
    with transaction.atomic():
        for rows in LEFT:
            type(rows[0])._base_manager.bulk_create(rows)


flush.emit_post_migrate_signal = put_back

if connection.vendor == "postgresql":
    # TRUNCATE makes each table and index anew, which takes long; what a test leaves are a few rows.
    connection.ops.sql_flush = lambda style, tables, **options: [f'DELETE FROM "{name}"' for name in tables]


# Content


MUCH_TO_READ = 10_000  # letters


def pytest_configure(config):
    """YAML is slow to read, and most tests read the shipped content: each text once for all processes, and for the
    next run, into trees of their own. Where the text or what reads it is another, so is the name it is kept under.
    test_content_files.py holds that nothing comes out otherwise than by the reader itself."""
    folder = config.cache.mkdir("trees")
    reader = [Path(module.__file__).read_text(encoding="utf-8") for module in (plain_yaml, files)]
    reader += [ruamel.yaml.__version__, sys.version]

    @functools.cache
    def pickled(text):
        kept = folder / hashlib.sha256("".join([*reader, text]).encode(errors="surrogatepass")).hexdigest()
        if not kept.exists():
            partly = kept.with_suffix(f".{os.getpid()}")
            partly.write_bytes(pickle.dumps(plain_yaml.tree_of(text)))
            partly.replace(kept)
        return kept.read_bytes()

    def tree_of(text):
        if text in WRITTEN:
            return json.loads(text)
        return pickle.loads(pickled(text)) if len(text) > MUCH_TO_READ else plain_yaml.tree_of(text)

    content_files.tree_of = tree_of
    if not hasattr(config, "workerinput"):  # before others begin, who would all read them
        shipped_trees()
        earlier_trees()


@pytest.fixture(autouse=True)
def few_people(monkeypatch):
    """A draft is tried on few made-up people: the tests of what comes of many name their number."""
    monkeypatch.setattr("triage.store.examination.PEOPLE", 100)


# Staff


@pytest.fixture
def reviewer(db):
    """The browser of somebody who may review."""
    from tests.staff import staff

    return staff("Reviewers")


# Time


@pytest.fixture
def clock(monkeypatch):
    """Moves the server's clock."""
    start = timezone.now()
    return lambda **ahead: monkeypatch.setattr(timezone, "now", lambda: start + timedelta(**ahead))


# Languages


@pytest.fixture(autouse=True)
def no_language_is_left_behind():
    """A request in Spanish leaves its thread in Spanish, for the next test to find."""
    yield
    translation.deactivate()


# Proofs: tests with a short form, and a long one that `dev.py prove` runs


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the proofs in their long form")
    parser.addoption("--proofs-to", type=Path, help="a file for what the proofs counted")
    parser.addoption("--seed", type=int, default=1, help="what the proofs draw from (default: 1)")


class Proof:
    """How far a proof goes, what it draws from, and what it counted, which the run's end prints as JSON."""

    def __init__(self, name, options, record):
        self.name, self.long, self.seed, self.record = name, options.long, options.seed, record
        self.random = random.Random(options.seed)
        self.told = 0  # twentieths

    def size(self, short, long):
        return long if self.long else short

    def in_turn(self, looks):
        """For one page after another: one of the looks each; in the long form all of them each."""
        for number in itertools.count():
            yield looks if self.long else [looks[number % len(looks)]]

    def progress(self, done, whole):
        """A line for each twentieth; `done` may leap."""
        if self.long and done * 20 // whole > self.told:
            self.told = done * 20 // whole
            print(f"{self.name}: {done} of {whole}", file=sys.__stderr__, flush=True)

    def counted(self, **counts):
        line = {"proof": self.name, **counts, "long": self.long, "seed": self.seed}
        self.record("proof", json.loads(json.dumps(line)))  # plain, as the workers' wire wants it


@pytest.fixture
def proof(request, record_property):
    return Proof(request.node.name.removeprefix("test_"), request.config.option, record_property)


def pytest_terminal_summary(terminalreporter):
    lines = [
        value | {"passed": report.passed} | versions()
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in report.user_properties
        if name == "proof"
    ]
    told = [json.dumps(line) for line in lines]
    if told:
        terminalreporter.section("proofs")
        terminalreporter.write("\n".join(told) + "\n")
    if path := terminalreporter.config.option.proofs_to:
        path.write_text("\n".join(told), encoding="utf-8")


def versions():
    return {
        "python": platform.python_version(),
        "django": django.__version__,
        "database": connection.vendor,
        "hypothesis": hypothesis.__version__,
    }


# Browser


PHONE = {"width": 390, "height": 844}
LOOPBACK = {"127.0.0.1", "localhost"}
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    # No other machine has a name here, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


# How long a busy machine may take for what is sure to come; what does not come is told then. In milliseconds.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
# A page that is being printed cannot be printed by the test; pages only note that they asked for it.
NO_PRINTER = "window.asked_to_print = 0; window.print = () => { window.asked_to_print++ }"


@pytest.fixture(scope="session")
def browser():
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox does not start as root
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_windowless(), args=[*QUIET, *root], timeout=PATIENCE
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def phone(browser, live_server):
    """One phone for all tests: while a page is open on it, another costs Chromium a third of the first."""
    context = unpacked(browser, live_server.url)
    context.new_page()
    yield context
    context.close()


@pytest.fixture
def page(phone, live_server):
    """A page on that phone, on which no other test has left anything. Only a clock that is turned would stay turned:
    who turns it takes `new_page`."""
    with watched(phone):
        yield phone.new_page()
        wipe(phone, live_server.url)


@pytest.fixture
def new_page(browser, live_server):
    """Opens pages on phones of their own: `new_page()`, or with options as Playwright has them."""
    with watched_pages(browser, live_server.url) as open_page:
        yield open_page


@contextlib.contextmanager
def watched_pages(browser, base_url):
    with contextlib.ExitStack() as stack:

        def open_page(**options):
            context = unpacked(browser, base_url, **options)
            stack.enter_context(watched(context))
            stack.callback(context.close)
            return context.new_page()

        yield open_page


def unpacked(browser, base_url, **options):
    context = browser.new_context(base_url=base_url, **{"viewport": PHONE, **options})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(NO_PRINTER)
    return context


def wipe(phone, origin):
    """Leaves nothing of what a test did on it but the page that keeps it awake."""
    _awake, *others = phone.pages
    for page in others:
        if page.url.startswith(origin):
            page.evaluate("localStorage.clear()")
        page.close()
    phone.set_offline(False)
    phone.unroute_all()
    phone.clear_cookies()


@contextlib.contextmanager
def watched(context):
    """Fails at the end if a page asked another machine for anything, was refused it, or broke."""
    complaints = []
    listeners = {
        "request": lambda request: complaints.extend(third_party(request.url)),
        "console": lambda message: complaints.extend(refused(message.text)),
        "weberror": lambda error: complaints.append(str(error.error)),
    }
    for event, listener in listeners.items():
        context.on(event, listener)
    yield
    for event, listener in listeners.items():
        context.remove_listener(event, listener)
    assert not complaints


def third_party(url):
    parts = urlsplit(url)
    if parts.scheme not in ("data", "blob", "about") and parts.hostname not in LOOPBACK:
        yield f"request to {url}"


def refused(message):
    if "Content Security Policy" in message:
        yield message
