"""The access log, to read."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format

from triage.admin.lists import GuardedList, ReadOnly
from triage.models import AccessEntry
from triage.store import access_log


@admin.register(AccessEntry)
class AccessEntryAdmin(ReadOnly, GuardedList):
    noted_as = "access log"
    lookups = frozenset({"what__exact"})
    list_display = ("number", "when", "who", "what", "about_shown", "detail")
    list_filter = ("what",)
    search_fields = ("about",)
    search_help_text = "A reference code, or a staff member’s name"
    sortable_by = ()

    @admin.display(description="when")
    def when(self, entry: AccessEntry) -> str:
        return date_format(timezone.localtime(entry.at), "M j, Y, H:i:s")

    @admin.display(description="about")
    def about_shown(self, entry: AccessEntry) -> str:
        """Once its submission is deleted, the pseudonym: the same for all entries about that one."""
        return entry.about or (f"deleted ({entry.mark})" if entry.mark else "")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AccessEntry], search_term: str
    ) -> tuple[QuerySet[AccessEntry], bool]:
        """Exactly that reference, or that name: each of the two is one look into an index."""
        if not search_term:
            return queryset, False
        of_reference = queryset.filter(access_log.about_any([search_term.upper()]))
        return (of_reference if of_reference.exists() else queryset.filter(who=search_term)), False
