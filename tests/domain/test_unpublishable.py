"""What reads well and must not be published all the same: each kind is named, with its file, its place and what to do.

The kinds are those that a peer's schema validator knows (FHIR Questionnaire, SurveyJS and their like), and what
people have been misled by. Whatever is planted, nothing ends in a traceback.
"""

import copy
import json

import pytest

from tests.planted import entry, item, planted, result_row
from tests.shipped import TODAY, few_trees, shipped_trees
from triage.domain.loading import check, languages, load, unreadable
from triage.domain.loading.letters import skeleton, strange_signs

LEFT = "item.side.left"
FEW = few_trees()
QUESTIONS = "questionnaire.yaml"
DECISION = "decision.yaml"
RESULTS = "results.yaml"
SOURCES = "sources.yaml"
SPANISH = "es.yaml"
PEOPLE = "population.yaml"
STORIES = "vignettes.yaml"


def option(trees, key, code):
    return next(option for option in item(trees, key)["options"] if option["code"] == code)


def spanish(key, text):
    return lambda trees: trees["es"]["texts"].update({key: text})


def says(text):
    """An answer that says this."""
    return lambda trees: option(trees, "side", "left").update(text=text)


def put(value, *path):
    """Plants the value at a path of the trees."""

    def plant(trees):
        target = trees
        for part in path[:-1]:
            target = target[part]
        target[path[-1]] = value

    return plant


def on_item(name, /, **fields):
    return lambda trees: item(trees, name).update(
        {field.replace("_", "-"): value for field, value in fields.items()}
    )


def guidance(**fields):
    return lambda trees: trees["sources"]["guidance"][0].update(fields)


def add_option(key, **fields):
    return lambda trees: item(trees, key)["options"].insert(0, fields)


def without_a_name(trees):
    """A translation that tells nobody whom to call."""
    key = next(key for key, text in trees["es"]["texts"].items() if "{emergency_number}" in text)
    trees["es"]["texts"][key] = "Llame ahora."


def renamed(key, other):
    """The item under another key, everywhere."""

    def plant(trees):
        text = json.dumps(trees).replace(f'"{key}"', f'"{other}"').replace(f"item.{key}.", f"item.{other}.")
        trees.update(json.loads(text))

    return plant


def many_options(trees):
    options = item(trees, "impact")["options"]
    options[:0] = [{"code": f"more-{n}", "text": f"Something else, number {n} of them"} for n in range(41)]


def doubling_signs(trees):
    """Each sign names the one before twice: 60 lines that ask for more parts than there are atoms."""
    signs, texts = trees["decision"]["signs"], trees["results"]["signs"]
    for n in range(60):
        last = {"sign": f"Z{n - 1}"} if n else {"item": "side", "is": "left"}
        signs.append({
            "id": f"Z{n}", "points-to": "neither", "basis": ["clinic"],
            "when": {"any": [{"all": [last, {"item": "side", "is": "right"}]}, last]},
        })  # fmt: skip
        texts[f"Z{n}"] = {"staff": f"Sign number {n}"}


def deep_signs(trees):
    signs, texts = trees["decision"]["signs"], trees["results"]["signs"]
    for n in range(150):
        last = {"sign": f"Z{n - 1}"} if n else {"item": "side", "is": "left"}
        signs.append({"id": f"Z{n}", "points-to": "neither", "basis": ["clinic"], "when": {"not": last}})
        texts[f"Z{n}"] = {"staff": f"Sign number {n}"}


def deep(levels):
    condition = {"item": "side", "is": "left"}
    for _ in range(levels):
        condition = {"not": condition}
    return condition


def another_language(**files):
    def plant(trees):
        for name, overlay in files.items():
            trees[name] = copy.deepcopy(trees["es"]) | overlay

    return plant


SIGNS = {
    "right to left": "tfe\u202eL",
    "an isolate": "\u2066Left\u2069",
    "a mark of direction": "Left\u200f",
    "no width": "Le\u200bft",
    "a joiner": "Le\u200dft",
    "a byte order mark": "\ufeffLeft",
    "a soft hyphen": "Le\u00adft",
    "a tag sign": "Left\U000e0041",
    "another look": "Left\ufe0f",
    "a filler": "Left\u3164",
    "braille without dots": "\u2800",
    "private": "Left\ue000",
    "unassigned": "Left\u0378",
    "a line separator": "Left\u2028foot",
    "next line": "Left\u0085foot",
    "a wide space": "Left\u3000foot",
    "a thin space": "Left\u2009foot",
    "a bell": "Left\x07",
    "a tab": "Left\tfoot",
    "an escape": "\x1b[31mLeft",
    "NUL": "Left\0",
    "half a pair": "Left\ud800",
    "a Cyrillic letter": "L\u0435ft",
    "a Cyrillic word": "Left \u0430\u0440\u0435",
    "a Greek letter": "Left \u039fne",
    "full width": "\uff2ceft",
    "bold letters": "\U0001d40beft",
    "letters in parts": "Lefte\u0301",
    "a heap of marks": "L" + "\u0336\u031b\u0316\u0313\u0357" + "eft",
    "lost letters": "L\ufffdft",
    "misread": "L\u00c3\u00a9ft",
}

ADDRESSES = {
    "is not safe": "http://example.org/",
    "is a script": "javascript:alert(1)",
    "is data": "data:text/html,x",
    "is of files": "ftp://example.org/",
    "has no scheme": "//example.org/",
    "has no host": "https:///x",
    "is no address": "see the web",
    "has a password": "https://nhs.uk:x@example.org/",
    "has a port": "https://example.org:8443/",
    "is a number": "https://192.168.0.1/",
    "is this machine": "https://localhost/",
    "has a space": "https://example.org/a b",
    "has a quote": 'https://example.org/"onclick',
    "has a tag": "https://example.org/<b>",
    "is in another script": "https://nhś.uk/",
    "is in capitals": "HTTPS://example.org/",
    "has dots": "https://example..org/",
    "is half": "https://[::1",
}

# Each plants one fault: (what it does to the trees, the file it is told of, words of the message)
FAULTS = {
    **{f"a text with {name}": (says(text), QUESTIONS, "holds") for name, text in SIGNS.items()},
    **{
        f"Spanish with {name}": (spanish(LEFT, text), SPANISH, "holds")
        for name, text in SIGNS.items()
        if name in ("right to left", "no width", "a Cyrillic letter", "misread", "half a pair")
    },
    "a hidden sign for staff": (
        lambda t: t["results"]["rules"]["E2"].update(staff="Ur\u200bgent"), RESULTS, "not seen"),
    "a hidden sign in a story": (
        lambda t: t["vignettes"]["vignettes"][0].update(story="It\u200b hurts"), STORIES, "not seen"),
    "a hidden sign in a source": (guidance(title="Back\u202epain"), SOURCES, "turns letters round"),
    "a hidden sign in a key": (on_item("side", key="si\u200bde"), QUESTIONS, "not seen"),
    "a hidden sign in a name of a field": (on_item("side", **{"hi\u200bnt": "x"}), QUESTIONS, "unknown key"),

    # Empty
    "an empty text": (says(""), QUESTIONS, "should be a text"),
    "a blank text": (says("  \n "), QUESTIONS, "should be a text"),
    "spaces that do not break": (says("\u00a0\u00a0"), QUESTIONS, "should be a text"),
    "nothing": (says(None), QUESTIONS, "should be a text"),
    "a number for a text": (says(7), QUESTIONS, "should be a text"),
    "a yes for a text": (says(True), QUESTIONS, "should be a text"),
    "a list for a text": (says(["Left"]), QUESTIONS, "should be a text"),
    "only stops": (says("…"), QUESTIONS, "says nothing"),
    "only dashes": (says("--"), QUESTIONS, "says nothing"),
    "an empty hint": (on_item("side", hint=""), QUESTIONS, "should be a text"),
    "an empty translation": (spanish(LEFT, ""), SPANISH, "should be a text"),
    "a translation of stops": (spanish(LEFT, "..."), SPANISH, "says nothing"),
    "an empty title": (put("", "results", "sections", "limits", "title"), RESULTS, "should be a text"),
    "an unfinished text": (says("TODO: which one?"), QUESTIONS, "not finished"),
    "a text for show": (says("Lorem ipsum dolor"), QUESTIONS, "not finished"),
    "question marks": (says("Left ???"), QUESTIONS, "not finished"),

    # Mark-up
    "a tag": (says("<b>Left</b>"), QUESTIONS, "a tag"),
    "an end of a tag": (says("Left</p>"), QUESTIONS, "a tag"),
    "a comment": (says("Left<!-- not -->"), QUESTIONS, "a tag"),
    "a script": (says("<script>alert(1)</script>"), QUESTIONS, "a tag"),
    "an entity": (says("Left&nbsp;foot"), QUESTIONS, "an entity"),
    "an entity by number": (says("Left&#8203;foot"), QUESTIONS, "an entity"),
    "bold": (says("**Left**"), QUESTIONS, "mark-up"),
    "a link": (says("[Left](there)"), QUESTIONS, "mark-up"),
    "code": (says("`Left`"), QUESTIONS, "mark-up"),
    "a heading": (says("# Left"), QUESTIONS, "mark-up"),
    "a backslash": (says(r"Left\nfoot"), QUESTIONS, "mark-up"),
    "a template": (says("{% if x %}Left"), QUESTIONS, "a template's sign"),
    "a variable": (says("{{ foot }}"), QUESTIONS, "brace"),
    "mark-up in Spanish": (spanish(LEFT, "<i>Izquierdo</i>"), SPANISH, "a tag"),
    "mark-up in a label": (on_item("side", label="<u>Side</u>"), QUESTIONS, "a tag"),

    # Braces
    "a brace that stays open": (says("Left {foot"), QUESTIONS, "brace"),
    "a brace that was not opened": (says("Left foot}"), QUESTIONS, "brace"),
    "braces round nothing": (says("Left {}"), QUESTIONS, "brace"),
    "braces round a number": (says("Left {0}"), QUESTIONS, "brace"),
    "a name with a conversion": (says("Left {foot!r}"), QUESTIONS, "brace"),
    "a name with a format": (says("Left {foot:>40}"), QUESTIONS, "brace"),
    "a name with a part": (says("Left {foot.x}"), QUESTIONS, "brace"),
    "an unknown name": (says("Left {toe}"), QUESTIONS, "{toe} is no phrase"),
    "a setting where none is filled in": (on_item("side", hint="Ring {clinic_phone}."), QUESTIONS, "no phrase"),
    "a name in a title": (
        put("Where {foot} hurts", "questionnaire", "screens", 2, "title"), QUESTIONS, "nothing fills in"),
    "a name in a reason for asking": (
        put("We ask of {foot}.", "questionnaire", "screens", 2, "why", "text"), QUESTIONS, "nothing fills in"),
    "a name in a title in Spanish": (spanish("screen.where.title", "Dónde duele {foot}"), SPANISH, "nothing fills in"),
    "a name in an outcome": (
        put("Fits {foot}", "results", "outcomes", "origin", "foot", "patient"), RESULTS, "nothing fills in"),
    "a name in what a source says": (guidance(fact="It may be {foot}."), SOURCES, "nothing fills in"),
    "a setting in a rule": (
        lambda t: t["results"]["rules"]["E2"].update(patient="Ring {clinic_phone}."), RESULTS, "not known here"),
    "an unknown name in a row": (
        put("Ring {doctor}.", "results", "sections", "limits", "rows", 0, "text"), RESULTS, "not known here"),
    "a name that a translation lost": (without_a_name, SPANISH, "names in braces differ"),
    "a name that only a translation has": (spanish(LEFT, "Izquierdo {emergency_number}"), SPANISH, "differ"),

    # Length
    "a long label": (on_item("side", label="Side " * 17), QUESTIONS, "letters"),
    "a long option": (says("Left or so " * 24), QUESTIONS, "letters"),
    "a long question": (on_item("side", text="Which foot is it? " * 18), QUESTIONS, "letters"),
    "a long hint": (on_item("side", hint="Choose one of them. " * 16), QUESTIONS, "letters"),
    "a long sentence": (
        put("It may be so. " * 60, "results", "sections", "limits", "rows", 0, "text"), RESULTS, "letters"),
    "a long title": (put("Limits " * 13, "results", "sections", "limits", "title"), RESULTS, "letters"),
    "a long word": (says("L" + "e" * 45 + "ft"), QUESTIONS, "word of 48 letters"),
    "a long translation": (spanish("item.side.label", "Lado " * 17), SPANISH, "letters"),
    "a novel for a story": (
        lambda t: t["vignettes"]["vignettes"][0].update(story="It hurts. " * 300), STORIES, "letters"),
    "too many letters to type": (on_item("note", max_length=100_000), QUESTIONS, "letters to type"),
    "none to type": (on_item("note", max_length=0), QUESTIONS, "whole number"),
    "less than none": (on_item("note", max_length=-5), QUESTIONS, "whole number"),
    "half a letter": (on_item("note", max_length=99.5), QUESTIONS, "whole number"),
    "a length in words": (on_item("note", max_length="1000"), QUESTIONS, "whole number"),
    "a true length": (on_item("note", max_length=True), QUESTIONS, "whole number"),
    "a length without end": (on_item("note", max_length=float("inf")), QUESTIONS, "counted with"),
    "a length beyond counting": (on_item("note", max_length=10**30), QUESTIONS, "too large"),

    # Alike
    "options alike but for case": (says("RIGHT"), QUESTIONS, "read alike"),
    "options alike but for a space": (says("Ri ght"), QUESTIONS, "read alike"),
    "options alike but for a stop": (says("Right."), QUESTIONS, "read alike"),
    "options alike but for an accent": (says("Ríght"), QUESTIONS, "read alike"),
    "options alike but for an alphabet": (says("\u0412\u041e\u0422\u041d"), QUESTIONS, "read alike"),
    "a text in other letters": (says("\u041b\u0435\u0432"), QUESTIONS, "other letters than the rest"),
    "options alike but for a 1": (says("R1ght"), QUESTIONS, "read alike"),
    "options alike in Spanish": (
        lambda t: t["es"]["texts"].update({LEFT: t["es"]["texts"]["item.side.right"].upper()}), SPANISH, "alike"),
    "questions alike": (
        lambda t: item(t, "injury").update(text=item(t, "side")["text"].upper()), QUESTIONS, "question of side"),
    "labels alike": (
        lambda t: item(t, "injury").update(label=item(t, "side")["label"] + "!"), QUESTIONS, "label of side"),
    "titles alike": (
        lambda t: t["questionnaire"]["screens"][2].update(title=t["questionnaire"]["screens"][1]["title"]),
        QUESTIONS, "title of"),
    "sections alike": (
        lambda t: t["results"]["sections"]["learn"].update(title=t["results"]["sections"]["limits"]["title"]),
        RESULTS, "title of"),
    "outcomes alike": (
        lambda t: t["results"]["outcomes"]["urgency"]["routine"].update(
            patient=t["results"]["outcomes"]["urgency"]["emergency"]["patient"]),
        RESULTS, "name for the patient"),
    "languages alike": (put("English", "es", "language-name"), SPANISH, "name of the language"),

    # Choices
    "a none that is not alone": (
        lambda t: option(t, "changes", "none").pop("exclusive"), QUESTIONS, "beside others"),
    "a none that is expressly not alone": (
        lambda t: option(t, "health", "none").update(exclusive=False), QUESTIONS, "beside others"),
    "a sign that is alone": (
        lambda t: option(t, "impact", "walking").update(exclusive=True), QUESTIONS, "nobody can tick walking"),
    "a switch in words": (
        lambda t: option(t, "health", "none").update(exclusive="yes"), QUESTIONS, "true or false"),
    "too many options": (many_options, QUESTIONS, "options"),
    "no options": (on_item("side", options=[]), QUESTIONS, "fewer than two"),
    "one option": (on_item("side", options=[{"code": "left", "text": "Left"}]), QUESTIONS, "fewer than two"),
    "an exit to staff": (
        lambda t: option(t, "age", "under-16").update(ends="caution"), QUESTIONS, "no exit page"),
    "an exit to a result": (
        lambda t: option(t, "age", "under-16").update(ends="safety-net"), QUESTIONS, "no exit page"),
    "an exit to an address": (
        lambda t: option(t, "age", "under-16").update(ends="/admin/"), QUESTIONS, "no exit page"),
    "an exit to nothing": (
        lambda t: option(t, "age", "under-16").update(ends=""), QUESTIONS, "should be a text"),
    "a section for children that is for staff": (
        lambda t: t["results"]["sections"]["under-16"].update({"for": "staff"}), RESULTS, "is for: exit"),
    "a question that the page has already": (
        renamed("injury", "csrfmiddlewaretoken"), QUESTIONS, "taken by the page"),
    "an unknown kind": (on_item("side", kind="slider"), QUESTIONS, "not known here"),
    "an unknown picture": (on_item("side", picture="cat"), QUESTIONS, "not known here"),
    "a condition twice": (
        lambda t: entry(t, "urgency", "S4").update(when={"any": [
            {"item": "side", "is": "left"}, {"item": "side", "is": "left"}]}), DECISION, "stands twice"),
    "a code twice in a condition": (
        lambda t: entry(t, "urgency", "S4").update(when={"item": "side", "any-of": ["left", "left"]}),
        DECISION, "stands twice"),
    "a source twice": (
        lambda t: entry(t, "urgency", "S4").update(basis=entry(t, "urgency", "S4")["basis"] * 2),
        DECISION, "stands twice"),
    "an origin twice": (
        lambda t: result_row(t, "pattern", t["results"]["sections"]["pattern"]["rows"][0]["key"]).update(
            origin=["back", "back"]), RESULTS, "stands twice"),
    "a tick twice in an example": (
        lambda t: t["vignettes"]["vignettes"][0]["answers"].update({"foot-site": ["sole", "sole"]}),
        STORIES, "stands twice"),
    "a condition of nothing": (
        lambda t: entry(t, "urgency", "S4").update(when={"any": []}), DECISION, "has no parts"),
    "at least none": (
        lambda t: entry(t, "urgency", "S4").update(when={"at-least": 0, "of": [{"sign": "K1"}]}),
        DECISION, "whole number"),
    "at least five of one": (
        lambda t: entry(t, "urgency", "S4").update(when={"at-least": 5, "of": [{"sign": "K1"}]}),
        DECISION, "asks for 5 of 1"),
    "a condition without end": (doubling_signs, DECISION, "reads too much"),
    "a chain of signs": (deep_signs, DECISION, "reads too much"),
    "a condition too deep": (
        lambda t: entry(t, "urgency", "S4").update(when=deep(60)), DECISION, "levels deep"),
    "a condition deeper than any stack": (
        lambda t: entry(t, "urgency", "S4").update(when=deep(5000)), DECISION, "levels deep"),

    # Languages
    "a text that was not translated": (spanish(LEFT, "Left"), SPANISH, "is not translated"),
    "a text translated into capitals": (spanish(LEFT, "LEFT!"), SPANISH, "is not translated"),
    "a sentence that was not translated": (
        lambda t: spanish("row.limits-pattern", t["results"]["sections"]["limits"]["rows"][0]["text"])(t),
        SPANISH, "is not translated"),
    "the same on purpose, of nothing": (
        lambda t: t["es"].update(same=[*t["es"].get("same", []), "Nowhere"]), SPANISH, "'Nowhere'"),
    "the same on purpose, no list": (put("No", "es", "same"), SPANISH, "should be a list"),
    "one text missing": (lambda t: t["es"]["texts"].pop(LEFT), SPANISH, "is not translated"),
    "one text too many": (spanish("item.side.middle", "En medio"), SPANISH, "no such text"),
    "a language under another name": (put("pt", "es", "language"), SPANISH, "does not fit the file's name"),
    "a file that is no language": (another_language(deutsch={}), "deutsch.yaml", "neither a file"),
    "a file of another case": (another_language(ES={}), "ES.yaml", "neither a file"),
    "a file with an underscore": (another_language(es_MX={"language": "es_MX"}), "es_MX.yaml", "neither a file"),
    "a file no system can make": (another_language(con={"language": "con"}), "con.yaml", "neither a file"),
    "the language's own tag": (put("english", "questionnaire", "language"), QUESTIONS, "not a good language"),
    "a tag in capitals": (put("EN", "questionnaire", "language"), QUESTIONS, "not a good language"),

    # Names
    "a key of the content in words": (put("Foot pain", "questionnaire", "key"), QUESTIONS, "not a good key"),
    "a key that climbs": (put("../foot", "questionnaire", "key"), QUESTIONS, "not a good key"),
    "a key that is too long": (put("foot-" * 11 + "pain", "questionnaire", "key"), QUESTIONS, "not a good key"),
    "a key no file can have": (put("aux", "questionnaire", "key"), QUESTIONS, "not a good key"),
    "a version with a slash": (put("2026/12", "questionnaire", "version"), QUESTIONS, "not a good version"),
    "a version with a bar": (put("2026|12", "questionnaire", "version"), QUESTIONS, "not a good version"),
    "a version with a space": (put("2026 12", "questionnaire", "version"), QUESTIONS, "not a good version"),
    "a version in another script": (put("٢٠٢٦", "questionnaire", "version"), QUESTIONS, "not a good version"),
    "a version that is too long": (put("1" * 51, "questionnaire", "version"), QUESTIONS, "not a good version"),
    "a version that is a number": (put(2026.12, "questionnaire", "version"), QUESTIONS, "should be a text"),
    "a code with an underscore": (
        lambda t: option(t, "side", "both").update(code="both_feet"), QUESTIONS, "not a good"),
    "a code that is too long": (add_option("impact", code="x" * 51, text="A thing"), QUESTIONS, "too long a name"),
    "a code that takes a key of texts": (
        add_option("impact", code="label", text="A thing with a label"), QUESTIONS, "two texts have this key"),
    "an id in words": (guidance(id="NHS back pain"), SOURCES, "not a good name"),
    "an id with a slash": (guidance(id="nhs/back"), SOURCES, "not a good name"),
    "an id with an ellipsis": (guidance(id="nhs…"), SOURCES, "not a good name"),
    "an id that is too long": (guidance(id="nhs-" * 13), SOURCES, "not a good name"),
    "a rule in small letters": (
        lambda t: entry(t, "urgency", "S4").update(id="s4"), DECISION, "not a good id"),
    "a key of a row in words": (
        put("The limits", "results", "sections", "limits", "rows", 0, "key"), RESULTS, "not a good key"),

    # Days
    "a day that February has not": (guidance(checked="2026-02-30"), SOURCES, "not a date"),
    "a day of no leap year": (guidance(checked="2025-02-29"), SOURCES, "not a date"),
    "a thirteenth month": (guidance(checked="2026-13-01"), SOURCES, "not a date"),
    "a day without its noughts": (guidance(checked="2026-1-1"), SOURCES, "not a date"),
    "a day in words": (guidance(checked="yesterday"), SOURCES, "not a date"),
    "the year nought": (guidance(checked="0000-01-01"), SOURCES, "not a date"),
    "a day that is to come": (guidance(checked="2026-11-23"), SOURCES, "has not come yet"),

    # Addresses
    **{
        f"the address {name}": (guidance(url=url), SOURCES, "can be linked to")
        for name, url in ADDRESSES.items()
    },
    "the address of the article": (
        put("http://princetonsjc.com/", "sources", "article", "url"), SOURCES, "can be linked to"),
    "an address that is too long": (guidance(url="https://example.org/" + "a" * 500), SOURCES, "letters"),

    # Ordinary people
    "people of an unknown item": (
        put({"left": 1}, "population", "anybody", "elbow"), PEOPLE, "no item 'elbow'"),
    "people who give an unknown code": (
        put({"middle": 1}, "population", "anybody", "side"), PEOPLE, "no code 'middle'"),
    "people who say nothing of an item": (
        lambda t: t["population"]["anybody"].pop("side"), PEOPLE, "nothing is said of the item 'side'"),
    "people who never answer": (
        put({"left": 0}, "population", "anybody", "side"), PEOPLE, "no code is ever given"),
    "more than all": (put({"left": 101}, "population", "anybody", "side"), PEOPLE, "more than 100"),
    "less than nobody": (
        put(-1, "population", "conditions", 0, "share"), PEOPLE, "0 or more"),
    "an assumption on nothing": (
        put(["nobody"], "population", "conditions", 0, "sources"), PEOPLE, "'nobody' is not known"),
}  # fmt: skip


@pytest.mark.parametrize(("plant", "file", "words"), FAULTS.values(), ids=FAULTS)
def test_each_kind_is_named(plant, file, words):
    faults = check(planted(plant, FEW), TODAY)
    assert faults
    assert any(fault.file == file and words in fault.problem for fault in faults), list(map(str, faults))
    for fault in faults:
        assert fault.place
        assert fault.remedy
        assert str(fault).isprintable()


def test_there_are_many():
    assert len(FAULTS) > 150


def test_what_is_shipped_has_none():
    assert check(shipped_trees(), TODAY) == []
    assert check(shipped_trees(), "2026-11-22") == []


# Not too strict: what is right stays right


GOOD = {
    "quotation marks and dashes": says("«Left» – or “that side”…"),
    "accents and capitals": says("Él, ÑANDÚ, Zoë, naïve"),
    "a sign of less": says("Left, for < 2 weeks & more"),
    "a space that does not break": says("Left\u00a0foot"),
    "a degree and a half": says("Left at 38 °C, 2½ times, the 2º toe"),
    "lines that are folded": says("Left\nfoot"),
    "an example's day": guidance(checked="2026-11-22"),
    "a leap day": guidance(checked="2024-02-29"),
    "an address with a part": guidance(url="https://www.nice.org.uk/guidance/ng19?x=1#y"),
    "an address of another letter": guidance(url="https://example.org/%C3%B1/(a),b;c~d"),
    "the same on purpose": lambda t: (
        spanish(LEFT, "Left")(t), t["es"].update(same=[*t["es"].get("same", []), "Left"])),
    "another alphabet": another_language(ru={"language": "ru", "language-name": "Русский"}),
}  # fmt: skip


@pytest.mark.parametrize("plant", GOOD.values(), ids=GOOD)
def test_what_is_right_is_not_refused(plant):
    assert check(planted(plant, FEW), TODAY) == []


def test_what_was_published_before_the_rules_stays_readable():
    """A fault of words is one of publishing: whoever began with such a release ends with it."""
    for name in ("a text with right to left", "a tag", "the address is not safe", "a none that is not alone"):
        trees = json.loads(json.dumps(planted(FAULTS[name][0])))
        assert unreadable(trees) == []
        assert all(load(trees, language) for language in languages(trees))


# The letters


@pytest.mark.parametrize(
    "text",
    [
        "Dolor de pie: ¿dónde?",
        "שלום, שָׁלוֹם",
        "नमस्ते",
        "Ελληνικά",
        "Русский язык",
        "日本語",
        "Türkçe ığüşöç",
        "Tiếng Việt",
    ],
)
def test_any_language_can_be_written(text):
    assert list(strange_signs(text)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("Left", "left."), ("Sí", "si"), ("cor ner", "comer"), ("А", "A"), ("no-one", "No one")],
)
def test_texts_that_read_alike(one, other):
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"), [("< 2 weeks", "> 2 weeks"), ("1", "10"), ("नम", "नमी"), ("left", "lift")]
)
def test_texts_that_do_not(one, other):
    assert skeleton(one) != skeleton(other)
