"""With scripts the next page takes the place of the one before. It is the same page as without, told and left alike."""

import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import OperationalError
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser import CAUGHT_UP, back, forward, press
from tests.patient.test_phone import choose, tap, violations
from tests.visitor import BACK, FOOT_ONLY, Browser, Patient, publish
from triage import actions
from triage.models import Answer, TriageSession
from triage.server.next_page import MARK, NEXT_PAGE

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.alike(
        "it is about what is sent; answers and drafts are stored by the journey machine, on both"
    ),
]
ASKED = {f"HTTP_{NEXT_PAGE.upper().replace('-', '_')}": ""}
SHOWN = f"HTTP_{MARK.upper().replace('-', '_')}"
URGENT = BACK | {"safety-now": ["bladder-bowel"]}


@pytest.fixture(autouse=True)
def release(transactional_db):
    return publish()


# The server


def begun():
    patient = Patient()
    return patient, patient.start()


def answered(patient, page, **more):
    """What comes back for the answers to this page."""
    given = {item.key: patient.answers[item.key] for item in page.context["form"].items}
    return patient.client.post(reverse("question", args=[page.context["screen"].key]), given, **more)


def test_a_form_of_the_script_is_answered_by_the_page_that_it_leads_to():
    patient, page = begun()
    answer = answered(patient, page, **ASKED)
    assert (answer.status_code, answer[NEXT_PAGE]) == (200, reverse("question", args=["safety-now"]))
    assert answer.context["screen"].key == "safety-now"
    assert answer["Cache-Control"] == "no-store"
    assert Answer.objects.count() == 2


def test_any_other_by_a_redirect():
    answer = answered(*begun())
    assert (answer.status_code, answer.get(NEXT_PAGE)) == (302, None)


def test_what_is_refused_and_an_error_are_pages_too():
    patient, page = begun()
    refused = patient.client.post(page.request["PATH_INFO"], **ASKED)
    assert refused[NEXT_PAGE] == page.request["PATH_INFO"]
    assert "<title>Error: " in refused.content.decode()
    unknown = patient.client.post(reverse("language"), {"language": "none"}, **ASKED)
    assert (unknown.status_code, unknown[NEXT_PAGE]) == (400, reverse("problem", args=["bad-request"]))


def test_the_cookies_of_the_answer_are_those_of_the_page():
    browser = Browser()
    browser.get("/")
    page = browser.post(reverse("start"), **ASKED)
    assert page.context["screen"].key == "age"
    assert "visit" in page.cookies
    spanish = browser.post(reverse("language"), {"language": "es", "next": page[NEXT_PAGE]}, **ASKED)
    assert '<html lang="es"' in spanish.content.decode()
    assert settings.LANGUAGE_COOKIE_NAME in spanish.cookies


def test_leaving_is_said_to_the_browser_itself():
    """Clear-Site-Data stands with the redirect."""
    patient, _page = begun()
    answer = patient.client.post(reverse("leave"), {"now": ""}, **ASKED)
    assert (answer.status_code, answer["Location"]) == (302, reverse("left"))
    assert "Clear-Site-Data" in answer


def test_only_what_no_other_site_can_ask_for_is_compressed():
    patient, page = begun()
    packed = {"HTTP_ACCEPT_ENCODING": "gzip"}
    assert answered(patient, page, **ASKED, **packed)["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in patient.client.get(page.request["PATH_INFO"], **packed)


# The page ahead


JOURNEYS = {
    "back": BACK,
    "foot": FOOT_ONLY,
    "helper, right foot": BACK | {"answering": "helper", "side": "right"},
    "no pain, weak": BACK | {"foot-site": ["no-pain"], "leg-pain": "none", "foot-lift": "unable"},
    "hurt": FOOT_ONLY | {"injury": "recent", "injury-steps": "yes", "injury-bone": "no"},
    "urgent": URGENT,
}


def kept(patient, page, **more):
    """What comes back when what stands on this page is kept."""
    given = {item.key: patient.answers[item.key] for item in page.context["form"].items}
    sent = {**given, "screen": page.context["screen"].key, "seen": page.context["seen"]}
    return patient.client.post(reverse("stay"), sent, **ASKED, **more)


def words(page):
    return TOKEN.sub(r"\1\2", page.content.decode())


@pytest.mark.parametrize("answers", JOURNEYS.values(), ids=JOURNEYS)
def test_what_is_kept_brings_the_very_page_that_the_answers_lead_to(answers):
    patient = Patient(answers)
    page, ahead_of = patient.start(), 0
    while (address := page.get(NEXT_PAGE)) != reverse("check"):
        if address == reverse("emergency"):
            page = patient.client.get(page.context["go_on_url"])
            continue
        stored = Answer.objects.count()
        ahead = kept(patient, page)
        assert Answer.objects.count() == stored, "what is kept is a draft"
        page = answered(patient, page, **ASKED)
        if MARK in ahead:
            ahead_of += 1
            assert ahead[MARK] == f"{page[NEXT_PAGE]} {page.context['seen']}"
            assert ahead[NEXT_PAGE] == page[NEXT_PAGE]
            assert words(ahead) == words(page)
        else:
            assert page[NEXT_PAGE] in (reverse("check"), reverse("emergency"))
        assert ahead["Cache-Control"] == "no-store"
    assert ahead_of >= 12


def test_nothing_that_is_urgent_refused_or_not_asked_for_is_ahead():
    patient, page = begun()
    assert kept(patient, page)[MARK]
    given = {"screen": "age", "seen": 0, "age": "16-or-over", "answering": "self"}
    assert MARK not in patient.client.post(reverse("stay"), given), "without a script that asks"
    assert MARK not in patient.client.post(reverse("stay"), given | {"answering": ""}, **ASKED)
    safety = answered(patient, page, follow=True)
    assert kept(patient, safety)[MARK]
    patient.answers = URGENT
    assert not kept(patient, safety).content
    patient.answers = BACK | {"age": "under-16"}
    assert not kept(patient, page).content


def test_a_page_that_is_shown_already_is_not_sent_again():
    patient, page = begun()
    mark = kept(patient, page)[MARK]
    again = answered(patient, page, **ASKED, **{SHOWN: mark})
    assert (again.status_code, again.content) == (204, b"")
    assert Answer.objects.count() == 2


def test_another_page_is_sent_although_one_is_shown():
    """Another tab has answered since: the page that is shown knows less."""
    patient, page = begun()
    mark = kept(patient, page)[MARK]
    answered(patient, page)
    again = answered(patient, page, **ASKED, **{SHOWN: mark})
    assert (again.status_code, again[NEXT_PAGE]) == (200, reverse("question", args=["safety-now"]))
    assert mark != f"{again[NEXT_PAGE]} {again.context['seen']}"


# The browser


@pytest.fixture
def documents(page):
    """The pages that were loaded as documents."""
    loaded = []
    page.on(
        "request", lambda request: loaded.append(request.url) if request.resource_type == "document" else None
    )
    return loaded


def start(page):
    page.goto("/")
    press(page.get_by_role("button", name="Start now"))
    return page


def at(page, screen, answers=BACK):
    start(page)
    while urlsplit(page.url).path != reverse("question", args=[screen]):
        choose(page, answers)
        press(page.locator("main form button"))
    return page


def go_on(page):
    press(page.get_by_role("button", name="Continue"))


TOKEN = re.compile(
    r'(name="csrfmiddlewaretoken" value=")\w+|(data-left=")\d+| aria-label="[^"]+ – The clinic"| hidden=""'
)
LOOK = """() => [...document.querySelectorAll("body *")].filter((each) => each.checkVisibility()).map((each) => {
    const { x, y, width, height } = each.getBoundingClientRect(), { color, font, display } = getComputedStyle(each);
    return [each.localName, ...[x, y, width, height].map(Math.round), color, font, display].join(" ");
})"""


def seen(page):
    """All that a page is: its frame, its parts and where each of them stands."""
    page.evaluate("document.activeElement.blur()")
    frame = page.evaluate("[document.title, document.documentElement.lang, document.URL, scrollY].join()")
    return frame, TOKEN.sub(r"\1\2", page.locator("body").inner_html()), page.evaluate(LOOK)


@pytest.mark.looks
def test_every_page_of_a_journey_is_the_one_that_is_loaded(page, documents):
    start(page)
    loaded = page.context.new_page()
    while True:
        loaded.goto(page.url)
        assert seen(page) == seen(loaded), page.url
        if page.url.endswith("/result/"):
            break
        choose(page, BACK)
        documents.clear()
        press(page.locator("main form button"))
        assert documents == []
    assert TriageSession.objects.get().submitted_at


@pytest.mark.looks
def test_a_page_without_one_of_its_styles_would_be_seen(page):
    in_place = seen(at(page, "safety-now"))
    page.locator("[rel=stylesheet][href*=answers]").evaluate("style => style.media = 'not all'")
    assert in_place != seen(page)


@pytest.mark.looks
def test_it_is_told_as_a_new_page(page, documents):
    start(page)
    page.evaluate("scrollTo(0, 1000)")
    choose(page, BACK)
    documents.clear()
    go_on(page)
    assert documents == []
    assert page.title().startswith("Is any of these signs new")
    expect(page.get_by_role("main", name=page.title())).to_be_focused()
    assert page.evaluate("scrollY") == 0
    assert page.evaluate("history.state") is None
    assert violations(page) == []


@pytest.mark.looks
def test_an_error_is_where_the_reader_is_led(page, documents):
    start(page)
    documents.clear()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert page.title().startswith("Error: ")
    assert documents == []
    entries = page.evaluate("history.length")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("history.length") == entries  # the same page again is no other


@pytest.mark.looks
def test_back_and_forward_ask_the_server(page, documents):
    at(page, "where")
    documents.clear()
    back(page)
    assert urlsplit(page.url).path == reverse("question", args=["safety-now"])
    assert page.locator("input:checked").count() == 1
    forward(page)
    expect(page.locator("[name=side]").first).to_be_visible()
    assert [urlsplit(url).path.split("/")[2] for url in documents] == ["safety-now", "where"]


@pytest.mark.looks
def test_the_language_changes_in_place(page, documents):
    at(page, "leg")
    tap(page, page.locator("[name=leg-pain]").first)
    documents.clear()
    press(page.get_by_role("button", name="Español"))
    assert page.locator("html").get_attribute("lang") == "es"
    assert page.locator("[name=leg-pain]").first.is_checked()
    assert documents == []


@pytest.mark.looks
def test_to_change_an_answer_leads_to_its_question(page):
    at(page, "safety-now")
    tap(page, page.get_by_label("None of these"))
    key = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "visit")
    patient = Patient(BACK)
    patient.client.cookies["visit"] = key
    patient.go_on(patient.client.get(reverse("go-on"), follow=True))
    page.goto(reverse("check"))
    page.set_viewport_size({"width": 390, "height": 400})
    press(page.get_by_role("button", name="Change").last)
    place = page.evaluate("document.getElementById(location.hash.slice(1)).getBoundingClientRect().y")
    assert page.evaluate("scrollY") > 0
    assert -1 < place < 400


# Surprises: as a browser goes there


@pytest.mark.looks
def test_a_page_of_another_version_is_loaded(page, documents):
    def newer(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("/footpath.js", "/footpath.js?newer"))

    start(page)
    nothing_ahead(page)
    page.route("**/questions/age/", newer)
    choose(page, BACK)
    documents.clear()
    go_on(page)
    page.wait_for_url("**/questions/safety-now/")
    page.wait_for_load_state()
    assert [urlsplit(url).path for url in documents] == [reverse("question", args=["safety-now"])]


@pytest.mark.looks
def test_without_a_session_the_browser_goes_to_the_page_that_says_so(page, documents):
    start(page)
    choose(page, BACK)
    page.wait_for_load_state("networkidle")
    TriageSession.objects.all().delete()
    documents.clear()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/expired/")
    assert len(documents) == 1


@pytest.mark.looks
def test_what_no_page_of_ours_says_leads_back_to_the_page(page):
    start(page)
    page.route("**/stay/", lambda route: route.abort())
    page.route("**/questions/age/", lambda route: route.fulfill(status=502, body="bad gateway"), times=1)
    choose(page, BACK)
    with page.expect_event("domcontentloaded"):
        page.get_by_role("button", name="Continue").click()
    assert urlsplit(page.url).path == reverse("question", args=["age"])


@pytest.mark.looks
def test_an_emergency_that_could_not_be_stored_is_shown_whatever_the_version(page, monkeypatch):
    """Its page has no address of its own."""
    at(page, "safety-now")
    choose(page, URGENT)

    def broken(*args):
        raise OperationalError

    monkeypatch.setattr(actions, "record_answers", broken)
    page.evaluate("document.scripts[0].src += '?older'")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Get help now"))
    assert urlsplit(page.url).path == reverse("question", args=["safety-now"])


@pytest.mark.looks
def test_an_emergency_is_shown_in_place(page, documents):
    at(page, "safety-now")
    choose(page, URGENT)
    documents.clear()
    go_on(page)
    assert page.url.endswith(reverse("emergency"))
    assert documents == []
    expect(page.get_by_role("link", name="Call 911").first).to_be_visible()
    press(page.locator(".after button"))
    assert urlsplit(page.url).path == reverse("question", args=["where"])


# A slow line, and none


def held_up(page, path):
    """What the page sends there stays on the way until it is let go on."""
    held = []
    page.route(f"**{path}", lambda route: held.append(route))
    return held


def nothing_ahead(page):
    """What stands on the page cannot be kept, so that no next page is there before it is asked for."""
    page.route("**/stay/", lambda route: route.abort())


@pytest.mark.looks
def test_a_tap_is_answered_at_once_and_a_second_sends_nothing(page):
    start(page)
    nothing_ahead(page)
    choose(page, BACK)
    sent = held_up(page, "/questions/age/")
    page.evaluate("""addEventListener("click", () =>
        setTimeout(() => window.busy = document.querySelector("[aria-busy]").innerText))""")
    button = page.get_by_role("button", name="Continue")
    button.click()
    button.click()
    assert page.evaluate("window.busy") == "Continue"
    sent[0].continue_()
    page.wait_for_url("**/questions/safety-now/")
    assert len(sent) == 1
    assert not page.locator("[aria-busy]").count()


@pytest.mark.looks
def test_who_hears_the_page_is_told_that_it_takes_a_while(page):
    start(page)
    nothing_ahead(page)
    choose(page, BACK)
    sent = held_up(page, "/questions/age/")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#wait")).to_have_text("One moment, please.")
    sent[0].continue_()
    page.wait_for_url("**/questions/safety-now/")
    assert page.locator("#wait").inner_text() == ""


@pytest.mark.looks
def test_what_did_not_arrive_can_be_sent_again(page):
    start(page)
    nothing_ahead(page)
    choose(page, BACK)
    page.route("**/questions/age/", lambda route: route.abort("connectionreset"), times=1)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#offline")).to_be_visible()
    assert page.locator("input:checked").count() == 2
    assert not page.locator("[aria-busy]").count()
    go_on(page)
    assert urlsplit(page.url).path == reverse("question", args=["safety-now"])


@pytest.mark.looks
def test_what_comes_late_of_one_page_says_nothing_on_the_next(page):
    """That the page before is kept."""
    start(page)
    kept = held_up(page, "/stay/")
    choose(page, BACK)
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Continue").click()
    kept[0].continue_()
    page.wait_for_url("**/questions/safety-now/")
    page.wait_for_timeout(500)
    assert page.locator("#kept").inner_text() == ""


# The next page before it is asked for


def ready(page, screen, answers=BACK):
    """At this screen, answered, and the page that it leads to has come."""
    at(page, screen, answers)
    choose(page, answers)
    page.wait_for_function("() => ahead && ahead.of === edits")


def on(page, screen):
    page.wait_for_url(f"**/questions/{screen}/")
    expect(page.locator(f"[name=screen][value={screen}]")).to_have_count(1)


@pytest.mark.looks
def test_what_is_kept_and_looked_at_leads_on_at_once(page):
    ready(page, "safety-now")
    sent = held_up(page, "/questions/safety-now/")
    page.get_by_role("button", name="Continue").click()
    on(page, "where")
    session = TriageSession.objects.get()
    assert session.drafts == {"safety-now": ["none"]}  # durable, though not yet an answer
    choose(page, BACK)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_timeout(300)
    assert page.locator("[aria-busy]").count()  # one after the other
    assert not Answer.objects.filter(item="side").exists()
    sent[0].continue_()
    on(page, "injury")
    page.wait_for_function(CAUGHT_UP)
    assert list(Answer.objects.order_by("sequence").values_list("item", flat=True))[2:5] == [
        "safety-now",
        "side",
        "foot-site",
    ]


@pytest.mark.looks
def test_an_emergency_is_never_behind_another_page(page):
    at(page, "safety-now")
    choose(page, URGENT)
    page.wait_for_function("() => !coming && held === edits")
    sent = held_up(page, "/questions/safety-now/")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_timeout(300)
    assert page.locator("[name=screen]").input_value() == "safety-now"
    sent[0].continue_()
    page.wait_for_url("**/emergency/")


@pytest.mark.looks
def test_what_is_changed_after_it_was_kept_leads_where_it_leads(page):
    ready(page, "safety-now")
    page.route("**/stay/", lambda route: route.abort())
    tap(page, page.locator("[value=bladder-bowel]"))
    go_on(page)
    assert page.url.endswith("/emergency/")


@pytest.mark.looks
def test_answers_that_lead_elsewhere_meanwhile_lead_there(page, documents):
    ready(page, "safety-now")
    TriageSession.objects.all().delete()
    documents.clear()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/expired/")


@pytest.mark.looks
def test_answers_that_are_lost_on_the_way_are_sent_again_before_the_next(page):
    ready(page, "safety-now")
    page.route("**/questions/safety-now/", lambda route: route.abort("connectionreset"))
    page.get_by_role("button", name="Continue").click()
    on(page, "where")
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/questions/safety-now/")
    choose(page, BACK)
    go_on(page)
    on(page, "injury")
    assert {"safety-now", "side", "foot-site"} <= set(Answer.objects.values_list("item", flat=True))


@pytest.mark.looks
def test_a_tab_that_is_closed_before_they_arrive_loses_nothing(page, new_page):
    ready(page, "safety-now")
    page.route("**/questions/safety-now/", lambda route: route.abort())
    page.get_by_role("button", name="Continue").click()
    on(page, "where")
    page.goto(reverse("go-on"))
    on(page, "safety-now")
    assert page.locator("[value=none]").is_checked()


TAP = """([label, after]) => {
    tapped = performance.now() - after;
    since = tapped + 1;
    const tap = new PointerEvent("click", { pointerType: "touch", bubbles: true, cancelable: true });
    document.querySelector(label).dispatchEvent(tap);
}"""


@pytest.mark.looks
def test_the_second_tap_of_two_does_nothing_on_the_next_page(page):
    at(page, "where")
    left = "label[for=id_side_left]"
    page.evaluate(TAP, [left, 100])
    assert not page.locator("input:checked").count()
    page.evaluate(TAP, [left, 400])
    assert page.locator("input:checked").count() == 1
