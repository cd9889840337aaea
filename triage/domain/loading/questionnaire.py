"""Reading questionnaire.yaml: screens, their items and options."""

from __future__ import annotations

from typing import cast

from triage.domain.content import MAPS, PICTURES, SECTIONS, Item, Kind, Option, Screen, Sentence
from triage.domain.loading.conditions import ConditionReader
from triage.domain.loading.sources import SourcesReader
from triage.domain.loading.translation import Texts
from triage.domain.loading.tree import Node, note_repeats
from triage.domain.logic import AnyOf

KINDS = ("one", "many", "text")


class QuestionnaireReader:
    def __init__(self, texts: Texts, sources: SourcesReader, conditions: ConditionReader) -> None:
        self.texts, self.sources, self.conditions = texts, sources, conditions

    def screens(self, node: Node) -> tuple[Screen, ...]:
        screens = tuple(self._screen(row) for row in node.rows())
        note_repeats(((screen.key, node) for screen in screens), "screen key")
        return screens

    def _screen(self, node: Node) -> Screen:
        fields = node.fields(("key", "title", "why", "items"))
        key = fields["key"].key()
        why = fields["why"].fields(("text", "basis"))
        items = tuple(self._item(row) for row in fields["items"].rows())
        if fields["items"].given and not 1 <= len(items) <= 3:
            node.fault(f"has {len(items)} items", "Give a screen one to three items")
        return Screen(
            key=key,
            title=self.texts.read(fields["title"], f"screen.{key}.title"),
            why=Sentence(
                self.texts.read(why["text"], f"screen.{key}.why"), self.sources.basis(why["basis"], node)
            ),
            items=items,
        )

    def _item(self, node: Node) -> Item:
        fields = node.fields(
            ("key", "kind", "text", "label", "basis"),
            ("hint", "options", "ask-when", "max-length", "picture", "mirror-when"),
        )
        key = fields["key"].key()
        item = Item(
            key=key,
            kind=cast(Kind, fields["kind"].one_of(KINDS) or "one"),
            text=self.texts.read(fields["text"], f"item.{key}.text"),
            label=self.texts.read(fields["label"], f"item.{key}.label"),
            hint=self.texts.read(fields["hint"], f"item.{key}.hint"),
            options=tuple(self._option(row, key) for row in fields["options"].rows()),
            ask_when=self.conditions.read_optional(fields["ask-when"]),
            basis=self.sources.basis(fields["basis"], node),
            max_length=fields["max-length"].whole_number(),
            picture=fields["picture"].one_of(PICTURES),
            mirror_when=self._answer(fields["mirror-when"]),
        )
        if item.kind == "text":
            _note_free_text(item, node)
        else:
            _note_options(item, node)
        _note_picture(item, node)
        if key in self.conditions.items:
            node.fault(f"the item key {key!r} is used twice", "Give each item a key of its own")
        self.conditions.items[key] = item  # from here on, later conditions may read it
        return item

    def _answer(self, node: Node) -> AnyOf | None:
        """A condition on one item alone."""
        condition = self.conditions.read_optional(node)
        if condition is None or isinstance(condition, AnyOf):
            return condition
        node.fault("has to be about one item", "Write {item, is} or {item, any-of}")
        return None

    def _option(self, node: Node, item: str) -> Option:
        fields = node.fields(("code", "text"), ("hint", "exclusive", "ends"))
        code, ends = fields["code"].key(), fields["ends"].text()
        if ends and ends not in SECTIONS:
            fields["ends"].fault(f"the exit page {ends!r} is not known", "Name a section of results.yaml")
        return Option(
            code=code,
            text=self.texts.read(fields["text"], f"item.{item}.{code}"),
            hint=self.texts.read(fields["hint"], f"item.{item}.{code}.hint"),
            exclusive=fields["exclusive"].yes_or_no(),
            ends=ends,
        )


def _note_free_text(item: Item, node: Node) -> None:
    if item.options:
        node.fault("a text item has options", "Remove them, or make it kind one or many")
    if not item.max_length:
        node.fault("a text item has no max-length", "Add one, for example 1000")


def _note_options(item: Item, node: Node) -> None:
    if item.max_length:
        node.fault("max-length is for text items", "Remove it")
    if len(item.options) < 2:
        node.fault("has fewer than two options", "Add options")
    note_repeats(((option.code, node) for option in item.options), "code")
    note_repeats(((option.text, node) for option in item.options), "option text")
    if item.kind == "one" and item.exclusive:
        node.fault("exclusive options are for kind many", "Remove `exclusive`: only one can be chosen anyway")
    if item.kind == "many" and any(option.ends for option in item.options):
        node.fault("only an item of kind one can end the questions", "Remove `ends`")
    if item.unsure not in item.codes and not any(option.ends for option in item.options):
        node.fault("has no option for a person who does not know", "Add the code not-sure (or not-tried)")


def _note_picture(item: Item, node: Node) -> None:
    if item.picture in MAPS and item.kind != "many":
        node.fault("a picture with places to tap is for kind many", "Remove `picture`, or make it kind many")
    if item.mirror_when and item.picture not in MAPS:
        node.fault("mirror-when is for a picture with places to tap", "Remove it")
