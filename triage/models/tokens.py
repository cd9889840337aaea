"""What other programs of the clinic come in by, and what came in by it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

NAME = 60  # letters


class ApiToken(models.Model):
    """Lets one program in, for what its scopes say, until its end. The token itself is stored nowhere.

    It never does more than whoever made it may do, and nothing once they may no longer make any: see store/tokens.py.
    Rows are never deleted, so that a name in the access log and in a record always means the same token.
    """

    class Scope(models.TextChoices):
        EXPORTS = "exports.read", "read exports"
        INVITATIONS = "invitations.write", "make invitations"
        RESPONSES = "responses.write", "hand in questionnaires filled in elsewhere"

    name = models.CharField(max_length=NAME, unique=True)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, editable=False)
    made_at = models.DateTimeField(editable=False)
    ends_at = models.DateTimeField()
    last_used_on = models.DateField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        default_permissions = ()
        permissions = [("manage_tokens", "Can make and revoke API tokens")]
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="token_has_a_name"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("made_at")), name="token_ends_after_it_was_made"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(revoked_at__gte=F("made_at")),
                name="token_revoked_after_it_was_made",
            ),
        ]

    def __str__(self) -> str:
        return f"token {self.name}"

    @property
    def words(self) -> str:
        """What it may do."""
        return ", ".join(self.Scope(scope).label for scope in self.scopes)

    def over(self, now: datetime) -> str:
        """Why it opens nothing by itself; "" while it does."""
        if self.revoked_at:
            return "revoked"
        return "past its end" if now >= self.ends_at else ""


class TakenIn(models.Model):
    """A questionnaire that was filled in by another program, and stands as a session like any other since.

    By `identifier` it is known when it is sent again. Both are keyed hashes: what they are of may name a patient.
    """

    session = models.OneToOneField(
        "TriageSession", on_delete=models.CASCADE, primary_key=True, related_name="taken_in"
    )
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT)
    identifier = models.CharField(max_length=64, unique=True)
    answers = models.CharField(max_length=64)  # as they were read

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"taken in {self.pk}"


class SentOnce(models.Model):
    """An invitation that a program has made, under the key by which it may ask again when the answer was lost.

    Only that token and key together can work the invitation's code out again; kept for a day.
    """

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE)
    key = models.CharField(max_length=64)  # a hash keyed with the token
    asked = models.CharField(max_length=64)  # the same of what was asked for
    invitation = models.ForeignKey("Invitation", on_delete=models.CASCADE)
    at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="sent_once_by_each_token")]

    def __str__(self) -> str:
        return f"sent once {self.pk}"
