"""What a patient says stays where it belongs: after a whole journey in Chromium, with every kind of error on the
way, the words of the answers are looked for in everything that was written or sent."""

import io
import json
import logging
import os
import pickle
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from dev import find_chromium
from tests.browser import back, forward, press
from tests.conftest import PATIENCE, PHONE, QUIET, watched
from tests.patient.test_phone import choose, fill_in
from tests.visitor import BACK, Patient, publish
from triage import actions
from triage.models import TriageSession
from triage.patient import questionnaire
from triage.server.errors import NothingSentStaysMiddleware
from triage.server.logs import PlainFormatter
from triage.store import releases

pytestmark = pytest.mark.django_db(transaction=True)
NOTE = "Kanarienvogel-7391"
NUMBER = "0170 7391 2648"
ANSWERS = BACK | {
    "safety-now": ["saddle-numbness", "cold-limb"],
    "injury": "recent",
    "foot-heavy": "drags",
    "heel-stand": "unable",
    "numb-site": ["top-or-big-toe"],
    "duration": "under-2-weeks",
    "health": ["poor-circulation"],
    "changes": ["night-rest-pain"],
    "note": NOTE,
}
MAY_HOLD = {
    "triage.Answer.given",
    "triage.TriageSession.contact",
    "triage.TriageSession.record",
    "triage.Release.content",
}


@pytest.fixture(autouse=True)
def release(transactional_db):
    return publish()


@pytest.fixture
def log(monkeypatch):
    """What our own handler writes."""
    written = io.StringIO()
    ours = next(handler for handler in logging.root.handlers if isinstance(handler.formatter, PlainFormatter))
    monkeypatch.setattr(ours, "stream", written)
    return written


# The canaries


def canaries():
    """The note, the number, and each answer's code and words where these are long enough to be nothing else."""
    content = releases.content(releases.current().sha256, "en")
    words = [NOTE, NUMBER]
    for key, given in ANSWERS.items():
        for code in [given] if isinstance(given, str) else given:
            if key != "note":
                words += [code, content.items[key].option(code).text]
    return {word for word in words if len(word) > 8}


def hits(places):
    """Which canary is in which place: a name and the bytes or text that are there."""
    words = [(word, word.encode(), word.encode("utf-16-le")) for word in canaries()]
    for name, found in places:
        held = found if isinstance(found, bytes) else found.encode("utf-8", "surrogatepass")
        yield from (f"{word} in {name}" for word, *coded in words if any(code in held for code in coded))


def columns():
    """Every value of every table, by its column."""
    for model in apps.get_models(include_auto_created=True):
        for row in model.objects.values():
            for name, value in row.items():
                yield f"{model._meta.label}.{name}", json.dumps(value, default=str, ensure_ascii=False)


def kept_on_the_server(log):
    yield "the log", log.getvalue()
    yield "the cache", pickle.dumps(getattr(cache, "_cache", {}))
    yield from ((name, value) for name, value in columns() if name not in MAY_HOLD)


def kept_in_the_browser(context, page, requests, folder):
    for request in requests:
        yield f"the address {request.url}", request.url
        yield "a Referer", request.all_headers().get("referer", "")
    yield "cookies", json.dumps(context.cookies())
    yield "storage", page.evaluate("JSON.stringify([localStorage, sessionStorage, history.state])")
    yield from files(context, folder)


def files(context, folder):
    context.close()  # writes what it keeps
    for path in folder.rglob("*"):
        if path.is_file():
            yield f"the browser's file {path.relative_to(folder)}", path.read_bytes()


# The journey


@pytest.fixture
def own_chromium(browser, live_server, tmp_path, request):
    """A browser that keeps what it keeps in a folder on the disk; with scripts, unless a test says otherwise."""
    context = browser.browser_type.launch_persistent_context(
        tmp_path,
        executable_path=find_chromium(),
        args=[*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
        base_url=live_server.url,
        viewport=PHONE,
        timeout=PATIENCE,
        java_script_enabled=getattr(request, "param", True),
    )
    context.set_default_timeout(PATIENCE)
    with watched(context):
        yield context
        context.close()


def fill_in_note(page):
    if (note := page.locator("textarea[name=note]")).count():
        note.fill(NOTE)
    if (number := page.locator("input[name=contact]")).count():
        number.fill(NUMBER)


def errors_on_the_way(page, monkeypatch):
    """On a page with answers chosen: a form with a false token, a refused choice, no page, a fault of ours; and on
    the page with the note a note that is refused."""
    statuses = []
    page.on("response", lambda response: statuses.append(response.status))
    choose(page, ANSWERS)
    fill_in_note(page)
    page.locator("main [name=csrfmiddlewaretoken]").evaluate("token => token.value = 'x'.repeat(64)")
    press(page.get_by_role("button", name="Continue"))
    back(page)
    page.locator("button[name=language]").evaluate("button => button.value = 'no-such-language'")
    press(page.locator("button[name=language]"))
    back(page)
    page.goto("/no-such-page/")
    back(page)
    page.reload()
    with monkeypatch.context() as broken:
        broken.setattr(actions, "record_answers", fault)
        choose(page, ANSWERS)
        fill_in_note(page)
        press(page.get_by_role("button", name="Continue"))
    back(page)
    page.reload()
    if page.locator("textarea[name=note]").count():
        refused_note(page)
    assert {400, 403, 404, 500} <= set(statuses)


def refused_note(page):
    page.fill("textarea[name=note]", f"{NOTE} \a")
    page.fill("input[name=contact]", NUMBER)
    press(page.get_by_role("button", name="Continue"))
    assert page.title().startswith("Error: ")
    assert NOTE in page.input_value("textarea[name=note]")
    assert {number.input_value() for number in page.locator("input[name=contact]").all()} <= {NUMBER}
    assert TriageSession.objects.get().refused


def fault(visit, given, *others):
    """As a database would tell it, with what it was to store."""
    raise RuntimeError(f"could not store {given}")


def test_canary(own_chromium, tmp_path, log, monkeypatch, proof):
    requests, erred = [], []
    own_chromium.on("request", lambda request: requests.append(request))
    page = own_chromium.pages[0]

    def look(page):
        screen = page.url.split("/")[-2]
        if screen in ("leg", "words") and screen not in erred:
            erred.append(screen)
            errors_on_the_way(page, monkeypatch)
        fill_in_note(page)

    fill_in(page, ANSWERS, look)
    staff_look_at_it(own_chromium.new_page())
    browser = list(kept_in_the_browser(own_chromium, page, requests, tmp_path))
    server = list(kept_on_the_server(log))
    proof.counted(canaries=len(canaries()), requests=len(requests), places=len(browser) + len(server))
    assert erred == ["leg", "words"]
    assert "RuntimeError" in log.getvalue()
    assert TriageSession.objects.get(submitted_at__isnull=False)
    assert sorted(hits((*browser, *server))) == []
    assert {NOTE in held for name, held in columns() if name == "triage.TriageSession.record"} == {True}


def staff_look_at_it(page):
    user = actions.create_staff("reviewer", "a password of its own", actions.REVIEWERS)
    reference = TriageSession.objects.get(submitted_at__isnull=False).reference
    page.goto("/admin/")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", "a password of its own")
    press(page.locator("[type=submit]"))
    page.goto(f"{reverse('admin:triage_triagesession_changelist')}?q={reference[:3]}")
    press(page.get_by_role("link", name=reference))
    assert NOTE in page.locator("body").inner_text()
    assert NUMBER in page.locator("body").inner_text()
    page.locator("textarea[name=note]").fill("Seen.")
    press(page.locator("[name=state]").first)


# That it would tell


def test_a_page_that_logs_the_note_is_told(log, monkeypatch):
    store = questionnaire._store

    def telling(request, open_visit, form):
        logging.getLogger("triage").info("stored %s", form.answers())
        return store(request, open_visit, form)

    monkeypatch.setattr(questionnaire, "_store", telling)
    Patient(ANSWERS).whole()
    assert f"{NOTE} in the log" in hits(kept_on_the_server(log))


def test_an_error_that_tells_its_message_is_told(log, monkeypatch):
    """The formatter leaves it out: with Python's own it would be there."""
    ours = next(handler for handler in logging.root.handlers if isinstance(handler.formatter, PlainFormatter))
    monkeypatch.setattr(ours, "formatter", logging.Formatter())
    monkeypatch.setattr(actions, "record_answers", fault)
    patient = Patient(ANSWERS)
    patient.client.raise_request_exception = False
    patient.answer(patient.start())
    assert "16-or-over in the log" in hits(kept_on_the_server(log))


def test_a_name_that_tells_is_told(log):
    User.objects.create_user(NOTE)
    assert f"{NOTE} in auth.User.username" in hits(kept_on_the_server(log))


# What Chromium keeps of its open pages, so that it can open them again


SCRIPTS = pytest.mark.parametrize("own_chromium", [True, False], indirect=True, ids=["scripts", "no scripts"])
NO_SCRIPTS = pytest.mark.parametrize("own_chromium", [False], indirect=True, ids=["no scripts"])


def kept_of_an_open_page(context, base_url, folder, before=lambda page: None, after=lambda page: None):
    """After a refused note: whether the note is in Chromium's files, and whether the state of a form is."""
    patient = Patient(ANSWERS)
    patient.go_on(patient.start())
    context.add_cookies([{"name": "visit", "value": patient.client.cookies["visit"].value, "url": base_url}])
    page = context.pages[0]
    page.goto("/questions/words/")
    before(page)
    refused_note(page)
    after(page)
    page.goto("/left/")
    kept = dict(files(context, folder))
    found = bool(list(hits(kept.items())))
    return found, any("serialized form state".encode("utf-16-le") in held for held in kept.values())


@SCRIPTS
@pytest.mark.looks
def test_an_open_page_is_kept_without_what_was_sent(own_chromium, live_server, tmp_path):
    assert kept_of_an_open_page(own_chromium, live_server.url, tmp_path) == (False, False)


@NO_SCRIPTS
@pytest.mark.looks
def test_a_page_that_answers_a_form_is_kept_with_it(own_chromium, live_server, tmp_path, monkeypatch):
    def answer(request, open_visit, form):
        after = actions.record_answers(open_visit, {}, timezone.now(), form.sent(), form.screen.key)
        return questionnaire._show(RequestFactory().get("/"), after, form.screen)

    monkeypatch.setattr(questionnaire, "_refuse", answer)
    assert kept_of_an_open_page(own_chromium, live_server.url, tmp_path) == (True, False)


@NO_SCRIPTS
@pytest.mark.looks
def test_an_error_that_answers_a_form_is_kept_with_it(own_chromium, live_server, tmp_path, monkeypatch):
    monkeypatch.setattr(
        NothingSentStaysMiddleware, "__call__", lambda self, request: self.get_response(request)
    )

    def false_token(page):
        page.fill("textarea[name=note]", NOTE)
        page.locator("main [name=csrfmiddlewaretoken]").evaluate("token => token.value = 'x'.repeat(64)")
        press(page.get_by_role("button", name="Continue"))
        page.goto("/left/")  # else the same address again would take its place
        page.goto("/questions/words/")

    assert kept_of_an_open_page(own_chromium, live_server.url, tmp_path, false_token) == (True, False)


@SCRIPTS
@pytest.mark.looks
def test_a_form_with_autocomplete_is_kept_with_what_was_typed(own_chromium, live_server, tmp_path):
    def let_it(page):
        page.locator("main form").evaluate("form => form.removeAttribute('autocomplete')")
        page.locator("main form textarea").evaluate("text => text.removeAttribute('autocomplete')")
        page.fill("textarea[name=note]", NOTE)

    assert kept_of_an_open_page(own_chromium, live_server.url, tmp_path, let_it, let_it) == (True, True)


# Back, once the person has left


FREE = {"/", "/left/", "/expired/"}  # pages for everybody


def handed_in(context, base_url):
    """A page that has shown the answers and the result. Most questions were answered before, which is quicker."""
    patient = Patient(ANSWERS)
    patient.go_on(patient.start())
    context.add_cookies([{"name": "visit", "value": patient.client.cookies["visit"].value, "url": base_url}])
    page = context.pages[0]
    for path in ("/", "/questions/leg/", "/questions/words/", "/check/"):
        page.goto(path)
    assert NOTE in page.content()
    press(page.locator("main form").get_by_role("button"))
    return page


def leave(page):
    press(page.get_by_role("button", name="Leave"))
    press(page.get_by_role("button", name="Leave now"))


@pytest.mark.looks
def test_back_after_leaving_shows_nothing(own_chromium, live_server, tmp_path, proof):
    page = handed_in(own_chromium, live_server.url)
    leave(page)
    seen = back_and_forward(page)
    proof.counted(pages=len(seen))
    assert {path for path, _content in seen} <= FREE
    assert not any(
        NOTE in content or TriageSession.objects.get().reference in content for _path, content in seen
    )
    assert sorted(hits(files(own_chromium, tmp_path))) == []


@pytest.mark.looks
def test_back_shows_everything_to_one_who_has_not_left(own_chromium, live_server):
    """Else the test before would show nothing either."""
    page = handed_in(own_chromium, live_server.url)
    page.goto("/left/")
    seen = back_and_forward(page)
    assert "/result/" in {path for path, _content in seen}
    assert any(TriageSession.objects.get().reference in content for _path, content in seen)


@pytest.mark.looks
def test_a_page_that_the_browser_kept_whole_asks_the_server_anew(own_chromium, live_server):
    """As phones keep pages for Back, in memory; Playwright's browsers do not."""
    page, other_tab = handed_in(own_chromium, live_server.url), own_chromium.new_page()
    other_tab.goto("/")
    leave(other_tab)
    assert TriageSession.objects.get().reference in page.content()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    page.wait_for_url(lambda url: urlsplit(url).path in FREE)
    assert TriageSession.objects.get().reference not in page.content()


def back_and_forward(page):
    """Every page that a person sees who goes back through the browser's history, and forth again."""
    seen = []
    for move in [back] * 8 + [forward] * 2:
        move(page)
        if page.url != "about:blank":
            seen.append((urlsplit(page.url).path, page.content()))
    return seen
