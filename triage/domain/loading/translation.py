"""Every text has a permanent key; a language's overlay gives each of them, no more and no less."""

from __future__ import annotations

import re

from triage.domain.loading.tree import Node

OVERLAY = ("language", "language-name", "texts")
PLACEHOLDER = re.compile(r"\{\w*\}")


class Texts:
    """The texts of one language. Without an overlay (the questionnaire's own language) texts stay as they are."""

    def __init__(self, overlay: Node | None) -> None:
        self.overlay = overlay
        self.given = {}
        self.asked: set[str] = set()
        if overlay is not None:
            self.given = overlay.fields(OVERLAY)["texts"].mapping()

    def translate(self, key: str, original: str) -> str:
        """The text in this language. Notes a fault where it is missing or its placeholders differ."""
        if self.overlay is None or not original:
            return original
        self.asked.add(key)
        node = self.given.get(key)
        if node is None:
            self.overlay.fault(f"the text {key!r} is not translated", f"Translate: {original}")
            return original
        text = node.text()
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(original)):
            node.fault("the names in braces differ from the original", f"Keep those of: {original}")
        return text

    def read(self, node: Node, key: str) -> str:
        """The node's text in this language."""
        return self.translate(key, node.text())

    def note_leftovers(self) -> None:
        """Fault translations of texts that do not exist."""
        for key in sorted(self.given.keys() - self.asked):
            self.given[key].fault("there is no such text to translate", "Remove it, or mend its key")
