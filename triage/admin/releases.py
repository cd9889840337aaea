"""The releases of the content: to read, to publish, to retire and to go back to. Content is changed in files alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from triage import actions
from triage.admin.comparison import comparison
from triage.admin.lists import GuardedList, ReadOnly, clock
from triage.admin.upload import MAY_PUBLISH, upload_view
from triage.domain import words
from triage.domain.content import Content
from triage.domain.drawing import draw
from triage.domain.loading import ContentError
from triage.domain.published_cases import own_tally
from triage.models import AccessEntry, Release, TriageSession
from triage.store import releases
from triage.store.records import told_otherwise

REPLAYED = 200  # submissions that a page of the replay reads
LOADED_BY_YOU = "You loaded this draft, so another manager publishes it."
CHANGED = "Another release has been published since you opened the page. Read the comparison again."
UNCONFIRMED = "Confirm each example that is decided otherwise, or retire the draft. Not confirmed: {}"
UNTICKED = "Tick each red line of the comparison, or retire the draft. Not ticked: {}"
UNREADABLE = "This version of Footpath cannot publish it any more: {}"


class ReleaseForm(forms.Form):
    """A step of a release. `running` is the release that its reader compared it with."""

    step = forms.ChoiceField(choices=[("publish", "Publish"), ("retire", "Retire")])
    running = forms.CharField(required=False, max_length=64)
    note = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Why",
        help_text="Kept for good. Name no patient.",
    )


@admin.register(Release)
class ReleaseAdmin(ReadOnly, GuardedList):
    """What was published when, and what it asks and decides."""

    list_display = ("version", "state", "hash", "loaded_by", "created", "published")
    ordering = ("-pk",)
    sortable_by = ()
    change_list_template = "admin/triage/release_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Release]:
        return super().get_queryset(request).defer("content", "examined")

    @admin.display(description="hash")
    def hash(self, release: Release) -> str:
        return release.sha256[:8]

    @admin.display(description="made")
    def created(self, release: Release) -> str:
        return clock(release.created_at)

    @admin.display(description="published")
    def published(self, release: Release) -> str:
        return clock(release.published_at)

    def get_urls(self) -> list[Any]:
        replay = path(
            "<path:object_id>/replay/",
            self.admin_site.admin_view(self.replay_view),
            name="triage_release_replay",
        )
        upload = path("upload/", self.admin_site.admin_view(self.upload_view), name="triage_release_upload")
        return [replay, upload, *super().get_urls()]

    def upload_view(self, request: HttpRequest) -> HttpResponseBase:
        return upload_view(request, self.admin_site.each_context(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One release; a POST publishes or retires it."""
        release = self._find(request, object_id)
        form = ReleaseForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if not request.user.has_perm(MAY_PUBLISH):
                raise PermissionDenied
            if form.is_valid() and self._take(request, release, form):
                return redirect(request.path)
            release.refresh_from_db()
        return TemplateResponse(request, "admin/triage/release.html", self._context(request, release, form))

    def replay_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The stored submissions that this release would tell something else, the newest first, a page at a time."""
        release = self._find(request, object_id)
        if not request.user.has_perm("triage.view_triagesession"):
            raise PermissionDenied
        content, _faults = _read(release)
        if content is None:
            raise Http404
        rows = TriageSession.objects.exclude(record_number=None).order_by("-record_number")
        if (before := request.GET.get("before", "")).isdecimal() and len(before) < 10:
            rows = rows.filter(record_number__lt=int(before))
        page = list(rows.select_related("release").defer("release__content", "release__examined")[:REPLAYED])
        actions.note_access(
            AccessEntry.What.VIEW, request.user.get_username(), timezone.now(), f"release {release}", "replay"
        )
        context = {
            **self.admin_site.each_context(request),
            "title": f"Replay of release {release}",
            "release": release,
            "read": len(page),
            "rows": [
                (
                    session,
                    words.outcome(content, old.outcome),
                    words.outcome(content, new.outcome),
                    old.rules,
                    new.rules,
                )
                for session, old, new in told_otherwise(content, page)
                if new
            ],
            "older": page[-1].record_number if len(page) == REPLAYED else None,
        }
        return TemplateResponse(request, "admin/triage/release_replay.html", context)

    def _find(self, request: HttpRequest, object_id: str) -> Release:
        if not self.has_view_permission(request):
            raise PermissionDenied
        release: Release | None = self.get_object(request, unquote(object_id))
        if release is None:
            raise Http404
        return release

    def _take(self, request: HttpRequest, release: Release, form: ReleaseForm) -> bool:
        """Publish or retire it. False when that cannot be; the form then says why."""
        who, now, note = request.user.get_username(), timezone.now(), form.cleaned_data["note"]
        try:
            if form.cleaned_data["step"] == "retire":
                actions.retire_draft(release, who, note, now)
            else:
                confirmed = request.POST.getlist("confirmed")
                ticked = request.POST.getlist("ticked")
                running = form.cleaned_data["running"]
                actions.publish_release(release, who, note, running, now, confirmed, ticked)
        except actions.NeedsTwoPeople:
            form.add_error(None, LOADED_BY_YOU)
        except actions.Contradicted as error:
            form.add_error(None, UNCONFIRMED.format(", ".join(error.names)))
        except actions.NotTicked as error:
            form.add_error(None, UNTICKED.format(len(error.lines)))
        except actions.ChangedMeanwhile:
            form.add_error(None, CHANGED)
        except (ContentError, actions.NotProved) as error:
            form.add_error(None, UNREADABLE.format(error))
        else:
            release.refresh_from_db()
            messages.success(request, f"{release}: {release.get_state_display()}.")
            return True
        return False

    def _context(self, request: HttpRequest, release: Release, form: ReleaseForm) -> dict[str, Any]:
        """What the page shows is made from the content and from what was kept when it was loaded."""
        running = Release.objects.filter(state=Release.State.PUBLISHED).defer("content").first()
        content, faults = _read(release)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Release {release}",
            "release": release,
            "running": running,
            "form": form,
            "steps": release.steps.all(),
            "examined": release.examined or {},
            "comparison": comparison(release, running),
            "faults": faults,
            "may": _may(request, release, running),
            "ticked": request.POST.getlist("ticked"),
        }
        if content is not None:
            context |= {
                "languages": content.languages.values(),
                "svg": draw(content),
                "screens": words.screens(content),
                "tables": words.tables(content),
                "signs": words.signs(content),
                "content": content,
                "tally": own_tally(content),
                "known_misses": [case for case in content.published_cases if case.known_miss],
                "misses": words.misses(content),
                "confirmed": request.POST.getlist("confirmed"),
            }
        return context


def _read(release: Release) -> tuple[Content | None, list[str]]:
    """The content; or why it cannot be read: the program is another than that which took it, or it was altered."""
    try:
        return releases.content(release.sha256, settings.LANGUAGE_CODE), []
    except ContentError as error:
        return None, [str(fault) for fault in error.faults]
    except ValueError as altered:
        return None, [str(altered)]


def _may(request: HttpRequest, release: Release, running: Release | None) -> dict[str, bool]:
    """The steps that the page offers to its reader; empty where it offers none."""
    draft = release.state == Release.State.DRAFT
    back = release.state == Release.State.RETIRED and release.published_at is not None
    if not (draft or back) or not request.user.has_perm(MAY_PUBLISH):
        return {}
    own = settings.TWO_PEOPLE_PUBLISH and release.loaded_by == request.user.get_username()
    compared = running is None or comparison(release, running) is not None
    return {
        "publish": draft and compared and not own,
        "retire": draft,
        "go_back": back,
        "own": draft and own,
        "stale": draft and not compared,
    }
