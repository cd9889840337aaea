"""Passwords are hashed as Django does it: as many at once as come, with nothing before it."""

from triage.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
GUESSES_A_MINUTE = LOG_INS_A_SECOND = 10**9
