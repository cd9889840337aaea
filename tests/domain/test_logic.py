"""Three-valued logic: the truth tables, and what has to hold for any condition at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain.logic import NO, UNSURE, YES, All, AnyOf, AtLeast, Not, Sign, Some, leaves, support

ITEMS = ("a", "b", "c")
CODES = ("x", "y", "z")

leaf = st.builds(
    AnyOf, st.sampled_from(ITEMS), st.frozensets(st.sampled_from(CODES), min_size=1), st.just("not-sure")
)
parts = lambda inner: st.lists(inner, min_size=1, max_size=3).map(tuple)  # noqa: E731
conditions = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(All, parts(inner)),
        st.builds(Some, parts(inner)),
        st.builds(Not, inner),
        parts(inner).flatmap(lambda some: st.builds(AtLeast, st.integers(1, len(some)), st.just(some))),
        st.builds(Sign, st.just("S"), inner, st.just("back"), st.just(("P1.a",))),
    ),
    max_leaves=8,
)
known = st.frozensets(st.sampled_from(CODES), min_size=1)
unsure = st.just(frozenset({"not-sure"}))
facts = st.dictionaries(
    st.sampled_from(ITEMS), known | unsure | known.map(lambda codes: codes | {"not-sure"})
)


class Fixed:
    """A condition whose value is given."""

    parts = ()

    def __init__(self, value):
        self.value = value

    def truth(self, facts):
        return self.value


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (YES, YES, YES, YES),
        (YES, UNSURE, UNSURE, YES),
        (YES, NO, NO, YES),
        (UNSURE, UNSURE, UNSURE, UNSURE),
        (UNSURE, NO, NO, UNSURE),
        (NO, NO, NO, NO),
    ],
)
def test_all_is_the_least_and_any_the_greatest(one, other, both, either):
    for pair in ((Fixed(one), Fixed(other)), (Fixed(other), Fixed(one))):
        assert All(pair).truth({}) is both
        assert Some(pair).truth({}) is either
        assert AtLeast(2, pair).truth({}) is both
        assert AtLeast(1, pair).truth({}) is either


def test_not_leaves_unsure_as_it_is():
    assert [Not(Fixed(value)).truth({}) for value in (YES, UNSURE, NO)] == [NO, UNSURE, YES]


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        ({}, NO),  # not asked: the question does not arise
        ({"a": frozenset({"x"})}, YES),
        ({"a": frozenset({"y"})}, NO),
        ({"a": frozenset({"not-sure"})}, UNSURE),
        ({"a": frozenset({"x", "not-sure"})}, YES),
        ({"a": frozenset({"y", "not-sure"})}, UNSURE),  # the boxes left open are not known
    ],
)
def test_what_one_answer_says(facts, value):
    assert AnyOf("a", frozenset({"x"}), "not-sure").truth(facts) is value


def test_asking_for_not_sure_itself_is_yes_or_no():
    asks = AnyOf("a", frozenset({"not-sure"}), "not-sure")
    assert asks.truth({"a": frozenset({"not-sure"})}) is YES
    assert asks.truth({"a": frozenset({"x"})}) is NO


@given(conditions, facts, st.data())
def test_settling_an_unknown_never_flips_a_known_value(condition, facts, data):
    """Kleene's monotony: what is surely so stays so, however the unsure answers turn out."""
    before = condition.truth(facts)
    open_items = [item for item, codes in facts.items() if "not-sure" in codes]
    settled = {item: (facts[item] - {"not-sure"}) | data.draw(known) for item in open_items}
    if before is not UNSURE:
        assert condition.truth({**facts, **settled}) is before


@given(conditions, facts)
def test_de_morgan(condition, facts):
    assert Not(All((condition, condition))).truth(facts) is Some((Not(condition), Not(condition))).truth(
        facts
    )


@given(conditions, facts)
def test_what_is_given_as_support_is_enough(condition, facts):
    """The answers named for a yes make it a yes with every other item unknown."""
    if condition.truth(facts) is YES and not any(isinstance(part, Not) for part in walk_parts(condition)):
        named = {reason.item for reason in support(condition, facts)}
        others = {item: frozenset({"not-sure"}) for item in ITEMS if item not in named}
        assert condition.truth({**{item: facts[item] for item in named}, **others}) is YES


def walk_parts(condition):
    yield condition
    for part in condition.parts:
        yield from walk_parts(part)


@given(conditions)
def test_leaves_name_every_item_read(condition):
    assert {leaf.item for leaf in leaves(condition)} == {
        part.item for part in walk_parts(condition) if isinstance(part, AnyOf)
    }
