"""A staff member's steps on a submission, and the mail that told of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from triage.models.sessions import TriageSession


class Review(models.Model):
    """A staff member's dated note and step on a submission, and what they found. Rows are added, never changed."""

    class Finding(models.TextChoices):
        BACK = "back", "the back"
        FOOT = "foot", "the foot"
        BOTH = "both", "both"
        OTHER = "other", "something else"
        NOT_KNOWN = "not-known", "not yet known"

    class Root(models.TextChoices):
        L5 = "L5", "L5"
        S1 = "S1", "S1"
        OTHER = "other", "another root"

    session = models.ForeignKey(TriageSession, on_delete=models.CASCADE, related_name="reviews")
    state = models.PositiveSmallIntegerField("state", choices=TriageSession.ReviewState)
    outcome = models.CharField(
        max_length=40, blank=True, db_default="", default=""
    )  # in the clinic's own words
    note = models.TextField(blank=True, max_length=2000)
    finding = models.CharField("pain comes from", max_length=9, choices=Finding, blank=True)
    root = models.CharField("nerve root", max_length=5, choices=Root, blank=True)
    urgency = models.PositiveSmallIntegerField(
        "urgency in hindsight", choices=TriageSession.Urgency, null=True
    )
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(root="") | Q(finding__in=["back", "both"]),
                name="root_only_with_a_finding_of_the_back",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__gt=TriageSession.ReviewState.NEW, state__in=TriageSession.ReviewState.values
                ),
                name="review_is_a_step",
            ),
            models.CheckConstraint(
                condition=Q(urgency=None) | Q(urgency__in=TriageSession.Urgency.values),
                name="review_has_a_known_urgency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.created_at:%Y-%m-%d %H:%M}"


class KeptForm(models.Model):
    """What a staff member had typed on a page when the session ended: sealed, and shown to nobody else."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    path = models.CharField(max_length=200)
    fields = models.TextField()
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "path"], name="one_kept_form_per_page")]

    def __str__(self) -> str:
        return f"kept {self.pk}"


class OutboxMail(models.Model):
    """That the clinic is to be told of a submission, see store/outbox.py; those to one receiver go out as one mail.

    Without a next try it has gone out or was given up.
    """

    class Why(models.TextChoices):
        HANDED_IN = "handed-in", "handed in"
        LEFT = "left", "not finished"
        UNANSWERED = "unanswered", "not acknowledged"

    session = models.ForeignKey(TriageSession, on_delete=models.CASCADE, related_name="told_by")
    why = models.CharField(max_length=10, choices=Why, default=Why.HANDED_IN, db_default=Why.HANDED_IN)
    created_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField("last try", null=True)
    next_at = models.DateTimeField("next try", null=True)
    sent_at = models.DateTimeField("sent", null=True)
    last_error = models.CharField(max_length=100, blank=True)  # its class: the message may name an address

    class Meta:
        verbose_name, verbose_name_plural = "mail not sent", "mails not sent"
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="mail_to_try"),
            models.Index(fields=["created_at"], condition=Q(sent_at=None), name="mail_not_sent"),
            models.Index(fields=["tried_at"], condition=Q(tried_at__isnull=False), name="mail_tried"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["session", "why"], name="told_once_of_each"),
            models.CheckConstraint(condition=Q(sent_at=None) | Q(next_at=None), name="sent_mail_rests"),
        ]

    def __str__(self) -> str:
        return f"Mail {self.pk}"
