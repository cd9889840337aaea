"""Every page in every state it has: axe finds nothing, nor do our own checks for what axe does not look at.

The short run looks at each state once, in one of the looks below; the long one (`--long`) at each in all of them.
"""

from collections import Counter
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from tests.patient.test_phone import violations
from tests.patient.test_printed import ANSWERS as RESULTS
from tests.patient.test_printed import QUICK
from tests.visitor import BACK, FOOT_ONLY, Patient, publish
from triage import actions
from triage.server.errors import TEMPLATES as ERRORS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.looks]
OUR_CHECKS = Path(__file__).parents[1].joinpath("faults.js").read_text(encoding="utf-8")
LANGUAGES = ("en", "es")
PHONE, SMALL, DESK = ({"width": width, "height": 800} for width in (390, 320, 1280))
LOOKS = [  # each language, scheme and width, and neighbors that differ in all three
    ("en", "light", SMALL),
    ("es", "dark", DESK),
    ("en", "dark", PHONE),
    ("es", "light", SMALL),
    ("en", "light", DESK),
    ("es", "dark", SMALL),
    ("en", "dark", SMALL),
    ("es", "light", PHONE),
]
EVERY_SCREEN = BACK | {
    "safety-now": ["cold-limb"],
    "leg-pain": "a-little",
    "injury": "recent",
    "heel-stand": "weak",
    "note": "It began on a walk.",
}


@pytest.fixture(autouse=True)
def release(transactional_db):
    publish()


# The pages: a name, a state, and what the server answered


def states(language, outcomes):
    yield from screens(language)
    yield from results(language, outcomes)
    yield from others(language)


def patient(language, answers):
    someone = Patient(answers)
    someone.client.post(reverse("language"), {"language": language})
    return someone


def screens(language):
    someone = patient(language, EVERY_SCREEN)
    yield "start", "nobody yet", someone.client.get(reverse("home"))
    page = someone.start()
    yield "start", "under way", someone.client.get(reverse("home"))
    while (name := page.resolver_match.url_name) != "check":
        if name == "emergency":
            yield "emergency", "", page
            page = someone.client.get(page.context["go_on_url"])
            continue
        path, key = page.request["PATH_INFO"], page.context["screen"].key
        yield key, "empty", page
        if key != "words":  # where nothing has to be answered
            yield key, "with an error", someone.client.post(path, follow=True)
        page = someone.answer(page)
        yield key, "filled in", someone.client.get(path)
    yield "check", "", page
    yield "save", "", someone.client.post(reverse("save"), follow=True)
    child = patient(language, EVERY_SCREEN | {"age": "under-16"})
    yield "under-16", "", child.answer(child.start())


def results(language, outcomes):
    for name in outcomes:
        someone = patient(language, FOOT_ONLY | RESULTS[name])
        yield "result", name, someone.whole()
    yield "copy", "", someone.client.get(reverse("copy"))
    yield "save", "sent", someone.client.get(reverse("save"))


def others(language):
    client = patient(language, {}).client
    for name in (
        "how",
        "sources",
        "privacy",
        "accessibility",
        "left",
        "expired",
        "corrected-often",
        "elsewhere",
    ):
        yield name, "", client.get(reverse(name))
    yield "return", "empty", client.get(reverse("return"))
    yield "return", "with an error", client.post(reverse("return"), {"code": "BCDF GHJK MNPQ"})
    yield "invitation", "withdrawn", client.post(reverse("return"), {"code": withdrawn_code()})
    for name in ERRORS:
        yield name, "error page", client.get(reverse("problem", args=[name]))


def withdrawn_code():
    manager, now = User.objects.create_user(f"manager {User.objects.count()}"), timezone.now()
    ((invitation, code),) = actions.invite(
        [{"label": "A. B.", "language": "en", "appointment_at": now + timedelta(days=1)}], manager, now
    )
    actions.revoke(invitation.pk, manager, now)
    return code


# Looking


def show(page, answered):
    """The server's answer as Chromium shows it, whatever led to it."""
    path = answered.request["PATH_INFO"]
    headers = {name: value for name, value in answered.headers.items() if name != "Content-Length"}
    page.route(
        f"**{path}",
        lambda route: route.fulfill(status=answered.status_code, headers=headers, body=answered.content),
    )
    page.goto(path)
    page.unroute(f"**{path}")


def faults(page):
    return [*violations(page), *page.evaluate(OUR_CHECKS)]


def printed_faults(page):
    page.emulate_media(media="print")
    found = violations(page)
    page.emulate_media(media="screen")
    return [fault for fault in found if fault[1] != "target-size"]  # nobody taps on paper


def test_every_page_in_every_state(new_page, proof):
    opened = {
        (scheme, size["width"]): new_page(color_scheme=scheme, viewport=size)
        for scheme, size in product(("light", "dark"), (SMALL, PHONE, DESK))
    }
    for page in opened.values():
        page.add_init_script(
            "sessionStorage.clear()"
        )  # each state is somebody else's; a tab keeps to its own
    by_language = {
        language: list(states(language, proof.size(QUICK, tuple(RESULTS)))) for language in LANGUAGES
    }
    seen, found = Counter(), {}
    states_in_both = zip(*by_language.values(), strict=True)
    for number, (together, chosen) in enumerate(zip(states_in_both, proof.in_turn(LOOKS), strict=False)):
        for language, scheme, size in chosen:
            name, state, answered = together[LANGUAGES.index(language)]
            page = opened[scheme, size["width"]]
            show(page, answered)
            seen[name] += 1
            if wrong := faults(page) + (printed_faults(page) if name == "result" else []):
                found[f"{name} {state} {language} {scheme} {size['width']}"] = wrong
        proof.progress(number, len(by_language["en"]))
    proof.counted(pages=len(seen), states=len(by_language["en"]), looked_at=dict(seen), violations=len(found))
    assert found == {}, "\n".join(f"{k}: {v}" for k, v in found.items())


SPOILT = {
    "an id twice": "document.querySelector('form').id = 'main'",
    "aria-describedby leads nowhere": "document.querySelector('fieldset').setAttribute('aria-describedby', 'gone')",
    "a link that leads nowhere": "document.getElementById('main').id = 'elsewhere'",
    "not one h1": "document.querySelector('main').append(document.querySelector('h1').cloneNode(true))",
    "title and error disagree": "document.title = 'Error: ' + document.title",
    "a group without a legend": "document.querySelector('legend').remove()",
    "the hint comes late": "document.querySelector('fieldset').append(document.querySelector('fieldset > .hint'))",
    "a target of": "document.querySelector('.back').style.minBlockSize = 0",
    "wider than the screen": "document.querySelector('h1').style.inlineSize = '50rem'",
    "inline": "document.querySelector('h1').style.color = 'red'",
}


@pytest.mark.parametrize("fault", SPOILT)
def test_our_checks_would_tell(page, fault):
    someone = patient("en", FOOT_ONLY)
    show(page, someone.answer(someone.start()))
    assert page.evaluate(OUR_CHECKS) == []
    page.evaluate(f"() => {{ {SPOILT[fault]} }}")
    assert fault in " ".join(page.evaluate(OUR_CHECKS))
