"""What a comparison of two contents cannot overlook."""

from tests.shipped import shipped_trees
from triage.domain.leaves import leaves


def test_each_value_has_its_place():
    tree = {
        "a": [{"id": "x", "url": "https://x", "most": 3, "open": True}, {"b": 1}],
        "c": ["d", "e"],
        "f": None,
    }
    assert leaves(tree) == {
        "a › x › id": "x",
        "a › x › url": "https://x",
        "a › x › most": "3",
        "a › x › open": "true",
        "a › 2 › b": "1",
        "c": "d, e",
        "f": "None",
    }


def places(tree, place=()):
    for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, dict | list):
            yield from places(value, (*place, name))
        else:
            yield tree, name


def test_no_value_of_the_content_is_left_out():
    """A change of any of them is seen: of so many, every fiftieth is tried."""
    trees = shipped_trees()
    before = leaves(trees)
    tried = list(places(trees))[::50]
    assert len(tried) > 100
    for tree, name in tried:
        value, tree[name] = tree[name], "another"
        assert leaves(trees) != before, (name, value)
        tree[name] = value
    assert leaves(trees) == before
