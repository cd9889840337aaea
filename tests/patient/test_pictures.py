"""Drawings beside questions and on the result: what they show is content, and nobody needs them to answer."""

import copy
import re
from collections import Counter
from dataclasses import replace

import html5lib
import pytest
from django.template.loader import get_template, render_to_string
from django.urls import reverse
from django.utils.translation import override

from tests.browser import axe_finds, press
from tests.shipped import TODAY, shipped_content
from tests.visitor import BACK, FOOT_ONLY, Patient, publish, shipped_trees
from triage.domain.content import MAPS, PICTURES, SIGNS_DRAWN
from triage.domain.loading import check, languages
from triage.templatetags.pictures import ON_THE_LEG, maps, picture_of, places

pytestmark = pytest.mark.alike("a drawing is made of the content and of answers")

# Answers that are no single place of the body.
NOWHERE = {
    "foot-site": {"all-over", "no-pain", "not-sure"},
    "leg-site": {"whole-leg", "not-sure"},
    "numb-site": {"both-feet-socks", "elsewhere", "none", "not-sure"},
}
MARKED = BACK | {"side": "right", "foot-site": ["top", "big-toe"], "numb-site": ["none"]}


# The content


def test_every_place_of_a_drawing_is_an_option_and_every_other_option_is_known_to_be_none():
    items = [item for item in shipped_content().items.values() if item.picture in MAPS]
    assert all(places(item.picture) <= item.codes for item in items)
    assert {item.key: item.codes - places(item.picture) for item in items} == NOWHERE


def test_every_picture_is_drawn_and_used():
    assert {item.picture for item in shipped_content().items.values()} == {*PICTURES, ""}
    for name in PICTURES:
        get_template(f"pictures/{name}.html")
    options = [option for item in shipped_content().items.values() for option in item.options]
    drawn = {option.picture: option.drawing for option in options if option.picture}
    assert {*drawn} == {*SIGNS_DRAWN}
    for name in drawn.values():
        get_template(name)


NAMED = re.compile(r"{% name_of \"([^\"]+)\" .*?%}")


def unnamed(item):
    """The places whose name is left out of a view that has room for it, since it takes too many lines."""
    picture = picture_of(item, {})
    drawn = render_to_string(picture.template, {"picture": picture})
    wanted = Counter(NAMED.findall(get_template(picture.template).template.source))
    return wanted - Counter(re.findall('<text data-place="([^"]+)"', drawn))


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_place_is_named_in_every_view_that_names_it(language):
    with override(language):
        items = [item for item in shipped_content(language).items.values() if item.picture in MAPS]
        assert {item.key: unnamed(item) for item in items} == {key: Counter() for key in NOWHERE}


def test_a_name_that_takes_too_many_lines_would_be_missed():
    item = shipped_content().items["numb-site"]
    long = [replace(option, text=option.text + " and far more") for option in item.options]
    assert unnamed(replace(item, options=tuple(long)))["lower-leg-front"]


@pytest.mark.parametrize(
    "key, change, problem",
    [
        ("foot-site", {"picture": "hand"}, "'hand' is not known here"),
        ("side", {"picture": "foot"}, "for kind many"),
        (
            "side",
            {"options": [{"code": "left", "text": "Left", "picture": "hand"}]},
            "'hand' is not known here",
        ),
        ("tiptoe", {"mirror-when": {"item": "side", "is": "right"}}, "mirror-when is for a picture"),
        ("leg-site", {"mirror-when": {"not": {"item": "side", "is": "left"}}}, "about one item"),
    ],
)
def test_a_picture_that_does_not_fit_its_question_is_a_fault(key, change, problem):
    trees = copy.deepcopy(dict(shipped_trees()))
    screens = trees["questionnaire"]["screens"]
    next(item for screen in screens for item in screen["items"] if item["key"] == key).update(change)
    assert problem in " ".join(map(str, check(trees, TODAY)))


# On the page


@pytest.fixture(autouse=True)
def release(db):
    publish()


def asked(screen, answers):
    """A patient before this screen, and the screen's page."""
    patient = Patient(answers)
    page = patient.start()
    while page.request["PATH_INFO"] != reverse("question", args=[screen]):
        page = patient.answer(page)
    return patient, page


def tree(page):
    return html5lib.parse(page.content.decode(), namespaceHTMLElements=False)


def written(page):
    """What is written on the drawings of a page."""
    return {" ".join("".join(row.itertext()) for row in text) for text in tree(page).findall(".//{*}text")}


def test_a_map_is_silent_and_out_of_the_way_until_a_script_wakes_it():
    (drawing,) = tree(asked("leg-where", BACK)[1]).findall(".//div[@data-mirror-item]")
    assert (drawing.get("aria-hidden"), drawing.get("hidden")) == ("true", "")
    assert not {"a", "button", "input"} & {element.tag for element in drawing.iter()}


@pytest.mark.parametrize(("screen", "tests"), [("lifting", 2), ("tiptoe", 1)])
def test_how_to_sit_and_stand_is_shown_to_everybody_who_sees(screen, tests):
    every = tree(asked(screen, BACK)[1]).iter("div")
    drawings = [each for each in every if "stand" in (each.get("class") or "").split()]
    assert len(drawings) == tests
    for drawing in drawings:
        assert (drawing.get("aria-hidden"), drawing.get("hidden")) == ("true", None)


@pytest.mark.parametrize("language", languages(shipped_trees()))
def test_what_is_written_on_a_place_is_the_options_own_text_or_nothing(language):
    patient, _page = asked("where", BACK)
    patient.client.post(reverse("language"), {"language": language})
    found = written(patient.client.get(reverse("question", args=["where"])))
    options = shipped_content(language).items["foot-site"].options
    assert found
    assert found <= {option.text.partition(" (")[0] for option in options}


# With a script


@pytest.fixture
def shown(page, new_page, live_server):
    """Opens a screen in Chromium as a patient who has answered everything above it."""

    def show(screen, answers=BACK, **options):
        patient, _page = asked(screen, answers)
        opened = new_page(**options) if options else page
        cookies = patient.client.cookies.values()
        opened.context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": live_server.url} for cookie in cookies]
        )
        opened.goto(reverse("question", args=[screen]))
        return opened

    return show


def place(page, code):
    """The name of a place, or its shape, in a view that shows it."""
    shown = page.locator(f".map .shown [data-place='{code}']:visible")
    if not shown.count():
        page.locator(f".view:has([data-place='{code}']) > b").first.click()
    return shown.last


def marked(page):
    return {element.get_attribute("data-place") for element in page.locator(".map .on").all()}


def mirrored(page):
    return "right" in page.locator(".map").get_attribute("class").split()


@pytest.mark.looks
def test_a_tap_ticks_the_box_and_another_unticks_it(shown):
    page = shown("where")
    box = page.locator("[name='foot-site'][value='ball']")
    place(page, "ball").click()
    assert box.is_checked()
    assert page.locator(".marked").inner_text() == "Ball of the foot"
    place(page, "ball").click()
    assert not box.is_checked()
    assert page.locator(".marked").inner_text() == ""


@pytest.mark.looks
def test_the_boxes_show_in_the_drawing(shown):
    page = shown("where")
    page.get_by_label("Ankle").check()
    page.get_by_label("Big toe").check()
    assert marked(page) == {"ankle", "big-toe"}
    page.get_by_label("No pain").check()  # stands alone
    assert marked(page) == set()
    place(page, "top").click()
    assert not page.get_by_label("No pain").is_checked()
    assert marked(page) == {"top"}


@pytest.mark.looks
def test_what_was_tapped_is_sent_and_shown_again(shown):
    page = shown("leg-where")
    place(page, "knee").click()
    page.get_by_label("One leg").check()
    press(page.get_by_role("button", name="Continue"))
    press(page.get_by_role("button", name="Back", exact=True))
    assert marked(page) == {"knee"}


@pytest.mark.looks
def test_the_drawing_takes_the_side_that_is_chosen(shown):
    page = shown("where")
    assert not mirrored(page)
    page.get_by_label("Right").check()
    assert mirrored(page)
    page.get_by_label("Both").check()
    assert not mirrored(page)


@pytest.mark.looks
@pytest.mark.parametrize("side, flipped", [("left", False), ("right", True)])
def test_a_later_drawing_is_of_the_side_that_was_chosen(shown, side, flipped):
    assert mirrored(shown("numb", BACK | {"side": side})) is flipped


@pytest.mark.looks
def test_the_keyboard_goes_by_the_list_alone(shown):
    page = shown("numb")
    page.locator("[name='numb-site']").first.focus()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('.map')") is None
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert marked(page) == {"lower-leg-front"}


@pytest.mark.looks
def test_without_a_script_the_list_stands_alone(shown):
    page = shown("where", java_script_enabled=False)
    assert page.locator(".map").is_hidden()
    assert page.get_by_label("Ball of the foot").is_visible()


@pytest.mark.looks
@pytest.mark.parametrize(
    "screen, code, scheme",
    [
        ("where", "top", "light"),
        ("where", "top", "dark"),
        ("leg-where", "knee", "dark"),
        ("numb", "top-or-big-toe", "light"),
    ],
)
def test_axe_finds_nothing_and_nothing_is_cut_off_on_a_small_phone(page, shown, screen, code, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 640})
    shown(screen, BACK | {"side": "right"})
    place(page, code).click()
    assert axe_finds(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320


FINGER = 44
# The side of the largest square, in each place and name of the view that is shown, on which a tap ticks its box.
LARGEST = """(step) => {
    const box = document.querySelector(".shown svg").getBoundingClientRect(), found = {};
    let above = {};
    for (let y = box.top; y < box.bottom; y += step) {
        const row = {};
        for (let x = 0; x < innerWidth; x += step) {
            const code = document.elementFromPoint(x, y)?.closest("[data-place]")?.dataset.place;
            if (!code) continue;
            const near = [row[x - step], above[x], above[x - step]];
            row[x] = { code, side: Math.min(...near.map((cell) => (cell?.code === code ? cell.side : 0))) + 1 };
            found[code] = Math.max(found[code] ?? 0, row[x].side * step);
        }
        above = row;
    }
    return found;
}"""


@pytest.mark.looks
@pytest.mark.parametrize(
    "screen, item", [("where", "foot-site"), ("leg-where", "leg-site"), ("numb", "numb-site")]
)
def test_every_place_is_as_large_as_a_finger_in_some_view(shown, screen, item):
    page = shown(screen)
    page.locator(".views").evaluate("views => scrollTo(0, views.getBoundingClientRect().top + scrollY - 20)")
    largest = {}
    for view in page.locator(".view > b").all():
        view.evaluate("view => view.click()")
        for code, side in page.evaluate(LARGEST, 4).items():
            largest[code] = max(side, largest.get(code, 0))
    assert largest.keys() == places(shipped_content().items[item].picture)
    assert {code: side for code, side in largest.items() if side < FINGER} == {}


@pytest.mark.looks
@pytest.mark.parametrize("size", [16, 24])
@pytest.mark.parametrize("screen", ["where", "leg-where", "numb"])
def test_names_on_a_drawing_are_read_and_grow_with_the_text(shown, screen, size):
    page = shown(screen)
    page.set_viewport_size({"width": 320 if size == 16 else 640, "height": 900})
    page.evaluate(f"document.documentElement.style.fontSize = '{size}px'")
    for view in page.locator(".view > b").all():
        view.click()
        heights = page.locator(".shown svg:first-child text").evaluate_all(
            "texts => texts.map(text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().d)"
        )
        assert heights
        assert min(heights) >= 12 * size / 16 - 0.05


@pytest.mark.looks
def test_one_side_of_the_body_is_shown_and_named_at_a_time(shown):
    page = shown("where")
    page.get_by_label("Right").check()
    assert page.locator(".caption").inner_text() == "Right foot, from above"
    page.locator(".view > b", has_text="from below").click()
    assert page.locator(".caption").inner_text() == "Right foot, from below"
    assert page.locator("svg:visible").count() == 1


@pytest.mark.looks
def test_both_feet_are_both_drawn_and_answers_of_many_places_show(shown):
    page = shown("where")
    page.get_by_label("Both").check()
    assert page.locator(".shown svg:visible").count() == 2
    page.get_by_label("All over").check()
    assert marked(page) == places("foot")


@pytest.mark.looks
def test_what_is_like_socks_shows_on_both_feet(shown):
    page = shown("numb", BACK | {"side": "both"})
    assert page.locator(".caption").inner_text() == "Both legs, front"
    page.get_by_label("like wearing socks").check()
    assert marked(page) == places("lower-leg-and-foot") - {"lower-leg-front", "outer-calf", "back-calf"}


@pytest.mark.looks
@pytest.mark.parametrize("touch", [True, False])
def test_the_list_is_folded_where_one_taps_and_stays_the_control(shown, touch):
    page = shown("where", has_touch=touch, is_mobile=touch)
    assert page.get_by_label("Ball of the foot").is_visible() is not touch
    assert page.get_by_label("No pain").is_visible()
    if touch:
        page.locator(".listed summary").tap()
        page.get_by_label("Ball of the foot").check()
        assert marked(page) == {"ball"}


# On the result


def test_a_result_shows_the_places_again_and_says_them_in_words():
    page = tree(Patient(MARKED).whole())
    foot, leg = page.findall(".//div[@class='places']/figure")
    assert {element.get("data-place") for element in foot.iter() if element.get("class") == "on"} == {
        "top",
        "big-toe",
    }
    assert "mirrored" in foot.get("class")
    assert foot.find("div").get("aria-hidden") == "true"
    assert "".join(foot.find("figcaption").itertext()) == "Place in the foot: Top of the foot; Big toe"
    assert "Outer side of the calf" in "".join(leg.find("figcaption").itertext())


def test_a_result_without_a_marked_place_shows_no_map():
    answers = FOOT_ONLY | {"foot-site": ["not-sure"], "numb-site": ["elsewhere"]}
    assert tree(Patient(answers).whole()).find(".//div[@class='places']") is None


def test_the_way_of_the_nerve_shows_where_this_person_said_it_hurts():
    assert all(
        ON_THE_LEG[key].keys() | NOWHERE[key] == shipped_content().items[key].codes
        for key in ON_THE_LEG
        if key in NOWHERE
    )
    said = "The spots are where you said it hurts."
    for places_of, spots in (
        ({"back-pain": "now"}, 4),
        ({"foot-site": ["no-pain"], "leg-site": ["whole-leg"]}, 10),
    ):
        page = Patient(MARKED | places_of).whole().content.decode()
        assert (page.count('class="spot"'), page.count(said)) == (spots, 1)
    assert said not in Patient().client.get(reverse("how")).content.decode()


def test_an_answer_that_is_no_place_marks_nothing():
    line = {"item": "x", "label": "", "answer": "", "picture": "foot", "mirrored": False}
    assert maps([line | {"given": ["no-pain"]}, line | {"given": [], "picture": ""}]) == []
    (picture,) = maps([line | {"given": ["not-sure", "top"]}])
    assert picture.marked == {"top"}


def test_an_answer_that_takes_in_several_places_marks_them():
    line = {
        "item": "x",
        "label": "",
        "answer": "",
        "picture": "foot",
        "mirrored": False,
        "given": ["all-over"],
    }
    assert maps([line])[0].marked == places("foot")
    (numb,) = maps([line | {"picture": "lower-leg-and-foot", "given": ["both-feet-socks"]}])
    assert numb.marked == places("lower-leg-and-foot") - {"lower-leg-front", "outer-calf", "back-calf"}
