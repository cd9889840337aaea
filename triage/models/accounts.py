"""Whose an account is: at the provider, and by the device, whose secret is sealed where NOTE_KEYS is set."""

from __future__ import annotations

import logging
import os

from django.conf import settings
from django.db import models
from django_otp.plugins.otp_totp.models import TOTPDevice

from triage.models import sealing

logger = logging.getLogger(__name__)
SEALED = "sealed:"


def sealed_key(key: str, user_pk: int) -> str:
    """The key of a device as it is stored, for this account alone."""
    if not settings.NOTE_KEYS:
        return key
    return SEALED + sealing.seal(bytes.fromhex(key), _place(user_pk))


def opened_key(stored: str, user_pk: int) -> str:
    """The key in hex; "" where it cannot be opened."""
    if not stored.startswith(SEALED):
        return stored
    return (sealing.unseal(stored.removeprefix(SEALED), _place(user_pk)) or b"").hex()


def _place(user_pk: int) -> str:
    return f"second factor of user {user_pk}"


class FirstPassword(models.Model):
    """The account still has the password that was printed when it was made: its person has to choose another."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"first password of user {self.pk}"


class StaffIdentity(models.Model):
    """The account is somebody's at the provider: signed in to there and by no password of ours.

    The provider's own key for them (its issuer, and its subject), since names and mail addresses change hands.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="one_account_each")]

    def __str__(self) -> str:
        return f"identity of user {self.pk}"


class StaffDevice(TOTPDevice):
    """django-otp's device; its key is opened where a code is worked out, and nowhere else."""

    key: str

    class Meta:
        proxy = True
        default_permissions = ()

    @property
    def bin_key(self) -> bytes:
        if key := opened_key(self.key, self.user_id):
            return bytes.fromhex(key)
        logger.warning("A second factor cannot be opened: NOTE_KEYS lacks its key, or it was altered.")
        return os.urandom(20)  # of which nobody has a code

    def seal_anew(self) -> None:
        """With the newest key, where it is not."""
        sealed = self.key.startswith(SEALED)
        if not settings.NOTE_KEYS or (sealed and sealing.by_newest_key(self.key.removeprefix(SEALED))):
            return
        self.key = sealed_key(opened_key(self.key, self.user_id), self.user_id)
        self.save(update_fields=["key"])
