"""Every text has a permanent key; a language's overlay gives each of them, no more and no less."""

from __future__ import annotations

from triage.domain.content import CLINIC_SETTINGS, SIGNS, named_in
from triage.domain.loading.tree import Node

OVERLAY = ("language", "language-name", "texts")
SAME = ("same",)  # texts that are the same in both languages, and right so
FILLED = (*CLINIC_SETTINGS, SIGNS)


class Texts:
    """The texts of one language. Without an overlay (the questionnaire's own language) texts stay as they are."""

    def __init__(self, overlay: Node | None) -> None:
        self.overlay = overlay
        self.given: dict[str, Node] = {}
        self.same: tuple[str, ...] = ()
        self.originals: dict[str, str] = {}  # by key: what was asked for
        self.said: dict[str, str] = {}  # by key: the same in this language
        self.repeated: set[str] = set()  # keys that two texts have
        if overlay is not None:
            fields = overlay.fields(OVERLAY, SAME)
            self.given, self.same = fields["texts"].mapping(), fields["same"].texts()

    def translate(self, key: str, original: str) -> str:
        """The text in this language. Notes a fault where it is missing or its placeholders differ."""
        if not original:
            return original
        if self.originals.setdefault(key, original) != original:
            self.repeated.add(key)
        self.said[key] = text = self._translated(key, original)
        return text

    def _translated(self, key: str, original: str) -> str:
        if self.overlay is None:
            return original
        node = self.given.get(key)
        if node is None:
            self.overlay.fault(f"the text {key!r} is not translated", f"Translate: {original}")
            return original
        text = node.text()
        if _filled(node, text) != _filled(node, original):
            node.fault("the names in braces differ from the original", f"Keep those of: {original}")
        return text

    def read(self, node: Node, key: str) -> str:
        """The node's text in this language."""
        return self.translate(key, node.text())

    def note_leftovers(self) -> None:
        """Fault translations of texts that do not exist."""
        for key in sorted(self.given.keys() - self.originals.keys()):
            self.given[key].fault("there is no such text to translate", "Remove it, or mend its key")


def _filled(node: Node, text: str) -> list[str]:
    """What the text has filled in, phrases left out: another language may name others of those."""
    return sorted(name for name in names(node, text) if name in FILLED)


def names(node: Node, text: str) -> list[str]:
    """The names in braces; braces that do not pair are a fault of the node."""
    try:
        return list(named_in(text))
    except ValueError:
        node.fault(f"the braces do not pair: {text}", "Close each brace that is opened")
        return []
