"""The content in words and as a picture: complete, plain, current, and fit for a page with a strict policy."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command
from django.template.loader import render_to_string

from tests.planted import content_with, planted, written
from tests.shipped import shipped_content
from tests.templates import faults
from triage.domain import words
from triage.domain.drawing import draw, width, wrap
from triage.domain.logic import All, AnyOf, AtLeast, Not, Sign, Some, leaves
from triage.management.commands.draw_questionnaire import PICTURE

SVG = "{http://www.w3.org/2000/svg}"
CONTENT = shipped_content()
SAFETY = "safety-now"


def screen(key, *items):
    return {
        "key": key,
        "title": f"Title of {key}",
        "why": {"text": "Why.", "basis": ["clinic"]},
        "items": list(items),
    }


def item(key, **more):
    options = [{"code": "zz-yes", "text": "Indeed"}, {"code": "not-sure", "text": "Who knows"}]
    return {"key": key, "kind": "one", "text": f"Text of {key}?", "label": f"Label of {key}", "basis": ["clinic"],
            "options": options, **more}  # fmt: skip


def with_screen(*items):
    """The shipped content with one more screen at its end."""
    return content_with(lambda trees: trees["questionnaire"]["screens"].append(screen("zz-last", *items)))


def shown(content):
    """The paragraphs of the picture, lines joined."""
    root = ElementTree.fromstring(draw(content))
    return [" ".join(" ".join(text.itertext()).split()) for text in root.iter(f"{SVG}text")]


# Words


A_LITTLE = AnyOf("leg-pain", frozenset({"a-little"}), "not-sure")
SOME_PAIN = AnyOf("leg-pain", frozenset({"a-good-deal", "a-little"}), "not-sure")
RECENT = AnyOf("weak-since", frozenset({"recent"}), "not-sure")
BACK_NOW = Sign("K6", A_LITTLE, "back", ())
SAID = {
    "one code": (A_LITTLE, "Leg pain: “Yes, a little”"),
    "codes as the item lists them": (SOME_PAIN, "Leg pain: “Yes, a little” or “Yes, a good deal”"),
    "a sign": (BACK_NOW, f"“{CONTENT.sign_texts['K6'].staff}”"),
    "all": (All((A_LITTLE, RECENT)), "Leg pain: “Yes, a little” and Weak since: “In the last 2 weeks”"),
    "or within and": (
        All((SOME_PAIN, RECENT)),
        "(Leg pain: “Yes, a little” or “Yes, a good deal”) and Weak since: “In the last 2 weeks”",
    ),
    "and within or": (
        Some((RECENT, All((A_LITTLE, RECENT)))),
        "Weak since: “In the last 2 weeks” or (Leg pain: “Yes, a little” and Weak since: “In the last 2 weeks”)",
    ),
    "not": (Not(SOME_PAIN), "not (Leg pain: “Yes, a little” or “Yes, a good deal”)"),
    "at least": (
        AtLeast(2, (A_LITTLE, RECENT, RECENT)),
        "at least 2 of (Leg pain: “Yes, a little”; Weak since: “In the last 2 weeks”; "
        "Weak since: “In the last 2 weeks”)",
    ),
}


@pytest.mark.parametrize(("when", "said"), SAID.values(), ids=SAID)
def test_a_condition_in_words(when, said):
    assert words.condition(CONTENT, when) == said


def leftover(content, said):
    """What a text holds beside the content's own texts and the joining words."""
    texts = [f"“{option.text}”" for each in content.items.values() for option in each.options]
    texts += [f"“{text.staff}”" for text in content.sign_texts.values()]
    texts += [f"{each.label}:" for each in content.items.values()]
    for text in sorted(texts, key=len, reverse=True):
        said = said.replace(text, " ")
    return set(re.findall(r"[^\s();\d]+", said)) - {
        word for joining in words.JOINING for word in joining.split()
    }


@pytest.mark.parametrize("content", [CONTENT, with_screen(item("zz-a"))], ids=["shipped", "one more screen"])
def test_no_code_or_key_is_in_any_words(content):
    rules = [rule for table in words.tables(content) for rule in table.rows]
    conditions = [rule.when for rule in rules if rule.when != words.ALWAYS]
    conditions += [sign.when for sign in words.signs(content)]
    conditions += [each.when for each in words.screens(content)]
    conditions += [question.when for each in words.screens(content) for question in each.questions]
    assert len(conditions) > 60
    assert {said: found for said in conditions if (found := leftover(content, said))} == {}


def test_a_code_among_the_words_would_be_seen():
    assert leftover(CONTENT, "Leg pain: “Yes, a little” or a-good-deal") == {"a-good-deal"}


def test_the_tables_hold_every_row_in_order():
    origin, root, urgency = words.tables(CONTENT)
    assert [row.id for row in origin.rows] == [rule.id for rule in CONTENT.origin_rules]
    assert [row.id for row in root.rows] == [rule.id for rule in CONTENT.root_rules]
    assert [row.id for row in urgency.rows] == [rule.id for rule in CONTENT.urgency_rules]
    assert root.rows[-1].when == words.ALWAYS
    assert urgency.rows[0].sources == (
        "NHS 111 Wales: Sciatica",
        "GIRFT, 2023: National Suspected Cauda Equina Syndrome Pathway",
    )
    assert origin.rows[2].sources[0] == "Article, paragraph 3 (P3.a, P3.b)"
    assert all(
        row.gives and row.because and row.sources for table in (origin, root, urgency) for row in table.rows
    )


# Picture


def test_everything_of_the_content_is_in_the_picture():
    paragraphs = shown(CONTENT)
    for each in words.screens(CONTENT):
        assert each.title in paragraphs
        for question in each.questions:
            assert {question.label, question.text} <= set(paragraphs)
        for when in filter(None, (each.when, *(question.when for question in each.questions))):
            assert f"Only if {when}" in paragraphs
        for leaving in each.exits:
            assert {leaving.title, *leaving.answers} <= set(paragraphs)


def test_the_list_holds_every_condition_and_exit():
    listed = words.screens(CONTENT)
    conditional = [each for each in CONTENT.items.values() if each.ask_when]
    said = {each.when for each in listed} | {question.when for each in listed for question in each.questions}
    assert said - {""} == {words.condition(CONTENT, each.ask_when) for each in conditional}
    exits = [leaving for each in listed for leaving in each.exits]
    assert exits[0].answers == ("No, under 16",)
    assert set(exits[1].answers) == {
        option.text for option in CONTENT.items[SAFETY].options if option.code not in ("none", "not-sure")
    }
    seldom = ("E10", "E11", "E12", "E13", "E14", "E15", "E17", "E18")
    together = {rule.staff.text for rule in CONTENT.urgency_rules if rule.id in seldom}
    assert {answer for leaving in exits[2:] for answer in leaving.answers} == together


def test_a_new_screen_changes_the_picture():
    asked = {"item": "leg-pain", "is": "none"}
    longer = with_screen(item("zz-a", **{"ask-when": asked}), item("zz-b", **{"ask-when": asked}))
    new = set(shown(longer)) - set(shown(CONTENT))
    assert {"Title of zz-last", "Text of zz-a?", "Label of zz-b", str(len(CONTENT.screens) + 1)} < new
    assert shown(longer).count("Only if Leg pain: “No, no pain in the leg”") == 1  # the screen's, on the edge


def test_items_asked_at_different_times_say_so_each():
    some, none = ({"item": "leg-pain", "is": code} for code in ("a-little", "none"))
    last = words.screens(with_screen(item("zz-a", **{"ask-when": some}), item("zz-b", **{"ask-when": none})))[
        -1
    ]
    assert last.when == "(Leg pain: “Yes, a little”) or (Leg pain: “No, no pain in the leg”)"
    assert [question.when for question in last.questions] == [
        "Leg pain: “Yes, a little”",
        "Leg pain: “No, no pain in the leg”",
    ]


def test_any_text_stays_text_and_in_its_box():
    """Markup in a text is shown, not obeyed; a word longer than a line is broken."""
    text = "<script>x</script> & “" + "Wirbelsäulenerkrankung" * 6 + "”?"
    paragraphs = shown(with_screen(item("zz-a", text=text)))
    assert text.replace(" ", "") in {paragraph.replace(" ", "") for paragraph in paragraphs}
    assert all(width(line, 16) <= 200 for line in wrap(text, 200, 16))


def test_it_may_stand_in_a_page_with_a_strict_policy():
    page = render_to_string(
        "parts/questionnaire_picture.html", {"svg": draw(CONTENT), "screens": words.screens(CONTENT)}
    )
    assert page.count("<svg") == 1  # as markup, not escaped
    assert list(faults("page.html", page)) == []
    # A style of its own would have been seen.
    assert list(faults("page.html", page.replace("<svg", "<svg style='color:red'")))
    root = ElementTree.fromstring(draw(CONTENT))
    assert root.get("role") == "img"
    assert [root.find(f"{SVG}{name}").get("id") for name in ("title", "desc")] == root.get(
        "aria-labelledby"
    ).split()
    assert not {element.tag.removeprefix(SVG) for element in root.iter()} & {
        "style",
        "script",
        "image",
        "use",
        "a",
    }


def test_its_lines_fit_as_a_browser_draws_them(browser):
    page = browser.new_page()
    page.set_content(draw(CONTENT))
    ends = page.evaluate(
        "() => [...document.querySelectorAll('tspan')].map(line => [line.getBBox().x, line.getBBox().width])"
    )
    page.close()
    cards, exits = (
        [x + wide for x, wide in ends if x < 600],
        [x + wide for x, wide in ends if x > 600],
    )
    assert max(cards) < 556
    assert max(exits) < 876


def test_the_picture_in_the_docs_is_current():
    """Stale? `manage.py draw_questionnaire` draws it anew."""
    assert PICTURE.read_text(encoding="utf-8") == draw(CONTENT, alone=True)


def test_two_screens_are_enough():
    alone = [
        rule
        for rule in CONTENT.urgency_rules
        if rule.when and {leaf.item for leaf in leaves(rule.when)} == {SAFETY}
    ]
    short = replace(CONTENT, screens=CONTENT.screens[:2], urgency_rules=tuple(alone))
    assert [each.title for each in words.screens(short)] == ["Before we start", "Safety first"]
    assert {"Start", "Before we start", "Safety first", "Get help now", "Result"} < set(shown(short))


def test_the_command_draws_any_content_directory(tmp_path, capsys):
    def rename(trees):
        trees["questionnaire"]["title"] = "Ours & theirs"

    own = tmp_path / "own"
    own.mkdir()
    directory = written(planted(rename), own)
    call_command("draw_questionnaire", directory, out=tmp_path / "own.svg")
    assert "Ours &amp; theirs" in (tmp_path / "own.svg").read_text(encoding="utf-8")
    call_command("draw_questionnaire", directory)
    assert "Ours &amp; theirs" in capsys.readouterr().out
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("draw_questionnaire", out=tmp_path / "no" / "own.svg")
