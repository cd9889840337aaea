"""The ledger: every sentence a page may show, what it rests on, and whether it says no more than that."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Literal

from triage.domain.cases import ALWAYS, Cases, CaseTable, either, table_of
from triage.domain.citation.hedges import LEXICONS, Lexicon, overstatements
from triage.domain.content import (
    ORIGINS,
    ROOTS,
    SIGNS,
    URGENCIES,
    Content,
    Item,
    NeverTogether,
    Row,
    Rule,
    Screen,
    Sentence,
)
from triage.domain.decision import decide
from triage.domain.loading import Fault
from triage.domain.logic import UNSURE, YES, Sign
from triage.domain.result import ClinicSettings, build
from triage.domain.walk import Answers, read_answers, walk
from triage.domain.wording import texts_of

Reader = Literal["patient", "staff"]
BETWEEN = r"(?:(?<=\.) |(?<!\.); )"  # sentences follow one another, names of findings are parted
READERS: tuple[Reader, ...] = ("patient", "staff")
Says = Literal[
    "claim", "finding", "words"
]  # what sources say; what was answered; questions, names and titles

PERCENTAGE = re.compile(r"\d\s*%|\bper ?cent\b|\bpor ciento\b")
WITH_PERCENTAGES = ("how",)  # the one page for patients where they stand

ALL_SET: ClinicSettings = {
    "clinic_name": "The clinic",
    "clinic_phone": "555 0100",
    "clinic_hours": "8 to 5",
    "emergency_number": "911",
    "advice_line": "555 0199",
}
FEW_SET: ClinicSettings = {**ALL_SET, "clinic_phone": "", "clinic_hours": "", "advice_line": ""}


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of the content, under the key that translations use."""

    key: str
    reader: Reader
    says: Says
    sentence: Sentence

    def file(self, content: Content) -> str:
        if content.language != next(iter(content.languages)):
            return f"{content.language}.yaml"
        kind = self.key.split(".")[0]
        return {"screen": "questionnaire.yaml", "item": "questionnaire.yaml"}.get(
            kind, "sources.yaml" if kind in ("claim", "guidance") else "results.yaml"
        )


def entries(content: Content) -> Iterator[Entry]:
    """Every text of the content that a reader may come to see."""
    for screen in content.screens:
        yield from _screen(screen)
    yield from _names(content)
    yield from _findings(content)
    for section in content.sections.values():
        reader: Reader = "staff" if section.reader == "staff" else "patient"
        yield Entry(f"section.{section.key}.title", reader, "words", Sentence(section.title, ()))
        for row in section.rows:
            yield Entry(f"row.{row.key}", reader, "claim", row.sentence)
    for claim in content.claims.values():
        yield Entry(f"claim.{claim.id}", "patient", "claim", Sentence(claim.text, (claim.id,)))
    for source in content.guidance.values():
        yield Entry(f"guidance.{source.id}", "patient", "claim", Sentence(source.fact, (source.id,)))


def _screen(screen: Screen) -> Iterator[Entry]:
    yield Entry(f"screen.{screen.key}.title", "patient", "words", Sentence(screen.title, ()))
    yield Entry(f"screen.{screen.key}.why", "patient", "claim", screen.why)
    for item in screen.items:
        for name, text in _texts(item):
            yield Entry(f"item.{item.key}.{name}", "patient", "words", Sentence(text, item.basis))
        for caution in item.cautions:
            yield Entry(f"item.{item.key}.caution.{caution.key}", "patient", "claim", caution.sentence)


def _texts(item: Item) -> Iterator[tuple[str, str]]:
    """What an item can say to somebody, with the names in braces that it is written with."""
    yield from {**texts_of(item), **item.phrased}.items()
    for group in item.groups:
        yield f"group.{group.key}", group.text
    for variant in item.variants:
        for name, text in variant.texts.items():
            yield f"variant.{variant.key}{'' if name == 'text' else f'.{name}'}", text


def _names(content: Content) -> Iterator[Entry]:
    for phrase in content.phrases.values():
        for text in dict.fromkeys((phrase.text, *(text for _when, text in phrase.variants))):
            yield Entry(f"phrase.{phrase.key}", "patient", "words", Sentence(text, ()))
    for name, outcomes in content.outcomes.items():
        for value, outcome in outcomes.items():
            yield Entry(f"outcome.{name}.{value}", "patient", "words", Sentence(outcome.patient, ()))
            yield Entry(f"outcome.{name}.{value}", "staff", "words", Sentence(outcome.staff, ()))


def _findings(content: Content) -> Iterator[Entry]:
    for rule in (*content.origin_rules, *content.root_rules, *content.urgency_rules):
        for part in rule.parts:
            key = ".".join(filter(None, ("rule", rule.id, part.key)))
            yield Entry(key, "patient", "claim", Sentence(part.patient, rule.basis))
            yield Entry(key, "staff", "claim", Sentence(part.staff, rule.basis))
    for sign in content.signs:
        text = content.sign_texts[sign.id]
        texts: list[tuple[str, Reader, str]] = [("unsure", "patient", text.unsure)]
        for part in text.parts:
            texts += [(part.key, "patient", part.patient), (part.key, "staff", part.staff)]
            texts += [
                (f"{part.key}.name", "patient", part.name),
                (f"{part.key}.name", "staff", part.staff_name),
            ]
        for name, reader, said in texts:
            if said:
                key = ".".join(filter(None, ("sign", sign.id, name.strip("."))))
                yield Entry(key, reader, "finding", Sentence(said, sign.basis))


# What a sentence may say


def faults(content: Content) -> Iterator[Fault]:
    """Every text that says more than it may: each with its file, its key and what to do."""
    lexicon = LEXICONS.get(content.language)
    if lexicon is None:
        yield Fault(
            f"{content.language}.yaml",
            "language",
            "no list says how strong the words of this language are",
            "Add one to domain/citation/hedges.py",
        )
        return
    own = content.language == next(iter(content.languages))
    figures = {f"row.{row.key}" for key in WITH_PERCENTAGES for row in content.sections[key].rows}
    for entry in entries(content):
        if entry.reader == "patient" or own:  # staff read the questionnaire's own language
            for problem, remedy in _problems(content, entry, lexicon, entry.key in figures):
                yield Fault(entry.file(content), f"{entry.key} ({entry.reader})", problem, remedy)


def _problems(content: Content, entry: Entry, lexicon: Lexicon, figures: bool) -> Iterator[tuple[str, str]]:
    text = entry.sentence.text
    for why in lexicon.forbidden(text):
        yield f"it {why}: {text}", "Say what the answers fit, and no more"
    if entry.reader == "patient" and not figures and PERCENTAGE.search(text):
        yield f"a percentage: {text}", "Keep percentages for staff and for the section how"
    if entry.says == "claim" and entry.sentence.kind == "article":
        hedges = [content.claims[id].hedge for id in entry.sentence.basis if id in content.claims]
        for why in overstatements(lexicon, text, hedges):
            yield (
                f"{why} ({', '.join(sorted(set(hedges)))}): {text}",
                "Say it as carefully as the article does",
            )


def unused_claims(content: Content) -> set[str]:
    """The claims of the article that no question, sign, rule or text rests on."""
    cited = {
        id for entry in entries(content) if not entry.key.startswith("claim.") for id in entry.sentence.basis
    }
    return content.claims.keys() - cited


# What results say


class Texts:
    """What may stand on a page: texts, their names in braces standing for all that can be said there."""

    def __init__(self, texts: Iterable[str], names: Mapping[str, str], *, joined: str) -> None:
        """`names`: name -> pattern. `joined`: the pattern of what stands between several of them in one piece."""
        one = "|".join(sorted({_pattern(text, names) for text in texts}, key=len, reverse=True))
        self.all = re.compile(f"(?:{one})(?:{joined}(?:{one}))*")

    def __contains__(self, text: str) -> bool:
        return self.all.fullmatch(text) is not None


def _pattern(text: str, names: Mapping[str, str]) -> str:
    """The text as a pattern. What is filled in at its head has a capital there."""
    made = "".join(
        re.escape(words) + (f"(?:{names[name]})" if name else "")
        for words, name, _format, _as in string.Formatter().parse(text)
    )
    return f"(?i:{made})" if text.startswith("{") else made


def _fillings(content: Content, clinic: ClinicSettings, reader: Reader) -> dict[str, str]:
    """Name in braces -> pattern of what can be said in its place."""
    said = {
        key: (phrase.text, *(text for _when, text in phrase.variants))
        for key, phrase in content.phrases.items()
    }
    names = [
        part.name if reader == "patient" else part.staff_name
        for sign in content.signs
        if sign.points_to == "back"
        for part in content.sign_texts[sign.id].parts
    ]
    one = _any_of(name for name in names if name)
    return {
        **{name: re.escape(value) for name, value in clinic.items()},
        **{key: _any_of(texts) for key, texts in said.items()},
        SIGNS: f"{one}(?:(?:, | {content.conjunction[reader]} ){one})*",
    }


def _any_of(texts: Iterable[str]) -> str:
    return f"(?:{'|'.join(re.escape(text) for text in sorted(set(texts), key=len, reverse=True))})"


@dataclass(frozen=True)
class Ledger:
    """What may stand on the results of a content, in a clinic with these settings."""

    sentences: Mapping[tuple[str, tuple[str, ...]], Texts]  # by kind and sources
    words: Texts

    def unknown_in(self, data: Any) -> Iterator[str]:
        """The texts in a result's data that are in no file of the content, or under other sources than there."""
        if isinstance(data, Mapping):
            if data.keys() == {"text", "kind", "sources"}:
                known = self.sentences.get((data["kind"], tuple(data["sources"])))
                if known is None or data["text"] not in known:
                    yield data["text"]
                return
            data = [value for key, value in data.items() if key not in ("note", "citations")]
        if isinstance(data, list | tuple):
            for part in data:
                yield from self.unknown_in(part)
        elif isinstance(data, str) and " " in data and data not in self.words:
            yield data


def ledger(content: Content, clinic: ClinicSettings) -> Ledger:
    fillings = {reader: _fillings(content, clinic, reader) for reader in READERS}
    said: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
    words = []
    for entry in entries(content):
        text = entry.sentence.text
        if entry.says == "words":
            words.append(text)
        else:
            said.setdefault((entry.sentence.kind, entry.sentence.sources), {})[text] = None
    either = {
        name: f"{pattern}|{fillings['staff'][name]}" if name == SIGNS else pattern
        for name, pattern in fillings["patient"].items()
    }
    return Ledger(
        sentences={rests_on: Texts(texts, either, joined=BETWEEN) for rests_on, texts in said.items()},
        words=Texts(words, either, joined="; "),
    )


@dataclass(frozen=True, slots=True)
class Rendering:
    """What came of rendering results for every outcome and every sentence."""

    results: int
    outcomes: int
    shown: frozenset[str]  # sentences
    unknown: tuple[str, ...]


def render_all(content: Content) -> Rendering:
    """Results for answers that bring about every outcome, rule, sign and row, in clinics with all settings and few."""
    shown: set[str] = set()
    unknown: dict[str, None] = {}
    outcomes: set[tuple[str, str | None, str]] = set()
    count = 0
    books = [(clinic, ledger(content, clinic)) for clinic in (ALL_SET, FEW_SET)]
    for answers, (clinic, book) in product(answer_sets(content), books):
        walked = walk(content, answers)
        if walked.exit:
            continue
        result = build(content, walked, decide(content, walked), clinic)
        data = result.as_data()
        unknown |= dict.fromkeys(book.unknown_in(data))
        shown.update(_said(data))
        outcomes.add((result.origin, result.root, result.urgency))
        count += 1
    return Rendering(count, len(outcomes), frozenset(shown), tuple(unknown))


def _said(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        if "text" in data:
            yield data["text"]
        data = list(data.values())
    if isinstance(data, list | tuple):
        for part in data:
            yield from _said(part)


def never_shown(content: Content, rendering: Rendering) -> Iterator[Entry]:
    """The sentences that no result came to show. The words of a sign that points nowhere are for conditions alone."""
    silent = {sign.id for sign in content.signs if sign.points_to == "neither"}
    shown = "\n".join(rendering.shown)
    fillings = {
        reader: [_fillings(content, clinic, reader) for clinic in (ALL_SET, FEW_SET)] for reader in READERS
    }
    for entry in entries(content):
        kind, id = entry.key.split(".")[:2]
        if kind not in ("rule", "sign", "row") or id in silent:
            continue
        if not any(
            re.search(_pattern(entry.sentence.text, names), shown) for names in fillings[entry.reader]
        ):
            yield entry


def together(content: Content) -> Iterator[tuple[NeverTogether, tuple[str, str], Answers]]:
    """The rows that must not stand side by side and can: each pair, with answers for which both conditions hold.

    An urgency that both rows may be shown with is taken to come about.
    """
    table = table_of(content)
    rows = {row.key: row for section in content.sections.values() for row in section.rows}
    for never in content.never_together:
        for one, other in combinations(never.rows, 2):
            if set(rows[one].urgency or URGENCIES).isdisjoint(rows[other].urgency or URGENCIES):
                continue
            answers = table.example(*_shown(table, rows[one]), *_shown(table, rows[other]))
            if answers is not None:
                yield never, (one, other), answers


def answer_sets(content: Content) -> Iterator[Answers]:
    """The example cases, and answers made for each outcome, rule, sign and row; each set once."""
    cases = [read_answers(content, vignette.answers) for vignette in content.vignettes]
    yield from {tuple(sorted(answers.items())): answers for answers in (*cases, *_made(content))}.values()


def _made(content: Content) -> Iterator[Answers]:
    """Answers for everything that is wanted; what it does not ask for is answered as calmly as can be."""
    table, calm = table_of(content), _calm(content)
    for parts, urgencies in _wanted(content, table):
        plain = table.example(*parts)
        if plain is None:
            continue
        if not urgencies:
            yield {**calm, **plain}
        for urgency in urgencies:
            rules = [rule for rule in content.urgency_rules if rule.gives == urgency]
            made = (table.example(*parts, table.fires(rule)) for rule in rules)
            for answers in ({**calm, **found} for found in (plain, *made) if found is not None):
                if decide(content, walk(content, answers)).urgency == urgency:
                    yield answers
                    break


def _calm(content: Content) -> Answers:
    """For each question that a rule of urgency reads, the answer that speaks least for it."""
    rises = content.properties.more_urgent
    return {
        rise.item: rise.levels[0][:1] if rise.levels else tuple(sorted(content.items[rise.item].exclusive))
        for rise in rises
    }


Wanted = tuple[tuple[Cases, ...], tuple[str, ...]]  # what has to hold, with each of these urgencies


def _wanted(content: Content, table: CaseTable) -> Iterator[Wanted]:
    for origin in ORIGINS:
        for root in ROOTS if origin == "back" else ("",):
            yield (table.roots[root] if root else table.origins[origin],), URGENCIES
    for rule in content.origin_rules:
        yield from _parts(table, rule, table.decides(rule, content.origin_rules))
    for rule in content.root_rules:
        yield from _parts(table, rule, table.origins["back"], table.decides(rule, content.root_rules))
    for rule in content.urgency_rules:
        yield from _parts(table, rule, table.fires(rule))
    for sign in content.signs:
        yield from _sign(content, table, sign)
    for section in content.sections.values():
        for row in section.rows:
            yield tuple(_shown(table, row)), row.urgency


def _parts(table: CaseTable, rule: Rule, *met: Cases) -> Iterator[Wanted]:
    """What it takes for each part of a rule to be said, where the rule is met."""
    for part in rule.parts:
        yield (*met, table.when(part.when) if part.when else ALWAYS), ()


def _sign(content: Content, table: CaseTable, sign: Sign) -> Iterator[Wanted]:
    """What it takes for each part of a sign to be said, alone and where signs are listed; and for it to be unknown."""
    for part in content.sign_texts[sign.id].parts:
        met = (table.when(sign), table.when(part.when) if part.when else ALWAYS)
        yield met, ()
        if part.name:
            yield (*met, table.origins["back"]), ()
    yield (table.when(sign, UNSURE), table.when(sign, YES, False)), ()


def _shown(table: CaseTable, row: Row) -> Iterator[Cases]:
    """What it takes for the row to be shown, beside an urgency."""
    if row.when:
        yield table.when(row.when)
    if row.origin:
        yield either(table.origins[name] for name in row.origin)
    if row.root:
        yield either(table.roots[name] for name in row.root)
