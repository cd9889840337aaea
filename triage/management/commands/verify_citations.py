"""Show that every sentence of every kind of result stands on its sources, and says no more than they do.

Renders results for every outcome, rule, sign and row, for patient and staff, in each language. Exit status 1 on
a sentence that is in no file, one that is stronger than what it cites, two that must not stand together, a claim
nothing uses, or an altered passage.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from triage.domain.citation.ledger import entries, faults, never_shown, render_all, together, unused_claims
from triage.domain.content import Content
from triage.management.content import ContentCommand, named_content
from triage.store import releases


class Command(ContentCommand):
    help = __doc__

    def handle(self, *args: Any, content: str, **options: Any) -> None:
        own = named_content(content)
        found: list[str] = []
        for language in own.languages:
            found += self._language(own if language == own.language else named_content(content, language))
        unused = unused_claims(own)
        found += [
            f"sources.yaml: claim {id}: no text rests on it. Cite it, or remove it." for id in sorted(unused)
        ]
        self.stdout.write(f"Article: {len(own.claims) - len(unused)} of {len(own.claims)} claims used.")
        found += [
            f"results.yaml: {one} and {other} stand together. {never.why} For example: {dict(answers)}"
            for never, (one, other), answers in together(own)
        ]
        found += self._passages(own)
        for line in found:
            self.stderr.write(line)
        if found:
            raise CommandError(f"{len(found)} faults.", returncode=1)
        self.stdout.write("No faults.")

    def _language(self, content: Content) -> Iterator[str]:
        name = content.languages[content.language]
        kinds = Counter(entry.sentence.kind for entry in entries(content) if entry.says != "words")
        self.stdout.write(
            f"{name}: {kinds.total()} sentences, by source: "
            + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        )
        yield from map(str, faults(content))
        rendering = render_all(content)
        self.stdout.write(
            f"{name}: {rendering.results} results of {rendering.outcomes} outcomes rendered for patient and staff, "
            f"{len(rendering.shown)} different sentences shown."
        )
        for text in rendering.unknown:
            yield f"result ({name}): not in the ledger: {text!r}. Let it come from the content, with its sources."
        for entry in never_shown(content, rendering):
            yield f"{entry.file(content)}: {entry.key}: no result shows it. Mend its filters, or remove it."

    def _passages(self, content: Content) -> Iterator[str]:
        try:
            attached = releases.passages()
        except DatabaseError:
            attached = {}
        texts = {
            id: attached[passage.sha256]
            for id, passage in content.passages.items()
            if passage.sha256 in attached
        }
        for id, text in texts.items():
            if hashlib.sha256(text.encode()).hexdigest() != content.passages[id].sha256:
                yield f"database: passage {id}: its text does not have its hash. Run attach_source again."
        told = f"{len(texts)} of {len(content.passages)} passages attached" if texts else "no text attached"
        self.stdout.write(f"Article: {told}.")
