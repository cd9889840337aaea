"""Releases of the content, and attached passages of the article."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Release(models.Model):
    """One immutable copy of all content. `content` is the canonical JSON of its files; `sha256` is that text's hash."""

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        PUBLISHED = "published", "published"
        RETIRED = "retired", "retired"

    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    version = models.CharField(max_length=50)
    content = models.TextField(editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    # Why stored submissions may now be told something else, and the manager who says so.
    note = models.TextField(blank=True, max_length=2000)
    noted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="published"), name="one_published_release"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", published_at=None)
                | ~Q(state="draft") & Q(published_at__isnull=False),
                name="published_release_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(note="", noted_by="") | ~Q(note="") & ~Q(noted_by=""), name="note_has_a_name"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} ({self.sha256[:8]})"


class AttachedPassage(models.Model):
    """The exact text of a passage of the article, where the clinic may show it. Known by its hash alone."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()
    attached_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:8]
