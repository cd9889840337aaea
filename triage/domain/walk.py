"""From answers to the walk: which questions are asked, which answers count, where the person is.

The position is computed by replaying the answers from the first question, every time; it is stored nowhere.
An answer whose question is not asked counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from triage.domain.content import Content, Item, Screen
from triage.domain.logic import YES, Condition, Facts, leaves

# Item key -> the codes given (one or more), or for a text item the text, or () where it was left empty.
Answers = Mapping[str, tuple[str, ...]]


class AnswerError(ValueError):
    """An answer that the questionnaire cannot take; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The answers `given`, replayed: `asked` in order, `facts` for conditions, `answers` that count."""

    given: Answers
    asked: tuple[str, ...]
    facts: Facts
    answers: Answers
    unanswered: tuple[str, ...]
    dropped: tuple[str, ...]
    exit: str  # the exit page an option led to, or ""

    @property
    def complete(self) -> bool:
        return not self.unanswered and not self.exit

    def asks(self, screen: Screen) -> tuple[Item, ...]:
        """The items of the screen to be asked now: one that an answer on this screen may open waits for that answer."""
        open_here = {item.key for item in screen.items if item.key in self.unanswered}
        return tuple(
            item
            for item in screen.items
            if item.key in self.asked and not (item.ask_when and open_here & reads(item.ask_when))
        )


def walk(content: Content, answers: Answers) -> Walk:
    """Replay `answers` (already checked, see `read_answers`) from the first question on."""
    asked: list[str] = []
    unanswered: list[str] = []
    facts: dict[str, frozenset[str]] = {}
    exit_page = ""
    for item in content.items.values():
        if item.ask_when is not None and item.ask_when.truth(facts) is not YES:
            continue
        asked.append(item.key)
        given = answers.get(item.key)
        if given is None:
            unanswered.append(item.key)
        if item.kind == "text":
            continue
        facts[item.key] = frozenset(given) if given else frozenset((item.unsure,))
        exit_page = item.exit_for(given) if given else ""
        if exit_page:
            break
    counting = {key: answers[key] for key in asked if key in answers}
    return Walk(
        given=answers,
        asked=tuple(asked),
        facts=facts,
        answers=counting,
        unanswered=tuple(unanswered),
        dropped=tuple(key for key in content.items if key in answers and key not in counting),
        exit=exit_page,
    )


def reads(condition: Condition) -> set[str]:
    """The items on which a condition depends."""
    return {leaf.item for leaf in leaves(condition)}


def next_screen(content: Content, walked: Walk) -> Screen | None:
    """Where the person is: the screen of the first question without an answer, None when all are answered."""
    return content.screen_of[walked.unanswered[0]] if walked.unanswered else None


def open_screens(content: Content, walked: Walk) -> tuple[Screen, ...]:
    """The screens the person may look at: all that are answered, and the next one."""
    screens, last = path_screens(content, walked), next_screen(content, walked)
    return screens[: screens.index(last) + 1] if last else screens


def path_screens(content: Content, walked: Walk) -> tuple[Screen, ...]:
    """Every screen that will be shown if no further answer opens or closes one."""
    screens = (content.screen_of[key] for key in walked.asked)
    return tuple({screen.key: screen for screen in screens}.values())


def read_answers(content: Content, raw: Mapping[str, object]) -> Answers:
    """Check a JSON object of answers: {"leg-pain": "none", "foot-site": ["sole"], …}; null means no answer.

    Raises AnswerError for an unknown key, an unknown code, or a shape the question cannot take.
    """
    answers: dict[str, tuple[str, ...]] = {}
    for key, value in raw.items():
        item = content.items.get(key)
        if item is None:
            raise AnswerError(f"unknown key {key!r}")
        if value is None or value == []:
            continue
        answers[key] = _read_text(item, value) if item.kind == "text" else _read_codes(item, value)
    return answers


def _read_text(item: Item, value: object) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise AnswerError(f"{item.key!r} takes a text")
    if len(value) > item.max_length:
        raise AnswerError(f"{item.key!r} takes at most {item.max_length} characters")
    return (value,) if value else ()


def _read_codes(item: Item, value: object) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list):
        raise AnswerError(f"{item.key!r} takes a code or a list of codes")
    # "Not sure" is open to every question, also where the page does not offer it (age).
    known = item.codes | {item.unsure}
    for code in given:
        if not isinstance(code, str) or code not in known:
            raise AnswerError(f"unknown code {code!r} for {item.key!r}")
    if item.takes_one and len(given) != 1:
        raise AnswerError(f"{item.key!r} takes one code")
    alone = item.exclusive.intersection(given)
    if alone and len(set(given)) > 1:
        raise AnswerError(f"{item.key!r}: {min(alone)!r} cannot stand beside other codes")
    return in_order(item, given)


def in_order(item: Item, codes: list[str]) -> tuple[str, ...]:
    """The codes as the questionnaire lists them, each once: the order of ticks means nothing."""
    listed = [option.code for option in item.options]
    return tuple(sorted(set(codes), key=lambda code: listed.index(code) if code in listed else len(listed)))
