"""Loading published content: each release and language once per process."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from triage.domain.content import Content
from triage.domain.loading import Trees, languages, load
from triage.models import AttachedPassage, Release
from triage.store.prepared import Prepared


class NothingPublished(RuntimeError):
    """No release is published yet: `manage.py publish_content` makes one."""


def canonical(data: object) -> str:
    """One text for equal data: the form that is hashed and stored."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


PUBLISHED = Prepared(
    Release.objects.filter(state=Release.State.PUBLISHED)[:1],
    ["id", "sha256", "version"],
)


def current() -> Release:
    """The published release. Its text, and all but its name, is read when it is asked for. Raises NothingPublished."""
    release: Release | None = PUBLISHED.first(Release.State.PUBLISHED)
    if release is None:
        raise NothingPublished("no content is published yet; run: manage.py publish_content")
    return release


@lru_cache(maxsize=32)
def trees(release_sha256: str) -> Trees:
    """The plain trees of a release, checked against its hash."""
    text = Release.objects.values_list("content", flat=True).get(sha256=release_sha256)
    if sha256(text) != release_sha256:
        raise ValueError(f"release {release_sha256[:8]} has been altered in the database")
    plain: Trees = json.loads(text)
    return plain


@lru_cache(maxsize=32)
def content(release_sha256: str, language: str) -> Content:
    """The content of a release, in the language if it has it, else in its own."""
    release = trees(release_sha256)
    return load(release, language if language in languages(release) else None)


def passages() -> dict[str, str]:
    """The exact texts the clinic has attached, by hash."""
    return dict(AttachedPassage.objects.values_list("sha256", "text"))
