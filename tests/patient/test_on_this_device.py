"""What stays on a shared device, in a real Chromium: the idle warning, leaving, the back button, the return link."""

import os
import re
import time
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest
from django.db.models import F
from django.urls import reverse
from playwright.sync_api import expect

from dev import find_chromium
from tests.browser import back, carry_over, press
from tests.conftest import QUIET, watched_pages
from tests.patient.test_phone import choose, fill_in, violations
from tests.visitor import FOOT_ONLY, Patient, holding, publish
from triage.models import Answer, TriageSession
from triage.patient import leaving
from triage.server import headers
from triage.store.rooms import Room

# What these leave in the database is tried on both by test_coming_back.py and test_storage.py.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.looks]


@pytest.fixture(autouse=True)
def release(transactional_db):
    return publish()


@pytest.fixture
def page(new_page):
    """On a phone of its own, since its clock is turned."""
    return new_page()


def start(page):
    page.goto("/")
    press(page.get_by_role("button", name="Start now"))
    return page


def second_question(page):
    choose(start(page), FOOT_ONLY)
    press(page.get_by_role("button", name="Continue"))
    return page


def open_a_result(page):
    patient = Patient()
    patient.whole()
    page.goto("/")
    key = patient.client.cookies["visit"].value
    page.context.add_cookies([{"name": "visit", "value": key, "url": page.url}])
    page.goto(reverse("result"))


@pytest.fixture(scope="module")
def keeping_browser(request):
    """Playwright turns the back/forward cache off, where pages are kept as they were left; people have it on.
    So does the engine without windows, for good."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    chromium = request.getfixturevalue("browser")
    again = chromium.browser_type.launch(
        executable_path=find_chromium(),
        args=[*QUIET, *root],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield again
    again.close()


@pytest.fixture
def keeping_page(keeping_browser, live_server):
    with watched_pages(keeping_browser, live_server.url) as open_page:
        yield open_page()


# Leaving


def pages_gone_back_to(page):
    """The ticks of each page that whoever comes after a person has left sees with the back button."""
    second_question(page)
    choose(page, {"safety-now": ["none"]})
    press(page.get_by_role("button", name="Leave").first)
    press(page.get_by_role("button", name="Leave now"))
    for _back in range(3):
        back(page, wait_until="commit")
        expect(page.locator("h1").first).to_be_visible()
        yield page.locator("input:checked")


def test_leaving_leaves_nothing_to_go_back_to(keeping_page):
    for ticks in pages_gone_back_to(keeping_page):
        assert ticks.count() == 0
    assert "visit" not in {cookie["name"] for cookie in keeping_page.context.cookies()}


def test_a_browser_that_keeps_pages_all_the_same_shows_nothing(keeping_page, monkeypatch):
    monkeypatch.setitem(headers.HEADERS, "Cache-Control", "private")
    for ticks in pages_gone_back_to(keeping_page):
        expect(ticks).to_have_count(0)  # once the kept page has asked the server anew


def test_without_any_guard_the_answers_would_be_seen(keeping_page, monkeypatch):
    monkeypatch.setitem(headers.HEADERS, "Cache-Control", "private")
    monkeypatch.setattr(leaving, "TO_CLEAR", '"storage"')
    keeping_page.route("**/footpath.js", lambda route: route.fulfill(body=""))
    assert sum(ticks.count() for ticks in pages_gone_back_to(keeping_page))


# Staying


def pass_time(page, minutes):
    page.clock.fast_forward(minutes * 60_000)


def stays(page, key):
    """Presses a key that says so, and waits until the page has read the server's answer."""
    page.evaluate("""() => {
      const ask = fetch;
      window.read = new Promise((done) => {
        window.fetch = async (...all) => {
          try {
            const answer = await ask(...all), { status, url, redirected, headers } = answer, text = await answer.text();
            Promise.resolve(status).then(done);
            return { status, url, redirected, headers, text: async () => text };
          } catch (error) {
            done(`${error}`);
            throw error;
          }
        };
      });
    }""")
    page.keyboard.press(key)
    assert page.evaluate("read") == 200


def age(minutes):
    """As if everything in the database had been done that much earlier."""
    ago = timedelta(minutes=minutes)
    for session in TriageSession.objects.all():
        stayed_at = session.stayed_at and session.stayed_at - ago
        TriageSession.objects.filter(pk=session.pk).update(
            started_at=session.started_at - ago, stayed_at=stayed_at
        )
    for answer in Answer.objects.all():
        Answer.objects.filter(pk=answer.pk).update(answered_at=answer.answered_at - ago)


def test_a_warning_two_minutes_before_the_end_and_staying_keeps_what_is_ticked(page):
    page.clock.install()
    second_question(page)
    choose(page, {"safety-now": ["cold-limb"]})
    with page.expect_response("**/stay/"):
        page.clock.run_for(1500)
    expect(page.get_by_text("What is on this page is kept.")).to_be_visible()
    warning = page.get_by_role("dialog", name="Are you still there?")
    pass_time(page, 20)  # the page's clock runs on while a busy machine is slow
    expect(warning).to_be_hidden()
    pass_time(page, 8.1)
    expect(warning).to_be_visible()
    assert violations(page) == []
    expect(warning.get_by_role("button", name="Stay")).to_be_focused()
    stays(page, "Enter")
    expect(warning).to_be_hidden()
    assert TriageSession.objects.get().stayed_at
    assert page.locator("input:checked").count() == 1
    pass_time(page, 20)
    expect(warning).to_be_hidden()
    pass_time(page, 8.1)
    expect(warning).to_be_visible()


def test_closing_the_warning_by_the_escape_key_is_staying_too(page):
    page.clock.install()
    start(page)
    pass_time(page, 28.1)
    expect(page.get_by_role("dialog")).to_be_visible()
    stays(page, "Escape")


def test_leave_now(page):
    page.clock.install()
    start(page)
    pass_time(page, 28.1)
    press(page.get_by_role("dialog").get_by_role("button", name="Leave"))
    press(page.get_by_role("button", name="Leave now"))
    assert page.url.endswith("/left/")
    assert not TriageSession.objects.get().stayed_at


def test_when_the_time_is_up_the_screen_is_cleared(page):
    page.clock.install()
    choose(second_question(page), {"safety-now": ["cold-limb"]})
    expect(page.locator("#kept")).not_to_be_empty()
    age(31)
    pass_time(page, 30.1)
    page.wait_for_url("**/expired/")
    back(page)
    assert page.locator("input").evaluate_all("all => all.every(input => input.type === 'hidden')")


def test_on_a_slow_line_the_end_is_asked_for_once(page):
    asked = []

    def slowly(route):
        asked.append(route)
        time.sleep(2.5)  # twice as long as the page waits between looks at the clock
        route.continue_()

    page.clock.install()
    start(page)
    age(31)
    page.route("**" + page.locator("#idle").get_attribute("data-end"), slowly)
    pass_time(page, 30.1)
    page.wait_for_url("**/expired/")
    assert len(asked) == 1


def test_a_page_whose_session_another_tab_kept_open_stays_open(page):
    page.clock.install()
    start(page)
    pass_time(page, 30.1)  # on this page's clock alone
    page.wait_for_url("**/questions/age/")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_page_that_was_opened_late_warns_in_time(page):
    page.clock.install()
    start(page)
    age(20)
    page.reload()
    pass_time(page, 8.1)
    expect(page.get_by_role("dialog")).to_be_visible()


# Coming back


@pytest.fixture
def saved(page):
    second_question(page)
    press(page.get_by_role("button", name="Save and come back later"))
    return page


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_link_or_the_code_opens_the_answers_on_another_device(saved, new_page, scripts):
    asked = []
    other = new_page(java_script_enabled=scripts)
    other.on("request", lambda request: asked.append(request.url + str(request.headers)))
    link, code = saved.locator("main a[href*='#']").inner_text(), saved.locator(".code").inner_text()
    other.goto(link)
    if scripts:
        expect(other.get_by_label("Your code")).to_have_value(link.partition("#")[2])
        assert "#" not in other.url
    else:
        other.get_by_label("Your code").fill(code.lower())
    press(other.get_by_role("button", name="Continue"))
    assert urlsplit(other.url).path == "/questions/safety-now/"
    assert link.partition("#")[2] not in str(asked).replace(link, "")
    press(saved.get_by_role("button", name="Go on here"))
    assert saved.url.endswith("/elsewhere/")


def test_a_reply_that_is_lost_on_the_way_costs_nothing(saved, new_page):
    """The server has opened the code, and the browser never hears of it."""
    link, replies = saved.locator("main a[href*='#']").inner_text(), []

    def lose(route):
        if route.request.method != "POST" or replies:
            return route.continue_()
        replies.append(route.fetch(max_redirects=0).status)
        return route.abort("connectionreset")

    other = new_page()
    other.goto(link)
    other.route("**/return/", lose)
    other.get_by_role("button", name="Continue").click()
    other.wait_for_url("chrome-error://**")  # until Chromium has told that there was no reply
    assert replies == [302]
    other.goto(link)
    press(other.get_by_role("button", name="Continue"))
    assert urlsplit(other.url).path == "/questions/safety-now/"


LINKS = [
    "{address}?fbclid=IwAR0x1y2z3#{code}",
    "{address}#{code}?fbclid=IwAR0x1y2z3&utm_source=mail",
    "{address}#{code}.",
    "{address}#{grouped}",
    "{address}%23{code}",
    "{address}{code}",
    "{address}{code}?fbclid=IwAR0x1y2z3",
]


def test_what_scanners_and_mail_programs_make_of_the_link_leads_to_its_code(saved, new_page):
    code = saved.locator(".code").inner_text()
    plain = code.replace("-", "")
    other = new_page()
    for changed in LINKS:
        other.context.clear_cookies()
        other.goto(changed.format(address=reverse("return"), code=plain, grouped=code.replace("-", "%2D")))
        expect(other.get_by_label("Your code"), changed).to_have_value(re.compile(f"{plain}|{code}"))
        assert other.url.endswith(reverse("return")), changed
        press(other.get_by_role("button", name="Continue"))
        assert urlsplit(other.url).path == "/questions/safety-now/", changed


def test_a_wrong_code_is_an_error_with_words(page):
    page.goto(reverse("return"))
    page.get_by_label("Your code").fill("BCDF GHJK MNPQ")
    press(page.get_by_role("button", name="Continue"))
    assert page.title().startswith("Error: ")
    page.locator("[role=alert] a").click()
    expect(page.get_by_label("Your code")).to_be_focused()
    assert violations(page) == []


def test_the_copy_is_copied(new_page):
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    open_a_result(page)
    page.goto(reverse("copy"))
    page.get_by_role("button", name="Copy the text").click()
    expect(page.get_by_role("status")).to_have_text("The text is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#text").text_content()


# A waiting room


def in_the_room(page, prints=False):
    page.goto(f"{reverse('start')}?{urlencode({'room': Room(prints=prints).token})}")
    return page


def print_preview(page):
    """How much of the page would come out on paper."""
    page.emulate_media(media="print")
    height = page.evaluate("document.body.offsetHeight")
    page.emulate_media(media="screen")
    return height


def type_size(page):
    return page.evaluate("parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)")


def test_in_a_waiting_room_a_result_ends_by_itself_and_back_shows_nothing(keeping_page):
    page = in_the_room(keeping_page)
    page.clock.install()
    fill_in(page, FOOT_ONLY)
    reference = TriageSession.objects.get().reference
    assert page.url.endswith(reverse("result"))
    assert reference in page.content()
    age(minutes=4)
    TriageSession.objects.update(submitted_at=F("submitted_at") - timedelta(minutes=4))
    pass_time(page, 1.5)
    expect(page.get_by_role("dialog", name="Are you still there?")).to_be_visible()
    pass_time(page, 2)
    page.wait_for_url("**/")
    expect(page.get_by_role("button", name="Start now")).to_be_visible()
    for _back in range(4):
        back(page, wait_until="commit")
        page.wait_for_timeout(300)
        assert reference not in page.content()
        assert page.locator("input:checked").count() == 0


def test_whoever_touches_a_page_in_a_waiting_room_is_still_there(page):
    page.clock.install()
    start(in_the_room(page))
    for _minute in range(4):
        pass_time(page, 1.5)
        with page.expect_response("**/stay/"):
            page.mouse.click(200, 500)
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert TriageSession.objects.get().stayed_at


def test_elsewhere_a_touch_says_nothing(page):
    page.clock.install()
    start(page)
    pass_time(page, 5)
    page.mouse.click(200, 500)
    page.wait_for_timeout(300)
    assert not TriageSession.objects.get().stayed_at


def answer_the_rest(page):
    """From where the browser is to the result, in less time than a browser takes."""
    key = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "visit")
    patient = Patient(client=holding(key))
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    patient.submit()
    carry_over(patient, page, page.url)
    page.goto(reverse("result"))


@pytest.mark.looks
def test_a_waiting_room_has_large_type_and_no_paper_unless_it_is_allowed(new_page):
    sizes, printed = {}, {}
    for room in ("none", "plain", "prints"):
        page = new_page()
        if room != "none":
            in_the_room(page, prints=room == "prints")
        answer_the_rest(start(page))
        sizes[room], printed[room] = type_size(page), print_preview(page)
        page.locator("summary", has_text="Keep this page").click()
        assert page.get_by_role("button", name="Print this page").is_visible() == (room != "plain")
        assert page.get_by_role("button", name="Show it as text").is_visible() == (room == "none")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert sizes["plain"] == sizes["prints"] == 1.25 * sizes["none"]
    assert printed["plain"] == 0
    assert printed["prints"] > 0 < printed["none"]


def test_without_scripts_a_waiting_room_ends_too(new_page):
    page = start(in_the_room(new_page(java_script_enabled=False)))
    assert page.locator("noscript meta[http-equiv=refresh]").count() or "http-equiv" in page.content()
    assert re.search(r'content="(29\d|300); url=/go-on/"', page.content())
