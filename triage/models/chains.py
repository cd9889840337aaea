"""Chains of hashes: of the frozen records, and of the access log."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Chain(models.Model):
    """The newest link of a chain of hashes. One row, locked while a link is added."""

    number = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=64, blank=True)  # see store/chains.py

    class Meta:
        abstract = True
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_%(class)s")]

    def __str__(self) -> str:
        return f"link {self.number}"


class RecordChain(Chain):
    """Of the frozen records."""


class AccessChain(Chain):
    """Of the access log."""


class AccessEntry(models.Model):
    """Who looked at what, or changed it. Entries are added, never changed; each one's hash holds the one before it.

    `about` is a submission's reference or what else was touched. No entry holds an answer or a note. What is hashed of
    `about` is a commitment to it and a pseudonym, so that a reference can leave the log, and the chain holds; see
    store/access_log.py.
    """

    class What(models.TextChoices):
        VIEW = "view", "viewed"
        SEARCH = "search", "searched"
        PRINT = "print", "printed"
        EXPORT = "export", "exported"
        CHANGE = "change", "changed"
        LOGIN = "login", "logged in"
        LOGOUT = "logout", "logged out"
        FAILED = "failed-login", "failed to log in"

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField("when")
    who = models.CharField(max_length=150, blank=True)  # a name, so that it outlives the account
    what = models.CharField(max_length=12, choices=What)
    about = models.CharField(max_length=150, blank=True)  # gone once its submission is purged
    salt = models.CharField(
        max_length=32, blank=True, default="", db_default="", editable=False
    )  # goes with it
    commitment = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    mark = models.CharField("pseudonym", max_length=16, blank=True, default="", db_default="", editable=False)
    detail = models.CharField(max_length=500, blank=True)
    sha256 = models.CharField("hash", max_length=64)

    class Meta:
        verbose_name, verbose_name_plural = "access log entry", "access log entries"
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["who", "-number"], name="access_by_who"),
            models.Index(fields=["what", "-number"], name="access_by_what"),
            models.Index(fields=["about", "-number"], name="access_by_about"),
            models.Index(fields=["mark", "-number"], name="access_by_mark"),
        ]

    def __str__(self) -> str:
        return str(self.number)
