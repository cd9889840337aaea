"""The pages' markup: what a screen reader, a keyboard and a slow phone get."""

import gzip
import re
from urllib.parse import urlsplit

import html5lib
import polib
import pytest
from django.conf import settings as django_settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

from tests import interface
from tests.browser import press
from tests.shipped import shipped_content
from tests.visitor import BACK, FOOT_ONLY, Patient, boxes, publish
from triage.domain.result import citations
from triage.domain.walk import walk
from triage.patient.forms import ScreenForm
from triage.templatetags.footpath import each_once, marks, sources_of

# Bytes of a question page with its style sheets and scripts, which are sent compressed.
WEIGHT_OF_THE_FIRST = 11_700
WEIGHT = 19_500
WEIGHT_WITH_PICTURE = 26_500  # a map, a stand, or the small drawings beside the urgent signs
SCRIPTS = 7_800  # all that a patient's pages have
FILES = re.compile(r'(?:href|src)="/static/([^"]+)"')
ANSWERS = ("textarea", "options", "options short", "group")
ERROR_PAGES = ["400", "403", "403_csrf", "404", "413", "500", "503", "refused"]


@pytest.fixture(scope="module")
def content():
    return shipped_content()


def parse(html):
    """The page as a browser reads it; a fault in the markup is an error."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(
        f"<!doctype html><title>t</title>{html}"
    )


def rendered(content, screen, before=None, data=None):
    sent = None if data is None else MultiValueDict({key: [text] for key, text in data.items()})
    form = ScreenForm(content, content.screen_by_key[screen], walk(content, before or {}), sent)
    return parse(Template("{% load crispy_forms_tags %}{% crispy form %}").render(Context({"form": form})))


def words(element):
    return " ".join("".join(element.itertext()).split())


def ids(page):
    return [element.get("id") for element in page.iter() if element.get("id")]


def dangling(page):
    """Every reference inside the page that leads nowhere."""
    known = set(ids(page))
    for element in page.iter():
        for name in ("for", "aria-describedby", "aria-labelledby"):
            yield from (id for id in (element.get(name) or "").split() if id not in known)
        href = element.get("href") or ""
        if href.startswith("#") and href[1:] not in known:
            yield href


# The template pack


def test_nothing_looks_chosen_because_a_finger_was_there_on_the_page_before():
    for style in (django_settings.BASE_DIR / "static").glob("*.css"):
        if style.name.startswith("admin-"):
            continue
        hovered = [line for line in style.read_text(encoding="utf-8").splitlines() if ":hover" in line]
        assert all(line.startswith("@media (hover: hover)") for line in hovered), style


def test_one_question_is_a_fieldset_whose_legend_is_the_heading(content):
    page = rendered(content, "leg")
    (fieldset,) = page.iter("fieldset")
    assert fieldset.get("role") == "radiogroup"
    assert fieldset[0].tag == "legend"
    assert words(fieldset.find("legend/h1")) == content.items["leg-pain"].text
    assert [radio.get("type") for radio in fieldset.iter("input")] == ["radio"] * 4


def test_several_questions_leave_the_heading_to_the_page(content):
    page = rendered(content, "where")
    assert [words(legend) for legend in page.iter("legend")] == [
        content.items[key].text for key in ("side", "foot-site")
    ]
    assert page.find(".//h1") is None


@pytest.mark.parametrize("screen", ["age", "safety-now", "where", "words"])
def test_hint_then_error_then_answers(content, screen):
    page = rendered(content, screen, data={"note": "x" * 2000})
    for group in [*page.iter("fieldset"), *page.findall(".//div[@class='field']")]:
        order = [element.get("class") or element.get("role") or element.tag for element in group]
        hint, error = order.index("hint") if "hint" in order else -1, order.index("error")
        answers = min(order.index(each) for each in ANSWERS if each in order)
        assert hint < error < answers


def test_a_wrong_group_says_so_and_names_its_hint_and_error(content):
    (fieldset,) = rendered(content, "safety-now", data={}).iter("fieldset")
    assert fieldset.get("aria-invalid") == "true"
    assert fieldset.get("aria-describedby").split() == ["id_safety-now_helptext", "id_safety-now_error"]
    (fieldset,) = rendered(content, "safety-now").iter("fieldset")
    assert fieldset.get("aria-invalid") is None


def test_the_note_is_described_too(content):
    page = rendered(content, "words", {"leg-pain": ("a-good-deal",)}, data={"note": "x" * 2000})
    (note,) = page.iter("textarea")
    assert note.get("aria-invalid") == "true"
    assert note.get("aria-describedby") == "id_note_helptext id_note_error"
    assert words(page.find(".//h1/label")) == content.items["note"].text


def test_options_carry_their_hints_and_the_lone_one_stands_after_an_or(content):
    page = rendered(content, "safety-now")
    bladder = page.find(".//input[@value='bladder-bowel']")
    hint = page.find(f".//*[@id='{bladder.get('aria-describedby')}']")
    assert words(hint) == content.items["safety-now"].option("bladder-bowel").hint
    (alone,) = page.findall(".//input[@data-alone]")
    assert alone.get("value") == "none"
    (fieldset,) = page.iter("fieldset")
    inner = list(fieldset)
    divider = next(index for index, element in enumerate(inner) if element.get("class") == "or")
    assert next(inner[divider + 1].iter("input")) is alone


def test_what_rules_out_every_place_stands_above_the_drawing(content):
    (_side, fieldset) = rendered(content, "where").iter("fieldset")
    order = [*fieldset.iter()]
    alone, drawing, listed = (
        fieldset.find(path) for path in (".//input[@value='no-pain']", "div[@aria-hidden]", "details")
    )
    assert order.index(alone) < order.index(drawing) < order.index(listed)
    assert listed.find(".//input[@value='no-pain']") is None
    (fieldset, *_more) = rendered(content, "numb").iter("fieldset")  # there the places come first
    order = [*fieldset.iter()]
    assert order.index(fieldset.find("details")) < order.index(fieldset.find(".//input[@value='none']"))


@pytest.mark.django_db
def test_the_way_that_a_page_shows_never_goes_back():
    publish()
    patient = Patient(BACK)
    page, places, reached, most = patient.start(), [], [], set()
    while page.resolver_match.url_name == "question":
        if page.context["screen"].key not in reached:
            reached.append(page.context["screen"].key)
            places.append((page.context["position"], page.context["reached"]))
            most.add(page.context["most"])
        page = patient.answer(page)
    positions, steps = zip(*places, strict=True)
    assert list(positions) == list(range(1, len(places) + 1))
    assert list(steps) == sorted(steps)
    assert len(most) == 1
    assert steps[-1] == most.pop() >= positions[-1]


def codes_of(item):
    """Any answer to an item."""
    if item.kind == "text":
        return st.tuples(st.text("ab<&'\"", min_size=1))
    codes = st.sampled_from(sorted(item.codes))
    return st.tuples(codes) if item.kind == "one" else st.lists(codes, min_size=1, unique=True).map(tuple)


def ticked(page):
    return {box for box, on in boxes(page).items() if on}


@settings(max_examples=25)
@given(st.fixed_dictionaries({item.key: codes_of(item) for item in shipped_content().items.values()}))
def test_what_was_answered_is_ticked_and_nothing_else(answers):
    content = shipped_content()
    walked = walk(content, answers)
    for screen in content.screens:
        page = rendered(content, screen.key, answers)
        given = {(item.key, code) for item in walked.asks(screen) for code in answers[item.key]}
        assert ticked(page) == boxes(page).keys() & given
        assert {area.get("name"): area.text for area in page.iter("textarea")} == {
            item.key: answers[item.key][0] for item in walked.asks(screen) if item.kind == "text"
        }


def test_what_was_refused_stands_there_in_place_of_what_was_answered(content):
    before = {"side": ("left",), "foot-site": ("top",)}
    assert ticked(rendered(content, "where", before, {"foot-site": "sole"})) == {("foot-site", "sole")}


@pytest.mark.django_db
def test_the_error_summary_comes_before_the_heading_and_leads_to_the_first_control(content):
    publish()
    patient = Patient()
    patient.answer(patient.answer(patient.start()))
    path = reverse("question", args=["where"])
    page = html5lib.parse(
        patient.client.post(path, follow=True).content.decode(), namespaceHTMLElements=False
    )
    main = list(page.find(".//main").iter())
    summary = page.find(".//*[@class='problem']")
    assert main.index(summary) < main.index(page.find(".//h1"))
    assert (summary.get("role"), summary.get("tabindex")) == ("alert", "-1")
    assert words(summary.find("h2")) == "There is a problem"
    links = summary.findall(".//a")
    assert [link.get("href") for link in links] == ["#id_side_left", "#id_foot-site"]
    assert words(links[0]).startswith(content.items["side"].text)
    assert list(dangling(page)) == []


@pytest.mark.django_db
def test_without_errors_there_is_no_summary():
    publish()
    assert 'class="problem"' not in Patient().start().content.decode()


@pytest.mark.parametrize("data", [None, {}], ids=["shown", "refused"])
def test_every_reference_on_every_screen_leads_somewhere(content, data):
    before = {"injury": ("recent",), "leg-pain": ("a-little",), "tiptoe": ("weak",)}
    for screen in content.screens:
        page = rendered(content, screen.key, before, data)
        assert list(dangling(page)) == [], screen.key
        assert len(ids(page)) == len(set(ids(page))), screen.key


def test_a_dangling_reference_is_found():
    page = parse('<p id="here"><a href="#there">x</a><b aria-describedby="here gone">y</b>')
    assert list(dangling(page)) == ["#there", "gone"]


# The marks of sentences


def test_marks_number_sources_in_order_of_first_mention(content):
    known = citations(content, {})
    said = {"text": "…", "sources": ["P3.b", "nice-ng59", "P3.a", "P1.a"]}
    found = sources_of(known, [said])
    assert [source.mark for source in each_once(found)] == ["A1", "G1", "A2"]
    assert marks(["P1.a", "P3.a", "P3.b"], found) == ("A2", "A1")
    assert [claim["id"] for claim in found["P3.a"].claims] == ["P3.b", "P3.a"]


@pytest.mark.django_db
@pytest.mark.parametrize("answers", [FOOT_ONLY, BACK, FOOT_ONLY | {"safety-now": ["chest-breathing"]}])
def test_every_mark_on_a_result_is_told_in_its_own_section(answers):
    publish()
    html = Patient(answers).whole().content.decode()
    page = html5lib.parse(html, namespaceHTMLElements=False)
    rest = page.find(".//div[@class='rest']")
    for part in rest:
        told = {each.text for each in part.findall(".//details[@class='from']//b")}
        assert {each.text for each in part.iter("sup")} == told
    assert list(rest.iter("sup"))
    assert list(dangling(page)) == []
    assert len(ids(page)) == len(set(ids(page)))


# Pages for when something went wrong


@pytest.mark.parametrize("name", ERROR_PAGES)
def test_an_error_page_needs_nothing_and_says_whom_to_call(name):
    page = html5lib.parse(
        render_to_string(f"{name}.html", {"languages": [("en", "English")]}), namespaceHTMLElements=False
    )
    assert page.find(".//a[@href='tel:911']") is not None
    assert len(list(page.iter("h1"))) == 1
    assert list(dangling(page)) == []


@pytest.mark.parametrize("name", ERROR_PAGES)
def test_an_error_page_gives_the_clinics_own_emergency_number(name):
    html = render_to_string(f"{name}.html", {"emergency_number": "112"})
    assert "tel:112" in html
    assert "911" not in html


# Weight


@pytest.mark.django_db
def test_a_question_page_with_all_it_asks_for_is_light(proof):
    publish()
    patient = Patient(FOOT_ONLY | {"injury": "recent", "leg-pain": "a-little"})
    page = patient.start()
    weights, requests, pictured = {}, {}, set()
    while page.resolver_match.url_name == "question":
        key, files = page.context["screen"].key, FILES.findall(page.content.decode())
        weights[key] = len(page.content) + sum(map(sent, files))
        requests[key] = len(files)
        if {"pictures.css", "stands.css"} & {*files} or b'class="sign"' in page.content:
            pictured.add(key)
        page = patient.answer(page)
    proof.counted(bytes=weights, requests=requests)
    assert page.request["PATH_INFO"] == reverse("check")
    assert pictured == {"safety-now", "where", "injury", "leg-where", "lifting", "tiptoe", "numb"}
    assert {key: bytes for key, bytes in weights.items() if bytes > limit(key in pictured)} == {}
    assert next(iter(weights.values())) <= WEIGHT_OF_THE_FIRST
    assert {requests[key] for key in ("age", "leg", "back")} == {2}  # the style and the script
    assert max(requests.values()) <= 5


def sent(name):
    """The bytes of a file as WhiteNoise sends it."""
    return len(gzip.compress((django_settings.BASE_DIR / "static" / name).read_bytes()))


def limit(pictured):
    return WEIGHT_WITH_PICTURE if pictured else WEIGHT


def test_all_scripts_of_patients_together_are_light():
    names = [path.name for path in (django_settings.BASE_DIR / "static").glob("*.js")]
    assert "footpath.js" in names
    assert sum(sent(name) for name in names if not name.startswith("admin-")) <= SCRIPTS


# Translations of the interface


@pytest.mark.parametrize("path", interface.LANGUAGES, ids=lambda path: path.parts[-3])
class TestTranslations:
    def test_every_text_has_one_and_none_is_left_over(self, path):
        catalog = {(entry.msgctxt or "", entry.msgid): entry.msgstr for entry in polib.pofile(str(path))}
        assert list(catalog) == interface.texts()
        assert all(catalog.values())

    def test_they_fill_in_what_the_text_fills_in(self, path):
        fills = interface.PLACEHOLDER.findall
        for entry in polib.pofile(str(path)):
            assert set(fills(entry.msgstr)) == set(fills(entry.msgid)), entry.msgid

    def test_the_compiled_file_is_up_to_date(self, path):
        assert path.with_suffix(".mo").read_bytes() == polib.pofile(str(path)).to_binary()


def test_a_new_text_is_noticed():
    template = Template(
        '{% load i18n %}{% translate "New" %}{% blocktranslate %}Page {{ n }}{% endblocktranslate %}'
    )
    assert list(interface.template_texts(template)) == [("", "New"), ("", "Page %(n)s")]
    assert list(interface.form_texts('_("Newer"); other("No")')) == [("", "Newer")]


# The script


@pytest.fixture
def question_page(page, transactional_db):
    publish()
    page.goto("/")
    press(page.get_by_role("button", name="Start now"))
    page.check("#id_age_16-or-over")
    page.check("#id_answering_self")
    go_on(page)
    page.wait_for_url("**/questions/safety-now/")
    return page


def go_on(page):
    press(page.get_by_role("button", name="Continue"))


@pytest.mark.looks
def test_offline_keeps_what_was_chosen(question_page):
    question_page.check("[data-alone]")
    question_page.context.set_offline(True)
    question_page.wait_for_function("!navigator.onLine")  # the page hears of it a moment later
    question_page.click("text=Continue")
    expect(question_page.locator("#offline")).to_be_visible()
    assert question_page.is_checked("[data-alone]")
    question_page.context.set_offline(False)
    expect(question_page.locator("#offline")).to_be_hidden()
    go_on(question_page)
    assert question_page.url.endswith("/questions/where/")


@pytest.mark.looks
def test_a_refusal_is_no_lost_connection(question_page):
    """An urgent sign on a page of others is answered by a 409: pressing Continue still brings what that says."""
    question_page.route("**/stay/", lambda route: route.fulfill(status=409, body="of others"))
    with question_page.expect_response("**/stay/"):
        question_page.check("[data-alone]")
    go_on(question_page)
    question_page.wait_for_url("**/questions/where/")


@pytest.mark.looks
def test_a_second_tap_sends_nothing(question_page):
    posts = []
    question_page.on("request", lambda request: posts.append(urlsplit(request.url).path))
    question_page.check("[data-alone]")
    question_page.evaluate(
        "{ const go = document.getElementById('submit-id-go-on'); go.click(); go.click() }"
    )
    question_page.wait_for_url("**/questions/where/")
    assert posts.count(reverse("question", args=["safety-now"])) == 1
