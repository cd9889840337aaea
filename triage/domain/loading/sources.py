"""Reading sources.yaml: the article's passages with their claims, and the guidance documents."""

from __future__ import annotations

import re
from typing import Literal, cast

from triage.domain.content import CLAIM, CLINIC, Article, Claim, Guidance, Passage
from triage.domain.loading.translation import Texts
from triage.domain.loading.tree import Node

SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class SourcesReader:
    """Knows the claims and guidance, so that every other text can name what it rests on."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.claims: dict[str, Claim] = {}
        self.guidance: dict[str, Guidance] = {}
        self.cited: set[str] = set()

    def article(self, node: Node) -> Article:
        fields = node.fields(("article", "guidance"))
        for row in fields["guidance"].rows():
            source = self._guidance(row)
            if source.id in self.guidance:
                row.fault(f"the source {source.id!r} is named twice", "Give each source an id of its own")
            self.guidance[source.id] = source
        about = fields["article"].fields(("title", "publisher", "url", "passages"))
        return Article(
            title=about["title"].text(),
            publisher=about["publisher"].text(),
            url=about["url"].text(),
            passages=tuple(self._passage(row) for row in about["passages"].rows()),
        )

    def basis(self, node: Node, owner: Node) -> tuple[str, ...]:
        """The ids a text rests on."""
        basis = node.texts()
        for source in basis:
            if source != CLINIC and source not in self.claims and source not in self.guidance:
                owner.fault(f"the source {source!r} is not known", "Name a claim, a guidance id or `clinic`")
        if not basis:
            owner.fault(
                "rests on no source", "Add basis: [..] with claim ids, guidance ids or the word clinic"
            )
        self.cited.update(basis)
        return basis

    def _guidance(self, node: Node) -> Guidance:
        fields = node.fields(("id", "title", "publisher", "status", "fact"), ("url", "checked", "kind"))
        id = fields["id"].text()
        return Guidance(
            id=id,
            title=fields["title"].text(),
            publisher=fields["publisher"].text(),
            url=fields["url"].text(),
            status=cast(
                Literal["read", "copy", "known"],
                fields["status"].one_of(("read", "copy", "known")) or "known",
            ),
            checked=fields["checked"].day(),
            fact=self.texts.read(fields["fact"], f"guidance.{id}"),
            kind=cast(
                Literal["guidance", "research"],
                fields["kind"].one_of(("guidance", "research")) or "guidance",
            ),
        )

    def _passage(self, node: Node) -> Passage:
        fields = node.fields(("id", "locator", "sha256", "claims"))
        id, sha256 = fields["id"].text(), fields["sha256"].text()
        if sha256 and not SHA256.match(sha256):
            fields["sha256"].fault("is not a SHA-256", "Write its 64 digits 0-9 and a-f")
        return Passage(
            id=id,
            locator=self.texts.read(fields["locator"], f"locator.{id}"),
            sha256=sha256,
            claims=tuple(self._claim(row, id) for row in fields["claims"].rows()),
        )

    def _claim(self, node: Node, passage: str) -> Claim:
        fields = node.fields(("id", "text", "hedge"))
        id = fields["id"].text()
        if not CLAIM.match(id) or not id.startswith(f"{passage}."):
            problem = f"the claim id {id!r} does not fit passage {passage}"
            node.fault(problem, f"Write it as {passage}.a, {passage}.b …")
        if id in self.claims:
            node.fault(f"the claim {id!r} is named twice", "Give each claim an id of its own")
        self.claims[id] = Claim(
            id=id,
            passage=passage,
            text=self.texts.read(fields["text"], f"claim.{id}"),
            hedge=self.texts.read(fields["hedge"], f"hedge.{id}"),
        )
        return self.claims[id]
