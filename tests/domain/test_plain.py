"""Texts as every other program can hold them."""

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain.plain import UNREAD, one_line, plain

BARE = {
    "no letter of any edition": "a\uffffb\U0001fffec\ufdd0",
    "vertical tab": "a\x0bb",
    "NUL": "a\0b",
    "turned around": "a\u202eb\u2066c\u200f",
    "control of the second kind": "a\x9bb",
    "half a sign": "a\ud800b",
}


def held(text):
    """Whether XML and JSON give the text back as it was, and nothing in it turns what is read."""
    try:
        back = ElementTree.fromstring(f"<a>{text}</a>").text or ""
        return back == text == json.loads(json.dumps(text, ensure_ascii=False).encode()) and not any(
            sign in text for sign in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f\u061c"
        )
    except (ElementTree.ParseError, UnicodeEncodeError):
        return False


@pytest.mark.parametrize("text", BARE.values(), ids=BARE)
def test_what_others_cannot_hold_or_read_is_cleaned(text):
    assert held(plain(text))


def test_it_would_tell_what_is_not_held():
    kept = {name for name, text in BARE.items() if held(text)}
    assert kept <= {"control of the second kind", "no letter of any edition"}  # which some readers let pass


@given(st.text(st.characters(exclude_characters="<&\r")))
def test_no_text_stays_that_is_not_held(text):
    assert held(plain(text))
    assert plain(plain(text)) == plain(text)


def test_words_stay_as_they_are_and_a_lost_sign_stays_in_sight():
    assert plain("¿Le duele?\tSí.\nناعم 👩‍⚕️") == "¿Le duele?\tSí.\nناعم 👩‍⚕️"
    assert plain("a\x0bb\x1bc") == f"a\nb{UNREAD}c"
    assert one_line(" a \u202e b\x0bc ") == "a b c"
