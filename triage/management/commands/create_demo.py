"""Make demo submissions from the content's example cases: some weeks of a clinic's work, every outcome among them.

Two dozen are new; as many of the weeks before are reviewed. All are marked as demo.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from triage import actions
from triage.domain.content import Content, Vignette
from triage.domain.decision import emergency_signs
from triage.domain.walk import Answers, read_answers
from triage.models import Review, TriageSession
from triage.store import releases
from triage.store.visit import find

COUNT = 24  # that are new, and as many before them
INVITED = (
    ("DEMO 1", 1),
    ("DEMO 2", 2),
    ("DEMO 3", 3),
    ("DEMO 4", 4),
)  # label, and days until the appointment
State, Finding = TriageSession.ReviewState, Review.Finding
FOUND = {"back": Finding.BACK, "foot": Finding.FOOT, "unclear": Finding.OTHER}


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-none", action="store_true", help="only when there are no demo submissions yet"
        )

    def handle(self, *args: Any, if_none: bool, **options: Any) -> None:
        if if_none and TriageSession.objects.filter(demo=True).exists():
            return
        content = releases.content(releases.current().sha256, "en")
        staff, now = actions.demo_reviewer(), timezone.now()
        cases = spread(content)
        for number, vignette in enumerate(cases):
            when = now - timedelta(hours=20 * (COUNT - number) + 30)
            session = submitted(content, vignette, number, when)
            reviewed(session, number, staff, when)
        for number, vignette in enumerate(cases):
            submitted(content, vignette, number, now - timedelta(minutes=50 * (COUNT - number)))
        self.besides(content, cases, staff, now)
        made = TriageSession.objects.filter(demo=True, listed_at__isnull=False).count()
        self.stdout.write(f"The worklist has {made} demo submissions.")

    def besides(self, content: Content, cases: list[Vignette], staff: User, now: datetime) -> None:
        """What does not happen every day."""
        quiet, urgent = (
            answers_of(content, next(case for case in cases if case.urgency == urgency))
            for urgency in ("routine", "same-day")
        )
        left_midway(content, quiet, now)
        ticks_a_sign(content, quiet, now - timedelta(minutes=20))
        hesitant(content, quiet, now)
        invited(content, quiet, staff, now)
        last = TriageSession.objects.filter(
            demo=True, invitation__isnull=False, submitted_at__isnull=False
        ).last()
        assert last is not None
        corrected(content, last, urgent, now)


def spread(content: Content) -> list[Vignette]:
    """COUNT cases that end in a result, taking each outcome in turn so that none is left out."""
    by_outcome: dict[tuple[str | None, ...], list[Vignette]] = {}
    for vignette in content.vignettes:
        if vignette.origin:
            by_outcome.setdefault((vignette.origin, vignette.root, vignette.urgency), []).append(vignette)
    turns = max((len(cases) for cases in by_outcome.values()), default=0)
    in_turn = [cases[turn] for turn in range(turns) for cases in by_outcome.values() if turn < len(cases)]
    return in_turn[:COUNT]


def answers_of(content: Content, vignette: Vignette) -> Answers:
    answers = dict(read_answers(content, vignette.answers))
    answers.setdefault("note", (vignette.story,))
    return answers


def submitted(content: Content, vignette: Vignette, number: int, when: datetime) -> TriageSession:
    language = list(content.languages)[number % len(content.languages)]
    return actions.enter(content, answers_of(content, vignette), language, when, demo=True)


def reviewed(session: TriageSession, number: int, staff: User, when: datetime) -> None:
    """Acknowledged the sooner the more urgent, reviewed the next day, most of them closed; now and then with
    another finding than the questionnaire's."""
    assert session.urgency
    wait = timedelta(minutes=(7 + 11 * number) * 4 ** (TriageSession.Urgency.EMERGENCY - session.urgency))
    finding = Finding.BOTH if number % 6 == 5 else FOUND[session.origin]
    level = max(session.urgency - 1, 1) if number % 8 == 3 else session.urgency
    found: dict[str, str | int | None] = {"finding": finding, "root": "", "urgency": level}
    steps = [(State.ACKNOWLEDGED, "", {}), (State.REVIEWED, "Seen and examined.", found)]
    if number % 4:
        steps.append((State.CLOSED, "", {}))
    for day, (state, note, said) in enumerate(steps):
        session.refresh_from_db()
        moment = when + wait + timedelta(hours=day)
        actions.review(session.pk, session.mark, staff, state, note, moment, **said)


def hesitant(content: Content, quiet: Answers, now: datetime) -> None:
    """Somebody ticks an emergency sign, takes it back, and hands in."""
    _session, key = ticks_a_sign(content, quiet, now - timedelta(minutes=9))
    for screen in content.screens:
        visit = find(key, "en")
        assert visit is not None
        given = {item.key: quiet[item.key] for item in visit.walk.asks(screen) if item.key in quiet}
        actions.record_answers(visit, given, now - timedelta(minutes=6))
    done = actions.fill_in(key, content.screens, quiet, "en", now - timedelta(minutes=5))
    actions.submit(done, now - timedelta(minutes=4))


def ticks_a_sign(content: Content, quiet: Answers, when: datetime) -> tuple[TriageSession, str]:
    """Begun, and left with an emergency sign given."""
    sign = emergency_signs(content)[0]
    item = next(item for item in content.items.values() if sign in item.options)
    session, key = actions.start_session("en", when, demo=True)
    upto = content.screens[: content.screens.index(content.screen_of[item.key]) + 1]
    actions.fill_in(key, upto, {**quiet, item.key: (sign.code,)}, "en", when)
    return session, key


def left_midway(content: Content, quiet: Answers, now: datetime) -> None:
    for days, screens in enumerate((2, 5, 5, 9), start=1):
        _session, key = actions.start_session("en", now - timedelta(days=days), demo=True)
        actions.fill_in(key, content.screens[:screens], quiet, "en", now - timedelta(days=days))


def invited(content: Content, quiet: Answers, staff: User, now: datetime) -> None:
    """Four invitations: two are answered, one is begun, one is not opened yet."""
    wanted = [
        {"label": label, "appointment_at": now + timedelta(days=days), "language": "en"}
        for label, days in INVITED
    ]
    made = actions.invite(wanted, staff, now - timedelta(hours=3))
    for (invitation, _code), screens in zip(
        made, (len(content.screens), len(content.screens), 3), strict=False
    ):
        _session, key = actions.start_session("en", now, demo=True, invitation=invitation)
        filled = actions.fill_in(key, content.screens[:screens], quiet, "en", now)
        if screens == len(content.screens):
            actions.submit(filled, now)


def corrected(content: Content, old: TriageSession, answers: Answers, now: datetime) -> None:
    """The patient of `old` hands in once more, with these answers."""
    key = actions.correct(old.pk, "en", now)
    visit = find(key, "en")
    assert visit is not None
    actions.record_answers(visit, answers, now)
    actions.submit(actions.fill_in(key, content.screens, answers, "en", now), now)
