"""Reading questionnaire.yaml: screens, their items and options, and the phrases that texts name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import cast

from triage.domain.content import (
    MAPS,
    PICTURES,
    SIGNS_DRAWN,
    Caution,
    Group,
    Item,
    Kind,
    Option,
    Phrase,
    Screen,
    Sentence,
    Variant,
)
from triage.domain.loading.conditions import ConditionReader
from triage.domain.loading.sources import SourcesReader
from triage.domain.loading.translation import Texts, names
from triage.domain.loading.tree import Node, note_repeats
from triage.domain.logic import AnyOf, leaves
from triage.domain.wording import Phrased, texts_of, with_texts

KINDS = ("one", "many", "scale", "text")
MOST_ITEMS = 4  # on one screen


class QuestionnaireReader:
    def __init__(self, texts: Texts, sources: SourcesReader, conditions: ConditionReader) -> None:
        self.texts, self.sources, self.conditions = texts, sources, conditions
        self.places: dict[str, Node] = {}  # item key -> where it stands

    def read(self, screens: Node, phrases: Node) -> tuple[tuple[Screen, ...], dict[str, Phrase]]:
        """The screens, with plain texts, and the phrases that make them one person's."""
        found = tuple(self._screen(row) for row in screens.rows())
        note_repeats(((screen.key, screens) for screen in found), "screen key")
        known = self._phrases(phrases)
        return tuple(
            replace(screen, items=tuple(self._plain(item, known) for item in screen.items))
            for screen in found
        ), known

    def _screen(self, node: Node) -> Screen:
        fields = node.fields(("key", "title", "why", "items"))
        key = fields["key"].key()
        why = fields["why"].fields(("text", "basis"))
        items = tuple(self._item(row) for row in fields["items"].rows())
        if fields["items"].given and not 1 <= len(items) <= MOST_ITEMS:
            node.fault(f"has {len(items)} items", f"Give a screen one to {MOST_ITEMS} items")
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
            (
                "hint",
                "options",
                "ask-when",
                "max-length",
                "picture",
                "mirror-when",
                "groups",
                "cautions",
                "variants",
            ),
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
            groups=tuple(self._group(row, key) for row in fields["groups"].rows()),
            cautions=tuple(self._caution(row, key) for row in fields["cautions"].rows()),
            variants=tuple(self._variant(row, key) for row in fields["variants"].rows()),
        )
        if item.kind == "text":
            _note_free_text(item, node)
        else:
            _note_options(item, node)
        _note_picture(item, node)
        _note_groups(item, node)
        _note_variants(item, node)
        if key in self.conditions.items:
            node.fault(f"the item key {key!r} is used twice", "Give each item a key of its own")
        self.places[key] = node
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
        fields = node.fields(("code", "text"), ("hint", "exclusive", "ends", "group", "picture"))
        code = fields["code"].key()
        return Option(
            code=code,
            text=self.texts.read(fields["text"], f"item.{item}.{code}"),
            hint=self.texts.read(fields["hint"], f"item.{item}.{code}.hint"),
            exclusive=fields["exclusive"].yes_or_no(),
            ends=fields["ends"].text(),
            group=fields["group"].text(),
            picture=fields["picture"].one_of(SIGNS_DRAWN),
        )

    def _group(self, node: Node, item: str) -> Group:
        fields = node.fields(("key", "text"))
        key = fields["key"].key()
        return Group(key, self.texts.read(fields["text"], f"item.{item}.group.{key}"))

    def _caution(self, node: Node, item: str) -> Caution:
        fields = node.fields(("key", "when", "text", "basis"))
        key = fields["key"].key()
        return Caution(
            key=key,
            when=self.conditions.read(fields["when"]),
            sentence=Sentence(
                self.texts.read(fields["text"], f"item.{item}.caution.{key}"),
                self.sources.basis(fields["basis"], node),
            ),
        )

    def _variant(self, node: Node, item: str) -> Variant:
        fields = node.fields(("key", "when"), ("text", "label", "hint", "options"))
        key = fields["key"].key()
        own = f"item.{item}.variant.{key}"
        texts = {
            "text": self.texts.read(fields["text"], own),
            "label": self.texts.read(fields["label"], f"{own}.label"),
            "hint": self.texts.read(fields["hint"], f"{own}.hint"),
        } | {
            code: self.texts.read(text, f"{own}.{code}") for code, text in fields["options"].mapping().items()
        }
        return Variant(
            key=key,
            when=self.conditions.read(fields["when"]),
            texts={name: text for name, text in texts.items() if text},
        )

    # Phrases

    def _phrases(self, node: Node) -> dict[str, Phrase]:
        found = tuple(self._phrase(row) for row in node.rows())
        note_repeats(((phrase.key, node) for phrase in found), "phrase key")
        return {phrase.key: phrase for phrase in found}

    def _phrase(self, node: Node) -> Phrase:
        fields = node.fields(("key", "text", "variants"))
        key = fields["key"].key()
        variants = []
        for row in fields["variants"].rows():
            variant = row.fields(("key", "when", "text"))
            name = variant["key"].key()
            text = self.texts.read(variant["text"], f"phrase.{key}.{name}")
            variants.append((self.conditions.read(variant["when"]), text))
        return Phrase(key, self.texts.read(fields["text"], f"phrase.{key}"), tuple(variants))

    def _plain(self, item: Item, phrases: Mapping[str, Phrase]) -> Item:
        """The item in words that fit anybody, knowing those that name phrases."""
        texts = texts_of(item)
        phrased = {name: text for name, text in texts.items() if names(self.places[item.key], text)}
        own = [text for variant in item.variants for text in variant.texts.values()]
        warned = [caution.sentence.text for caution in item.cautions]
        if not self._may_name(item, (*phrased.values(), *own, *warned), phrases):
            return item
        return replace(with_texts(item, phrased, Phrased(phrases)), phrased=phrased)

    def _may_name(self, item: Item, texts: Iterable[str], phrases: Mapping[str, Phrase]) -> bool:
        """Whether every name in braces is a phrase that reads only items above this one."""
        node, asked = self.places[item.key], list(self.conditions.items)
        above = set(asked[: asked.index(item.key)])
        good = True
        for name in dict.fromkeys(name for text in texts for name in names(node, text)):
            if name not in phrases:
                node.fault(f"{{{name}}} is no phrase", f"Use one of: {', '.join(phrases) or 'none'}")
                good = False
                continue
            reads = (leaf.item for when, _text in phrases[name].variants for leaf in leaves(when))
            for key in sorted(set(reads) - above):
                node.fault(f"{{{name}}} reads {key}, which is asked later", "Name it further down")
        return good


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
    if item.takes_one and item.exclusive:
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


def _note_groups(item: Item, node: Node) -> None:
    note_repeats(((group.key, node) for group in item.groups), "group")
    declared = [group.key for group in item.groups]
    runs = [key for key, _options in groupby(option.group for option in item.options)]
    for key in sorted(set(runs) - {"", *declared}):
        node.fault(f"the group {key!r} is not declared", "Add it to `groups`, with its heading")
    for key in declared:
        if runs.count(key) != 1:
            problem = f"the options of the group {key!r} do not stand together"
            node.fault(problem, "Move them next to each other, or remove the group")
    if "" in runs[1:-1] and declared:
        node.fault("an option between groups has none", "Give it a group, or move it to the end")


def _note_variants(item: Item, node: Node) -> None:
    note_repeats(((variant.key, node) for variant in item.variants), "variant")
    note_repeats(((caution.key, node) for caution in item.cautions), "caution")
    for variant in item.variants:
        for name in sorted(variant.texts.keys() - {"text", "label", "hint"} - item.codes):
            node.fault(f"the variant {variant.key!r} words the option {name!r}", "There is no such option")
        if not variant.texts:
            node.fault(f"the variant {variant.key!r} says nothing", "Give it a text, or remove it")
