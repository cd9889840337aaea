"""What is stored: releases, patients' sessions and answers, staff reviews, the clinic's settings.

Only `actions` writes here.
"""

from triage.models.accounts import FirstPassword, StaffDevice, StaffIdentity
from triage.models.chains import AccessChain, AccessEntry, RecordChain
from triage.models.clinic import Clinic, the_clinic
from triage.models.content import AttachedPassage, Release, ReleaseStep
from triage.models.deliveries import Delivery
from triage.models.invitations import STILL_OPEN, Arrivals, Invitation, WrongCodes
from triage.models.retention import DailyCount, Purge, PurgedRecord
from triage.models.reviews import KeptForm, OutboxMail, Review
from triage.models.sessions import Answer, TriageSession
from triage.models.tokens import ApiToken, SentOnce, TakenIn

__all__ = [
    "STILL_OPEN",
    "AccessChain",
    "AccessEntry",
    "Answer",
    "ApiToken",
    "Arrivals",
    "AttachedPassage",
    "Clinic",
    "DailyCount",
    "Delivery",
    "FirstPassword",
    "Invitation",
    "KeptForm",
    "OutboxMail",
    "Purge",
    "PurgedRecord",
    "RecordChain",
    "Release",
    "ReleaseStep",
    "Review",
    "SentOnce",
    "StaffDevice",
    "StaffIdentity",
    "TakenIn",
    "TriageSession",
    "WrongCodes",
    "the_clinic",
]
