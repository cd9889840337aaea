"""The result that a person in pain can use: what to do is read in ten seconds, the rest is one tap away."""

import random
import re
from functools import cache
from itertools import islice

import html5lib
import pytest
from django.urls import reverse
from django.utils import timezone

from tests.browser import axe_finds, carry_over
from tests.shipped import shipped_content
from tests.visitor import BACK, FOOT_ONLY, NOW, Patient, hand_in, publish, shipped_trees
from triage import actions
from triage.domain.decision import decide
from triage.domain.loading import population
from triage.domain.population import people
from triage.domain.result import build
from triage.domain.walk import read_answers, walk
from triage.models import Clinic, TriageSession
from triage.store import records, releases, words
from triage.store.records import open_record
from triage.templatetags.footpath import dialed

pytestmark = pytest.mark.alike("a result is made of one record, which is the same text on both")

# As often as made-up people (population.yaml) are told them; nine in ten and more are told one of these.
USUAL = [
    ("foot", None, "routine"),
    ("unclear", None, "routine"),
    ("unclear", None, "same-day"),
    ("foot", None, "same-day"),
    ("back", "unspecified", "routine"),
    ("back", "unspecified", "same-day"),
    ("back", "L5", "routine"),
    ("back", "S1", "routine"),
    ("unclear", None, "emergency"),
    ("back", "L5", "same-day"),
]
MADE, EACH = 4000, 2
MOST_WORDS = 400
SCREEN = 844
WORDS = """() => {
    const main = document.querySelector("main").cloneNode(true);
    document.body.append(main);
    for (const mark of main.querySelectorAll("sup, .vh")) mark.remove();
    const count = main.innerText.split(/\\s+/).filter(Boolean).length;
    main.remove();
    return count;
}"""
SCIATICA = BACK | {
    "foot-lift": "weak",
    "foot-heavy": "drags",
    "weak-since": "recent",
    "numb-site": ["outer-calf"],
    "numb-since": "2-to-6-weeks",
    "duration": "2-to-6-weeks",
}
CLINIC = words.clinic_words(
    Clinic(phone="555 0100", emergency_number="911", advice_line="555 0199").as_settings()
)


@pytest.fixture
def release(db):
    return publish()


@cache
def told():
    """Made-up people by what they are told, the most usual first."""
    content = shipped_content()
    assumed = population(shipped_trees(), content)
    clear = next(iter(assumed.noise.values()))
    found = {}
    for person in people(content, assumed, MADE, clear, random.Random(7).random):
        walked = walk(content, person.answers)
        if not walked.exit:
            decision = decide(content, walked)
            outcome = (decision.origin, decision.root, decision.urgency)
            found.setdefault(outcome, []).append({key: list(codes) for key, codes in person.answers.items()})
    return dict(sorted(found.items(), key=lambda each: -len(each[1])))


def result_of(answers, language="en", **settings):
    """The result of these answers, as its tree."""
    if settings:
        Clinic.objects.update_or_create(pk=1, defaults=settings)
    patient = Patient(answers)
    patient.client.post(reverse("language"), {"language": language})
    page = patient.whole().content.decode()
    return html5lib.parse(page, namespaceHTMLElements=False)


def handed_in(answers, language):
    """The key of what somebody who has answered in this language has handed in."""
    content, now = shipped_content(language), timezone.now()
    _session, key = actions.start_session(language, now)
    actions.fill_in(key, content.screens, read_answers(content, FOOT_ONLY | answers), language, now)
    hand_in(key, now, language)
    return key


def show(page, live_server, key):
    page.context.add_cookies([{"name": "visit", "value": key, "url": live_server.url}])
    page.goto(reverse("result"))


def text(element):
    return " ".join("".join(element.itertext()).split())


def box(root):
    return next(each for each in root.iter("div") if each.get("class", "").startswith("act "))


# How long


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("outcome", USUAL, ids=lambda outcome: "-".join(filter(None, outcome)))
def test_what_is_not_folded_is_short(outcome, language, page, live_server):
    publish()
    for answers in told()[outcome][:EACH]:
        show(page, live_server, handed_in(answers, language))
        screens = page.evaluate("document.documentElement.scrollHeight") / SCREEN
        assert page.evaluate(WORDS) <= MOST_WORDS
        assert screens <= (1.5 if outcome[2] == "emergency" else 3.5)
        assert len(page.request.get(page.url).body()) <= 60_000


def test_these_are_the_most_usual_outcomes():
    assert list(islice(told(), len(USUAL))) == USUAL


# What stands where


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "folds"),
    [
        (SCIATICA, ["net", "Why we say this", "How the back and the foot are linked"]),
        (FOOT_ONLY, ["net", "Why we say this", "About the foot"]),
    ],
)
def test_what_to_do_comes_first_and_the_rest_is_folded(release, answers, folds):
    root = result_of(answers)
    rest = next(each for each in root.iter("div") if each.get("class") == "rest")
    parts = [
        next((each.get("id") for each in part.iter("h2")), None)
        if part.tag == "section"
        else (part.get("class") if part.get("class") == "net" else text(part.find("summary")))
        for part in rest
        if part.tag in ("section", "details")
    ]
    assert parts[:4] == ["pattern", "meanwhile", "tell", "watch"]
    assert parts[4] == folds[0]
    assert parts[5] == "sent"
    assert [part.split("For the back")[0] for part in parts[6:8]] == folds[1:]
    assert [part[:12] for part in parts[8:]] == [
        "All your ans",
        "What this ca",
        "Sources for ",
        "Keep this pa",
    ]


@pytest.mark.django_db
def test_the_limit_stands_beside_what_it_fits(release):
    root = result_of(SCIATICA)
    pattern = next(each for each in root.iter("section") if each.get("class") == "pattern")
    assert text(pattern.find("h2")) == "Fits a back-related pattern"
    assert "not a diagnosis" in text(pattern)


@pytest.mark.django_db
def test_no_source_is_named_in_the_box_of_what_to_do(release):
    for answers in (SCIATICA, FOOT_ONLY | {"safety-now": ["cold-limb"]}):
        inside = {each.tag for each in box(result_of(answers)).iter()}
        assert not inside & {"sup", "details"}


@pytest.mark.django_db
def test_every_source_of_the_record_is_named_where_it_is_used(release):
    """Nothing that was cited gets lost: each claim in its words, each document by its title."""
    for answers in (SCIATICA, FOOT_ONLY | {"safety-now": ["cold-limb"]}):
        content = releases.content(releases.current().sha256, "en")
        given = walk(content, read_answers(content, answers)).answers
        session = actions.enter(content, given, "en", NOW, demo=True)
        record = open_record(session)
        root = html5lib.parse(words.result_main(record), namespaceHTMLElements=False)
        named = " ".join(text(each) for each in root.iter("details") if each.get("class") == "from")
        for key in ("now", "pattern", "meanwhile", "tell", "watch", "safety-net", "learn", "limits"):
            for sentence in record["result"]["sections"][key]["sentences"]:
                for id in sentence["sources"]:
                    citation = record["result"]["citations"][id]
                    assert citation["words"] in named, id
                    assert citation["title"] in named


# What to say on the phone


@pytest.mark.django_db
def test_three_lines_can_be_read_out_on_the_phone(release):
    lines = [text(each) for each in box(result_of(SCIATICA)).iter("li")]
    assert re.fullmatch("My short code is .{3}-.{3}", lines[0])
    assert lines[1:] == [
        "It is hard to lift my left foot. The toes catch or drag.",
        "The weakness is less than 2 weeks old. It all began 2 to 6 weeks ago.",
    ]


@pytest.mark.django_db
def test_a_helper_says_it_of_somebody_else(release):
    lines = [text(each) for each in box(result_of(SCIATICA | {"answering": "helper"})).iter("li")]
    assert lines[1].startswith("It is hard to lift the left foot.")


def test_whatever_sends_somebody_to_the_phone_is_said_there():
    content = shipped_content()
    clinic = Clinic().as_settings()
    for (_origin, _root, urgency), persons in told().items():
        for answers in persons[:200] if urgency == "same-day" else ():
            walked = walk(content, {key: tuple(codes) for key, codes in answers.items()})
            sections = build(content, walked, decide(content, walked), clinic).sections
            about = [each.text for each in sections["say"].sentences]
            assert about[:-1] or sections["say-also"].sentences, answers  # the last says only which foot


# Numbers and codes


def test_a_number_is_a_link_wherever_it_is_said():
    assert dialed("Call 911 or 555 0100.", CLINIC) == (
        'Call <a class="tel" href="tel:911">911</a> or <a class="tel" href="tel:5550100">555 0100</a>.'
    )
    assert dialed("Since 1911 <b>", CLINIC) == "Since 1911 &lt;b&gt;"


@pytest.mark.looks
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("answers", [SCIATICA, FOOT_ONLY | {"safety-now": ["cold-limb"]}])
def test_with_all_open_it_is_readable_on_a_small_phone(answers, page, live_server):
    publish()
    patient = Patient(answers)
    patient.whole()
    carry_over(patient, page, live_server.url)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(reverse("result"))
    assert axe_finds(page) == []
    page.locator("details").evaluate_all("all => { for (const each of all) each.open = true }")
    assert axe_finds(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    broken = page.locator(".tel, [translate=no]").evaluate_all(
        "all => all.filter(each => each.getClientRects().length > 1).length"
    )
    assert broken == 0


# In another language


@pytest.mark.django_db
def test_it_can_be_read_in_another_language_and_the_record_stays(release):
    patient = Patient(SCIATICA)
    sent = patient.whole().content.decode()
    record = TriageSession.objects.get().record
    assert "Español" in sent
    page = patient.client.post(
        reverse("language"), {"language": "es", "next": reverse("result")}, follow=True
    ).content.decode()
    assert "Llame hoy" in page
    assert "Cuesta levantar mi pie izquierdo." in page
    assert "Usted lo envió en otro idioma." in page
    assert TriageSession.objects.get().record == record
    back = patient.client.post(
        reverse("language"), {"language": "en", "next": reverse("result")}, follow=True
    ).content.decode()
    assert words.main_of(back) == words.main_of(sent)


@pytest.mark.django_db
def test_where_this_program_would_tell_something_else_it_stays_as_it_was_sent(release, monkeypatch):
    patient = Patient(SCIATICA)
    patient.whole()
    monkeypatch.setattr(records, "told_by", lambda content, record: None)
    page = patient.client.post(
        reverse("language"), {"language": "es", "next": reverse("result")}, follow=True
    ).content.decode()
    assert "It is hard to lift my left foot." in page
