"""Reading vignettes.yaml: example cases with the decision a clinician expects."""

from __future__ import annotations

from collections.abc import Mapping

from triage.domain.content import OUTCOMES, Content, Vignette
from triage.domain.loading.tree import Node, note_repeats
from triage.domain.walk import AnswerError, read_answers


def read_vignettes(node: Node, content: Content) -> tuple[Vignette, ...]:
    rows = node.fields(("vignettes",))["vignettes"]
    vignettes = tuple(_vignette(row, content) for row in rows.rows())
    note_repeats(((vignette.key, rows) for vignette in vignettes), "vignette key")
    return vignettes


def checked_answers(node: Node, content: Content) -> Mapping[str, object]:
    """The answers of an example as they are written, once the questionnaire can take them."""
    answers = {name: child.value for name, child in node.mapping().items()}
    try:
        read_answers(content, answers)
    except AnswerError as error:
        node.fault(str(error), "Use the keys and codes of questionnaire.yaml")
    return answers


def _vignette(node: Node, content: Content) -> Vignette:
    fields = node.fields(("key", "story", "answers", "expect", "why"))
    expect = fields["expect"].fields(OUTCOMES)
    expected = {
        name: None if expect[name].value is None else expect[name].one_of(values) or None
        for name, values in OUTCOMES.items()
    }
    return Vignette(
        key=fields["key"].key(),
        story=fields["story"].text(),
        answers=checked_answers(fields["answers"], content),
        why=fields["why"].text(),
        **expected,
    )
