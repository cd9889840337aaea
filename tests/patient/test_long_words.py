"""Long words and large text: with a word of 70 letters in each text that people can write, letters twice as large and a
screen of 360 pixels, no page of patients or staff is wider than the window, in any state and language."""

from datetime import timedelta
from itertools import islice

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.patient import test_every_page as every_page
from tests.patient.test_every_page import LANGUAGES, show, states
from tests.patient.test_printed import QUICK
from tests.staff import State, given, sheet, step, submitted
from tests.visitor import BACK, FOOT_ONLY, Patient, holding, publish
from triage import actions
from triage.models import Clinic, OutboxMail, TriageSession
from triage.store import visit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.looks]
WORD = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetzentwurfe"[:70]
NARROW = {"width": 360, "height": 740}
# What reaches beyond the window, and no part of the page that scrolls by itself holds it.
WIDER = """() => {
  const wide = document.documentElement.scrollWidth;
  if (wide <= innerWidth) return [];
  const scrolls = (element) =>
    element && (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
  const found = [...document.body.querySelectorAll("*")].filter((element) =>
    element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element.parentElement));
  return [`${wide}`, ...found.slice(-3).map((element) => element.outerHTML.slice(0, 160))];
}"""


@pytest.fixture(autouse=True)
def world(transactional_db, monkeypatch):
    """Every text that people can write has the word in it."""
    publish()
    Clinic.objects.update_or_create(
        pk=1,
        defaults={
            "name": WORD,
            "hours": WORD,
            "sheet_footer": WORD,
            "phone": "0" * 30,
            "emergency_number": "1" * 30,
        }
        | {
            "advice_line": "2" * 30,
            "emergency_text": "3" * 30,
            "tell_about": "urgent",
            "mail": f"{WORD[:60]}@example.org",
        },
    )
    monkeypatch.setattr(every_page, "EVERY_SCREEN", every_page.EVERY_SCREEN | {"note": WORD})
    monkeypatch.setattr(every_page, "FOOT_ONLY", FOOT_ONLY | {"note": WORD})


@pytest.fixture
def window(new_page):
    """As somebody sees it who has set the browser's letters to twice the size."""
    page = new_page(viewport=NARROW)
    page.context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    return page


def too_wide(page, answered):
    show(page, answered)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    return page.evaluate(WIDER)


def test_nothing_of_a_patients_page_is_wider_than_the_window(window, proof):
    """In Spanish, whose words are longer, every other state; in the long form each in each language."""
    seen, found = 0, {}
    for language in LANGUAGES if proof.long else ("es",):
        for name, state, answered in islice(states(language, QUICK), 0, None, 1 if proof.long else 2):
            seen += 1
            if wide := too_wide(window, answered):
                found[f"{language} {name} {state}"] = wide
    proof.counted(states=seen, wider=len(found))
    assert found == {}


def test_the_number_and_who_cannot_call_are_not_wider_either(window):
    _session, key = actions.start_session("en", timezone.now())
    actions.record_answers(visit.find(key, "en"), {"age": ("16-or-over",)}, timezone.now())
    actions.record_answers(visit.find(key, "en"), {"safety-now": ("bladder-bowel",)}, timezone.now())
    actions.keep_contact(visit.find(key, "en"), WORD[:40])
    browser = holding(key)
    for path in (reverse("emergency"), reverse("leave"), reverse("start-again"), reverse("not-open")):
        assert not too_wide(window, browser.get(path)), path


# The clinic's side


def staff_pages():
    """Each page of the admin that shows what somebody has written."""
    admin = User.objects.create_superuser(WORD)
    whole = submitted(BACK | {"note": WORD})
    actions.keep_contact(visit.opened_by(whole.key_hash, "en"), WORD[:40])
    step(whole, admin, State.ACKNOWLEDGED, WORD)
    unfinished = given({"age": ("16-or-over",)}, {"safety-now": ("bladder-bowel",)})
    OutboxMail.objects.create(session=whole, created_at=timezone.now(), last_error=WORD)
    when = timezone.now() + timedelta(days=1)
    ((invitation, _code),) = actions.invite(
        [{"label": WORD[:40], "language": "en", "appointment_at": when}], admin, timezone.now()
    )
    TriageSession.objects.filter(pk=whole.pk).update(invitation=invitation, appointment_at=when)
    actions.keep_form(admin, reverse("admin:triage_invitation_add"), {"label": [WORD]}, timezone.now())
    client = Client()
    client.force_login(admin)
    names = ["index", "session", "password_change"]
    names += [f"auth_{name}" for name in ("user_changelist", "user_add", "group_changelist")]
    names += [
        f"triage_{name}_changelist"
        for name in ("triagesession", "invitation", "release", "outboxmail", "accessentry")
    ]
    names += [f"triage_{name}" for name in ("invitation_add", "agreement", "overview", "export")]
    paths = [reverse(f"admin:{name}") for name in names]
    paths += [sheet(whole), sheet(unfinished), reverse("admin:triage_clinic_change", args=[1])]
    paths += [reverse("admin:triage_release_change", args=[whole.release_id])]
    paths += [
        reverse("admin:triage_invitation_change", args=[invitation.pk]),
        reverse("admin:auth_user_change", args=[admin.pk]),
    ]
    yield from ((path, client.get(path)) for path in paths)
    yield "refused step", client.post(sheet(whole), {"seen": f"{whole.reference}/0", "note": WORD})
    yield "log in", Client().post(reverse("admin:login"), {"username": WORD, "password": "x"})


def test_nothing_of_a_staff_page_is_wider_than_the_window(window, proof):
    seen, found = 0, {}
    for name, answered in staff_pages():
        assert answered.status_code == 200, name
        seen += 1
        if wide := too_wide(window, answered):
            found[name] = wide
    proof.counted(pages=seen, wider=len(found))
    assert found == {}


def test_it_would_tell(window):
    show(window, Patient().start())
    assert window.evaluate(WIDER) == []
    window.evaluate("document.body.style.overflowWrap = 'normal'")
    window.evaluate("word => { document.querySelector('main').append(word) }", WORD)
    assert window.evaluate(WIDER)
