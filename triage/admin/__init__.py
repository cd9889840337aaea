"""The clinic's side: submissions, invitations, the clinic's settings and mails, releases, accounts, the access log."""

from triage.admin import access, accounts, clinic, invitations, outbox, releases, submissions

__all__ = ["access", "accounts", "clinic", "invitations", "outbox", "releases", "submissions"]
