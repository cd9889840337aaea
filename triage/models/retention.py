"""What stays after a purge."""

from __future__ import annotations

from django.db import models

from triage.models.sessions import TriageSession


class PurgedRecord(models.Model):
    """What stays of a record when its submission is purged: its link in the chain, and nothing of what it says."""

    record_number = models.PositiveIntegerField(primary_key=True)
    record_sha256 = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    purged_at = models.DateTimeField()
    submitted_on = models.DateField(null=True)  # none on links of before this was kept
    erased_for = models.CharField(
        max_length=200, blank=True, default="", db_default=""
    )  # why, where a patient asked for it
    seal = models.CharField(max_length=64, blank=True)  # see store/chains.py

    def __str__(self) -> str:
        return str(self.record_number)


class DailyCount(models.Model):
    """How many purged submissions of a day had this urgency and origin."""

    day = models.DateField()
    urgency = models.PositiveSmallIntegerField(choices=TriageSession.Urgency)
    origin = models.CharField(max_length=10, choices=TriageSession.Origin)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "urgency", "origin"], name="one_count_per_day_and_outcome")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.count}"


class Purge(models.Model):
    """That a purge ran, also where nothing was due; or that it refused, with why."""

    class Kind(models.TextChoices):
        DUE = "", "kept long enough"
        ERASED = "erased", "a patient asked for it"

    at = models.DateTimeField()
    before = models.DateTimeField(
        null=True
    )  # what was handed in earlier was due; none where that was not noted
    kind = models.CharField(max_length=6, choices=Kind, blank=True, default="", db_default="")
    sessions = models.PositiveIntegerField()
    refused = models.CharField(max_length=20, blank=True)  # "clock", "many", "failed"; empty: it ran
    altered = models.PositiveIntegerField(
        default=0
    )  # left where they are: their records are not what was handed in

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
