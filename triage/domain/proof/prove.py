"""What must hold for every answer set, and whether it does: proved, not sampled.

Each property is put as functions of the answers that must never hold, or must hold somewhere (see `space`). A
broken one comes with answer sets that anyone can give to `manage.py decide`. The clinical facts behind T2 to T9
(which answers speak for the back, which are worse) stand in the content, under `properties` in decision.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from triage.domain.content import CLINIC, SIGNS, URGENCIES, Content, Item, Part, Rise, Rule, named_in
from triage.domain.decision import NoRuleMatches, decide
from triage.domain.logic import AnyOf, AtLeast, Condition, Some, Without
from triage.domain.proof.bdd import ALWAYS, NEVER, Function
from triage.domain.proof.broken import Broken, never, same, somewhere, takes
from triage.domain.proof.conditions import say_something
from triage.domain.proof.reach import (
    MOST_SCREENS,
    Lengths,
    code_readers,
    complete,
    evidence,
    heard_codes,
    lengths,
    necessary,
    on_path,
    questions,
    questions_said,
    rows,
    sentences,
    serves,
    short,
    shown,
    texts,
)
from triage.domain.proof.space import Outcome, RawAnswers, Setting, Space, codes, named
from triage.domain.walk import read_answers, walk


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    says: str
    facts: Callable[[Space], Iterator[Broken | None]]  # one for each thing that was looked at


@dataclass(frozen=True, slots=True)
class Proved:
    """A property, over how many facts it was looked at, and those that do not hold."""

    name: str
    says: str
    facts: int
    broken: tuple[Broken, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """A way the questions can end: in how many answer sets, and a smallest one of them."""

    outcome: Outcome
    count: int
    example: RawAnswers


@dataclass(frozen=True, slots=True)
class Report:
    choices: int  # yes/no choices the functions are made of
    answer_sets: int
    on_path: int  # of these: without answers to questions that are not asked
    complete: int  # of those: every question that is asked is answered
    endings: tuple[Ending, ...]
    lengths: Lengths | None
    questions: dict[str, list[str]]  # what their answers can change (decision, evidence, clinic) -> item keys
    codes: dict[str, int]  # who reads them -> how many
    properties: tuple[Proved, ...]

    @property
    def broken(self) -> tuple[tuple[str, Broken], ...]:
        return tuple((proved.name, broken) for proved in self.properties for broken in proved.broken)


def prove(content: Content, progress: Callable[[str], None] = lambda line: None) -> Report:
    """Prove every property of the content; `progress` is told before each."""
    progress("Reading all answer sets at once")
    space = Space(content)
    results = []
    for each in PROPERTIES:
        progress(f"{each.name}: {each.says}")
        results.append(proved(each, space))
    progress("Counting")
    return Report(
        choices=sum(len(codes(item)) for item in space.items),
        answer_sets=space.count(),
        on_path=space.count(on_path(space)),
        complete=space.count(complete(space)),
        endings=tuple(
            Ending(outcome, space.count(function), space.example(function) or {})
            for outcome, function in space.endings.items()
        ),
        lengths=lengths(space),
        questions={
            what: [item.key for item in content.items.values() if serves(space, item) == what]
            for what in ("decision", "evidence", CLINIC)
        },
        codes=code_readers(content),
        properties=tuple(results),
    )


def proved(each: Property, space: Space) -> Proved:
    facts = list(each.facts(space))
    space.diagrams.forget()
    return Proved(each.name, each.says, len(facts), tuple(fact for fact in facts if fact))


# T1, T5: there is always one decision, and a reason for it


def total(space: Space) -> Iterator[Broken | None]:
    diagrams = space.diagrams
    back = space.origins["back"]
    for what, where, values in (
        ("origin", space.decided, space.origins),
        ("root", back, space.roots),
        ("urgency", space.decided, space.urgencies),
    ):
        yield never(space, f"no {what}", diagrams.without(where, diagrams.either(values.values())))
        yield never(space, f"two values of {what}", diagrams.at_least(2, values.values()))


def reasons(space: Space) -> Iterator[Broken | None]:
    diagrams, content = space.diagrams, space.content
    own = {id for excused in content.properties.on_our_word for id in excused.rules}
    for what, rules, values in (
        ("origin", content.origin_rules, space.origins),
        ("root", content.root_rules, space.roots),
        ("urgency", content.urgency_rules, {urgency: space.urgencies[urgency] for urgency in URGENCIES[1:]}),
    ):
        sourced = [rule for rule in rules if rests(rule, own) and rule.patient.text and rule.staff.text]
        for value, function in values.items():
            given = diagrams.either(space.decides[rule.id] for rule in sourced if rule.gives == value)
            yield never(space, f"{what} {value} without a sourced reason", diagrams.without(function, given))
        for rule in rules:
            if rule not in sourced:
                yield never(space, f"{rule.id} is a reason without claim or guidance", space.matches[rule.id])


def rests(rule: Rule, own: set[str]) -> bool:
    """On a claim or guidance; or, where it is named as such, on the clinic's word and no more."""
    return bool(set(rule.basis) - {CLINIC}) is not (rule.id in own)


# T2, T3: more evidence never points the other way


def levels(space: Space) -> dict[str, tuple[tuple[str, Function], ...]]:
    """Origin and urgency as orders: for each value above the lowest, where it or a higher one is given."""
    either = space.diagrams.either
    origin, urgency = space.origins, space.urgencies
    return {
        "origin": (("unclear", either((origin["unclear"], origin["back"]))), ("back", origin["back"])),
        "urgency": (
            ("same-day", either((urgency["same-day"], urgency["emergency"]))),
            ("emergency", urgency["emergency"]),
        ),
    }


def towards_back(space: Space) -> Iterator[Broken | None]:
    for rise in space.content.properties.towards_back:
        apart = (space.code(space.content.items[rise.item], code) for code in rise.apart)
        yield from rising(space, rise, "origin", space.diagrams.no(space.diagrams.either(apart)))


def more_urgent(space: Space) -> Iterator[Broken | None]:
    """One more tick in a list that was answered: one left open may be more urgent than one answered."""
    for rise in space.content.properties.more_urgent:
        item = space.content.items[rise.item]
        answered = space.diagrams.no(space.missing(item)) if rise.ticks else ALWAYS
        yield from rising(space, rise, "urgency", answered)


def rising(space: Space, rise: Rise, result: str, where: Function) -> Iterator[Broken | None]:
    diagrams = space.diagrams
    for what, before, after in changes(space, rise):
        can = diagrams.both(takes(space, before), where)
        for value, function in levels(space)[result]:
            lost = diagrams.without(diagrams.fixed(function, before), diagrams.fixed(function, after))
            lost = lost if lost == NEVER else diagrams.both(can, lost)
            yield never(space, f"{what} takes the {result} below {value}", lost, before, after)


def changes(space: Space, rise: Rise) -> Iterator[tuple[str, Setting, Setting]]:
    """Each way the answer can rise: in words, before and after."""
    item = space.content.items[rise.item]
    for code in rise.ticks:
        yield f"adding {code} to {item.key}", {(item.key, code): False}, space.adding(item, code)
    for number, level in enumerate(rise.levels):
        for low in level:
            for high in (code for higher in rise.levels[number + 1 :] for code in higher):
                what = f"raising {item.key} from {low} to {high}"
                yield what, space.exactly(item, (low,)), space.exactly(item, (high,))


# T4, T6, T8: what makes no difference


def everything(space: Space) -> Iterator[tuple[str, Function]]:
    """Every function of the answers that shows in the questions or in the result."""
    for name, functions in (
        ("origin", space.origins),
        ("root", space.roots),
        ("urgency", space.urgencies),
        ("row", space.matches),
        ("question", space.asked),
        ("exit", space.exits),
    ):
        yield from ((f"{name} {key}", function) for key, function in functions.items())


def weak_support(space: Space) -> Iterator[Broken | None]:
    foot = space.origins["foot"]
    for support in space.content.properties.weak_support:
        item = space.content.items[support.item]
        for present in support.present:
            for other in codes(item):
                what = f"{item.key} {present} instead of {other} changes a foot result"
                yield same(space, what, foot, space.exactly(item, (other,)), space.exactly(item, (present,)))
        for absent in support.absent:
            for name, function in everything(space):
                what = f"{item.key} {absent} differs from no answer: {name}"
                yield same(space, what, function, space.exactly(item, (absent,)), space.exactly(item, ()))


def mirrored(space: Space) -> Iterator[Broken | None]:
    for pair in space.content.properties.mirrored:
        item = space.content.items[pair.item]
        one, other = (space.exactly(item, (code,)) for code in pair.codes)
        said = (*evidence(space), *sentences(space), *questions_said(space))
        for name, function in (*everything(space), *said):
            yield same(space, f"{item.key} {' and '.join(pair.codes)} differ: {name}", function, one, other)


def any_order(space: Space) -> Iterator[Broken | None]:
    """Facts are sets, so order cannot be read; the engine itself is asked for one answer set of each kind."""
    for outcome, function in space.endings.items():
        answers = space.example(function) or {}
        turned: RawAnswers = {
            key: given[::-1] if isinstance(given, list) else given for key, given in reversed(answers.items())
        }
        differs = by_engine(space.content, answers) != by_engine(space.content, turned)
        yield (
            Broken(f"the order of the answers decides: {named(outcome)}", (answers, turned))
            if differs
            else None
        )


# T7: not sure is neither yes nor no


def between(space: Space) -> Iterator[Broken | None]:
    for item in space.items:
        for name, function in everything(space):
            what = f"{item.key}: no answer differs from {item.unsure}: {name}"
            yield same(space, what, function, space.exactly(item, ()), space.exactly(item, (item.unsure,)))
        for where, unsure, certain in doubts(space, item):
            yield from reassuring(space, item, where, unsure, certain)
    for sign in space.content.properties.emergency_signs:
        item = space.content.items[sign.item]
        doubt = space.diagrams.both(space.urgencies[URGENCIES[0]], space.given(item, (item.unsure,)))
        yield never(space, f"not sure about {item.key} is {URGENCIES[0]}", doubt)


def doubts(space: Space, item: Item) -> Iterator[tuple[Function, Setting, list[Setting]]]:
    """Where a person may be unsure of the item: that answer, and the certain ones it stands between."""
    certain = [code for code in codes(item) if code != item.unsure and not item.exit_for((code,))]
    yield ALWAYS, space.exactly(item, (item.unsure,)), [space.exactly(item, (code,)) for code in certain]
    if item.kind == "many":
        ticks = [code for code in certain if code not in item.exclusive]
        sure = {(item.key, item.unsure): False}
        some = space.diagrams.either(space.code(item, code) for code in ticks)
        yield (
            some,
            space.adding(item, item.unsure),
            [sure, *({**space.adding(item, code), **sure} for code in ticks)],
        )


def reassuring(
    space: Space, item: Item, where: Function, unsure: Setting, certain: list[Setting]
) -> Iterator[Broken | None]:
    """Not sure must be as urgent as the least urgent certain answer, and its origin within theirs."""
    diagrams = space.diagrams
    for result, values in levels(space).items():
        for value, function in values:
            doubted = diagrams.both(where, diagrams.fixed(function, unsure))
            known = [diagrams.both(where, diagrams.fixed(function, setting)) for setting in certain]
            what = f"{item.key}: not sure takes the {result}"
            low = beyond(space, known, doubted)
            yield never(space, f"{what} below {value}", low, unsure, *certain)
            if result == "origin":
                high = beyond(space, [doubted], *known)
                yield never(space, f"{what} up to {value}", high, unsure, *certain)


def beyond(space: Space, all_of: list[Function], *none_of: Function) -> Function:
    """Where all of the first hold and none of the others; often one of each tells that it is nowhere."""
    diagrams = space.diagrams
    if any(diagrams.without(one, other) == NEVER for one in all_of for other in none_of):
        return NEVER
    return diagrams.without(diagrams.both(*all_of), diagrams.either(none_of))


# T9: emergency signs come first and decide alone


def emergency_signs(space: Space) -> Iterator[Broken | None]:
    diagrams, content = space.diagrams, space.content
    declared = {(sign.item, code) for sign in content.properties.emergency_signs for code in sign.codes}
    for key in dict.fromkeys(key for key, _code in declared):
        item = content.items[key]
        yield Broken(f"{key} has an ask-when") if item.ask_when else None
        yield never(space, f"a path without {key}", diagrams.without(space.decided, space.asked[key]))
        for screen in content.screens[: content.screens.index(content.screen_of[key])]:
            ends = any(option.ends for above in screen.items for option in above.options)
            yield None if ends else Broken(f"the screen {screen.key}, which ends nothing, stands above {key}")
        for above in content.screen_of[key].items:
            if above is item:
                break
            yield Broken(f"{above.key} stands above {key} on its screen")
    for item in space.items:
        for code in codes(item):
            ticked = diagrams.both(space.decided, space.asked[item.key], space.code(item, code))
            if (item.key, code) in declared:
                calm = diagrams.without(ticked, space.urgencies["emergency"])
                yield never(space, f"{item.key} {code} is not always an emergency", calm)
            elif always(space, ticked, space.urgencies["emergency"]):
                yield Broken(f"{item.key} {code} is always an emergency and not among the emergency signs")


def always(space: Space, where: Function, function: Function) -> bool:
    """Whether the function holds wherever `where` does, and that is somewhere. One answer set often tells."""
    found = space.example(where)
    if found is None or not space.holds(function, found):
        return False
    diagrams = space.diagrams
    return diagrams.both(space.sets, diagrams.without(where, function)) == NEVER


# T10, T11: every code of guidance is heard, and a reason names what this person answered


def heard(space: Space) -> Iterator[Broken | None]:
    """Codes of questions that rest on guidance: read by a rule, by a sentence for staff, or named, with why not."""
    content = space.content
    excused = {(row.item, code) for row in content.properties.unread for code in row.codes}
    heard_of = heard_codes(content)
    for item in space.items:
        for code in sorted(item.codes) if not content.guidance.keys().isdisjoint(item.basis) else ():
            is_heard, is_excused = (item.key, code) in heard_of, (item.key, code) in excused
            if is_heard and is_excused:
                yield Broken(f"{item.key} {code} is named as unread, and it is read")
            else:
                idle = not (is_heard or is_excused)
                yield Broken(f"nothing reads {item.key} {code}, and no list says why") if idle else None


def own_reasons(space: Space) -> Iterator[Broken | None]:
    content = space.content
    excused = {id for row in content.properties.one_sentence for id in row.rules}
    for rules in (content.origin_rules, content.root_rules, content.urgency_rules):
        for rule in rules:
            yield from covered(space, f"the reason {rule.id}", rule.parts, space.matches[rule.id])
            one = len(rule.parts) == 1 and not all(
                SIGNS in named_in(text) for part in rule.parts for text in (part.patient, part.staff)
            )
            if rule.id in excused:
                needless = not (one and joins(content, rule.when))
                yield Broken(f"{rule.id} is named as saying one sentence, needlessly") if needless else None
            else:
                says_more = one and joins(content, rule.when)
                yield Broken(f"{rule.id} has an “or”, and one sentence for all of it") if says_more else None
    for sign in content.signs:
        present = space.diagrams.both(space.decided, space.signs[sign.id].yes)
        yield from covered(space, f"the sign {sign.id}", content.sign_texts[sign.id].parts, present)


def covered(space: Space, what: str, parts: tuple[Part, ...], where: Function) -> Iterator[Broken | None]:
    """Wherever it is met, a part of its wording is shown; and each part to somebody."""
    diagrams = space.diagrams
    if len(parts) > 1 or parts[0].when is not None:
        shown = {part.key: space.met(part.when) for part in parts}
        silent = diagrams.without(where, diagrams.either(shown.values()))
        yield never(space, f"{what} says nothing", silent)
        for key, function in shown.items():
            yield somewhere(space, f"{what} never says {key}", diagrams.both(where, function))


def joins(content: Content, condition: Condition | None) -> bool:
    """Whether it can be met by one answer or by another: by an “or”, or by different ticks of one list."""
    match condition:
        case None:
            return False
        case AnyOf(item=key, codes=wanted):
            return content.items[key].kind == "many" and len(wanted) > 1
        case Some(parts=parts) | AtLeast(parts=parts) if len(parts) > 1:
            return True
        case Without():
            return False
    return any(joins(content, part) for part in condition.parts)


# What must not stand together


def apart(space: Space) -> Iterator[Broken | None]:
    rows = {row.key: row for section in space.content.sections.values() for row in section.rows}
    for together in space.content.never_together:
        for one, other in combinations(together.rows, 2):
            both = space.diagrams.both(shown(space, rows[one]), shown(space, rows[other]))
            yield never(space, f"{one} and {other} stand on one result", both)


# The functions and the engine say the same


def agrees(space: Space) -> Iterator[Broken | None]:
    """For one answer set of each ending and of each row that decides; `tests` compare far more."""
    for outcome, function in space.endings.items():
        answers = space.example(function) or {}
        wrong = by_engine(space.content, answers)[0] != outcome
        yield Broken(f"the engine does not say {named(outcome)}", (answers,)) if wrong else None
    for rule, function in space.decides.items():
        found = space.example(function)
        if found is not None:
            wrong = rule not in by_engine(space.content, found)[1]
            yield Broken(f"the engine does not use {rule}", (found,)) if wrong else None


def by_engine(content: Content, answers: RawAnswers) -> tuple[Outcome, tuple[str, ...]]:
    """What `decide` says of one answer set: the outcome, and the ids of the rows it rests on."""
    walked = walk(content, read_answers(content, answers))
    if walked.exit:
        return (walked.exit,), ()
    try:
        decision = decide(content, walked)
    except NoRuleMatches as hole:
        return (str(hole),), ()
    rules = (*decision.rules, decision.root_rule) if decision.root_rule else decision.rules
    return (decision.origin or "-", decision.root or "-", decision.urgency or "-"), tuple(
        rule.id for rule in rules
    )


PROPERTIES = (
    Property("T1", "every answer set has exactly one origin, root (with back) and urgency", total),
    Property("T2", "more leg pain or one more sign never moves the origin towards foot", towards_back),
    Property("T3", "a flag, a health condition or a worse answer never lowers the urgency", more_urgent),
    Property("T4", "back pain never changes a foot result; no to it decides like no answer", weak_support),
    Property("T5", "every origin, root and urgency has a reason with claims or guidance", reasons),
    Property("T6", "left and right decide, ask and say the same", mirrored),
    Property("T7", "not sure stands between the certain answers, and no answer is not sure", between),
    Property("T8", "the order of answers and ticks does not matter", any_order),
    Property("T9", "emergency signs are asked of all, before all, and decide alone", emergency_signs),
    Property("T10", "every code of guidance is read by a rule or told to staff, or is named", heard),
    Property("T11", "a reason names the answers that this person gave", own_reasons),
    Property("together", "sentences that disagree never stand on one result", apart),
    Property("questions", "every question is asked, and every code counts, for somebody", questions),
    Property(
        "conditions", "every condition, and each part of it, is met at times and not at others", say_something
    ),
    Property("rows", "every row decides for somebody", rows),
    Property("texts", "every sentence, sign and value of a result is shown to somebody", texts),
    Property("necessary", "every question can change the result or what is shown of the evidence", necessary),
    Property("length", f"no path is longer than {MOST_SCREENS} screens", short),
    Property("engine", "the deciding code says the same of an answer set of each kind", agrees),
)
