"""The releases of the content, to look at: in a picture and in words. Content is changed in files, never here."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse

from triage import releases
from triage.admin.lists import GuardedList, ReadOnly
from triage.domain import words
from triage.domain.drawing import draw
from triage.models import Release


@admin.register(Release)
class ReleaseAdmin(ReadOnly, GuardedList):
    """What was published when, and what it asks and decides."""

    list_display = ("version", "state", "hash", "created_at", "published_at")
    ordering = ("-pk",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Release]:
        return super().get_queryset(request).defer("content")

    @admin.display(description="hash")
    def hash(self, release: Release) -> str:
        return release.sha256[:8]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> TemplateResponse:
        """The release itself: everything on this page is made from its content, so it cannot drift from it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        release = self.get_object(request, object_id)
        if release is None:
            raise Http404
        content = releases.content(release.sha256, settings.LANGUAGE_CODE)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Release {release}",
            "release": release,
            "languages": content.languages.values(),
            "svg": draw(content),
            "screens": words.screens(content),
            "tables": words.tables(content),
            "signs": words.signs(content),
        }
        return TemplateResponse(request, "admin/triage/release.html", context)
