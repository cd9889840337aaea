"""A nurse's morning in a real browser: submissions of every kind wait, and all are seen and settled."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser import press, press_key
from tests.staff import EMERGENCY, ROUTINE, SAME_DAY
from tests.visitor import BACK, publish
from triage import actions
from triage.domain.walk import read_answers
from triage.models import TriageSession
from triage.store import releases, visit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.looks]
LIST = "/admin/triage/triagesession/"
DAY, SHORT_DAY = 50, 20  # submissions; twenty have each kind among them
KINDS = (ROUTINE, BACK, SAME_DAY, EMERGENCY, ROUTINE)
Need = TriageSession.Need


def waiting(count):
    """So many that wait, of every kind: of each urgency, in both languages, invited, unfinished, corrected."""
    content = releases.content(releases.current().sha256, "en")
    user = actions.create_staff("desk", "a password of its own", "Reviewers")
    begin = timezone.now() - timedelta(hours=4)
    for number in range(count):
        then = begin + timedelta(minutes=number)
        if number % 10 == 7:
            begun(content, then)
            continue
        invitation = invited(user, number, then) if number % 4 == 0 else None
        language = "es" if number % 3 == 0 else "en"
        session, key = actions.start_session(language, then, invitation=invitation)
        answers = read_answers(content, KINDS[number % len(KINDS)])
        actions.submit(actions.fill_in(key, content.screens, answers, language, then), then)
        if number % 10 == 3:
            corrected = actions.correct(session.pk, language, then)
            actions.submit(visit.find(corrected, language), then)


def invited(user, number, then):
    wanted = {"label": f"A. {number}", "appointment_at": then + timedelta(days=1), "language": "en"}
    return actions.invite([wanted], user, then)[0][0]


def begun(content, then):
    _session, key = actions.start_session("en", then)
    answers = read_answers(content, EMERGENCY)
    actions.fill_in(key, content.screens[:2], answers, "en", then)


@pytest.fixture
def nurse(new_page, live_server, request):
    publish()
    actions.set_up_after_migration()
    client = Client()
    client.force_login(actions.create_staff("nurse", "a password of its own", "Reviewers"))
    waiting(DAY if request.config.option.long else SHORT_DAY)

    def open_page(**options):
        page = new_page(viewport={"width": 1280, "height": 900}, **options)
        cookie = {"name": "staff", "value": client.cookies["staff"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        return page

    return open_page


def code_of(page):
    return page.locator(".who h1").inner_text().split()[0]


def test_a_day_is_seen_and_settled_the_urgent_before_the_routine(nurse, proof):
    """One press each, from the first sheet on; the filter stays to the end."""
    page, handled, presses = nurse(), [], 0
    all_day = DAY if proof.long else SHORT_DAY
    page.goto(f"{LIST}?tab=unseen&p=1")
    left = TriageSession.objects.with_a_row().filter(tab=1).count()
    assert left == all_day
    expect(page).to_have_title(f"({all_day}) Submissions | Footpath")
    press(page.locator("#result_list tbody th a").first)
    presses += 1
    while page.locator("#review").count():
        session = TriageSession.objects.get(reference=code_of(page))
        handled.append(session.need)
        settle(page, session)
        presses += 1
    assert "tab=unseen&p=1" in page.url  # what was chosen on the list is still chosen
    expect(page.get_by_text("That was the last one of this list.")).to_be_visible()
    assert len(handled) == all_day
    assert handled == sorted(handled, reverse=True)
    assert handled[0] == Need.UNSEEN_EMERGENCY
    assert handled[-1] == Need.ROUTINE
    assert not TriageSession.objects.with_a_row().exclude(tab=3).exists()
    assert presses <= 3 * all_day
    proof.counted(submissions=all_day, presses=presses, urgent=sum(need > Need.ROUTINE for need in handled))


def settle(page, session):
    """As a nurse would: an emergency with what was done, the rest with the key."""
    if session.need == Need.UNSEEN_EMERGENCY:
        press(page.get_by_role("button", name="Sent to emergency", exact=True))
    elif session.need == Need.SAME_DAY:
        press(page.get_by_role("button", name="Booked", exact=True))
    else:
        press_key(page, "r")


def test_without_scripts_all_of_it_works_too(nurse):
    page = nurse(java_script_enabled=False)
    page.goto(f"{LIST}?level__exact=3")
    first = page.locator("#result_list tbody th a").first
    code = first.inner_text()
    press(first)
    assert code_of(page) == code
    press(page.get_by_role("button", name="Reviewed and next"))
    assert code_of(page) != code
    press(page.get_by_role("link", name="Back to the list"))
    assert "level__exact=3" in page.url
    press(page.get_by_role("link", name="Unseen"))
    page.goto(f"{LIST}?level__exact=1")
    for box in page.get_by_role("checkbox").all()[:5]:
        box.check()
    press(page.get_by_role("button", name="Mark the ticked ones as reviewed"))
    press(page.get_by_role("button", name="Mark 5 as reviewed"))
    expect(page.get_by_text("5 reviewed.")).to_be_visible()
    assert "level__exact=1" in page.url


def test_keys_move_open_help_and_can_be_turned_off(nurse):
    page = nurse()
    page.goto(LIST)
    links = page.locator("#result_list tbody th a")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(0)).to_be_focused()
    code = links.nth(1).inner_text()
    press_key(page, "Enter")
    press_key(page, "j")
    assert code_of(page) == code
    press_key(page, "k")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    page.get_by_label("Use these keys on this device").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("r")
    page.locator("#id_note").fill("r")
    assert not TriageSession.objects.exclude(tab=1).exists()


def test_the_list_looks_again_by_itself_and_not_under_a_cursor(nurse):
    page = nurse()
    page.clock.install()
    page.goto(LIST)
    rows = page.locator("#result_list tbody tr")
    all_day = rows.count()
    new = TriageSession.objects.with_a_row().filter(need=Need.UNSEEN_EMERGENCY).first()
    TriageSession.objects.filter(pk=new.pk).update(review_state=2)
    page.locator("#result_list").hover()
    page.clock.run_for(61_000)
    expect(page).to_have_title(f"({all_day}) Submissions | Footpath")
    page.mouse.move(1, 1)
    page.clock.run_for(61_000)
    expect(page).to_have_title(f"({all_day - 1}) Submissions | Footpath")
    expect(rows).to_have_count(all_day - 1)


def test_the_text_for_the_chart_is_copied_by_one_press(nurse):
    page = nurse(permissions=["clipboard-read", "clipboard-write"])
    page.goto(LIST)
    done = TriageSession.objects.filter(submitted_at__isnull=False).first()
    page.goto(f"{LIST}{done.pk}/change/")
    page.get_by_role("button", name="Copy for the chart").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"FOOTPATH {done.reference}")
