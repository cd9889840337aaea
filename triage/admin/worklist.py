"""The worklist as a queue: its tabs, what else narrows it down, its order, and who comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from triage.actions import end_of_day
from triage.admin.lists import CountedList
from triage.models import Clinic, Invitation, TriageSession
from triage.models.sessions import IN_TURN
from triage.store.counted import Counted

MOST_COUNTED = 1000
MOST_VISITS = 10
NEXT_FIRST = IN_TURN
# The same, backwards: along the same index.
NEWEST_FIRST = [name.removeprefix("-") if name.startswith("-") else f"-{name}" for name in IN_TURN]
TABS = {
    "unseen": "Unseen",
    "to-review": "To review",
    "visits": "Today’s and tomorrow’s visits",
    "done": "Done",
    "all": "All",
}
Rows = QuerySet[TriageSession]


def rows_of(tab: str) -> Rows:
    """The submissions that have a row on this tab."""
    rows = TriageSession.objects.with_a_row()
    return rows.filter(in_tab(tab))


def in_tab(tab: str) -> Q:
    now = timezone.now()
    return {
        "unseen": Q(tab=TriageSession.Tab.UNSEEN),
        "to-review": Q(tab=TriageSession.Tab.TO_REVIEW),
        "visits": Q(
            appointment_at__gte=end_of_day(now) - timedelta(days=1),
            appointment_at__lt=end_of_day(now + timedelta(days=1)),
        ),
        "done": Q(tab=TriageSession.Tab.DONE),
        "all": Q(),
    }[tab]


def counts() -> dict[str, int]:
    """How many rows each tab has, up to a cap, asked for at once."""
    wanted = {
        tab.replace("-", "_"): Counted(rows_of(tab).values("pk")[:MOST_COUNTED])
        for tab in TABS
        if tab != "all"
    }
    found = cast("dict[str, int]", Clinic.objects.filter(pk=1).values(**wanted).first() or {})
    return {tab: found.get(tab.replace("-", "_"), 0) for tab in TABS if tab != "all"}


def counted() -> list[dict[str, Any]]:
    """The tabs with their counts, as the first page shows them."""
    found = counts()
    return [
        {"key": tab, "name": name, "count": found[tab], "more": found[tab] == MOST_COUNTED}
        for tab, name in TABS.items()
        if tab in found
    ]


def next_visits() -> list[dict[str, Any]]:
    """The next invited visits, each with what is still missing."""
    now = timezone.now()
    coming = Invitation.objects.filter(
        revoked_at=None, appointment_at__gte=now, appointment_at__lt=end_of_day(now + timedelta(days=1))
    )
    sessions = TriageSession.objects.with_a_row().only(
        "reference", "invitation", "review_state", "submitted_at"
    )
    rows = coming.order_by("appointment_at").prefetch_related(Prefetch("sessions", sessions))[:MOST_VISITS]
    return [{"invitation": row, "missing": _missing(row)} for row in rows]


def _missing(invitation: Invitation) -> str:
    if not invitation.opened_at:
        return "not opened"
    if not invitation.sent_at:
        return "begun, not handed in"
    waits = any(
        session.review_state < TriageSession.ReviewState.REVIEWED for session in invitation.sessions.all()
    )
    return "to review" if waits else ""


class Unshown(admin.SimpleListFilter):
    """A filter that has its own place on the page, or none."""

    template = "admin/triage/triagesession/no_filter.html"
    title = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]


class TabFilter(Unshown):
    """One of the tabs; what is searched for is looked for in all of them, rows of their own or not."""

    parameter_name = "tab"

    def __init__(self, request: HttpRequest, *arguments: Any) -> None:
        self.searching = bool(request.GET.get("q") or request.GET.get("crowd"))
        super().__init__(request, *arguments)

    def value(self) -> str:
        chosen = super().value()
        return "all" if self.searching else chosen if chosen in TABS else "unseen"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.searching else queryset.with_a_row().filter(in_tab(self.value()))  # type: ignore[attr-defined]


class CrowdFilter(Unshown):
    """Those that came from one place in such numbers that one row stands for them."""

    parameter_name = "crowd"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        head = self.value()
        if head is None:
            return queryset
        known = int(head) if head.isascii() and head.isdecimal() and len(head) < 19 else 0
        return queryset.filter(Q(pk=known) | Q(behind=known, crowded=True))


class MineFilter(admin.SimpleListFilter):
    title = "assigned"
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "to me")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(assigned_to=cast(User, request.user)) if self.value() == "me" else queryset


class Worklist(CountedList):
    """The list with its tabs."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        counted = counts()
        self.unseen = counted["unseen"]
        self.tabs = [
            {
                "key": tab,
                "name": name,
                "count": counted.get(tab),
                "more": counted.get(tab) == MOST_COUNTED,
                "here": tab == self._tab(),
                "query": self.get_query_string({"tab": tab}, ["p", "q", "crowd"]),
            }
            for tab, name in TABS.items()
        ]

    def _tab(self) -> str:
        return next((str(spec.value()) for spec in self.filter_specs if isinstance(spec, TabFilter)), "")

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Each column's order in both ways along one index."""
        ordering = list(super().get_ordering(request, queryset))
        along: dict[Any, list[Any]] = {
            NEXT_FIRST[0]: NEXT_FIRST,
            NEWEST_FIRST[0]: NEWEST_FIRST,
            "waits_since": ["waits_since", "pk"],
            "-waits_since": ["-waits_since", "-pk"],
        }
        return along.get(ordering[0], ordering)


def beside(rows: Rows, session: TriageSession) -> tuple[int | None, int | None]:
    """Which of these rows come right before and right after this one, in turn; where it stands in turn or stood."""
    earlier, following = (
        rows.filter(behind(session, order)).order_by(*order).values_list("pk", flat=True).first()
        for order in (NEWEST_FIRST, NEXT_FIRST)
    )
    return earlier, following


def behind(session: TriageSession, order: list[str]) -> Q:
    """What comes after this one in that order."""
    after, tied = Q(), Q()
    for name in order:
        column = name.removeprefix("-")
        here = getattr(session, column)
        after |= tied & Q((f"{column}__{'lt' if name.startswith('-') else 'gt'}", here))
        tied &= Q((column, here))
    return after


def next_in_turn(rows: Rows, session: TriageSession) -> int | None:
    """Who comes after this one: an emergency that nobody has acknowledged, before whatever else was next."""
    others = rows.exclude(pk=session.pk)
    urgent = others.filter(need=TriageSession.Need.UNSEEN_EMERGENCY, crowded=False)
    first = urgent.order_by(*NEXT_FIRST).values_list("pk", flat=True).first()
    if first:
        return first
    following = beside(others, session)[1]
    return following or others.order_by(*NEXT_FIRST).values_list("pk", flat=True).first()
