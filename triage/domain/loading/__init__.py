"""From plain trees to `Content`, naming every fault at once.

`trees` maps a file's name without ending ("questionnaire", "decision", "results", "sources", "vignettes"; "cases"
and "population" where there are such; and one per further language, "es") to its parsed value. The same trees, as
canonical JSON, are what a release keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from triage.domain.content import Content, PublishedCase
from triage.domain.loading.choices import note_choices
from triage.domain.loading.conditions import ConditionReader
from triage.domain.loading.decision import read_decision
from triage.domain.loading.files import note_plain, note_repeats
from triage.domain.loading.integrity import note_integrity
from triage.domain.loading.names import note_file_name, note_head, note_names
from triage.domain.loading.population import read_population
from triage.domain.loading.published_cases import read_published_cases
from triage.domain.loading.questionnaire import QuestionnaireReader
from triage.domain.loading.results import ResultsReader
from triage.domain.loading.sources import SourcesReader
from triage.domain.loading.texts import note_strings, note_texts
from triage.domain.loading.translation import OVERLAY, SAME, Texts
from triage.domain.loading.tree import ContentError, Fault, Node
from triage.domain.loading.vignettes import read_vignettes
from triage.domain.population import Population

__all__ = [
    "ContentError",
    "Fault",
    "Trees",
    "check",
    "languages",
    "load",
    "load_published_cases",
    "population",
    "unreadable",
]

Trees = Mapping[str, object]

FILES = ("questionnaire", "decision", "results", "sources", "vignettes")
CASES, POPULATION = "cases", "population"  # files that need not be there; every further one is a language
HEAD = ("key", "title", "version", "language", "language-name", "screens")


def load(trees: Trees, language: str | None = None) -> Content:
    """The content in `language` (by default the questionnaire's own). Raises ContentError with every fault."""
    faults: list[Fault] = []
    read = _read(trees, language, faults)
    if faults or read is None:
        raise ContentError(sorted(set(faults)))
    return read[0]


def languages(trees: Trees) -> tuple[str, ...]:
    """The codes of all languages in the trees, the questionnaire's own first."""
    questionnaire = trees.get("questionnaire")
    own = questionnaire.get("language", "en") if isinstance(questionnaire, dict) else "en"
    return (str(own), *sorted(set(trees) - {*FILES, CASES, POPULATION}))


def unreadable(trees: Trees) -> list[Fault]:
    """Every fault that keeps the content from being read, in all its languages: what `load` would raise."""
    faults: list[Fault] = []
    for language in languages(trees):
        _read(trees, language, faults)
    return sorted(set(faults))


def check(trees: Trees, today: str) -> list[Fault]:
    """Every fault that keeps the content from being published, in all its languages. `today` as 2026-11-22.

    This asks for more than `load`, and for more with each version of this program: what was published under the
    rules of its day stays readable for those who began with it.
    """
    faults: list[Fault] = []
    files = {name: Node(f"{name}.yaml", "", tree, faults) for name, tree in sorted(trees.items())}
    for file in files.values():
        note_plain(file)
    if faults:
        return sorted(set(faults))  # nothing else can be looked at
    for file in files.values():
        note_strings(file)
        note_names(file, today)
        note_repeats(file)
    if "questionnaire" in files:
        note_head(files["questionnaire"])
    for name in set(files) - {*FILES, CASES, POPULATION}:
        note_file_name(files[name], name)
    for language in languages(trees):
        found: list[Fault] = []
        if read := _read(trees, language, found):
            content, texts = read
            note_texts(texts, content, files.__getitem__)
            note_choices(content, files["questionnaire"], files["decision"])
            if POPULATION in files:
                read_population(files[POPULATION], content)
        faults += found
    return sorted(set(faults))


def population(trees: Trees, content: Content) -> Population | None:
    """The people that the content is tried on, if it has any."""
    if POPULATION not in trees:
        return None
    faults: list[Fault] = []
    read = read_population(Node("population.yaml", "", trees[POPULATION], faults), content)
    if faults:
        raise ContentError(sorted(set(faults)))
    return read


def load_published_cases(tree: object, content: Content, name: str) -> tuple[PublishedCase, ...]:
    """The cases of a tree such as that of cases.yaml. `name` is its file's. Raises ContentError with every fault."""
    faults: list[Fault] = []
    cases = read_published_cases(Node(name, "", tree, faults), content)
    if faults:
        raise ContentError(sorted(set(faults)))
    return cases


def _read(trees: Trees, language: str | None, faults: list[Fault]) -> tuple[Content, Texts] | None:
    """The content and its texts; None where a fault left nothing to build on."""

    def file(name: str) -> Node:
        return Node(f"{name}.yaml", "", trees.get(name, {}), faults)

    missing = [name for name in FILES if name not in trees]
    for name in missing:
        file(name).fault("the file is missing", "Add it to the content directory")
    if missing:
        return None
    own, *others = languages(trees)
    language = language or own
    texts = Texts(None if language == own else file(language))
    sources = SourcesReader(texts)
    conditions = ConditionReader()
    article = sources.article(file("sources"))
    head = file("questionnaire").fields(HEAD, ("phrases",))
    screens, phrases = QuestionnaireReader(texts, sources, conditions).read(head["screens"], head["phrases"])
    results = ResultsReader(file("results"), texts, sources, conditions, phrases)
    signs, rules, properties = read_decision(file("decision"), results, sources, conditions)
    content = Content(
        key=head["key"].text(),
        title=texts.read(head["title"], "title"),
        version=head["version"].text(),
        language=language,
        languages={own: head["language-name"].text()}
        | {code: _language_name(file(code), code) for code in others},
        screens=screens,
        signs=signs,
        origin_rules=rules["origin"],
        root_rules=rules["root"],
        urgency_rules=rules["urgency"],
        properties=properties,
        article=article,
        guidance=sources.guidance,
        vignettes=(),
        published_cases=(),
        outcomes=results.outcomes(),
        sign_texts=results.sign_texts(signs),
        sections=results.sections(),
        phrases=phrases,
        never_together=results.never_together(),
        conjunction=results.conjunction(),
    )
    texts.note_leftovers()
    if not faults:
        note_integrity(content, sources.cited, file)
    if faults:
        return None
    content = replace(
        content,
        vignettes=read_vignettes(file("vignettes"), content),
        published_cases=read_published_cases(file(CASES), content) if CASES in trees else (),
    )
    return content, texts


def _language_name(overlay: Node, code: str) -> str:
    fields = overlay.fields(OVERLAY, SAME)
    language = fields["language"]
    if language.given and language.text() != code:
        language.fault(f"does not fit the file's name {code}.yaml", f"Write {code}, or rename the file")
    return fields["language-name"].text() or code
