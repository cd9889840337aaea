"""What every list of the admin keeps to: a page costs the same however many rows there are, and no address
makes it fail or tells what the page does not show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst

from triage import actions
from triage.models import AccessEntry
from triage.store.counted import Counted
from triage.store.labels import visible

LONGEST_PARAMETER = 50
MOST_ROWS = 1000  # further down a person searches or filters; counting on and on would read the whole table


def clock(moment: datetime | None) -> str:
    """A time at the clinic, in the one form that staff's pages have."""
    return date_format(timezone.localtime(moment), "M j, Y, H:i") if moment else "–"


class CountedPaginator(Paginator):
    """Is told how many rows there are."""

    count = 0

    @property
    def capped(self) -> bool:
        return self.count == MOST_ROWS


class CountedList(ChangeList):
    """Asks for the rows of a page and for how many there are in all at once, where Django counts first."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        rows = super().get_queryset(request, exclude_parameters)
        # In the list's order, so that it is counted along the index the page is read from.
        return rows.annotate(in_all=Counted(rows.values("pk")[:MOST_ROWS]))

    def get_results(self, request: HttpRequest) -> None:
        found = self._page(self.page_num)
        if not found and self.page_num != 1:  # there is no such page, or none any more
            self.page_num = 1
            found = self._page(1)
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        self.paginator.count = self.result_count = found[0].in_all if found else 0
        self.result_list = found
        self.multi_page = self.result_count > self.list_per_page
        self.can_show_all = not self.multi_page
        self.show_admin_actions = self.show_full_result_count = False
        self.full_result_count = None

    def _page(self, number: int) -> list[Any]:
        begin = (number - 1) * self.list_per_page
        end = begin + self.list_per_page
        return list(self.queryset[begin:end]) if 0 <= begin < MOST_ROWS else []


class GuardedList(admin.ModelAdmin):
    """`lookups` are the only parameters that filter; all others are refused, so that nobody can ask
    `?key_hash__startswith=` letter by letter."""

    noted_as = (
        ""  # what the access log calls it, where it shows something of patients or of who looked at them
    )
    lookups: frozenset[str] = frozenset()
    actions = None
    list_per_page = list_max_show_all = 50
    paginator = CountedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CountedList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in self.lookups

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise BadRequest("nothing is posted to a list")
        if "q" in request.GET:  # what is pasted brings signs along that nobody sees
            cleaned = request.GET.copy()
            cleaned["q"] = visible(request.GET.get("q", ""))
            request.GET = cleaned  # type: ignore[assignment]
        for values in request.GET.lists():
            for text in (values[0], *values[1]):
                if len(text) > LONGEST_PARAMETER or not text.isprintable():
                    raise BadRequest("a parameter that no page of ours makes")
        page = super().changelist_view(
            request, {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        )
        # A search is entered by itself; its words are not.
        if self.noted_as and page.status_code == 200 and not request.GET.get(SEARCH_VAR):
            chosen = ", ".join(f"{name}={value}" for name, value in sorted(request.GET.items()))
            self.note(request, AccessEntry.What.VIEW, self.noted_as, chosen)
        return page

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        page = super().change_view(request, object_id, form_url, extra_context)
        if self.noted_as and page.status_code == 200:
            self.note(request, AccessEntry.What.VIEW, f"{self.noted_as} {unquote(object_id)}"[:150])
        return page

    def note(self, request: HttpRequest, what: str, about: str = "", detail: str = "") -> None:
        who = request.user.get_username()
        actions.note_access(what, who, timezone.now(), about, detail[:500])

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """By its key where `_to_field` is sent empty, on which Django fails."""
        return super().get_object(request, object_id, from_field or None)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Asks first who is asking: Django's own says to everybody which keys there are none of."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


class ReadOnly:
    """For a ModelAdmin of what is looked at only."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
