"""What every list of the admin keeps to: a page costs the same however many rows there are, and no address
makes it fail or tells what the page does not show."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.db.models import IntegerField, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from triage.store.labels import visible

LONGEST_PARAMETER = 50
MOST_ROWS = 1000  # further down a person searches or filters; counting on and on would read the whole table


class Counted(Subquery):
    """How many rows a query finds, as a value within another query."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) found)"
    output_field = IntegerField()


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
        return super().changelist_view(
            request, {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        )

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
