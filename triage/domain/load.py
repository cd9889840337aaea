"""From plain trees to `Content`, naming every fault at once.

`trees` maps a file's name without ending ("questionnaire", "decision", "results", "sources", "vignettes" and
one per further language, "es") to its parsed value. The same trees, as canonical JSON, are what a release keeps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, cast

from triage.domain.conditions import ConditionReader
from triage.domain.content import (
    CLAIM,
    CLINIC,
    MAPS,
    ORIGINS,
    PICTURES,
    ROOTS,
    STAFF_SECTIONS,
    URGENCIES,
    Article,
    Claim,
    Content,
    Guidance,
    Item,
    Kind,
    Option,
    Outcome,
    Passage,
    Row,
    Rule,
    Screen,
    Section,
    Sentence,
    SignText,
    Vignette,
)
from triage.domain.integrity import note_integrity
from triage.domain.logic import AnyOf, Condition, PointsTo, Sign
from triage.domain.properties import read_properties
from triage.domain.translation import Texts
from triage.domain.tree import ContentError, Fault, Node, note_repeats
from triage.domain.walk import AnswerError, read_answers

Trees = Mapping[str, object]

FILES = ("questionnaire", "decision", "results", "sources", "vignettes")
KINDS = ("one", "many", "text")
POINTS = ("back", "foot", "neither")
OUTCOMES = {"origin": ORIGINS, "root": ROOTS, "urgency": URGENCIES}
SECTIONS = (
    "now",
    "pattern",
    "learn",
    "meanwhile",
    "tell",
    "safety-net",
    "limits",
    "under-16",
    "how",
    *STAFF_SECTIONS,
)
CLINIC_SETTINGS = ("clinic_name", "clinic_phone", "clinic_hours", "emergency_number", "advice_line")
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
RULE_ID = re.compile(r"[A-Z][A-Z0-9-]*\Z")
SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def load(trees: Trees, language: str | None = None) -> Content:
    """The content in `language` (by default the questionnaire's own). Raises ContentError with every fault."""
    faults: list[Fault] = []
    content = _Loader(trees, language, faults).content()
    if faults or content is None:
        raise ContentError(sorted(set(faults)))
    return content


def languages(trees: Trees) -> tuple[str, ...]:
    """The codes of all languages in the trees, the questionnaire's own first."""
    questionnaire = trees.get("questionnaire")
    own = questionnaire.get("language", "en") if isinstance(questionnaire, dict) else "en"
    return (str(own), *sorted(set(trees) - set(FILES)))


def check(trees: Trees) -> list[Fault]:
    """Every fault of the content, in all its languages."""
    faults: list[Fault] = []
    for language in languages(trees):
        _Loader(trees, language, faults).content()
    return sorted(set(faults))


class _Loader:
    """One pass over the trees for one language; each method reads one kind of thing."""

    def __init__(self, trees: Trees, language: str | None, faults: list[Fault]) -> None:
        self.trees = trees
        self.faults = faults
        self.own, *self.others = languages(trees)
        self.language = language or self.own
        overlay = None if self.language == self.own else self._file(self.language)
        self.texts = Texts(overlay)
        self.claims: dict[str, Claim] = {}
        self.guidance: dict[str, Guidance] = {}
        self.cited: set[str] = set()
        self.conditions = ConditionReader()

    def content(self) -> Content | None:
        """The content, or None where a fault left nothing to build on."""
        missing = [name for name in FILES if name not in self.trees]
        for name in missing:
            self._file(name).fault("the file is missing", "Add it to the content directory")
        if missing:
            return None
        article = self._sources()
        head = self._file("questionnaire").fields(
            {"key", "title", "version", "language", "language-name", "screens"}
        )
        if "screens" not in head:
            return None
        screens = tuple(self._screen(row) for row in head["screens"].rows())
        note_repeats(((row.key, head["screens"]) for row in screens), "screen key")
        signs, rules = self._decision()
        results = self._results(signs, rules)
        names = {
            name: head[name].text() if name in head else ""
            for name in ("key", "title", "version", "language-name")
        }
        content = Content(
            key=names["key"],
            title=self.texts.translate("title", names["title"]),
            version=names["version"],
            language=self.language,
            languages={self.own: names["language-name"]}
            | {code: self._language_name(code) for code in self.others},
            screens=screens,
            signs=signs,
            origin_rules=rules["origin"],
            root_rules=rules["root"],
            urgency_rules=rules["urgency"],
            properties=read_properties(self._file("decision"), self.conditions.items),
            article=article,
            guidance=self.guidance,
            vignettes=(),
            **results,
        )
        self.texts.note_leftovers()
        if not self.faults:
            note_integrity(content, self.cited, self._file)
        if self.faults:
            return None
        return self._with_vignettes(content)

    def _file(self, name: str) -> Node:
        return Node(f"{name}.yaml", "", self.trees.get(name, {}), self.faults)

    def _language_name(self, code: str) -> str:
        fields = self._file(code).fields({"language", "language-name", "texts"})
        if "language" in fields and fields["language"].text() != code:
            fields["language"].fault(
                f"does not fit the file's name {code}.yaml", f"Write {code}, or rename the file"
            )
        return fields["language-name"].text() if "language-name" in fields else code

    # Sources

    def _sources(self) -> Article:
        fields = self._file("sources").fields({"article", "guidance"})
        for row in fields["guidance"].rows() if "guidance" in fields else []:
            source = self._guidance(row)
            if source.id in self.guidance:
                row.fault(f"the source {source.id!r} is named twice", "Give each source an id of its own")
            self.guidance[source.id] = source
        about = (
            fields["article"].fields({"title", "publisher", "url", "passages"}) if "article" in fields else {}
        )
        passages = (
            tuple(self._passage(row) for row in about["passages"].rows()) if "passages" in about else ()
        )
        return Article(
            title=about["title"].text() if "title" in about else "",
            publisher=about["publisher"].text() if "publisher" in about else "",
            url=about["url"].text() if "url" in about else "",
            passages=passages,
        )

    def _guidance(self, node: Node) -> Guidance:
        fields = node.fields({"id", "title", "publisher", "status", "fact"}, {"url", "checked", "kind"})
        text = {name: field.text() for name, field in fields.items()}
        id = text.get("id", "")
        if "status" in fields:
            fields["status"].one_of(("read", "copy", "known"))
        if "kind" in fields:
            fields["kind"].one_of(("guidance", "research"))
        return Guidance(
            id=id,
            title=text.get("title", ""),
            publisher=text.get("publisher", ""),
            url=text.get("url", ""),
            status=cast(Literal["read", "copy", "known"], text.get("status", "known")),
            checked=text.get("checked", ""),
            fact=self.texts.translate(f"guidance.{id}", text.get("fact", "")),
            kind=cast(Literal["guidance", "research"], text.get("kind", "guidance")),
        )

    def _passage(self, node: Node) -> Passage:
        fields = node.fields({"id", "locator", "sha256", "claims"})
        id = fields["id"].text() if "id" in fields else ""
        sha256 = fields["sha256"].text() if "sha256" in fields else ""
        if sha256 and not SHA256.match(sha256):
            fields["sha256"].fault("is not a SHA-256", "Write its 64 digits 0-9 and a-f")
        claims = tuple(self._claim(row, id) for row in fields["claims"].rows()) if "claims" in fields else ()
        locator = fields["locator"].text() if "locator" in fields else ""
        return Passage(id, self.texts.translate(f"locator.{id}", locator), sha256, claims)

    def _claim(self, node: Node, passage: str) -> Claim:
        text = {name: field.text() for name, field in node.fields({"id", "text", "hedge"}).items()}
        id = text.get("id", "")
        if not CLAIM.match(id) or not id.startswith(f"{passage}."):
            node.fault(
                f"the claim id {id!r} does not fit passage {passage}",
                f"Write it as {passage}.a, {passage}.b …",
            )
        if id in self.claims:
            node.fault(f"the claim {id!r} is named twice", "Give each claim an id of its own")
        claim = Claim(
            id=id,
            passage=passage,
            text=self.texts.translate(f"claim.{id}", text.get("text", "")),
            hedge=self.texts.translate(f"hedge.{id}", text.get("hedge", "")),
        )
        self.claims[id] = claim
        return claim

    def _basis(self, node: Node | None, owner: Node, *, outside: bool = False) -> tuple[str, ...]:
        """The ids a text rests on. `outside`: the clinic's own word is not enough."""
        basis = node.texts() if node else ()
        for source in basis:
            if source != CLINIC and source not in self.claims and source not in self.guidance:
                owner.fault(f"the source {source!r} is not known", "Name a claim, a guidance id or `clinic`")
        if not basis or (outside and set(basis) <= {CLINIC}):
            wanted = "claim or guidance ids" if outside else "claim ids, guidance ids or the word clinic"
            owner.fault("rests on no source", f"Add basis: [..] with {wanted}")
        self.cited.update(basis)
        return basis

    # Questionnaire

    def _screen(self, node: Node) -> Screen:
        fields = node.fields({"key", "title", "why", "items"})
        key = self._key(fields.get("key"))
        why = fields["why"].fields({"text", "basis"}) if "why" in fields else {}
        items = tuple(self._item(row) for row in fields["items"].rows()) if "items" in fields else ()
        if "items" in fields and not 1 <= len(items) <= 3:
            node.fault(f"has {len(items)} items", "Give a screen one to three items")
        return Screen(
            key=key,
            title=self._text(fields.get("title"), f"screen.{key}.title"),
            why=Sentence(
                self._text(why.get("text"), f"screen.{key}.why"), self._basis(why.get("basis"), node)
            ),
            items=items,
        )

    def _item(self, node: Node) -> Item:
        fields = node.fields(
            {"key", "kind", "text", "label", "basis"},
            {"hint", "options", "ask-when", "max-length", "picture", "mirror-when"},
        )
        key = self._key(fields.get("key"))
        kind = fields["kind"].one_of(KINDS) if "kind" in fields else "one"
        options = (
            tuple(self._option(row, key) for row in fields["options"].rows()) if "options" in fields else ()
        )
        ask_when = self.conditions.read(fields["ask-when"]) if "ask-when" in fields else None
        item = Item(
            key=key,
            kind=cast(Kind, kind),
            text=self._text(fields.get("text"), f"item.{key}.text"),
            label=self._text(fields.get("label"), f"item.{key}.label"),
            hint=self._text(fields.get("hint"), f"item.{key}.hint"),
            options=options,
            ask_when=ask_when,
            basis=self._basis(fields.get("basis"), node),
            max_length=fields["max-length"].whole_number() if "max-length" in fields else 0,
            picture=fields["picture"].one_of(PICTURES) if "picture" in fields else "",
            mirror_when=self._answer(fields["mirror-when"]) if "mirror-when" in fields else None,
        )
        self._note_options(item, node, fields)
        self._note_picture(item, node)
        if key in self.conditions.items:
            node.fault(f"the item key {key!r} is used twice", "Give each item a key of its own")
        self.conditions.items[key] = item  # from here on, later conditions may read it
        return item

    def _note_options(self, item: Item, node: Node, fields: dict[str, Node]) -> None:
        if item.kind == "text":
            if item.options:
                node.fault("a text item has options", "Remove them, or make it kind one or many")
            if not item.max_length:
                node.fault("a text item has no max-length", "Add one, for example 1000")
            return
        if "max-length" in fields:
            node.fault("max-length is for text items", "Remove it")
        if len(item.options) < 2:
            node.fault("has fewer than two options", "Add options")
        note_repeats(((option.code, node) for option in item.options), "code")
        note_repeats(((option.text, node) for option in item.options), "option text")
        if item.kind == "one" and item.exclusive:
            node.fault(
                "exclusive options are for kind many", "Remove `exclusive`: only one can be chosen anyway"
            )
        if item.kind == "many" and any(option.ends for option in item.options):
            node.fault("only an item of kind one can end the questions", "Remove `ends`")
        if item.unsure not in item.codes and not any(option.ends for option in item.options):
            node.fault("has no option for a person who does not know", "Add the code not-sure (or not-tried)")

    def _note_picture(self, item: Item, node: Node) -> None:
        if item.picture in MAPS and item.kind != "many":
            node.fault(
                "a picture with places to tap is for kind many", "Remove `picture`, or make it kind many"
            )
        if item.mirror_when and item.picture not in MAPS:
            node.fault("mirror-when is for a picture with places to tap", "Remove it")

    def _answer(self, node: Node) -> AnyOf:
        """A condition on one item alone."""
        condition = self.conditions.read(node)
        if isinstance(condition, AnyOf):
            return condition
        node.fault("has to be about one item", "Write {item, is} or {item, any-of}")
        return self.conditions.nothing

    def _option(self, node: Node, item: str) -> Option:
        fields = node.fields({"code", "text"}, {"hint", "exclusive", "ends"})
        code = self._key(fields.get("code"))
        ends = fields["ends"].text() if "ends" in fields else ""
        if ends and ends not in SECTIONS:
            fields["ends"].fault(f"the exit page {ends!r} is not known", "Name a section of results.yaml")
        return Option(
            code=code,
            text=self._text(fields.get("text"), f"item.{item}.{code}"),
            hint=self._text(fields.get("hint"), f"item.{item}.{code}.hint"),
            exclusive=fields["exclusive"].yes_or_no() if "exclusive" in fields else False,
            ends=ends,
        )

    def _key(self, node: Node | None) -> str:
        key = node.text() if node else ""
        if node and key and not KEY.match(key):
            node.fault(f"{key!r} is not a good key", "Use small letters, digits and single dashes")
        return key

    def _text(self, node: Node | None, key: str) -> str:
        return self.texts.translate(key, node.text()) if node else ""

    # Decision

    def _decision(self) -> tuple[tuple[Sign, ...], dict[str, tuple[Rule, ...]]]:
        fields = self._file("decision").fields({"signs", *OUTCOMES, "properties"})
        for row in fields["signs"].rows() if "signs" in fields else []:
            sign = self._sign(row)
            if sign.id in self.conditions.signs:
                row.fault(f"the sign {sign.id!r} is used twice", "Give each sign an id of its own")
            self.conditions.signs[sign.id] = sign
        texts = self._file("results").mapping().get("rules")
        written = texts.mapping() if texts else {}
        rules = {
            name: tuple(self._rule(row, values, written) for row in fields[name].rows())
            if name in fields
            else ()
            for name, values in OUTCOMES.items()
        }
        every = [rule for table in rules.values() for rule in table]
        note_repeats(((rule.id, self._file("decision")) for rule in every), "rule id")
        for name in sorted(written.keys() - {rule.id for rule in every}):
            written[name].fault("no rule has this id", "Remove it, or add the rule to decision.yaml")
        return tuple(self.conditions.signs.values()), rules

    def _sign(self, node: Node) -> Sign:
        fields = node.fields({"id", "points-to", "basis", "when"})
        return Sign(
            id=self._rule_id(fields.get("id")),
            when=self.conditions.read(fields["when"]) if "when" in fields else self.conditions.nothing,
            points_to=cast(
                PointsTo, fields["points-to"].one_of(POINTS) if "points-to" in fields else "neither"
            ),
            basis=self._basis(fields.get("basis"), node),
        )

    def _rule(self, node: Node, values: tuple[str, ...], written: dict[str, Node]) -> Rule:
        fields = node.fields({"id", "gives", "basis"}, {"when"})
        id = self._rule_id(fields.get("id"))
        basis = self._basis(fields.get("basis"), node, outside=True)
        if id not in written:
            node.fault("has no wording", f"Add {id}: with patient and staff to `rules` in results.yaml")
        texts = written[id].fields({"patient", "staff"}) if id in written else {}
        gives = fields["gives"].one_of(values) if "gives" in fields else ""
        if gives == "routine":
            node.fault("a rule cannot give routine", "Routine is what is left when no urgency row matches")
        return Rule(
            id=id,
            gives=gives,
            when=self.conditions.read(fields["when"]) if "when" in fields else None,
            basis=basis,
            patient=Sentence(self._text(texts.get("patient"), f"rule.{id}"), basis),
            staff=Sentence(texts["staff"].text() if "staff" in texts else "", basis),
        )

    def _rule_id(self, node: Node | None) -> str:
        id = node.text() if node else ""
        if node and id and not RULE_ID.match(id):
            node.fault(f"{id!r} is not a good id", "Use capital letters, digits and dashes")
        return id

    # Results

    def _results(self, signs: tuple[Sign, ...], rules: dict[str, tuple[Rule, ...]]) -> dict[str, Any]:
        fields = self._file("results").fields({"outcomes", "rules", "signs", "sections"})
        outcomes = fields["outcomes"].fields(set(OUTCOMES)) if "outcomes" in fields else {}
        texts = fields["signs"].mapping() if "signs" in fields else {}
        for sign in signs:
            if sign.id not in texts and "signs" in fields:
                fields["signs"].fault(f"the sign {sign.id} has no wording", "Add patient, unsure and staff")
        for name in sorted(texts.keys() - {sign.id for sign in signs}):
            texts[name].fault("no sign has this id", "Remove it, or add the sign to decision.yaml")
        sections = fields["sections"].fields(set(SECTIONS)) if "sections" in fields else {}
        loaded = {name: self._section(name, node) for name, node in sections.items()}
        rows = [row.key for section in loaded.values() for row in section.rows]
        if "sections" in fields:
            note_repeats(((key, fields["sections"]) for key in rows), "row key")
        return {
            "sign_texts": {id: self._sign_text(id, node) for id, node in texts.items()},
            "outcomes": {name: self._outcomes(name, node) for name, node in outcomes.items()},
            "sections": loaded,
        }

    def _sign_text(self, id: str, node: Node) -> SignText:
        fields = node.fields({"patient", "unsure", "staff"})
        return SignText(
            patient=self._text(fields.get("patient"), f"sign.{id}"),
            unsure=self._text(fields.get("unsure"), f"sign.{id}.unsure"),
            staff=fields["staff"].text() if "staff" in fields else "",
        )

    def _outcomes(self, name: str, node: Node) -> dict[str, Outcome]:
        found = {}
        for value, names in node.fields(set(OUTCOMES[name])).items():
            fields = names.fields({"patient", "staff"})
            patient = self._text(fields.get("patient"), f"outcome.{name}.{value}")
            found[value] = Outcome(patient, fields["staff"].text() if "staff" in fields else "")
        return found

    def _section(self, key: str, node: Node) -> Section:
        fields = node.fields({"title", "rows"})
        for_staff = key in STAFF_SECTIONS
        rows = tuple(self._row(row, for_staff) for row in fields["rows"].rows()) if "rows" in fields else ()
        title = fields["title"].text() if "title" in fields else ""
        return Section(key, title if for_staff else self.texts.translate(f"section.{key}.title", title), rows)

    def _row(self, node: Node, for_staff: bool) -> Row:
        fields = node.fields({"key", "text", "basis"}, {"origin", "root", "urgency", "when", "unless-set"})
        key = self._key(fields.get("key"))
        text = fields["text"].text() if "text" in fields else ""
        for name in re.findall(r"\{(\w*)\}", text):
            if name not in CLINIC_SETTINGS:
                node.fault(f"{{{name}}} is not a clinic setting", f"Use one of: {', '.join(CLINIC_SETTINGS)}")
        shown = {
            name: fields[name].some_of(values) if name in fields else () for name, values in OUTCOMES.items()
        }
        when: Condition | None = self.conditions.read(fields["when"]) if "when" in fields else None
        return Row(
            key=key,
            sentence=Sentence(
                text if for_staff else self.texts.translate(f"row.{key}", text),
                self._basis(fields.get("basis"), node),
            ),
            when=when,
            unless_set=fields["unless-set"].one_of(CLINIC_SETTINGS) if "unless-set" in fields else "",
            **shown,
        )

    # Vignettes

    def _with_vignettes(self, content: Content) -> Content:
        rows = self._file("vignettes").fields({"vignettes"})
        vignettes = tuple(self._vignette(row, content) for row in rows["vignettes"].rows()) if rows else ()
        note_repeats(((vignette.key, rows["vignettes"]) for vignette in vignettes), "vignette key")
        return replace(content, vignettes=vignettes)

    def _vignette(self, node: Node, content: Content) -> Vignette:
        fields = node.fields({"key", "story", "answers", "expect", "why"})
        answers = (
            {name: child.value for name, child in fields["answers"].mapping().items()}
            if "answers" in fields
            else {}
        )
        try:
            read_answers(content, answers)
        except AnswerError as error:
            node.fault(str(error), "Use the keys and codes of questionnaire.yaml")
        expect = fields["expect"].fields(set(OUTCOMES)) if "expect" in fields else {}
        expected = {
            name: None if child.value is None else child.one_of(OUTCOMES[name])
            for name, child in expect.items()
        }
        return Vignette(
            key=self._key(fields.get("key")),
            story=fields["story"].text() if "story" in fields else "",
            answers=answers,
            why=fields["why"].text() if "why" in fields else "",
            **{name: expected.get(name) for name in OUTCOMES},
        )
