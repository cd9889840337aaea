"""A second reading of the clinical contract, written from its tables alone, sharing nothing with the engine.

Slow and plain on purpose, line by line as the contract, so that a clinician can hold the two side by side.
Where engine and oracle disagree one of them has misread it, and the tests print answers that show where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Answers = Mapping[str, str | Sequence[str]]

NO, UNKNOWN, YES = 0, 1, 2  # Kleene's strong logic: any = max, all = min, not = 2 - x

MANY = {"safety-now", "foot-site", "leg-site", "numb-site", "impact", "health", "changes", "foot-feel"}

CODES = {
    "age": "under-16 16-or-over",
    "safety-now": "saddle-numbness bladder-bowel sexual-function both-legs-weak cold-limb injury-deformity"
    " tight-swelling chest-breathing very-unwell-skin stroke-signs crash-back-pain none not-sure",
    "side": "left right both not-sure",
    "foot-site": "top big-toe other-toes ball sole under-heel back-of-heel outer-edge inner-side ankle"
    " all-over no-pain not-sure",
    "injury": "no recent older not-sure",
    "injury-steps": "yes no not-sure",
    "injury-bone": "yes no not-sure",
    "leg-pain": "none a-little a-good-deal not-sure",
    "leg-site": "buttock back-thigh front-thigh knee outer-calf back-calf shin inner-calf not-sure",
    "leg-sides": "one both not-sure",
    "back-pain": "now past no not-sure",
    "travels": "yes part no not-sure",
    "heel-stand": "yes sore weak unable not-tried",
    "foot-heavy": "no heavy drags not-sure",
    "tiptoe": "yes sore weak unable not-tried",
    "weak-since": "recent older-worse older-same not-sure",
    "numb-site": "lower-leg-front outer-calf top-or-big-toe sole-or-heel outer-edge between-toes"
    " both-feet-socks none not-sure",
    "duration": "under-2-weeks 2-to-6-weeks 6-to-12-weeks over-3-months not-sure",
    "course": "better same worse not-sure",
    "impact": "walking stairs driving sleep work none not-sure",
    "health": "diabetes cancer poor-circulation weak-immunity past-clot recent-surgery-or-travel none"
    " not-sure",
    "changes": "hot-red-swollen open-sore fever calf-swollen-warm black-toe night-rest-pain weight-loss"
    " constant-pain none not-sure",
    "foot-feel": "first-steps sore-spot tight-shoes activity pebble lump-shape none not-sure",
    "note": "",
}
CODES = {key: tuple(codes.split()) for key, codes in CODES.items()}
ALONE = {"none", "no-pain"}  # ticked together with nothing else


def has(answers: Answers, key: str, *codes: str) -> int:
    """Was one of the codes given? A missing answer reads as the item's own "not sure"."""
    given = answers.get(key) or "not-sure"
    ticked = {given} if isinstance(given, str) else set(given)
    if "not-tried" in CODES[key]:
        ticked = {"not-tried" if code == "not-sure" else code for code in ticked}
    if ticked & set(codes):
        return YES
    return UNKNOWN if ticked & {"not-sure", "not-tried"} else NO


def ask(answers: Answers) -> list[str]:
    """The keys asked, in order: everything, but for the six items with an "asked when"."""
    if has(answers, "age", "under-16") == YES:
        return ["age"]
    injured = has(answers, "injury", "recent")
    leg_pain = has(answers, "leg-pain", "a-little", "a-good-deal")
    weak = max(
        has(answers, "heel-stand", "weak", "unable"),
        has(answers, "tiptoe", "weak", "unable"),
        has(answers, "foot-heavy", "heavy", "drags"),
    )
    asked_when = {
        "injury-steps": injured,
        "injury-bone": injured,
        "leg-site": leg_pain,
        "leg-sides": leg_pain,
        "weak-since": weak,
        "foot-feel": has(answers, "leg-pain", "none", "not-sure", "a-little"),
    }
    return [key for key in CODES if asked_when.get(key, YES) == YES]


def decide(answers: Answers) -> dict[str, object]:
    path = ask(answers)
    if path == ["age"]:
        nothing = dict.fromkeys(("origin", "origin_rule", "root", "urgency"))
        return nothing | {"urgency_rules": set(), "path": path, "exit": "under-16"}

    def any_of(key: str, *codes: str) -> int:
        return has(answers, key, *codes) if key in path else NO

    safety, foot, leg, numb, health, changes = (
        lambda *codes, key=key: any_of(key, *codes)
        for key in ("safety-now", "foot-site", "leg-site", "numb-site", "health", "changes")
    )

    def lp(*codes: str) -> int:
        return any_of("leg-pain", *codes)

    # Signs
    k1 = any_of("travels", "yes")
    k2 = max(any_of("heel-stand", "weak", "unable"), any_of("foot-heavy", "heavy", "drags"))
    k3 = any_of("tiptoe", "weak", "unable")
    k4 = numb("lower-leg-front", "outer-calf", "top-or-big-toe", "sole-or-heel", "outer-edge")
    l5_path = min(leg("outer-calf"), foot("top", "big-toe"))
    s1_path = min(leg("back-calf"), foot("sole", "under-heel", "outer-edge"))
    k5 = max(l5_path, s1_path)
    k6 = any_of("back-pain", "now")
    n = numb("lower-leg-front", "outer-calf", "both-feet-socks")
    inj = any_of("injury", "recent")
    x = max(
        safety("cold-limb", "very-unwell-skin", "chest-breathing"),
        safety("injury-deformity", "tight-swelling", "stroke-signs"),
        changes("calf-swollen-warm", "hot-red-swollen", "open-sore", "black-toe"),
    )
    some_leg_pain = lp("a-little", "a-good-deal")
    second_sign = sorted([k2, k3, k4, k5, k6])[-2]  # "two of": as sure as the second surest

    # Origin, first row that matches
    r1 = min(lp("a-good-deal"), max(k1, k2, k3, k4, k5, k6))
    r2 = min(lp("a-little"), max(k1, second_sign))
    back_row = max(r1, r2)
    origin_rows = [
        ("C1", min(back_row, inj, YES - k1), "unclear"),
        ("C2", min(back_row, x), "unclear"),
        ("R1", r1, "back"),
        ("R2", r2, "back"),
        ("R3", some_leg_pain, "unclear"),
        ("R4", lp("not-sure"), "unclear"),
        ("R5", min(lp("none"), max(k1, k2, k3, n)), "unclear"),
        ("R6", lp("none"), "foot"),
    ]
    origin_rule, origin = next((rule, origin) for rule, when, origin in origin_rows if when == YES)

    # Root, only with back
    l5 = max(l5_path, min(k2, max(leg("outer-calf"), foot("top", "big-toe")))) == YES
    s1 = max(k3, s1_path) == YES
    root = None
    if origin == "back":
        both_legs = any_of("leg-sides", "both") == YES
        root = "unspecified" if both_legs or l5 == s1 else "L5" if l5 else "S1"

    # Urgency, every row that matches
    weak = max(k2, k3)
    new_weak = any_of("weak-since", "recent", "older-worse")
    both_legs_back = min(any_of("leg-sides", "both"), back_row)
    e10 = min(both_legs_back, max(any_of("duration", "under-2-weeks"), any_of("course", "worse"), new_weak))
    infected = min(changes("fever"), changes("open-sore", "hot-red-swollen"))
    sore_at_risk = min(health("diabetes", "poor-circulation"), changes("open-sore"))
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
        "E10": e10,
        "E11": min(health("diabetes"), max(infected, changes("black-toe"))),
        "E12": min(health("cancer"), weak, new_weak, max(some_leg_pain, k6)),
        "S1": min(weak, any_of("weak-since", "recent", "older-worse", "not-sure")),
        "S2": min(inj, max(any_of("injury-steps", "no"), any_of("injury-bone", "yes"))),
        "S3": min(inj, any_of("tiptoe", "unable")),
        "S4": changes("hot-red-swollen"),
        "S5": changes("fever"),
        "S6": changes("calf-swollen-warm"),
        "S7": max(sore_at_risk, changes("black-toe", "night-rest-pain")),
        "S8": min(health("cancer"), max(some_leg_pain, k6, changes("constant-pain", "weight-loss"))),
        "S9": changes("weight-loss", "constant-pain"),
        # "Otherwise steady" is whatever E10 does not surely match.
        "S10": NO if e10 == YES else both_legs_back,
        "S11": safety("not-sure"),
    }
    matched = {rule for rule, when in urgency_rows.items() if when == YES}
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
