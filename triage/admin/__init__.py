"""The clinic's door: submissions, invitations, the clinic's settings and mails, releases, accounts, the access log."""
