"""The clinic's pages in a real Chromium: checked by axe, at every width, by keyboard alone, and on paper."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser import PAPERS, axe_finds, each_look, press, press_key, sheets
from tests.visitor import BACK, FOOT_ONLY, hand_in, publish
from triage import actions
from triage.domain.decision import decide
from triage.domain.walk import read_answers, walk
from triage.models import Delivery, OutboxMail, TriageSession, the_clinic
from triage.store import releases, visit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.looks]
LIST = "/admin/triage/triagesession/"
EMERGENCY = BACK | {
    "safety-now": ["saddle-numbness", "bladder-bowel"],
    "heel-stand": "unable",
    "weak-since": "recent",
    "health": ["diabetes"],
    "changes": ["fever", "open-sore"],
    "note": "It began on the stairs, a week ago, and gets worse at night. " * 4,
}
NOT_SURE = {"age": "16-or-over"}  # and nothing else
State = TriageSession.ReviewState
ONE_OF_EACH = dict.fromkeys(PAPERS, 1)
# In points, of what is shown; a document whose mark stands for it has none.
SMALLEST_TYPE = """Math.min(...[...document.querySelectorAll('#content *')]
    .filter(e => e.checkVisibility() && e.innerText && !e.dataset.mark)
    .map(e => parseFloat(getComputedStyle(e).fontSize) * .75))"""
LOOKS = [("light", 768, 1024), ("dark", 1280, 900), ("light", 320, 256)]  # the last: 1280 by 1024 at 400%


@pytest.fixture
def client(transactional_db):
    publish()
    actions.set_up_after_migration()
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    return client


def submitted(answers, minutes=60):
    content = releases.content(releases.current().sha256, "en")
    then = timezone.now() - timedelta(minutes=minutes)
    return actions.enter(content, read_answers(content, answers), "en", then, demo=True)


def hesitant():
    """Begun, with an emergency sign that was taken back."""
    session, key = actions.start_session("en", timezone.now(), demo=True)
    for codes in (("cold-limb",), ("none",)):
        given = {"age": ("16-or-over",), "safety-now": codes}
        actions.record_answers(visit.find(key, "en"), given, timezone.now())
    return session


@pytest.fixture
def pages(client):
    """One of everything that staff look at: the address of each page, by its name."""
    anna = User.objects.get(username="anna")
    emergency, reviewed, unfinished = submitted(EMERGENCY), submitted(FOOT_ONLY), hesitant()
    found = {"finding": "foot", "root": "", "urgency": 1}
    actions.review(reviewed.pk, reviewed.mark, anna, State.REVIEWED, "Seen.", timezone.now(), **found)
    OutboxMail.objects.get_or_create(session=emergency, defaults={"created_at": timezone.now()})
    now, event = timezone.now(), {"receiver": "fhir", "event": "submitted", "event_id": uuid4()}
    delivery = Delivery.objects.create(session=emergency, event_at=now, queued_at=now, **event)
    wanted = {"label": "A. B.", "appointment_at": timezone.now() + timedelta(days=2), "language": "en"}
    ((invitation, _code),) = actions.invite([wanted], anna, timezone.now())
    return {
        "home": "/admin/",
        "worklist": LIST,
        "nothing found": f"{LIST}?q=nobody",
        "sheet": f"{LIST}{emergency.pk}/change/",
        "reviewed sheet": f"{LIST}{reviewed.pk}/change/",
        "unfinished sheet": f"{LIST}{unfinished.pk}/change/",
        "what the patient was told": f"{LIST}{emergency.pk}/told/",
        "overview": f"{LIST}overview/?demo=on",
        "overview, wrong days": f"{LIST}overview/?first=x",
        "agreement": f"{LIST}agreement/?demo",
        "export": f"{LIST}export/",
        "invitations": "/admin/triage/invitation/",
        "invitation": f"/admin/triage/invitation/{invitation.pk}/change/",
        "invite a patient": "/admin/triage/invitation/add/",
        "invite from a list": "/admin/triage/invitation/paste/",
        "releases": "/admin/triage/release/",
        "bring in content": "/admin/triage/release/upload/",
        "release": f"/admin/triage/release/{emergency.release_id}/change/",
        "replay": f"/admin/triage/release/{emergency.release_id}/replay/",
        "clinic settings": "/admin/triage/clinic/1/change/",
        "emergency number": "/admin/triage/clinic/number/",
        "a patient’s rights": f"{LIST}rights/",
        "access log": "/admin/triage/accessentry/",
        "access log entry": "/admin/triage/accessentry/1/change/",
        "mails": "/admin/triage/outboxmail/",
        "deliveries": "/admin/triage/delivery/",
        "delivery": f"/admin/triage/delivery/{delivery.pk}/change/",
        "accounts": "/admin/auth/user/",
        "account": f"/admin/auth/user/{anna.pk}/change/",
        "new account": "/admin/auth/user/add/",
        "accounts of a manager": "/admin/staff/",
        "group": f"/admin/auth/group/{Group.objects.first().pk}/change/",
        "password": "/admin/password_change/",
    }


@pytest.fixture
def signed_in(client, page, new_page, live_server):
    def open_page(**options):
        opened = new_page(**options) if options else page
        cookie = {"name": "staff", "value": client.cookies["staff"].value, "url": live_server.url}
        opened.context.add_cookies([cookie])
        return opened

    return open_page


def faults(page):
    return sorted({violation["id"] for violation in axe_finds(page)})


def test_axe_finds_nothing_and_nothing_is_cut_off(signed_in, pages, proof):
    """Every page is measured in each look, and axe sees it in one of them; in the long form in each."""
    # To read style sheets that import others, axe writes styles of its own into the page. Our policy refuses them;
    # it is held by the next test and by test_headers.py.
    page = signed_in(bypass_csp=True)
    found = {}
    for (place, path), chosen in zip(pages.items(), proof.in_turn(LOOKS), strict=False):
        page.goto(path)
        for look, name in zip(LOOKS, each_look(page, LOOKS), strict=True):
            beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            seen = faults(page) if look in chosen else []
            found[f"{place} {name}"] = [*seen, *([f"{beyond} px too wide"] if beyond > 0 else [])]
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


def test_axe_finds_nothing_on_the_page_that_asks_before_many_are_settled(signed_in, pages):
    submitted(FOOT_ONLY)
    page = signed_in(bypass_csp=True)
    page.goto(pages["worklist"])
    page.locator(".tick input").first.check()
    press(page.get_by_role("button", name="Mark the ticked ones as reviewed"))
    expect(page.get_by_role("heading", name="Mark 1 as reviewed?")).to_be_visible()
    for name in each_look(page, LOOKS):
        assert faults(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name


@pytest.mark.parametrize("group", ["Reviewers", "Auditors"])
def test_a_page_that_is_not_open_to_staff_says_so_among_their_pages(group, client, page, live_server):
    client.force_login(actions.create_staff("bea", "a password of its own", group))
    page.context.add_cookies(
        [{"name": "staff", "value": client.cookies["staff"].value, "url": live_server.url}]
    )
    page.goto("/admin/triage/release/")
    expect(page.get_by_role("heading", name="Your account does not open this page")).to_be_visible()
    assert faults(page) == []
    press(page.get_by_role("button", name="Log out"))
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert faults(page) == []


def test_no_page_asks_for_what_the_policy_refuses(signed_in, pages):
    """`watched_pages` fails at the end if one did."""
    page = signed_in()
    for path in pages.values():
        page.goto(path)


def test_axe_and_the_measure_would_tell(signed_in, pages):
    page = signed_in(viewport={"width": 320, "height": 256}, bypass_csp=True)
    page.goto(pages["worklist"])
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<input id=x><hr width=999>')")
    assert "label" in faults(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0


def test_a_submission_is_found_and_acknowledged_by_keyboard_alone(signed_in, pages):
    session = TriageSession.objects.get(urgency=3)
    page = signed_in(viewport={"width": 1280, "height": 900})
    page.goto(pages["worklist"])
    tab_to(page, "#searchbar")
    page.keyboard.type(session.reference[:3].lower())
    press_key(page, "Enter")
    tab_to(page, "#result_list tbody a")
    press_key(page, "Enter")
    expect(page).to_have_title(re.compile(session.reference))
    tab_to(page, 'a[href="#review"]')
    page.keyboard.press("Enter")
    tab_to(page, "#id_note")
    page.keyboard.type("Rang.")
    tab_to(page, "#review button[value='2']")
    press_key(page, "Enter")
    expect(page.get_by_text(f"{session.reference}: acknowledged.")).to_be_visible()
    assert session.reviews.get().note == "Rang."


def tab_to(page, selector):
    for _press in range(80):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "s => { const e = document.activeElement, c = getComputedStyle(e);"
            " return e.matches(s) ? [c.outlineStyle, c.boxShadow, c.borderColor].join() : '' }",
            selector,
        )
        if outline:
            assert outline != "none,none,"
            return
    raise AssertionError(f"no way to {selector}")


@pytest.mark.parametrize(
    ("answers", "size"),
    [(FOOT_ONLY, "large"), (BACK, "small"), (EMERGENCY, "small"), (NOT_SURE, "small")],
    ids=["foot", "back", "emergency", "?"],
)
def test_a_sheet_is_one_page_of_paper_in_type_as_large_as_fits(signed_in, client, answers, size):
    session = submitted(answers)
    page = signed_in()
    page.goto(f"{LIST}{session.pk}/change/")
    assert sheets(page) == ONE_OF_EACH
    expect(page.locator(".paper")).to_have_class(f"paper {size}")


def all_ticked():
    """The answers that fill a sheet most: each sign and each place, and what disagrees with them."""
    items = releases.content(releases.current().sha256, "en").items.values()
    ticked = {
        item.key: [code for code in item.codes if code not in (*item.exclusive, item.unsure)]
        for item in items
        if item.kind == "many"
    }
    worst = {"leg-pain": "a-little", "leg-sides": "both", "injury": "recent", "injury-steps": "no"}
    weak = {"heel-stand": "weak", "foot-heavy": "drags", "tiptoe": "unable", "weak-since": "older-worse"}
    return (
        BACK | worst | weak | ticked | {"back-pain": "now", "course": "worse", "note": "I fell again. " * 71}
    )


def fullest():
    """A correction of a correction, invited and reviewed; its signs were all taken back and given again."""
    now, anna = timezone.now(), User.objects.get(username="anna")
    clinic = the_clinic()
    clinic.sheet_footer = "Read within the hour. " * 9
    actions.save_clinic(clinic, "anna", now)
    wanted = {"label": "Room twelve, Dr. Lindqvist-Oyelaran, A. ", "appointment_at": now, "language": "en"}
    ((invitation, _code),) = actions.invite([wanted], anna, now)
    content, answers = releases.content(releases.current().sha256, "en"), all_ticked()
    _session, key = actions.start_session("en", now, demo=True, invitation=invitation)
    actions.fill_in(key, content.screens[:2], read_answers(content, answers), "en", now)
    for signs in (("none",), tuple(answers["safety-now"])):
        actions.record_answers(visit.find(key, "en"), {"safety-now": signs}, now)
    actions.fill_in(key, content.screens, read_answers(content, answers), "en", now)
    first = hand_in(key, now)
    second = hand_in(actions.correct(first.pk, "en", now), now)
    hand_in(actions.correct(second.pk, "en", now), now)
    nothing = {"finding": "", "root": "", "urgency": None}
    actions.review(second.pk, second.mark, anna, State.ACKNOWLEDGED, "Rang twice. " * 8, now, **nothing)
    return second


def test_the_example_with_most_to_tell_is_one_page_too(signed_in, client):
    content = releases.content(releases.current().sha256, "en")

    def reasons(vignette):
        return len(decide(content, walk(content, read_answers(content, vignette.answers))).urgency_rules)

    page = signed_in()
    for vignette in sorted(content.vignettes, key=reasons)[-3:]:
        session = submitted({**vignette.answers, "note": vignette.story})
        page.goto(f"{LIST}{session.pk}/change/")
        assert sheets(page) == ONE_OF_EACH, vignette.key


def test_whoever_ticks_every_box_there_is_takes_one_page_that_can_be_read(signed_in, client):
    page = signed_in()
    page.goto(f"{LIST}{fullest().pk}/change/")
    assert sheets(page) == ONE_OF_EACH
    page.emulate_media(media="print")
    assert page.evaluate(SMALLEST_TYPE) >= 8
    expect(page.locator(".paper")).to_have_class("paper smallest")
    expect(page.locator(".card h2").first).to_have_text("Emergency")


def test_each_page_of_a_longer_sheet_says_whose_it_is(signed_in, client):
    """Chromium repeats the head of a table; a review may be as long as it likes."""
    session, anna = fullest(), User.objects.get(username="anna")
    nothing = {"finding": "", "root": "", "urgency": None}
    session.refresh_from_db()
    actions.review(session.pk, session.mark, anna, State.REVIEWED, "A. " * 660, timezone.now(), **nothing)
    page = signed_in()
    page.goto(f"{LIST}{session.pk}/change/")
    assert sheets(page) == {"Letter": 2, "A4": 2}
    page.emulate_media(media="print")
    head = page.locator(".who")
    expect(head).to_have_css("display", "table-header-group")
    expect(head).to_contain_text(session.reference)
    expect(head).to_contain_text(session.invitation.label)


def test_the_count_of_sheets_would_tell(signed_in, client):
    page = signed_in()
    page.goto(f"{LIST}{submitted(FOOT_ONLY).pk}/change/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p>More</p>'.repeat(99))")
    assert min(sheets(page).values()) > 1
    page.evaluate("document.querySelector('.card p').style.setProperty('font-size', '7.5pt', 'important')")
    page.emulate_media(media="print")
    assert page.evaluate(SMALLEST_TYPE) == 7.5


def test_a_letter_is_one_page_of_paper_each(signed_in, client):
    lines = "\n".join(
        f"A. {n}, {timezone.localdate() + timedelta(days=9)} 14:30, {lang}"
        for n, lang in ((1, "en"), (2, "es"))
    )
    page = signed_in()
    page.goto("/admin/triage/invitation/paste/")
    page.get_by_label("Lines").fill(lines)
    press(page.get_by_role("button", name="Check the lines"))
    press(page.get_by_role("button", name="Make 2 invitations"))
    expect(page.get_by_role("heading", name="Print 2 letters now")).to_be_visible()
    assert sheets(page) == {"Letter": 2, "A4": 2}
    assert page.evaluate("asked_to_print") == 1
