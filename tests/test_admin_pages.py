"""The clinic's pages in a real Chromium: checked by axe, at every width, by keyboard alone, and on paper."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser import press, press_key
from tests.patient import BACK, FOOT_ONLY, publish
from triage import actions, releases, visit
from triage.domain.walk import read_answers
from triage.models import OutboxMail, TriageSession

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
WIDTHS = {"tablet": (768, 1024), "desktop": (1280, 900), "zoomed": (320, 256)}  # 1280 at 400 %


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
    wanted = {"label": "A. B.", "appointment_at": timezone.now() + timedelta(days=2), "language": "en"}
    ((invitation, _code),) = actions.invite([wanted], anna, timezone.now())
    return {
        "home": "/admin/",
        "worklist": LIST,
        "nothing found": f"{LIST}?q=nobody",
        "sheet": f"{LIST}{emergency.pk}/change/",
        "reviewed sheet": f"{LIST}{reviewed.pk}/change/",
        "unfinished sheet": f"{LIST}{unfinished.pk}/change/",
        "overview": f"{LIST}overview/?demo=on",
        "overview, wrong days": f"{LIST}overview/?first=x",
        "agreement": f"{LIST}agreement/?demo",
        "export": f"{LIST}export/",
        "invitations": "/admin/triage/invitation/",
        "invitation": f"/admin/triage/invitation/{invitation.pk}/change/",
        "clinic settings": "/admin/triage/clinic/1/change/",
        "access log": "/admin/triage/accessentry/",
        "access log entry": "/admin/triage/accessentry/1/change/",
        "mails": "/admin/triage/outboxmail/",
        "accounts": "/admin/auth/user/",
    }


@pytest.fixture
def signed_in(client, new_page, live_server):
    def open_page(**options):
        page = new_page(**options)
        cookie = {"name": "staff", "value": client.cookies["staff"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        return page

    return open_page


def faults(page):
    # Without `preload`: for it axe writes a style of its own into pages whose style sheet imports another.
    found = Axe().run(page, options={"preload": False}).response
    return sorted({violation["id"] for violation in found["violations"]})


@pytest.mark.parametrize("name, scheme", [("tablet", "light"), ("desktop", "dark"), ("zoomed", "light")])
def test_axe_finds_nothing_and_nothing_is_cut_off(signed_in, pages, name, scheme):
    width, height = WIDTHS[name]
    page = signed_in(color_scheme=scheme, viewport={"width": width, "height": height})
    found = {}
    for place, path in pages.items():
        page.goto(path)
        beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[place] = [*faults(page), *([f"{beyond} px too wide"] if beyond > 0 else [])]
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


def test_axe_and_the_measure_would_tell(signed_in, pages):
    page = signed_in(viewport={"width": 320, "height": 256})
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
    tab_to(page, "input[type=radio]")
    tab_to(page, "#id_note")
    page.keyboard.type("Rang.")
    tab_to(page, "#review button")
    press_key(page, "Enter")
    expect(page.get_by_text("Acknowledged by anna")).to_be_visible()


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


def sheets(page):
    """How many sheets of US letter paper the page takes."""
    return len(re.findall(rb"/Type */Page\b", page.pdf(format="Letter")))


@pytest.mark.parametrize(
    "answers", [FOOT_ONLY, BACK, EMERGENCY, NOT_SURE], ids=["foot", "back", "emergency", "?"]
)
def test_a_sheet_is_one_page_of_paper(signed_in, client, answers):
    session = submitted(answers)
    page = signed_in()
    page.goto(f"{LIST}{session.pk}/change/")
    assert sheets(page) == 1


def test_the_count_of_sheets_would_tell(signed_in, client):
    page = signed_in()
    page.goto(f"{LIST}{submitted(FOOT_ONLY).pk}/change/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p>More</p>'.repeat(99))")
    assert sheets(page) > 1


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
    assert sheets(page) == 2
