"""Invitations of patients, and the count of codes that opened nothing."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

LABEL_KEY = 80
STILL_OPEN = Q(sent_at=None, revoked_at=None)  # of an invitation, unless it has expired


class Invitation(models.Model):
    """Asks a patient of the clinic to answer before an appointment.

    Its code begins one session, and opens that one again until it is handed in or the day of the visit is over. The
    code itself is stored nowhere, so the letter that holds it is printed when the invitation is made.
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        BEGUN = "begun", "begun"
        SENT = "sent", "sent"
        EXPIRED = "expired", "expired"
        REVOKED = "revoked", "revoked"

        @property
        def opens(self) -> bool:
            """Whether the invitation's code opens its session."""
            return self.value in ("open", "begun")

    code_hash = models.CharField(max_length=64, unique=True, editable=False)
    label = models.CharField(
        max_length=40,
        help_text="Initials, or a sign that only the clinic can read. No full name, birth date or phone number.",
    )
    # What a search compares, see store/labels.py: the label however it is written.
    label_key = models.CharField(max_length=LABEL_KEY, db_index=True, db_default="", editable=False)
    # For the clinic alone, sealed like a note: see store/invited.py. No patient's page and no record has them.
    patient_number = models.TextField(blank=True, default="", db_default="", editable=False)
    patient_phone = models.TextField(blank=True, default="", db_default="", editable=False)
    appointment_at = models.DateTimeField("appointment")
    language = models.CharField(max_length=10)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, editable=False)
    created_at = models.DateTimeField("made", editable=False)
    expires_at = models.DateTimeField(editable=False)
    opened_at = models.DateTimeField(null=True, editable=False)  # when its session was begun
    sent_at = models.DateTimeField(null=True, editable=False)  # when that was handed in
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["label"], name="invitation_by_label"),
            models.Index(fields=["created_at"], name="invitation_by_day"),
            models.Index(fields=["-id"], condition=STILL_OPEN, name="invitation_still_open"),
            models.Index(fields=["-id"], condition=Q(sent_at__isnull=False), name="invitation_sent"),
            models.Index(fields=["-id"], condition=Q(revoked_at__isnull=False), name="invitation_revoked"),
        ]
        constraints = [
            # So that a list that is sent twice invites nobody twice.
            models.UniqueConstraint(
                fields=["label", "appointment_at"],
                condition=STILL_OPEN,
                name="one_open_invitation",
                violation_error_message="There is an open invitation for this label and time.",
            ),
            models.CheckConstraint(condition=~Q(label=""), name="invitation_has_a_label"),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(revoked_at=None), name="invitation_sent_or_revoked"
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(sent_at__gte=F("opened_at")),
                name="invitation_sent_after_it_was_opened",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at"), expires_at__gte=F("appointment_at")),
                name="invitation_lasts_until_the_appointment",
            ),
            models.CheckConstraint(
                condition=Q(opened_at=None)
                | Q(opened_at__gte=F("created_at"), opened_at__lt=F("expires_at")),
                name="invitation_opened_while_it_lasts",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(revoked_at__gte=F("created_at")),
                name="invitation_revoked_after_it_was_made",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"  # never the label: this text reaches logs

    def state(self, now: datetime) -> State:
        if self.sent_at:
            return self.State.SENT
        if self.revoked_at:
            return self.State.REVOKED
        if now >= self.expires_at:
            return self.State.EXPIRED
        return self.State.BEGUN if self.opened_at else self.State.OPEN


class Arrivals(models.Model):
    """How many submissions came from one place within an hour, see actions/arrivals.py.

    `place` is a hash of the address, as in WrongCodes. `head`: the row behind which those stand that were too many.
    """

    hour = models.DateTimeField()
    place = models.CharField(max_length=16)
    count = models.PositiveIntegerField(default=0)
    head = models.ForeignKey("TriageSession", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hour", "place"], name="one_row_per_place_and_hour")]

    def __str__(self) -> str:
        return f"{self.place}: {self.count}"


class WrongCodes(models.Model):
    """How many codes that open nothing were typed within an hour, at one place or, with no place, at all.

    `place` is a hash of the address, keyed and another each hour, so that it names none and is gone with the hour.
    """

    hour = models.DateTimeField()
    place = models.CharField(max_length=16, blank=True)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hour", "place"], name="one_count_per_place_and_hour")]

    def __str__(self) -> str:
        return f"{self.place or 'all'}: {self.count}"
