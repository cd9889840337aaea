"""Patients' sessions, with their answers and frozen records."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from triage.models.clinic import Clinic
from triage.models.content import Release
from triage.models.invitations import Invitation

WHY_LENGTH = 200
# In expressions of the database's own, where a class that is being made has no name yet.
NEW, ACKNOWLEDGED, REVIEWED = 1, 2, 3
ROUTINE, SAME_DAY, EMERGENCY = 1, 2, 3


def by_need(times: int = 1, plus: int = 0) -> Case:
    """The numbers of `Need`, each so many times and some more."""
    done, routine, same_day, emergency, unseen = (Value(need * times + plus) for need in range(1, 6))
    return Case(
        When(review_state__gte=REVIEWED, then=done),
        When(Q(emergency_at__isnull=False) | Q(urgency=EMERGENCY), review_state=NEW, then=unseen),
        When(Q(submitted_at=None) | Q(urgency=EMERGENCY), then=emergency),
        When(urgency=SAME_DAY, then=same_day),
        default=routine,
    )


IN_TURN = [
    "-turn",
    "waits_since",
    "id",
]  # the order of the worklist, which all its lists and indexes take from here
WITH_A_ROW = Q(listed_at__isnull=False, behind=None)


class Sessions(models.QuerySet["TriageSession"]):
    def with_a_row(self) -> Sessions:
        """Those that stand on the worklist by themselves."""
        return self.filter(WITH_A_ROW)


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
        """How soon staff should look. What is reviewed comes last, however urgent it was."""

        DONE = 1, "reviewed"
        ROUTINE = 2, "routine"
        SAME_DAY = 3, "same day"
        EMERGENCY = 4, "emergency, acknowledged"
        UNSEEN_EMERGENCY = 5, "emergency that nobody has acknowledged"

    class Tab(models.IntegerChoices):
        """Of the worklist."""

        UNSEEN = 1, "unseen"
        TO_REVIEW = 2, "to review"
        DONE = 3, "done"

    class Room(models.TextChoices):
        """Where it is open: nowhere in particular, or on a device in a waiting room, which may print or not."""

        NONE = "", "no waiting room"
        PLAIN = "room", "a waiting room"
        PRINTS = "room-prints", "a waiting room with a printer"

    # From each state of review to those that may follow, the most usual first. The same state again adds a note; what
    # was reviewed and is acknowledged after that is open again.
    NEXT_STATES = {
        ReviewState.NEW: (ReviewState.REVIEWED, ReviewState.ACKNOWLEDGED),
        ReviewState.ACKNOWLEDGED: (ReviewState.REVIEWED, ReviewState.ACKNOWLEDGED),
        ReviewState.REVIEWED: (ReviewState.CLOSED, ReviewState.REVIEWED, ReviewState.ACKNOWLEDGED),
        ReviewState.CLOSED: (ReviewState.ACKNOWLEDGED, ReviewState.CLOSED),
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
    # Of the browser that it was taken from, so that this one can be told so.
    former_key_hash = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    stayed_at = models.DateTimeField(null=True, editable=False)  # when the person last said: I am still here
    room = models.CharField(max_length=11, choices=Room, blank=True, db_default="", editable=False)
    kept_open_until = models.DateTimeField(null=True, editable=False)  # on the patient's own device
    # What stands on pages and is no answer (yet), by item, to be shown once more.
    drafts = models.JSONField(null=True, editable=False)
    # The screen whose drafts were sent as answers and could not be taken: shown with what is wrong with them.
    refused = models.CharField(max_length=50, default="", editable=False)
    # Where the clinic can reach the person, as typed and sealed like a note. It decides nothing, so no record has it.
    contact = models.TextField(blank=True, default="", db_default="", editable=False)
    # The code that opens it in another browser; the code itself is stored nowhere.
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
    # The signs it is urgent for, by name, for its row on the worklist.
    why = models.CharField(max_length=WHY_LENGTH, blank=True, db_default="", editable=False)
    # It has no row of its own: the correction of it has, or what came from the same place in such numbers.
    behind = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, editable=False, related_name="stands_for"
    )
    crowded = models.BooleanField(
        default=False, db_default=False, editable=False
    )  # one of so many from one place
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    # What the worklist filters and sorts by, kept by the database itself so that it cannot differ from what it is
    # made of. An emergency sign counts as an emergency until a staff member has seen it, also when it was taken back.
    need = models.GeneratedField(
        expression=by_need(), output_field=models.PositiveSmallIntegerField(), choices=Need, db_persist=True
    )
    # Whose turn it is: by need, then who is invited; many from one place after all others, what is reviewed last.
    turn = models.GeneratedField(
        expression=Case(
            When(review_state__gte=REVIEWED, then=Value(0)),
            When(crowded=True, then=Value(1)),
            When(appointment_at__isnull=False, then=by_need(10, 1)),
            default=by_need(10),
        ),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
    )
    waits_since = models.GeneratedField(
        expression=Coalesce("emergency_at", "submitted_at"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    tab = models.GeneratedField(
        expression=Case(
            When(review_state__gte=REVIEWED, then=Value(3)),
            When(review_state=ACKNOWLEDGED, then=Value(2)),
            default=Value(1),
        ),
        output_field=models.PositiveSmallIntegerField(),
        choices=Tab,
        db_persist=True,
    )
    # The urgency to act on: of a sign that was given, an emergency, whatever was answered later.
    level = models.GeneratedField(
        verbose_name="urgency",
        expression=Case(
            When(emergency_at=None, urgency=ROUTINE, then=Value(ROUTINE)),
            When(emergency_at=None, urgency=SAME_DAY, then=Value(SAME_DAY)),
            default=Value(EMERGENCY),
        ),
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

    objects = Sessions.as_manager()

    class Meta:
        verbose_name = "submission"
        permissions = [
            ("export_triagesession", "Can export submissions"),
            ("export_reviews", "Can export reviews"),
            ("overview_triagesession", "Can see the overview"),
            ("rights_triagesession", "Can disclose and erase a patient’s submission"),
        ]
        ordering = IN_TURN
        indexes = [
            # One for each choice of the worklist's filters, in its order: a page costs the same among a million
            # rows. An index on fewer filters would do only where the database guesses which of them leaves least.
            *(
                models.Index(fields=[*filters, *IN_TURN], condition=WITH_A_ROW, name=name)
                for name, filters in (
                    ("worklist", ()),
                    ("worklist_by_tab", ("tab",)),
                    ("worklist_by_level", ("level",)),
                    ("worklist_by_origin", ("origin",)),
                    ("worklist_by_tab_level", ("tab", "level")),
                    ("worklist_by_tab_origin", ("tab", "origin")),
                    ("worklist_by_level_origin", ("level", "origin")),
                    ("worklist_by_all_three", ("tab", "level", "origin")),
                )
            ),
            models.Index(fields=IN_TURN, condition=WITH_A_ROW & Q(demo=True), name="worklist_demo"),
            # Sorted by waiting: among all, and among what a tab or an urgency leaves of many.
            *(
                models.Index(fields=[*filters, "waits_since", "id"], condition=WITH_A_ROW, name=name)
                for name, filters in (
                    ("worklist_by_waiting", ()),
                    ("worklist_waiting_by_tab", ("tab",)),
                    ("worklist_waiting_by_level", ("level",)),
                )
            ),
            # Of the few that have one: by an index that holds all the others too, SQLite would rather read the table.
            models.Index(fields=["behind"], condition=Q(behind__isnull=False), name="stands_behind"),
            models.Index(fields=["corrects"], condition=Q(corrects__isnull=False), name="corrects_another"),
            models.Index(
                fields=["assigned_to", *IN_TURN], condition=Q(assigned_to__isnull=False), name="worklist_mine"
            ),
            models.Index(
                fields=["appointment_at"],
                condition=Q(appointment_at__isnull=False, listed_at__isnull=False),
                name="worklist_visits",
            ),
            models.Index(
                fields=["-listed_at", "-id"], condition=Q(listed_at__isnull=False), name="worklist_by_time"
            ),
            models.Index(
                fields=["former_key_hash"], condition=~Q(former_key_hash=""), name="taken_over_from"
            ),
            # The overview asks where people stopped.
            models.Index(fields=["started_at"], condition=Q(submitted_at=None), name="unfinished_by_start"),
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
                condition=Q(review_state__gte=1, review_state__lte=4), name="review_state_is_known"
            ),
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
    # Codes that raised the urgency and were taken back, with when, see `domain.flags`: the clinic still sees them.
    taken_back = models.JSONField(default=dict)

    class Meta:
        ordering = ["sequence", "pk"]
        constraints = [models.UniqueConstraint(fields=["session", "item"], name="one_answer_per_item")]

    def __str__(self) -> str:
        return self.item  # never the answer: this text reaches logs and the admin's history
