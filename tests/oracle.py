"""A second reading of the clinical contract, written from its tables alone, sharing nothing with the engine.

Slow and plain on purpose, line by line as the contract, so that a clinician can hold the two side by side.
Where engine and oracle disagree one of them has misread it, and the tests print answers that show where.

There is no third truth value here: "not sure" is a code like any other, a missing answer reads as it, and where the
contract names codes it means those and nothing else. So "without K1" is every answer but yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Answers = Mapping[str, str | Sequence[str]]

MANY = {"safety-now", "foot-site", "leg-site", "numb-site", "impact", "health", "changes", "foot-feel"}

CODES = {
    "age": "under-16 16-or-over",
    "answering": "self helper not-sure",
    "safety-now": "saddle-numbness bladder-bowel sexual-function both-legs-weak cold-limb injury-deformity"
    " tight-swelling chest-breathing very-unwell-skin stroke-signs crash-back-pain belly-back-faint none"
    " not-sure",
    "side": "left right both not-sure",
    "foot-site": "top big-toe other-toes ball sole under-heel back-of-heel outer-edge inner-side ankle"
    " all-over no-pain not-sure",
    "injury": "no recent older not-sure",
    "injury-steps": "yes no not-sure",
    "injury-bone": "yes no not-sure",
    "leg-pain": "none a-little a-good-deal not-sure",
    "leg-site": "buttock back-thigh outer-thigh front-thigh groin knee outer-calf back-calf shin inner-calf"
    " whole-leg not-sure",
    "leg-sides": "one both not-sure",
    "back-pain": "now past no not-sure",
    "travels": "yes part no not-sure",
    "worse-place": "leg back same not-sure",
    "numb-site": "lower-leg-front outer-calf back-calf top-or-big-toe sole-or-heel outer-edge toes between-toes"
    " both-feet-socks elsewhere none not-sure",
    "numb-since": "under-2-weeks 2-to-6-weeks older-worse older-same not-sure",
    "health": "diabetes cancer poor-circulation weak-immunity past-clot recent-surgery-or-travel weak-bones"
    " blood-thinner back-procedure drug-injection pregnant none not-sure",
    "changes": "hot-red-swollen warm-or-swollen open-sore black-toe foot-colder night-rest-pain night-pain snap"
    " calf-swollen-warm rash-blisters walk-stop fever weight-loss constant-pain clumsy-unsteady none"
    " not-sure",
    "foot-lift": "yes sore weak unable not-tried",
    "heel-stand": "yes sore weak unable not-tried",
    "foot-heavy": "no heavy drags not-sure",
    "tiptoe": "yes sore weak unable not-tried",
    "weak-since": "sudden recent older-worse older-same not-sure",
    "duration": "under-2-weeks 2-to-6-weeks 6-to-12-weeks over-3-months not-sure",
    "course": "better same worse not-sure",
    "pain-level": "0 1 2 3 4 5 6 7 8 9 10 not-sure",
    "impact": "walking stairs sitting driving sleep work none not-sure",
    "foot-feel": "first-steps sore-spot tight-shoes activity pebble lump-shape burning none not-sure",
    "note": "",
}
CODES = {key: tuple(codes.split()) for key, codes in CODES.items()}
ALONE = {"none", "no-pain"}  # ticked together with nothing else


def given(answers: Answers, key: str, *codes: str) -> bool:
    """Was one of the codes given? A missing answer reads as the item's own "not sure"."""
    unsure = "not-tried" if "not-tried" in CODES[key] else "not-sure"
    told = answers.get(key) or unsure
    told = {told} if isinstance(told, str) else set(told)
    # "Not sure" may be given to a lift test too, where it is said as "not tried".
    return bool({unsure if code == "not-sure" else code for code in told} & set(codes))


def ask(answers: Answers) -> list[str]:
    """The keys asked, in order: everything, but for the eight items with an "asked when"."""
    if given(answers, "age", "under-16"):
        return ["age"]
    leg_asked = given(answers, "leg-pain", "a-little", "a-good-deal", "not-sure")
    asked_when = {
        "injury-steps": given(answers, "injury", "recent", "older", "not-sure"),
        "injury-bone": given(answers, "injury", "recent", "not-sure"),
        "leg-site": leg_asked,
        "leg-sides": leg_asked,
        "worse-place": given(answers, "back-pain", "now")
        and given(answers, "leg-pain", "a-little", "a-good-deal"),
        "numb-since": given(answers, "numb-site", *set(CODES["numb-site"]) - {"none", "not-sure"}),
        "weak-since": given(answers, "foot-lift", "weak", "unable")
        or given(answers, "heel-stand", "weak", "unable")
        or given(answers, "tiptoe", "weak", "unable")
        or given(answers, "foot-heavy", "heavy", "drags"),
        "foot-feel": given(answers, "leg-pain", "none", "not-sure", "a-little"),
    }
    return [key for key in CODES if asked_when.get(key, True)]


def decide(answers: Answers) -> dict[str, object]:
    path = ask(answers)
    if path == ["age"]:
        nothing = dict.fromkeys(("origin", "origin_rule", "root", "urgency"))
        return nothing | {"urgency_rules": set(), "path": path, "exit": "under-16"}

    def told(key: str, *codes: str) -> bool:
        return key in path and given(answers, key, *codes)

    (
        safety,
        side,
        foot,
        injury,
        lp,
        leg,
        back,
        travels,
        numb,
        numb_since,
        health,
        changes,
        course,
        duration,
    ) = (
        lambda *codes, key=key: told(key, *codes)
        for key in (
            *("safety-now", "side", "foot-site", "injury", "leg-pain", "leg-site", "back-pain", "travels"),
            *("numb-site", "numb-since", "health", "changes", "course", "duration"),
        )
    )
    foot_lift, heel_stand, foot_heavy, tiptoe, weak_since, leg_sides, steps, bone = (
        lambda *codes, key=key: told(key, *codes)
        for key in (
            *("foot-lift", "heel-stand", "foot-heavy", "tiptoe", "weak-since"),
            *("leg-sides", "injury-steps", "injury-bone"),
        )
    )

    # Signs
    lp_some = lp("a-little", "a-good-deal")
    lp_not_none = lp_some or lp("not-sure")
    k1 = travels("yes")
    k2 = foot_lift("weak", "unable") or heel_stand("weak", "unable") or foot_heavy("heavy", "drags")
    k3 = tiptoe("weak", "unable")
    k4 = numb("lower-leg-front", "outer-calf", "top-or-big-toe", "sole-or-heel", "outer-edge")
    l5_path = leg("outer-calf") and foot("top", "big-toe")
    s1_path = leg("back-calf") and foot("sole", "under-heel", "outer-edge")
    k5 = l5_path or s1_path
    high = leg("buttock", "back-thigh", "whole-leg")
    k6 = back("now") and high
    foot_hurts = foot(*set(CODES["foot-site"]) - {"no-pain", "not-sure"})
    k7 = high and leg("outer-calf", "back-calf", "whole-leg") and foot_hurts
    n = numb("lower-leg-front", "outer-calf", "both-feet-socks")
    inj = injury("recent")

    # For urgency
    r1 = lp("a-good-deal") and (k1 or k2 or k3 or k4 or k5 or k6 or k7)
    r2 = lp("a-little") and (k1 or sum([k2 or k4, k3, k5 or k7, k6]) >= 2)
    row = r1 or r2
    back_now = back("now")
    weak = k2 or k3
    not_tried_yet_heavy = foot_heavy("heavy") and foot_lift("not-tried") and heel_stand("not-tried")
    lift = (
        foot_lift("weak", "unable")
        or heel_stand("weak", "unable")
        or foot_heavy("drags")
        or not_tried_yet_heavy
    )
    motor = lift or k3
    new_weak = weak and weak_since("sudden", "recent", "older-worse")
    fresh = weak and weak_since("sudden", "recent")
    is_numb = numb(*set(CODES["numb-site"]) - {"none", "not-sure", "elsewhere"})
    numb_new = is_numb and numb_since("under-2-weeks", "2-to-6-weeks")
    numb_2 = is_numb and numb_since("under-2-weeks")
    under_2 = duration("under-2-weeks")
    new6 = duration("under-2-weeks", "2-to-6-weeks")
    new6_or_unknown = new6 or duration("not-sure")
    worse = course("worse")
    worse_or_unknown = course("worse", "not-sure")
    cold = changes("foot-colder") and (under_2 or health("poor-circulation"))
    x = (
        cold
        or safety("cold-limb", "very-unwell-skin", "chest-breathing", "injury-deformity", "tight-swelling")
        or safety("stroke-signs", "belly-back-faint")
        or changes("calf-swollen-warm", "hot-red-swollen", "open-sore", "black-toe")
    )

    # Origin, first row that matches
    local = inj or changes("hot-red-swollen", "warm-or-swollen", "open-sore", "black-toe", "snap")
    origin_rows = [
        ("C1", row and inj and travels("no", "part", "not-sure"), "unclear"),
        ("C2", row and x, "unclear"),
        ("R1", r1, "back"),
        ("R2", r2, "back"),
        ("R3", lp_some, "unclear"),
        ("R4", lp("not-sure"), "unclear"),
        ("R8", lp("none") and local and not k1 and not k2 and (not k3 or changes("snap")), "foot"),
        ("R5", lp("none") and (k1 or k2 or k3 or n), "unclear"),
        ("R7", lp("none") and foot("no-pain"), "unclear"),
        ("R6", lp("none"), "foot"),
    ]
    origin_rule, origin = next((rule, gives) for rule, matches, gives in origin_rows if matches)

    # Root, only with back
    l5 = l5_path or (k2 and (leg("outer-calf") or foot("top", "big-toe")))
    s1 = k3 or s1_path
    root = None
    if origin == "back":
        root = "unspecified" if leg_sides("both") or l5 == s1 else "L5" if l5 else "S1"

    # Urgency, every row that matches
    socks = numb("both-feet-socks")
    infected = changes("fever") and changes("open-sore", "hot-red-swollen")
    cannot_lift = foot_lift("unable") or heel_stand("unable") or foot_heavy("drags")
    e10 = [
        row and leg_sides("both") and (under_2 or (duration("2-to-6-weeks") and worse)),
        row and leg_sides("both") and ((motor and fresh) or numb_2),
        row and side("both") and motor and fresh,
    ]
    e11 = [
        infected,
        changes("black-toe"),
        changes("open-sore")
        and (health("poor-circulation") or changes("night-rest-pain") or changes("foot-colder")),
    ]
    e12 = [
        motor and fresh,
        motor and new_weak and (lp_not_none or back_now),
        numb_new and (lp_some or back_now),
        changes("clumsy-unsteady") and back_now,
    ]
    e13 = (
        cannot_lift
        and weak_since("sudden")
        and (lp("none", "not-sure") or (lp("a-little") and not k1 and not high))
    )
    e14 = [
        changes("fever") and new_weak and (lp_some or back_now),
        changes("fever")
        and back_now
        and health("weak-immunity", "back-procedure", "drug-injection", "diabetes"),
        back_now and motor and fresh and health("blood-thinner", "back-procedure"),
    ]
    e15 = [
        socks and numb_new and back_now,
        socks and numb_2 and worse,
        numb_2 and motor and fresh and (socks or side("both")),
    ]
    e18 = [
        changes("foot-colder") and under_2 and (lp("a-good-deal") or is_numb or weak),
        changes("foot-colder") and numb_2,
        changes("foot-colder") and motor and fresh,
        health("poor-circulation")
        and under_2
        and lp_not_none
        and (
            (is_numb and numb_since("under-2-weeks", "2-to-6-weeks", "not-sure"))
            or (motor and new_weak)
            or changes("night-rest-pain")
        ),
    ]
    old_and_steady = duration("over-3-months") and course("better", "same")
    when = new_weak or new6 or (weak_since("not-sure") and not old_and_steady)
    row_or_unknown = row or lp("not-sure")
    s1_rows = [
        lift and when,
        k3 and row_or_unknown and when,
        k3 and fresh,
        tiptoe("unable") and (new6 or weak_since("older-worse", "not-sure")),
        weak and row_or_unknown and fresh,
    ]
    s2 = [
        not injury("no") and steps("no"),
        injury("recent", "not-sure") and bone("yes") and (inj or new6_or_unknown),
        inj and steps("not-sure") and bone("not-sure"),
    ]
    s3 = [
        changes("snap"),
        inj and tiptoe("unable"),
        foot("back-of-heel")
        and tiptoe("weak", "unable", "not-tried")
        and (inj or (injury("not-sure") and new6_or_unknown)),
    ]
    s6 = [
        changes("calf-swollen-warm"),
        health("past-clot", "recent-surgery-or-travel", "pregnant", "cancer")
        and lp_some
        and leg("back-calf", "inner-calf", "not-sure")
        and new6_or_unknown,
        health("past-clot", "recent-surgery-or-travel", "pregnant")
        and changes("warm-or-swollen")
        and (new6_or_unknown or worse_or_unknown),
    ]
    s7 = [
        changes("open-sore")
        and (health("diabetes", "poor-circulation", "weak-immunity", "not-sure") or socks),
        changes("black-toe"),
        changes("night-rest-pain"),
    ]
    s8 = [
        (row or back_now) and (new6_or_unknown or worse_or_unknown),
        changes("night-pain") and (lp_not_none or back_now),
        changes("constant-pain", "weight-loss"),
    ]
    weight_loss, constant_pain = changes("weight-loss"), changes("constant-pain")
    s9 = [
        (weight_loss or constant_pain) and back_now,
        weight_loss and constant_pain,
        weight_loss and (row or lp("a-good-deal")),
        constant_pain and (row or lp("a-good-deal")) and worse_or_unknown,
    ]
    s10 = [
        row and leg_sides("both") and new6_or_unknown,
        row and leg_sides("both") and duration("6-to-12-weeks") and worse_or_unknown,
        row and leg_sides("both") and ((motor and new_weak) or numb_new),
        row and leg_sides("not-sure") and under_2,
        row and leg_sides("not-sure") and duration("2-to-6-weeks", "not-sure") and worse_or_unknown,
        leg_sides("both") and lp_some and under_2 and (high or is_numb),
    ]
    s12 = [
        changes("warm-or-swollen") and (health("diabetes", "not-sure") or socks),
        health("diabetes") and is_numb and changes("not-sure"),
    ]
    s13 = [
        socks and numb_new,
        socks and numb_since("not-sure") and new6,
        side("both") and numb_2,
    ]
    s14 = [
        changes("foot-colder") and (new6_or_unknown or worse_or_unknown or health("poor-circulation")),
        health("poor-circulation") and under_2 and lp_not_none,
    ]
    s15 = [
        back_now and health("drug-injection"),
        back_now and health("weak-immunity", "back-procedure") and (new6 or worse),
    ]
    s16 = [
        changes("night-pain") and health("poor-circulation") and (new6_or_unknown or worse),
        changes("night-pain") and lp("none", "not-sure") and under_2 and is_numb,
    ]
    urgency_rows = {
        "E1": safety("saddle-numbness"),
        "E2": safety("bladder-bowel"),
        "E3": safety("sexual-function"),
        "E4": safety("both-legs-weak"),
        "E5": safety("cold-limb"),
        "E6": safety("injury-deformity", "tight-swelling"),
        "E7": safety("chest-breathing"),
        "E8": safety("very-unwell-skin"),
        "E9": safety("stroke-signs", "crash-back-pain"),
        "E10": any(e10),
        "E11": health("diabetes") and any(e11),
        "E12": health("cancer") and any(e12),
        "E13": e13,
        "E14": any(e14),
        "E15": any(e15),
        "E16": safety("belly-back-faint"),
        "E17": health("weak-immunity") and infected,
        "E18": any(e18),
        "S1": any(s1_rows),
        "S2": any(s2),
        "S3": any(s3),
        "S4": changes("hot-red-swollen"),
        "S5": changes("fever"),
        "S6": any(s6),
        "S7": any(s7),
        "S8": health("cancer") and any(s8),
        "S9": any(s9),
        "S10": any(s10),
        "S11": safety("not-sure"),
        "S12": any(s12),
        "S13": any(s13),
        "S14": any(s14),
        "S15": any(s15),
        "S16": any(s16),
        "S17": changes("rash-blisters"),
        "S18": changes("clumsy-unsteady") and (new6 or worse),
    }
    matched = {rule for rule, matches in urgency_rows.items() if matches}
    emergency = any(rule.startswith("E") for rule in matched)
    return {
        "origin": origin,
        "origin_rule": origin_rule,
        "root": root,
        "urgency": "emergency" if emergency else "same-day" if matched else "routine",
        "urgency_rules": matched,
        "path": path,
        "exit": None,
    }
