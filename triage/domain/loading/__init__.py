"""From plain trees to `Content`, naming every fault at once.

`trees` maps a file's name without ending ("questionnaire", "decision", "results", "sources", "vignettes", "cases"
where there is one, and one per further language, "es") to its parsed value. The same trees, as canonical JSON, are
what a release keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from triage.domain.content import Content, PublishedCase
from triage.domain.loading.conditions import ConditionReader
from triage.domain.loading.decision import read_decision
from triage.domain.loading.integrity import note_integrity
from triage.domain.loading.published_cases import read_published_cases
from triage.domain.loading.questionnaire import QuestionnaireReader
from triage.domain.loading.results import ResultsReader
from triage.domain.loading.sources import SourcesReader
from triage.domain.loading.translation import OVERLAY, Texts
from triage.domain.loading.tree import ContentError, Fault, Node
from triage.domain.loading.vignettes import read_vignettes

__all__ = ["ContentError", "Fault", "Trees", "check", "languages", "load", "load_published_cases"]

Trees = Mapping[str, object]

FILES = ("questionnaire", "decision", "results", "sources", "vignettes")
CASES = "cases"  # a file that need not be there
HEAD = ("key", "title", "version", "language", "language-name", "screens")


def load(trees: Trees, language: str | None = None) -> Content:
    """The content in `language` (by default the questionnaire's own). Raises ContentError with every fault."""
    faults: list[Fault] = []
    content = _read(trees, language, faults)
    if faults or content is None:
        raise ContentError(sorted(set(faults)))
    return content


def languages(trees: Trees) -> tuple[str, ...]:
    """The codes of all languages in the trees, the questionnaire's own first."""
    questionnaire = trees.get("questionnaire")
    own = questionnaire.get("language", "en") if isinstance(questionnaire, dict) else "en"
    return (str(own), *sorted(set(trees) - {*FILES, CASES}))


def check(trees: Trees) -> list[Fault]:
    """Every fault of the content, in all its languages."""
    faults: list[Fault] = []
    for language in languages(trees):
        _read(trees, language, faults)
    return sorted(set(faults))


def load_published_cases(tree: object, content: Content, name: str) -> tuple[PublishedCase, ...]:
    """The cases of a tree such as that of cases.yaml. `name` is its file's. Raises ContentError with every fault."""
    faults: list[Fault] = []
    cases = read_published_cases(Node(name, "", tree, faults), content)
    if faults:
        raise ContentError(sorted(set(faults)))
    return cases


def _read(trees: Trees, language: str | None, faults: list[Fault]) -> Content | None:
    """The content, or None where a fault left nothing to build on."""

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
    return replace(
        content,
        vignettes=read_vignettes(file("vignettes"), content),
        published_cases=read_published_cases(file(CASES), content) if CASES in trees else (),
    )


def _language_name(overlay: Node, code: str) -> str:
    fields = overlay.fields(OVERLAY)
    language = fields["language"]
    if language.given and language.text() != code:
        language.fault(f"does not fit the file's name {code}.yaml", f"Write {code}, or rename the file")
    return fields["language-name"].text() or code
