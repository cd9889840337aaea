"""What the proofs hold stored answers against: what their patients saw accepted, and read of a page."""

from proofs.patients import Ledger, compare, fields

KEY = "a" * 64


def ledger(*accepted):
    kept = Ledger()
    for moment, (item, code) in enumerate(accepted):
        kept.times.append((moment, KEY, {item: [code]}))
    return kept


def faults(kept, *stored, until=float("inf")):
    found = compare(kept, [(KEY, item, [code]) for item, code in stored], set(), until)
    return found.lost, found.wrong, found.duplicated, found.made_up


def test_what_was_accepted_has_to_be_there_as_it_was_last_given():
    kept = ledger(("age", "16"), ("side", "left"), ("side", "right"))
    assert faults(kept, ("age", "16"), ("side", "right")) == (0, 0, 0, 0)
    assert faults(kept, ("side", "right")) == (1, 0, 0, 0)
    assert faults(kept, ("age", "16"), ("side", "left")) == (0, 1, 0, 0)
    assert faults(kept, ("age", "16"), ("side", "right"), ("side", "right")) == (0, 0, 1, 0)
    assert faults(kept, ("age", "16"), ("side", "right"), ("note", "x")) == (0, 0, 0, 1)


def test_what_is_on_its_way_may_be_there_or_not():
    kept = ledger(("age", "16"))
    kept.under_way[KEY]["age"] = ["17"]
    kept.under_way[KEY]["side"] = ["left"]
    assert faults(kept, ("age", "16")) == (0, 0, 0, 0)
    assert faults(kept, ("age", "17"), ("side", "left")) == (0, 0, 0, 0)


def test_at_a_power_cut_what_was_accepted_later_may_be_there_or_not():
    kept = ledger(("age", "16"), ("side", "left"), ("side", "right"))
    assert faults(kept, ("age", "16"), until=0) == (0, 0, 0, 0)
    assert faults(kept, ("age", "16"), ("side", "right"), until=1) == (0, 0, 0, 0)
    assert faults(kept, ("age", "16"), until=1) == (1, 0, 0, 0)


def test_a_page_is_read_for_its_questions():
    page = '<input type="radio" name="side" value="left"><input value="right" name="side" type="radio">'
    assert fields(page + '<textarea name="note">x</textarea><input type="hidden" name="y">') == {
        "side": ["left", "right"],
        "note": [],
    }
