"""Releases of the content with the steps they took, and attached passages of the article."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Release(models.Model):
    """One immutable copy of all content. `content` is the canonical JSON of its files; `sha256` is that text's hash.

    A draft that was retired was never published. `examined`: what examination.py found when it was loaded.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        PUBLISHED = "published", "published"
        RETIRED = "retired", "retired"

    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    version = models.CharField(max_length=50)
    content = models.TextField(editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    loaded_by = models.CharField(max_length=150, blank=True)  # a name, so that it outlives the account
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    examined = models.JSONField(null=True, editable=False)

    class Meta:
        permissions = [("publish_release", "Can publish and retire releases")]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="published"), name="one_published_release"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", published_at=None)
                | Q(state="published", published_at__isnull=False)
                | Q(state="retired"),
                name="published_release_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} ({self.sha256[:8]})"


class ReleaseStep(models.Model):
    """A release was loaded, published or retired: when, by whom and why. Rows are added, never changed.

    `by` is empty where whoever runs the server did it, with no name given.
    """

    class Alone(models.TextChoices):
        """Why one person was enough to publish it."""

        SERVER = "server", "it was published on the server"
        AGAIN = "again", "it had been published before"
        SETTING = "setting", "two people were not asked for"

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="steps")
    state = models.CharField(max_length=10, choices=Release.State)
    at = models.DateTimeField()
    by = models.CharField(max_length=150, blank=True)
    loaded_by = models.CharField(max_length=150, blank=True)
    alone = models.CharField(max_length=7, choices=Alone, blank=True)
    note = models.TextField(blank=True, max_length=2000)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="published") | ~Q(alone="") | ~Q(by="") & ~Q(by=F("loaded_by")),
                name="two_people_publish_a_release",
            ),
            models.CheckConstraint(condition=Q(note="") | ~Q(by=""), name="note_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.at:%Y-%m-%d %H:%M}"


class AttachedPassage(models.Model):
    """The exact text of a passage of the article, where the clinic may show it. Known by its hash alone."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()
    attached_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:8]
