"""Nothing on a result without its source, and nothing stronger than its source."""

import copy
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.shipped import EARLIER, earlier_content, shipped_trees
from tests.visitor import NOW
from triage import actions
from triage.domain.citation.hedges import LEXICONS, overstatements
from triage.domain.citation.ledger import (
    FEW_SET,
    entries,
    faults,
    ledger,
    never_shown,
    render_all,
    together,
    unused_claims,
)
from triage.domain.loading import languages, load
from triage.management.commands.verify_citations import Command
from triage.models import AttachedPassage

TREES = shipped_trees()
CONTENTS = {language: load(TREES, language) for language in languages(TREES)}
ENGLISH = CONTENTS["en"]


@pytest.fixture(scope="module")
def rendering():
    return render_all(ENGLISH)


@pytest.mark.parametrize("language", CONTENTS)
def test_no_text_says_more_than_it_may(language):
    assert list(faults(CONTENTS[language])) == []


# Each says more than the claim it cites.
OVERSTATED = [
    ("P1.a", "All foot pain can have many causes."),
    ("P2.b", "The source of foot pain is the low back."),
    ("P2.b", "The source of foot pain is usually the low back."),
    ("P3.a", "Foot pain from a pinched nerve in the low back comes with leg pain."),
    ("P3.a", "Foot pain from a pinched nerve in the low back always comes with leg pain."),
    ("P3.a", "Leg pain proves that the pain generally comes from the back."),
    ("P3.c", "Foot pain from the low back never comes without leg pain."),
    ("P3.c", "It would be very rare, so having no leg pain rules out the back."),
    ("P3.d", "Foot pain without leg pain certainly comes from the foot."),
    ("P3.d", "It is usually the foot. The pain comes from the foot itself."),
    ("P4.b", "The back must hurt too."),
    ("P6.a", "Which signs show depends on what is wrong in the back."),
    ("P7.a", "Trouble on the heels is caused by the low back."),
    ("P7.a", "Trouble on the heels is often linked to the low back."),
    ("P8.b", "Foot drop generally starts at a nerve root in the low back."),
    ("P9.b", "Pain under the foot means that the S1 root is affected."),
]
EXAGERADO = [
    ("P2.b", "El origen del dolor de pie es la parte baja de la espalda."),
    ("P3.a", "El dolor de pie por un nervio pinzado siempre viene con dolor de pierna."),
    ("P3.c", "Un dolor de pie que viene de la espalda nunca se da sin dolor de pierna."),
    ("P3.d", "El dolor de pie sin dolor de pierna viene del pie mismo."),
    ("P7.a", "Los problemas con los talones suelen tener relación con la espalda."),
    ("P8.b", "Por lo general, el pie caído empieza en una raíz nerviosa."),
    ("P9.a", "Esto demuestra que la raíz está afectada."),
    ("P9.b", "El dolor debajo del pie es causado por la raíz S1."),
]


def too_strong(language, claim, text):
    return list(overstatements(LEXICONS[language], text, [CONTENTS[language].claims[claim].hedge]))


@pytest.mark.parametrize(("claim", "text"), OVERSTATED)
def test_an_overstated_sentence_is_refused(claim, text):
    assert too_strong("en", claim, text)


@pytest.mark.parametrize(("claim", "text"), EXAGERADO)
def test_an_overstated_sentence_is_refused_in_spanish(claim, text):
    assert too_strong("es", claim, text)


@pytest.mark.parametrize("language", CONTENTS)
def test_every_claim_in_its_own_words_is_no_stronger_than_itself(language):
    for claim in CONTENTS[language].claims.values():
        assert too_strong(language, claim.id, claim.text) == []


FORBIDDEN = {
    "You have a pinched nerve.": "en",
    "The back is likely the cause.": "en",
    "This is nothing serious.": "en",
    "In 80% of people it is the foot.": "en",
    "Usted tiene un nervio pinzado.": "es",
    "Es probable que sea la espalda.": "es",
    "No es grave.": "es",
    "En el 80 % de los casos es el pie.": "es",
}


@pytest.mark.parametrize("text", FORBIDDEN)
def test_what_no_sentence_may_say_is_found_with_its_file_and_key(text):
    trees = copy.deepcopy(dict(TREES))
    row = next(row for row in trees["results"]["sections"]["tell"]["rows"] if row["key"] == "tell-page")
    row["text"] = "Bring this page." if FORBIDDEN[text] == "es" else text
    trees["es"]["texts"]["row.tell-page"] = text if FORBIDDEN[text] == "es" else "Traiga esta página."
    found = list(faults(load(trees, FORBIDDEN[text])))
    assert [fault.place for fault in found] == ["row.tell-page (patient)"]
    assert found[0].file == ("es.yaml" if FORBIDDEN[text] == "es" else "results.yaml")
    assert found[0].remedy


def test_percentages_stand_where_they_may():
    texts = {entry.key: entry.sentence.text for entry in entries(ENGLISH)}
    assert "%" in texts["row.how-checkers"]
    assert "%" in texts["row.caution-no-backache"]


def test_a_language_without_a_lexicon_is_refused():
    trees = dict(TREES) | {
        "xx": copy.deepcopy(TREES["es"]) | {"language": "xx", "language-name": "Some language"}
    }
    assert [fault.file for fault in faults(load(trees, "xx"))] == ["xx.yaml"]


def test_every_language_rests_on_the_same_sources():
    own, *others = (
        {(e.key, e.reader): e.sentence.basis for e in entries(content)} for content in CONTENTS.values()
    )
    assert all(other == own for other in others)


# Results


def test_each_sentence_of_every_kind_of_result_is_in_the_ledger(rendering):
    assert rendering.outcomes == 15
    assert rendering.unknown == ()


def test_every_sentence_of_the_content_comes_up(rendering):
    assert list(never_shown(ENGLISH, rendering)) == []


def test_every_claim_is_used():
    assert unused_claims(ENGLISH) == set()


def unknown(said, **altered):
    return list(ledger(ENGLISH, FEW_SET).unknown_in(said | altered))


def said_of(rule, *parts, **names):
    """What a rule says in the data of a result."""
    rules = (*ENGLISH.origin_rules, *ENGLISH.root_rules, *ENGLISH.urgency_rules)
    rule = next(each for each in rules if each.id == rule)
    texts = {part.key: part.patient for part in rule.parts}
    text = " ".join(texts[part] for part in parts).format_map(names)
    return {"text": text, "kind": rule.patient.kind, "sources": list(rule.patient.sources)}


def test_an_unledgered_sentence_is_found():
    said = said_of("S5", "")
    assert not unknown(said)
    assert unknown(said, text=said["text"] + " Really.")
    assert unknown(said, sources=["P1.a", "P1.b"])
    assert unknown({"sections": {"now": {"title": "Something nobody wrote", "sentences": []}}})


def test_parts_of_a_reason_may_stand_in_a_row_but_not_of_two():
    assert not unknown(said_of("S1", "lift", "tiptoe", "new"))
    mixed = said_of("S1", "lift")["text"] + " " + said_of("S7", "black-toe")["text"]
    assert unknown(said_of("S1", "lift"), text=mixed)


def test_the_list_of_signs_names_signs_that_point_to_the_back_and_no_others():
    names = [part.name for part in ENGLISH.sign_texts["K2"].parts]
    assert not unknown(said_of("R1", "pain", signs=f"{names[0]}, {names[1]} and weak tiptoe"))
    assert unknown(said_of("R1", "pain", signs=f"{names[0]} and a sore back"))


def test_a_phrase_may_be_any_of_its_wordings_and_nothing_else():
    question = ENGLISH.items["foot-heavy"].phrased["text"]
    lines = {
        foot: {"lines": [{"question": question.format(foot=foot)}]} for foot in ("your left foot", "the nose")
    }
    assert {foot: bool(unknown(line)) for foot, line in lines.items()} == {
        "your left foot": False,
        "the nose": True,
    }


# Sentences that must not stand together


def test_no_two_sentences_stand_together_that_must_not():
    assert list(together(ENGLISH)) == []


def test_sentences_that_stand_together_and_must_not_are_named_with_answers():
    trees = copy.deepcopy(dict(TREES))
    rows = {row["key"]: row for row in trees["results"]["sections"]["meanwhile"]["rows"]}
    del rows["meanwhile-active"]["when"]
    found = list(together(load(trees)))
    assert {pair for _never, pair, _answers in found} == {
        ("meanwhile-off-warm", "meanwhile-active"),
        ("meanwhile-off-injury", "meanwhile-active"),
        ("meanwhile-injury", "meanwhile-active"),
    }
    assert all(answers for _never, _pair, answers in found)


# The templates: interface words alone


CLINICAL = re.compile(
    r"\b(nerves?|roots?|spine|sciatic|disc|weak|weakness|numb|injury|infection|fracture|cancer)\b",
    re.IGNORECASE,
)


def clinical_words(text):
    """The clinical words that a template itself says, outside its tags and comments."""
    words = re.sub(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}|{{.*?}}|<[^>]*>", " ", text, flags=re.DOTALL)
    said = re.findall(r"{%\s*translate\s+(\"[^\"]*\"|'[^']*')", words)
    return CLINICAL.findall(" ".join([re.sub(r"{%.*?%}", " ", words), *said]))


def test_no_template_of_a_result_says_anything_clinical():
    pages = [Path("templates/result.html"), *Path("templates/parts").glob("*.html")]
    said = {path.name: clinical_words(path.read_text(encoding="utf-8")) for path in pages}
    # The labels of the picture; the signs on error pages, which can read no content.
    del said["nerve.html"], said["urgent_signs.html"]
    assert {name: words for name, words in said.items() if words} == {}
    assert clinical_words('<p>{% translate "A nerve is pressed." %} Numb.</p>') == ["Numb", "nerve"]


# The command


@pytest.mark.alike("it holds the sentences of results to the content")
@pytest.mark.django_db
def test_the_command_says_what_it_checked_and_names_an_altered_passage(capsys):
    passage = next(iter(earlier_content().passages.values()))
    actions.attach_passages(["Some text"], NOW)
    AttachedPassage.objects.update(sha256=passage.sha256)
    with pytest.raises(CommandError):
        call_command("verify_citations", str(EARLIER))
    said = capsys.readouterr()
    assert "29 of 29 claims used" in said.out
    assert "1 of 9 passages attached" in said.out
    assert f"passage {passage.id}" in said.err


@pytest.mark.alike("it holds the sentences of results to the content")
@pytest.mark.django_db
def test_without_the_articles_text_the_command_says_so(capsys):
    assert list(Command()._passages(ENGLISH)) == []
    assert "no text attached" in capsys.readouterr().out
