"""What is stored: releases, patients' sessions and answers, staff reviews, the clinic's settings.

Only `actions` writes here.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

NO_APPOINTMENT = datetime(9000, 1, 1, tzinfo=UTC)  # in a sort, after every appointment
PHONE = RegexValidator(r"^(?=.*[0-9])[0-9+*#() .-]+$", "Use digits, spaces and + ( ) - only.")


class Clinic(models.Model):
    """The clinic's own settings. There is one row."""

    class TellAbout(models.TextChoices):
        NOTHING = "nothing", "nothing"
        EMERGENCY = "emergency", "emergencies"
        URGENT = "urgent", "emergencies and same-day needs"

    name = models.CharField(max_length=100, default="The clinic")
    phone = models.CharField(max_length=30, blank=True, validators=[PHONE])
    hours = models.CharField("opening hours", max_length=100, blank=True)
    emergency_number = models.CharField(max_length=30, default="911", validators=[PHONE])
    advice_line = models.CharField("urgent advice line", max_length=30, blank=True, validators=[PHONE])
    show_roots = models.BooleanField(
        "show nerve roots to patients",
        default=False,
        help_text="Telling L5 from S1 by questions is weak science: a clinician decides whether patients see it.",
    )
    return_days = models.PositiveSmallIntegerField(
        "days a return code works",
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
        help_text="With it a patient comes back later, or goes on on another device. From 1 to 30.",
    )
    retention_days = models.PositiveSmallIntegerField(
        "days submissions are kept",
        null=True,
        blank=True,
        validators=[MinValueValidator(31)],
        help_text="Then `manage.py purge` deletes them. Empty: nothing is ever deleted. At least 31.",
    )
    tell_about = models.CharField(
        "send a mail about",
        max_length=9,
        choices=TellAbout,
        default=TellAbout.NOTHING,
        help_text="The mail has the reference and a link, and nothing of what was answered.",
    )
    mail = models.EmailField("mail to", blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "clinic settings"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="one_clinic"),
            models.CheckConstraint(
                condition=Q(tell_about="nothing") | ~Q(mail=""),
                name="mails_have_an_address",
                violation_error_message="Give the address that the mails go to.",
            ),
        ]

    def __str__(self) -> str:
        return "Clinic settings"

    def as_settings(self) -> dict[str, str]:
        """The values that sentences may name, see `domain.load.CLINIC_SETTINGS`."""
        return {
            "clinic_name": self.name,
            "clinic_phone": self.phone,
            "clinic_hours": self.hours,
            "emergency_number": self.emergency_number,
            "advice_line": self.advice_line,
        }


class Release(models.Model):
    """One immutable copy of all content. `content` is the canonical JSON of its files; `sha256` is that text's hash."""

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        PUBLISHED = "published", "published"
        RETIRED = "retired", "retired"

    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    version = models.CharField(max_length=50)
    content = models.TextField(editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    # Why stored submissions may now be told something else, and the manager who says so.
    note = models.TextField(blank=True, max_length=2000)
    noted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="published"), name="one_published_release"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", published_at=None)
                | ~Q(state="draft") & Q(published_at__isnull=False),
                name="published_release_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(note="", noted_by="") | ~Q(note="") & ~Q(noted_by=""), name="note_has_a_name"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} ({self.sha256[:8]})"


class AttachedPassage(models.Model):
    """The exact text of a passage of the article, where the clinic may show it. Known by its hash alone."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()
    attached_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:8]


STILL_OPEN = Q(opened_at=None, revoked_at=None)  # of an invitation, unless it has expired


class Invitation(models.Model):
    """Asks a patient of the clinic to answer before an appointment: its code starts one session, once.

    The code itself is stored nowhere, so the letter that holds it is printed when the invitation is made.
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        USED = "used", "used"
        EXPIRED = "expired", "expired"
        REVOKED = "revoked", "revoked"

    code_hash = models.CharField(max_length=64, unique=True, editable=False)
    label = models.CharField(
        max_length=40,
        help_text="Initials, or a sign that only the clinic can read. No full name, birth date or phone number.",
    )
    appointment_at = models.DateTimeField("appointment")
    language = models.CharField(max_length=10)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, editable=False)
    created_at = models.DateTimeField("made", editable=False)
    expires_at = models.DateTimeField(editable=False)
    opened_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["label"], name="invitation_by_label"),
            models.Index(fields=["-id"], condition=STILL_OPEN, name="invitation_open"),
            models.Index(fields=["-id"], condition=Q(opened_at__isnull=False), name="invitation_used"),
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
                condition=Q(opened_at=None) | Q(revoked_at=None), name="invitation_opened_or_revoked"
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
        if self.opened_at:
            return self.State.USED
        if self.revoked_at:
            return self.State.REVOKED
        return self.State.OPEN if now < self.expires_at else self.State.EXPIRED


class TriageSession(models.Model):
    """One patient's run through the questionnaire, tied to its release from start to end.

    `key_hash` is the hash of the cookie's random key; the key itself is stored nowhere. At submission the record
    is frozen: `record` is JSON, `record_sha256` its hash, and each record names the hash of the one before it.
    A correction is a session of its own beside the submission it `corrects`, which stays as it is.
    """

    class Urgency(models.IntegerChoices):
        ROUTINE = 1, _("routine")
        SAME_DAY = 2, _("same day")
        EMERGENCY = 3, _("emergency")

    class Origin(models.TextChoices):
        BACK = "back", _("back")
        FOOT = "foot", _("foot")
        UNCLEAR = "unclear", _("unclear")

    class Root(models.TextChoices):
        L5 = "L5", "L5"
        S1 = "S1", "S1"
        UNSPECIFIED = "unspecified", _("unspecified")

    class ReviewState(models.IntegerChoices):
        NEW = 1, _("new")
        ACKNOWLEDGED = 2, _("acknowledged")
        REVIEWED = 3, _("reviewed")
        CLOSED = 4, _("closed")

    class Need(models.IntegerChoices):
        """How soon staff should look. What is closed comes last, however urgent it was."""

        CLOSED = 1, "closed"
        ROUTINE = 2, "routine"
        SAME_DAY = 3, "same day"
        EMERGENCY = 4, "emergency, acknowledged"
        UNSEEN_EMERGENCY = 5, "emergency that nobody has acknowledged"

    # From each state of review to those that may follow. The same state again adds a note; closed opens again.
    NEXT_STATES = {
        ReviewState.NEW: (ReviewState.ACKNOWLEDGED, ReviewState.REVIEWED),
        ReviewState.ACKNOWLEDGED: (ReviewState.ACKNOWLEDGED, ReviewState.REVIEWED),
        ReviewState.REVIEWED: (ReviewState.REVIEWED, ReviewState.CLOSED),
        ReviewState.CLOSED: (ReviewState.REVIEWED,),
    }

    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    reference = models.CharField(max_length=7, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, editable=False)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, editable=False)
    language = models.CharField(max_length=10)
    demo = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    last_sequence = models.PositiveIntegerField(default=0)
    reopened_at = models.DateTimeField(null=True, editable=False)  # when its present browser took it over
    stayed_at = models.DateTimeField(null=True, editable=False)  # when the person last said: I am still here
    # The code that opens it in another browser, once; the code itself is stored nowhere.
    return_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001 (unique)
    return_until = models.DateTimeField(null=True, editable=False)
    # The appointment it was answered for. Its time stands here too, since the worklist is sorted by it.
    invitation = models.ForeignKey(
        Invitation, on_delete=models.SET_NULL, null=True, editable=False, related_name="sessions"
    )
    appointment_at = models.DateTimeField(null=True, editable=False)
    corrects = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, editable=False, related_name="corrected_by"
    )
    emergency_at = models.DateTimeField(
        "emergency sign first given", null=True
    )  # stays when the sign is un-ticked
    submitted_at = models.DateTimeField(null=True)
    origin = models.CharField(max_length=10, choices=Origin, blank=True)
    root = models.CharField(max_length=11, choices=Root, blank=True)
    urgency = models.PositiveSmallIntegerField(choices=Urgency, null=True)
    record = models.TextField(blank=True, editable=False)
    record_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    record_number = models.PositiveIntegerField(null=True, unique=True, editable=False)
    review_state = models.PositiveSmallIntegerField("state", choices=ReviewState, default=ReviewState.NEW)
    # The worklist's order, kept by the database itself so that it cannot differ from what it is made of.
    # An emergency sign counts as an emergency until a staff member has seen it, also when it was taken back.
    need = models.GeneratedField(
        expression=Case(
            When(review_state=ReviewState.CLOSED, then=Value(Need.CLOSED)),
            When(
                Q(emergency_at__isnull=False) | Q(urgency=Urgency.EMERGENCY),
                review_state=ReviewState.NEW,
                then=Value(Need.UNSEEN_EMERGENCY),
            ),
            When(Q(submitted_at=None) | Q(urgency=Urgency.EMERGENCY), then=Value(Need.EMERGENCY)),
            When(urgency=Urgency.SAME_DAY, then=Value(Need.SAME_DAY)),
            default=Value(Need.ROUTINE),
        ),
        output_field=models.PositiveSmallIntegerField(),
        choices=Need,
        db_persist=True,
    )
    # What is routine waits for its appointment: the next one comes first.
    waits_until = models.GeneratedField(
        expression=Case(
            When(
                review_state__lt=ReviewState.REVIEWED,
                urgency=Urgency.ROUTINE,
                emergency_at=None,
                then=Coalesce("appointment_at", Value(NO_APPOINTMENT)),
            ),
            default=Value(NO_APPOINTMENT),
        ),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    # The urgency to act on: of an unfinished session on the worklist, an emergency.
    level = models.GeneratedField(
        verbose_name="urgency",
        expression=Coalesce("urgency", Value(Urgency.EMERGENCY)),
        output_field=models.PositiveSmallIntegerField(),
        choices=Urgency,
        db_persist=True,
    )
    # Empty: not on the worklist (unfinished, and no emergency sign was given).
    listed_at = models.GeneratedField(
        expression=Coalesce("submitted_at", "emergency_at"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = "submission"
        permissions = [("export_triagesession", "Can export submissions")]
        ordering = ["-need", "waits_until", "-listed_at", "-pk"]
        indexes = [
            # One for each filter of the worklist, in its order: a page costs the same among a million rows.
            *(
                models.Index(
                    fields=[*first, "-need", "waits_until", "-listed_at", "-id"],
                    condition=Q(listed_at__isnull=False),
                    name=name,
                )
                for name, first in (
                    ("worklist", ()),
                    ("worklist_by_state", ("review_state",)),
                    ("worklist_by_level", ("level",)),
                    ("worklist_by_origin", ("origin",)),
                )
            ),
            models.Index(
                fields=["-need", "waits_until", "-listed_at", "-id"],
                condition=Q(listed_at__isnull=False, demo=True),
                name="worklist_demo",
            ),
            models.Index(
                fields=["-listed_at", "-id"], condition=Q(listed_at__isnull=False), name="worklist_by_time"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    submitted_at=None,
                    origin="",
                    urgency=None,
                    record="",
                    record_sha256="",
                    record_number=None,
                )
                | Q(submitted_at__isnull=False, urgency__isnull=False, record_number__isnull=False)
                & ~Q(origin="")
                & ~Q(record="")
                & ~Q(record_sha256=""),
                name="submitted_session_is_frozen_whole",
            ),
            models.CheckConstraint(condition=Q(root="") | Q(origin="back"), name="root_only_with_back"),
            models.CheckConstraint(
                condition=Q(submitted_at=None) | Q(submitted_at__gte=F("started_at")),
                name="submitted_after_start",
            ),
            models.CheckConstraint(
                condition=Q(return_hash=None, return_until=None)
                | Q(return_hash__isnull=False, return_until__isnull=False),
                name="return_code_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(invitation=None) | Q(appointment_at__isnull=False),
                name="invited_session_has_an_appointment",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def mark(self) -> str:
        """Changes with what staff see of the session; a form filled in before the change carries the old one."""
        return f"{self.reference}/{self.last_sequence}/{self.record_number or '-'}/{self.review_state}"


class Answer(models.Model):
    """What was given to one item: a JSON list of codes, or of one text. Kept also when it is off the path."""

    session = models.ForeignKey(TriageSession, on_delete=models.CASCADE, related_name="answers")
    item = models.CharField(max_length=50)
    given = models.JSONField()
    sequence = models.PositiveIntegerField()
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ["sequence", "pk"]
        constraints = [models.UniqueConstraint(fields=["session", "item"], name="one_answer_per_item")]

    def __str__(self) -> str:
        return self.item  # never the answer: this text reaches logs and the admin's history


class WrongCodes(models.Model):
    """How many return codes that open nothing were typed within an hour, at one place or, with no place, at all.

    `place` is four signs of a keyed hash: enough to slow down one who tries many, too few to name an address.
    """

    hour = models.DateTimeField()
    place = models.CharField(max_length=4, blank=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hour", "place"], name="one_count_per_place_and_hour")]

    def __str__(self) -> str:
        return f"{self.place or 'all'}: {self.count}"


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
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.created_at:%Y-%m-%d %H:%M}"


class OutboxMail(models.Model):
    """A mail that tells the clinic of a submission, sent by `manage.py send_mail_outbox`; see outbox.py.

    Without a next try it has gone out or was given up.
    """

    session = models.OneToOneField(TriageSession, on_delete=models.CASCADE, related_name="told_by")
    created_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField("next try", null=True)
    sent_at = models.DateTimeField("sent", null=True)
    last_error = models.CharField(max_length=100, blank=True)  # its class: the message may name an address

    class Meta:
        verbose_name, verbose_name_plural = "mail not sent", "mails not sent"
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="mail_to_try"),
            models.Index(fields=["created_at"], condition=Q(sent_at=None), name="mail_not_sent"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(sent_at=None) | Q(next_at=None), name="sent_mail_rests"),
        ]

    def __str__(self) -> str:
        return f"Mail {self.pk}"


class Chain(models.Model):
    """The newest link of a chain of hashes. One row, locked while a link is added."""

    number = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        abstract = True
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_%(class)s")]

    def __str__(self) -> str:
        return f"link {self.number}"


class RecordChain(Chain):
    """Of the frozen records."""


class PurgedRecord(models.Model):
    """What stays of a record when its submission is purged: its link in the chain, and nothing of what it says."""

    record_number = models.PositiveIntegerField(primary_key=True)
    record_sha256 = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    purged_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.record_number)


class DailyCount(models.Model):
    """How many purged submissions of a day had this urgency and origin."""

    day = models.DateField()
    urgency = models.PositiveSmallIntegerField(choices=TriageSession.Urgency)
    origin = models.CharField(max_length=10, choices=TriageSession.Origin)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "urgency", "origin"], name="one_count_per_day_and_outcome")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.count}"


class Purge(models.Model):
    """That a purge ran, also where nothing was due."""

    at = models.DateTimeField()
    sessions = models.PositiveIntegerField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class AccessChain(Chain):
    """Of the access log."""


class AccessEntry(models.Model):
    """Who looked at what, or changed it. Entries are added, never changed; each one's hash holds the one before it.

    `about` is a submission's reference or what else was touched. No entry holds an answer or a note.
    """

    class What(models.TextChoices):
        VIEW = "view", "viewed"
        SEARCH = "search", "searched"
        PRINT = "print", "printed"
        EXPORT = "export", "exported"
        CHANGE = "change", "changed"
        LOGIN = "login", "logged in"
        LOGOUT = "logout", "logged out"
        FAILED = "failed-login", "failed to log in"

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField("when")
    who = models.CharField(max_length=150, blank=True)  # a name, so that it outlives the account
    what = models.CharField(max_length=12, choices=What)
    about = models.CharField(max_length=150, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    sha256 = models.CharField("hash", max_length=64)

    class Meta:
        verbose_name, verbose_name_plural = "access log entry", "access log entries"
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["who", "-number"], name="access_by_who"),
            models.Index(fields=["what", "-number"], name="access_by_what"),
            models.Index(fields=["about", "-number"], name="access_by_about"),
        ]

    def __str__(self) -> str:
        return str(self.number)


def the_clinic() -> Clinic:
    """The clinic's settings; the defaults where none were saved yet."""
    return Clinic.objects.filter(pk=1).first() or Clinic(pk=1)
