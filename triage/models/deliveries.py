"""What other systems are to hear of: an event of a submission, for one receiver."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from triage.models.sessions import TriageSession


class Delivery(models.Model):
    """That a receiver is to hear of an event, and nothing of what it hears: see docs/adr/0036.

    Without a next try it has gone out, was refused or was given up. While it is under way it has no outcome.
    """

    class Receiver(models.TextChoices):
        FHIR = "fhir", "FHIR server"
        WEBHOOK = "webhook", "webhook"

    class Event(models.TextChoices):
        SUBMITTED = "submitted", "handed in"
        CORRECTED = "corrected", "a correction handed in"
        ACKNOWLEDGED = "acknowledged", "acknowledged"
        REVIEWED = "reviewed", "reviewed"
        CLOSED = "closed", "closed"

    session = models.ForeignKey(TriageSession, on_delete=models.CASCADE, related_name="deliveries")
    receiver = models.CharField(max_length=10, choices=Receiver)
    event = models.CharField(max_length=12, choices=Event)
    event_id = models.UUIDField()  # the same for every receiver and at every try
    event_at = models.DateTimeField("since")
    queued_at = models.DateTimeField()  # at the event, or when staff sent it again
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField("last try", null=True)
    next_at = models.DateTimeField("next try", null=True)
    sent_at = models.DateTimeField("sent", null=True)
    last_outcome = models.CharField(max_length=40, blank=True)  # a status, or the class of an error

    class Meta:
        verbose_name, verbose_name_plural = "delivery", "deliveries"
        ordering = ["-pk"]
        permissions = [("resend_delivery", "Can send a delivery again")]
        indexes = [
            models.Index(
                fields=["receiver", "next_at"], condition=Q(next_at__isnull=False), name="delivery_to_try"
            ),
            models.Index(fields=["queued_at"], condition=Q(sent_at=None), name="delivery_not_sent"),
            models.Index(fields=["-id"], condition=Q(sent_at=None), name="delivery_not_sent_listed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event_id", "receiver"], name="each_hears_of_it_once"),
            models.CheckConstraint(condition=Q(sent_at=None) | Q(next_at=None), name="sent_delivery_rests"),
        ]

    def __str__(self) -> str:
        return f"Delivery {self.pk}"
