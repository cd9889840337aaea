"""What every list of the admin keeps to: a page costs the same however many rows there are, and no address
makes it fail or tells what the page does not show."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

LONGEST_PARAMETER = 50
MOST_ROWS = 1000  # further down a person searches or filters; counting on and on would read the whole table


class CappedPaginator(Paginator):
    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        # In the list's order, so that it is counted along the index the page is read from.
        return self.object_list[:MOST_ROWS].count()

    @property
    def capped(self) -> bool:
        return self.count == MOST_ROWS


class OnePage(ChangeList):
    """Says so to the database also where the whole list fits on one page: PostgreSQL would make ready to read many."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = self.result_list[: self.list_per_page]


class GuardedList(admin.ModelAdmin):
    """`lookups` are the only parameters that filter; all others are refused, so that nobody can ask
    `?key_hash__startswith=` letter by letter."""

    lookups: frozenset[str] = frozenset()
    actions = None
    list_per_page = list_max_show_all = 50
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return OnePage

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in self.lookups

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise BadRequest("nothing is posted to a list")
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
