"""The lift tests are safe to try: sitting first, both hands on a counter, and a plain word to those who should not.

A caution closes no question: whoever should not stand on the heels is still asked, and answers "Not tried".
"""

import pytest

from tests.shipped import shipped_content
from triage.domain.wording import cautions, worded

CONTENT = {language: shipped_content(language) for language in ("en", "es")}
STANDING = ("heel-stand", "tiptoe")

# Who should not try to stand on heels or toes.
NOT_SAFE = {
    "hurt in the last 2 weeks": {"injury": {"recent"}},
    "a snap": {"changes": {"snap"}},
    "a sore": {"changes": {"open-sore"}},
    "a hot foot": {"changes": {"hot-red-swollen"}},
    "a black toe": {"changes": {"black-toe"}},
    "numb like socks": {"numb-site": {"both-feet-socks"}},
    "a numb sole": {"numb-site": {"sole-or-heel"}},
    "a foot that will not lift": {"foot-lift": {"unable"}},
    **{
        code: {"safety-now": {code}}
        for code in sorted(CONTENT["en"].items["safety-now"].codes - {"none", "not-sure"})
    },
}
SAFE = {
    "nothing of it": {},
    "hurt long ago": {"injury": {"older"}},
    "a warm foot": {"changes": {"warm-or-swollen", "fever"}},
    "a numb top": {"numb-site": {"top-or-big-toe"}},
    "no urgent sign": {"safety-now": {"none"}},
}
# The words by which a text names them, in each language.
COUNTER = {"en": "kitchen counter with both hands", "es": "con las dos manos del mostrador"}
NEAR = {"en": "somebody near", "es": "alguien cerca"}
NOT_TRIED = {"en": "Not tried", "es": "No se intentó"}
MIGHT_FALL = {"en": "if you might fall", "es": "si se puede caer"}


def facts(given):
    return {item: frozenset(codes) for item, codes in given.items()}


def shown(language, key, given):
    content = CONTENT[language]
    return [sentence.text for sentence in cautions(content, content.items[key], facts(given))]


@pytest.mark.parametrize("language", CONTENT)
@pytest.mark.parametrize("key", STANDING)
@pytest.mark.parametrize("given", NOT_SAFE.values(), ids=NOT_SAFE)
def test_who_should_not_stand_is_told_and_what_to_choose(language, key, given):
    (said,) = shown(language, key, given)
    assert NOT_TRIED[language] in said


@pytest.mark.parametrize("key", STANDING)
@pytest.mark.parametrize("given", SAFE.values(), ids=SAFE)
def test_nobody_else_is_told(key, given):
    assert shown("en", key, given) == []


def test_a_caution_closes_no_question():
    assert all(CONTENT["en"].items[key].ask_when is None for key in (*STANDING, "foot-lift"))


@pytest.mark.parametrize("language", CONTENT)
def test_everybody_holds_a_counter_and_hears_of_falling(language):
    for key in STANDING:
        item = CONTENT[language].items[key]
        assert MIGHT_FALL[language] in item.hint
        assert NOT_TRIED[language] in item.hint
        for side in ("left", "right", "both"):
            assert COUNTER[language] in worded(CONTENT[language], item, facts({"side": {side}})).text
    assert NEAR[language] in CONTENT[language].items["tiptoe"].text


def test_sitting_comes_first_and_asks_nobody_to_stand():
    keys = list(CONTENT["en"].items)
    assert keys.index("foot-lift") < keys.index("heel-stand") < keys.index("tiptoe")
    assert CONTENT["en"].items["foot-lift"].text.startswith("Sit ")
    assert keys.index("health") < keys.index("changes") < keys.index("foot-lift")
