"""How the questionnaire fares over some days, in counts: no submission is named, and a small count is not told.

Every question to the database is about these days alone and reads along an index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.formats import date_format

from triage.admin.overview import charts
from triage.admin.overview.charts import Bars, Columns
from triage.domain.content import NOT_SURE, NOT_TRIED, Content
from triage.domain.loading import ContentError
from triage.domain.logic import Condition, leaves
from triage.domain.walk import walk
from triage.models import Answer, DailyCount, Invitation, Review, TriageSession
from triage.store import releases
from triage.store.snapshot import one_moment

USUAL_DAYS, MOST_DAYS = 30, 92
Urgency, Origin = TriageSession.Urgency, TriageSession.Origin
LEVELS = (Urgency.EMERGENCY, Urgency.SAME_DAY, Urgency.ROUTINE)
URGENT = (Urgency.EMERGENCY, Urgency.SAME_DAY)
WAITS = (
    (timedelta(minutes=15), "within 15 minutes"),
    (timedelta(hours=1), "within an hour"),
    (timedelta(hours=4), "within 4 hours"),
    (timedelta(days=1), "within a day"),
    (timedelta.max, "later"),
)
NOT_YET = "not yet"
UNSURE = Q(given=[NOT_SURE]) | Q(given=[NOT_TRIED])


@dataclass(frozen=True)
class Overview:
    """The days from `first` to `last`. Made-up submissions are counted by themselves, and exactly."""

    first: date
    last: date
    content: Content  # for the names of screens and questions
    demo: bool = False

    # What is told

    @property
    def tell(self) -> charts.Telling:
        return charts.exact if self.demo else charts.rounded

    @property
    def submitted(self) -> charts.Figure:
        return self.tell(sum(self._by_outcome.values()))

    @cached_property
    def days(self) -> Bars:
        return self._table(
            "Submissions each day",
            "By urgency. Days whose submissions have been deleted since are counted too.",
            LEVELS,
            [(_name(day), [self._of(day=day, urgency=level) for level in LEVELS]) for day in self._dates()],
        )

    @property
    def picture(self) -> Columns:
        return charts.columns(
            [
                (name, [(level.value, bar.figure) for level, bar in zip(LEVELS, bars, strict=True)])
                for name, bars in self.days.rows
            ]
        )

    @property
    def tables(self) -> Iterator[Bars]:
        yield self._outcomes()
        if not self.demo:  # made-up submissions have no invitations of their own
            yield self._invited()
        yield self._acknowledged()
        yield self._left_at()
        yield self._not_sure()
        yield self._languages()

    def _outcomes(self) -> Bars:
        rows = [
            (f"Fits {origin.label}", [self._of(origin=origin, urgency=level) for level in LEVELS])
            for origin in Origin
        ]
        return self._table("Outcomes", "Where the pain fits, by urgency.", LEVELS, rows)

    def _invited(self) -> Bars:
        made = Invitation.objects.filter(created_at__range=self._between, revoked_at=None)
        found = made.aggregate(invited=Count("pk"), opened=Count("opened_at"), handed_in=Count("sent_at"))
        rows = [(name.replace("_", " ").capitalize(), [count]) for name, count in found.items()]
        about = "Of the invitations made on these days. Letters that were made anew count once."
        return self._table("From invitation to answers", about, ["Patients"], rows)

    def _acknowledged(self) -> Bars:
        with one_moment():
            waits = Counter((level, _wait(sent, seen)) for level, sent, seen in self._urgent())
        names = [*(name for _most, name in WAITS), NOT_YET]
        # What nobody has acknowledged yet is work, no statistic: how many there are stands on the worklist too.
        told = [
            (
                name.capitalize(),
                [(charts.exact if name == NOT_YET else self.tell)(waits[level, name]) for level in URGENT],
            )
            for name in names
        ]
        about = "From an urgent submission to the first step of a staff member."
        columns = [str(level.label).capitalize() for level in URGENT]
        return charts.bars("Time to acknowledgement", about, columns, told)

    def _told(self, name: str) -> charts.Telling:
        return charts.exact if name == NOT_YET else self.tell

    def _left_at(self) -> Bars:
        items: Counter[str] = Counter(dict(self._last_items()))
        screens: Counter[str] = Counter()
        for key, count in items.items():
            screen = self.content.screen_of.get(key)
            screens[screen.title if screen else key or ""] += count
        titles = [screen.title for screen in self.content.screens]
        rows = [("Before the first answer", [screens.pop("", 0)])]
        rows += [(title, [screens.pop(title, 0)]) for title in titles]
        rows += [(f"{key} (no longer asked)", [count]) for key, count in sorted(screens.items())]
        about = (
            "Questionnaires begun on these days and not handed in: the last page that was answered. Some are still "
            "being answered, and some end there, as those of people who are too young for it."
        )
        return self._table("Where people stop", about, ["Stopped after it"], rows)

    def _not_sure(self) -> Bars:
        found = {key: (self.tell(unsure), self.tell(given)) for key, unsure, given in self._answers()}
        rows = [
            (item.label, [charts.share(*found[item.key])])
            for item in self.content.items.values()
            if item.kind != "text" and item.key in found
        ]
        about = "How many of the answers that were handed in say: not sure, or: not tried."
        return charts.bars("Questions that people are not sure about", about, ["Not sure"], rows, whole=100)

    def _languages(self) -> Bars:
        names = self.content.languages
        found = Counter(dict(self._spoken()))
        rows = [(names.get(code, code), [found[code]]) for code in sorted({*names, *found})]
        return self._table("Languages", "In which the result was read.", ["Submissions"], rows)

    def _table(self, title: str, about: str, names: Iterable[Any], rows: Iterable[tuple[str, Any]]) -> Bars:
        columns = [str(getattr(name, "label", name)).capitalize() for name in names]
        told = [(name, [self.tell(count) for count in counts]) for name, counts in rows]
        return charts.bars(title, about, columns, told)

    # What is counted

    def _dates(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def _between(self) -> tuple[datetime, datetime]:
        """From the first day's midnight to the last moment of the last day, at the clinic."""
        zone = timezone.get_current_timezone()
        return datetime.combine(self.first, time.min, zone), datetime.combine(self.last, time.max, zone)

    @property
    def _handed_in(self) -> QuerySet[TriageSession]:
        # `listed_at` is the time of submission here, and has an index.
        return TriageSession.objects.filter(
            listed_at__range=self._between, submitted_at__isnull=False, demo=self.demo
        ).order_by()

    @property
    def _unfinished(self) -> QuerySet[TriageSession]:
        return TriageSession.objects.filter(
            started_at__range=self._between, submitted_at=None, demo=self.demo
        ).order_by()

    @cached_property
    def _by_outcome(self) -> Counter[tuple[date, int, str]]:
        """Submissions by day, urgency and origin; of deleted ones what was kept of them."""
        kept = self._handed_in.annotate(day=TruncDate("submitted_at")).values_list("day", "urgency", "origin")
        found: Counter[tuple[date, int, str]] = Counter()
        rows = [*kept.annotate(count=Count("pk"))]
        if not self.demo:
            purged = DailyCount.objects.filter(day__range=(self.first, self.last))
            rows += purged.values_list("day", "urgency", "origin", "count")
        for day, urgency, origin, count in rows:
            found[day, urgency, origin] += count
        return found

    def _of(self, **wanted: Any) -> int:
        """So many submissions have these values; what is not named may be any."""
        names = ("day", "urgency", "origin")
        return sum(
            count
            for key, count in self._by_outcome.items()
            if all(wanted.get(name, value) == value for name, value in zip(names, key, strict=True))
        )

    def _urgent(self) -> Iterator[tuple[Any, Any, datetime | None]]:
        steps = Review.objects.filter(session=OuterRef("pk"), created_at__gte=OuterRef("submitted_at"))
        seen = Subquery(steps.order_by("pk").values("created_at")[:1])
        urgent = self._handed_in.filter(urgency__in=URGENT).annotate(seen=seen)
        return urgent.values_list("urgency", "submitted_at", "seen").iterator(chunk_size=2000)

    def _last_items(self) -> Iterator[tuple[str, int]]:
        last = Answer.objects.filter(session=OuterRef("pk"), sequence=OuterRef("last_sequence"))
        # A correction is left out here: what it corrects was handed in. As a filter it would keep SQLite from
        # the index of the days.
        corrects = ExpressionWrapper(Q(corrects__isnull=False), BooleanField())
        rows = self._unfinished.annotate(item=Subquery(last.values("item")[:1]), correction=corrects)
        counted = rows.values_list("item", "correction").annotate(count=Count("pk"))
        return ((item or "", count) for item, correction, count in counted if not correction)

    def _answers(self) -> Iterator[tuple[str, int, int]]:
        """By question: how many answers say not sure, and how many there are. One off the path does not count.

        Whether a question is asked rests on few others: the database counts by what was given to those, and
        each such case is walked once.
        """
        contents = dict(self._contents())
        conditions = [(key, when) for content in contents.values() for key, when in _conditions(content)]
        sometimes = {key for key, _when in conditions}
        gates = sorted({leaf.item for _key, when in conditions for leaf in leaves(when)})
        counts = {"unsure": Count("pk", filter=UNSURE), "count": Count("pk")}
        answers = Answer.objects.filter(session__in=self._handed_in).order_by()
        found = {
            item: Counter(unsure=unsure, count=count)
            for item, unsure, count in answers.exclude(item__in=sometimes)
            .values_list("item")
            .annotate(**counts)
        }
        beside = Answer.objects.filter(session=OuterRef("session"))
        given = {f"given_{number}": beside.filter(item=gate) for number, gate in enumerate(gates)}
        cases = (
            answers.filter(item__in=sometimes)
            .annotate(**{name: Subquery(rows.values("given")) for name, rows in given.items()})
            .values_list("item", "session__release__sha256", *given)
            .annotate(**counts)
        )
        for item, release, *codes, unsure, count in cases:
            case = {gate: tuple(those) for gate, those in zip(gates, codes, strict=True) if those}
            if release in contents and item in walk(contents[release], case).asked:
                found.setdefault(item, Counter()).update(unsure=unsure, count=count)
        yield from ((item, counted["unsure"], counted["count"]) for item, counted in found.items())

    def _contents(self) -> Iterator[tuple[str, Content]]:
        """The releases that were answered on these days, as far as this program can still read them."""
        for sha256 in self._handed_in.values_list("release__sha256", flat=True).distinct():
            with suppress(ContentError):
                yield sha256, releases.content(sha256, self.content.language)

    def _spoken(self) -> Iterator[tuple[str, int]]:
        yield from self._handed_in.values_list("language").annotate(count=Count("pk"))


def _conditions(content: Content) -> Iterator[tuple[str, Condition]]:
    return ((key, item.ask_when) for key, item in content.items.items() if item.ask_when)


def _wait(sent: datetime, seen: datetime | None) -> str:
    return next(name for most, name in WAITS if seen - sent <= most) if seen else NOT_YET


def _name(day: date) -> str:
    return date_format(day, "M j")
