"""The only package that writes. Pages, commands, the admin and tests all store through here.

Time comes in as an argument. Each action is one transaction: all of it is on disk when it returns, or none of it.
"""

from triage.actions.access import note_access
from triage.actions.accounts import (
    AUDITORS,
    GROUPS,
    MANAGERS,
    RECOVERY_CODES,
    REVIEWERS,
    WrongCode,
    check_second_factor,
    create_staff,
    demo_reviewer,
    reset_second_factor,
    set_up_after_migration,
    set_up_second_factor,
)
from triage.actions.chains import seal_chains
from triage.actions.clinic import save_clinic
from triage.actions.codes import InvitationOver, Opened, TooManyCodes, open_code, save_for_later
from triage.actions.content import (
    Contradicted,
    NeedsNote,
    NeedsTwoPeople,
    NotProved,
    attach_passages,
    is_manager,
    keep_examined,
    load_draft,
    publish,
    publish_release,
    retire_draft,
)
from triage.actions.invitations import end_of_day, invite, invite_again, revoke
from triage.actions.mail import PAUSES, mail_failed, mail_sent, send_due, take_mail, take_up_mails_again
from triage.actions.retention import finish_purge, purge_sessions, refuse_purge, tidy
from triage.actions.reviews import ChangedMeanwhile, NotAStep, review
from triage.actions.sessions import (
    AlreadySubmitted,
    AnsweredMeanwhile,
    correct,
    fill_in,
    keep_drafts,
    keep_open,
    record_answers,
    renew,
    speak,
    start_session,
    stay,
)
from triage.actions.submissions import NotComplete, enter, submit

__all__ = [
    "AUDITORS",
    "GROUPS",
    "MANAGERS",
    "PAUSES",
    "RECOVERY_CODES",
    "REVIEWERS",
    "AlreadySubmitted",
    "AnsweredMeanwhile",
    "ChangedMeanwhile",
    "Contradicted",
    "InvitationOver",
    "NeedsNote",
    "NeedsTwoPeople",
    "NotAStep",
    "NotComplete",
    "NotProved",
    "Opened",
    "TooManyCodes",
    "WrongCode",
    "attach_passages",
    "check_second_factor",
    "correct",
    "create_staff",
    "demo_reviewer",
    "end_of_day",
    "enter",
    "fill_in",
    "finish_purge",
    "invite",
    "invite_again",
    "is_manager",
    "keep_drafts",
    "keep_examined",
    "keep_open",
    "load_draft",
    "mail_failed",
    "mail_sent",
    "note_access",
    "open_code",
    "publish",
    "publish_release",
    "purge_sessions",
    "record_answers",
    "refuse_purge",
    "renew",
    "reset_second_factor",
    "retire_draft",
    "review",
    "revoke",
    "save_clinic",
    "save_for_later",
    "seal_chains",
    "send_due",
    "set_up_after_migration",
    "set_up_second_factor",
    "speak",
    "start_session",
    "stay",
    "submit",
    "take_mail",
    "take_up_mails_again",
    "tidy",
]
