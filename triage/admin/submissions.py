"""The worklist and the page of one submission, with its review."""

from __future__ import annotations

from copy import copy
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Upper
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from triage import actions
from triage.admin import agreement
from triage.admin.export import export_view
from triage.admin.kept import kept
from triage.admin.lists import GuardedList, ReadOnly
from triage.admin.overview.page import overview_view
from triage.admin.reviewing import CHANGED, ReviewForm
from triage.admin.rights import rights_view
from triage.admin.sheet import chart_text, history, sheet_of, story_of, type_size
from triage.admin.worklist import (
    MOST_COUNTED,
    NEWEST_FIRST,
    NEXT_FIRST,
    CrowdFilter,
    MineFilter,
    TabFilter,
    Worklist,
    beside,
    next_in_turn,
)
from triage.domain.drawing import Markup
from triage.models import AccessEntry, Invitation, Review, TriageSession
from triage.store import labels, words
from triage.store.codes import SIGNS
from triage.store.counted import Counted
from triage.store.invited import opened
from triage.store.records import RecordAltered, open_record
from triage.store.typesetting import chart_pdf

FIRST_SIGN, LAST_SIGN = SIGNS[0], SIGNS[-1]
REFERENCE_LENGTH = 6
MOST_INVITATIONS = 100  # of which a search shows the submissions
MOST_SETTLED = 50  # at once: a page of the list


# What may be settled in bulk: nothing that anybody should look into.
ROUTINE_WAITING = {"level": TriageSession.Urgency.ROUTINE, "tab__lt": TriageSession.Tab.DONE, "behind": None}


def reviewers() -> QuerySet[User]:
    """Who may be given a submission."""
    active = User.objects.filter(is_active=True, is_staff=True)
    may = Q(groups__permissions__codename="add_review") | Q(is_superuser=True)
    return active.filter(may).distinct().order_by("username")


def references(prefix: str) -> tuple[str, str] | None:
    """The first and last reference that begin with what a person typed, in any case, with or without the hyphen.

    None: no reference begins so. A range, because every database finds it in the index; on SQLite a search by
    pattern would read the whole table.
    """
    signs = labels.label_key(prefix).upper().replace("-", "").replace(" ", "")
    if len(signs) > REFERENCE_LENGTH or not set(signs) <= set(SIGNS):
        return None
    first, last = (signs.ljust(REFERENCE_LENGTH, sign) for sign in (FIRST_SIGN, LAST_SIGN))
    return f"{first[:3]}-{first[3:]}", f"{last[:3]}-{last[3:]}"


def labelled(typed: str) -> list[int]:
    """The sessions of the newest invitations whose label begins so."""
    newest = Invitation.objects.filter(labels.labelled(typed)).order_by("-pk").values("pk")[:MOST_INVITATIONS]
    return list(TriageSession.objects.filter(invitation__in=newest).values_list("pk", flat=True))


@admin.register(TriageSession)
class SubmissionAdmin(ReadOnly, GuardedList):
    """Who needs what: the most urgent that nobody has seen comes first."""

    noted_as = "worklist"
    lookups = frozenset({"tab", "crowd", "assigned", "level__exact", "origin__exact", "demo__exact"})
    list_display = (
        "ticked",
        "reference",
        "urgency_shown",
        "invited",
        "waiting",
        "origin_shown",
        "state_shown",
    )
    list_display_links = ("reference",)
    list_filter = (TabFilter, CrowdFilter, "level", "origin", MineFilter, "demo")
    search_fields = ("reference",)
    search_help_text = "Reference code or label, or how it begins"
    sortable_by = ("reference", "urgency_shown", "waiting")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Worklist

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return NEWEST_FIRST if request.GET.get("tab") == "done" else NEXT_FIRST

    def get_queryset(self, request: HttpRequest) -> QuerySet[TriageSession]:
        """What staff may see: all that was submitted, and unfinished sessions with an emergency sign."""
        last = Review.objects.filter(session=OuterRef("pk")).order_by("-pk")
        invited = Invitation.objects.filter(pk=OuterRef("invitation"))
        behind = TriageSession.objects.filter(behind=OuterRef("pk"), crowded=True).order_by()
        crowd = behind.filter(tab=TriageSession.Tab.UNSEEN)
        urgent = crowd.filter(need=TriageSession.Need.UNSEEN_EMERGENCY)
        return (
            super()
            .get_queryset(request)
            .filter(listed_at__isnull=False)
            .defer("record")
            .annotate(
                reachable=Case(When(contact="", then=Value(False)), default=Value(True)),
                label=Subquery(invited.values("label")),
                patient_number=Subquery(invited.values("patient_number")),
                patient_phone=Subquery(invited.values("patient_phone")),
                sealed_for=Subquery(invited.values("code_hash")),
                corrects_reference=F("corrects__reference"),
                corrected_by_reference=Case(
                    When(corrected_by__listed_at__isnull=False, then=F("corrected_by__reference"))
                ),
                reviewer=Subquery(last.values("reviewer__username")[:1]),
                outcome=Subquery(last.values("outcome")[:1]),
                assigned_name=F("assigned_to__username"),
                crowd=Case(When(crowded=True, then=Counted(crowd.values("pk")[:MOST_COUNTED]))),
                urgent_crowd=Case(When(crowded=True, then=Counted(urgent.values("pk")[:MOST_COUNTED]))),
            )
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TriageSession], search_term: str
    ) -> tuple[QuerySet[TriageSession], bool]:
        if not search_term:
            return queryset, False
        found, invited = references(search_term), labelled(search_term)
        self._note_search(request, found, bool(invited))
        wanted = Q(pk__in=invited)
        if found:
            wanted |= Q(reference__range=found)
        # Where there is a label, an order that no index has: to find the few in the references' own order, SQLite
        # would read them all.
        order = Upper("reference") if invited else "reference"
        return queryset.filter(wanted).order_by(order), False

    def _cell(self, name: str, session: TriageSession, **more: Any) -> str:
        return render_to_string(f"admin/triage/triagesession/{name}.html", {"session": session, **more})

    @admin.display(description="tick", empty_value="")
    def ticked(self, session: TriageSession) -> str:
        routine = session.level == TriageSession.Urgency.ROUTINE and session.tab < TriageSession.Tab.DONE
        return self._cell("row_tick", session) if routine and not session.behind_id else ""

    @admin.display(description="urgency", ordering="turn")
    def urgency_shown(self, session: TriageSession) -> str:
        return self._cell("row_urgency", session)

    @admin.display(description="visit")
    def invited(self, session: TriageSession) -> str:
        of = cast(Any, session)  # as the list's query has it
        known = opened(of.patient_number, of.patient_phone, of.sealed_for)
        return self._cell("row_visit", session, known=known)

    @admin.display(description="waits", ordering="waits_since")
    def waiting(self, session: TriageSession) -> str:
        return self._cell("row_waits", session)

    @admin.display(description="origin")
    def origin_shown(self, session: TriageSession) -> str:
        return self._cell("row_origin", session)

    @admin.display(description="state")
    def state_shown(self, session: TriageSession) -> str:
        return self._cell("row_state", session)

    def get_urls(self) -> list[Any]:
        table = path("agreement/", self.admin_site.admin_view(self.agreement_view), name="triage_agreement")
        overview = path("overview/", self.admin_site.admin_view(self.overview_view), name="triage_overview")
        export = path("export/", self.admin_site.admin_view(self.export_view), name="triage_export")
        rights = path("rights/", self.admin_site.admin_view(self.rights_view), name="triage_rights")
        settle = path("settle/", self.admin_site.admin_view(self.settle_view), name="triage_settle")
        told = path("<int:pk>/told/", self.admin_site.admin_view(self.told_view), name="triage_told")
        chart = path("<int:pk>/chart/", self.admin_site.admin_view(self.chart_view), name="triage_chart")
        return [table, overview, export, rights, settle, told, chart, *super().get_urls()]

    def rights_view(self, request: HttpRequest) -> HttpResponse:
        return rights_view(request, self.admin_site.each_context(request))

    def told_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The result as the patient read it, made from the frozen record."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        session = self._find(request, str(pk))
        if not session.submitted_at:
            raise Http404
        self.note(request, AccessEntry.What.VIEW, session.reference, "what the patient was told")
        record = open_record(session)
        main = words.result_main(record)
        context = {
            "session": session,
            "record": record,
            "sent": session.submitted_at,
            "main": Markup(main),  # our own template's, from a record whose hash matched
            "as_then": words.words_sha256(main) == record.get("words_sha256"),
        }
        return TemplateResponse(request, "admin/triage/triagesession/told.html", context)

    def chart_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The text for the chart as a PDF, kept nowhere."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        session = self._find(request, str(pk))
        if not session.submitted_at:
            raise Http404
        self.note(request, AccessEntry.What.PRINT, session.reference, "for the chart")
        sheet = sheet_of(session)
        text = chart_text(session, sheet, story_of(sheet), history(session))
        return HttpResponse(
            chart_pdf(session.reference, text),
            content_type="application/pdf",
            headers={"Content-Disposition": f'attachment; filename="footpath-{session.reference}.pdf"'},
        )

    def settle_view(self, request: HttpRequest) -> HttpResponse:
        """The ticked ones, named, and once that is confirmed reviewed: none but routine ones that nobody changed."""
        if not (self.has_view_permission(request) and request.user.has_perm("triage.add_review")):
            raise PermissionDenied
        back = self._list_address(request)
        keys = [key for key in request.POST.getlist("pk") if key.isdecimal() and len(key) < 19][:MOST_SETTLED]
        chosen = list(self.get_queryset(request).filter(pk__in=keys, **ROUTINE_WAITING))
        if not chosen:
            messages.info(request, "Nothing that is routine and waits was ticked.")
            return redirect(back)
        if "confirmed" in request.POST:
            self._settle(request, chosen)
            return redirect(back)
        self.note(request, AccessEntry.What.VIEW, self.noted_as, "to settle")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Mark {len(chosen)} as reviewed?",
            "chosen": chosen,
            "left_out": len(keys) - len(chosen),
            "back": back,
        }
        return TemplateResponse(request, "admin/triage/triagesession/settle.html", context)

    def _settle(self, request: HttpRequest, chosen: list[TriageSession]) -> None:
        user, now, settled = cast(User, request.user), timezone.now(), 0
        seen = set(request.POST.getlist("seen"))  # the marks of what the page named
        for session in chosen:
            if session.mark in seen:
                try:
                    actions.review(
                        session.pk, session.mark, user, TriageSession.ReviewState.REVIEWED, "", now
                    )
                    settled += 1
                except actions.ChangedMeanwhile:
                    continue
        messages.success(request, f"{settled} reviewed.")
        if settled < len(seen):
            messages.warning(request, f"{len(seen) - settled} changed meanwhile and were left as they are.")

    def overview_view(self, request: HttpRequest) -> HttpResponse:
        return overview_view(request, self.admin_site.each_context(request))

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        return export_view(request, self.admin_site.each_context(request))

    def agreement_view(self, request: HttpRequest) -> HttpResponse:
        """How often the clinicians' findings agree with the questionnaire. No submission is named."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        self.note(request, AccessEntry.What.VIEW, "agreement with clinicians")
        context = {
            **self.admin_site.each_context(request),
            "title": "Agreement with clinicians",
            "tables": agreement.tables(demo="demo" in request.GET),
            "demo": "demo" in request.GET,
            "least": agreement.LEAST,
        }
        return TemplateResponse(request, "admin/triage/agreement.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The sheet of one submission; a POST is a step of its review, or says whose it is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        session = self._find(request, object_id)
        form = ReviewForm(session, typed=kept(request))
        if request.method == "POST":
            if "assign" in request.POST:
                return self._assign(request, session)
            form = ReviewForm(session, request.POST)
            if self._review(request, session, form):
                return redirect(self._after_review(request, session, form))
            session = self._find(request, object_id)
        return self._show(request, session, form)

    def _note_search(self, request: HttpRequest, found: tuple[str, str] | None, invited: bool) -> None:
        """A whole reference leaves the log again with its submission; of anything shorter no word is entered."""
        whole = found[0] if found and found[0] == found[1] else ""
        others = "a label" if invited else "how references begin" if found else "not a reference"
        self.note(request, AccessEntry.What.SEARCH, whole, "" if whole else others)

    def _assign(self, request: HttpRequest, session: TriageSession) -> HttpResponse:
        user = cast(User, request.user)
        if not user.has_perm("triage.add_review"):
            raise PermissionDenied
        wanted = request.POST["assign"]
        colleague = reviewers().filter(username=wanted).first()
        if wanted and colleague is None:
            raise BadRequest("nobody of that name reviews")
        actions.assign(session.pk, colleague, user, timezone.now())
        to = f"assigned to {colleague.get_username()}" if colleague else "assigned to nobody"
        messages.success(request, f"{session.reference}: {to}.")
        return redirect(request.get_full_path())

    def _rows(self, request: HttpRequest) -> QuerySet[TriageSession]:
        """Those of the list that the person came from; of a search, which has no turn, none."""
        asked = copy(request)
        asked.GET = QueryDict(request.GET.get("_changelist_filters", ""))
        if asked.GET.get("q"):
            return TriageSession.objects.none()
        try:
            found: QuerySet[TriageSession] = self.get_changelist_instance(asked).queryset
        except IncorrectLookupParameters:
            return TriageSession.objects.none()
        return found

    def _sheet_address(self, request: HttpRequest, pk: int | None) -> str:
        """The sheet with this key, or where there is none the list, with what the person chose there."""
        if pk is None:
            return self._list_address(request)
        kept = request.GET.get("_changelist_filters", "")
        query = f"?{urlencode({'_changelist_filters': kept})}" if kept else ""
        return reverse("admin:triage_triagesession_change", args=[pk]) + query

    def _list_address(self, request: HttpRequest) -> str:
        kept = request.GET.get("_changelist_filters") or request.POST.get("back", "")
        return reverse("admin:triage_triagesession_changelist") + (f"?{kept}" if kept else "")

    def _after_review(self, request: HttpRequest, session: TriageSession, form: ReviewForm) -> str:
        """On to the next, unless the person stays or it was only a note. `session` is as it was before the step."""
        stays = form.cleaned_data["state"] == session.review_state
        if stays or request.POST.get("then") != "next":
            return request.get_full_path()
        pk = next_in_turn(self._rows(request), session)
        if pk is None:
            messages.info(request, "That was the last one of this list.")
        return self._sheet_address(request, pk)

    def _find(self, request: HttpRequest, object_id: str) -> TriageSession:
        session = self.get_object(request, unquote(object_id))
        if session is None:
            raise Http404
        return session

    def _review(self, request: HttpRequest, session: TriageSession, form: ReviewForm) -> bool:
        """Store the step. False when it cannot be; the form then says why."""
        user = cast(User, request.user)
        if not user.has_perm("triage.add_review"):
            raise PermissionDenied
        if not form.is_valid():
            return False
        try:
            step = actions.review(session.pk, now=timezone.now(), reviewer=user, **form.cleaned_data)
        except actions.ChangedMeanwhile:
            form.add_error("seen", CHANGED)
            return False
        done = "opened again" if step.state < session.review_state else step.get_state_display()
        outcome = f", {step.outcome}" if step.outcome else ""
        messages.success(request, f"{session.reference}: {done}{outcome}.")
        return True

    def _show(self, request: HttpRequest, session: TriageSession, form: ReviewForm) -> HttpResponse:
        printing = "print" in request.GET
        what = AccessEntry.What.PRINT if printing else AccessEntry.What.VIEW
        self.note(request, what, session.reference)  # first the entry, then the sight
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "session": session,
            "printing": printing,
        }
        try:
            context["sheet"] = sheet_of(session)
        except RecordAltered:
            return TemplateResponse(request, "admin/triage/triagesession/altered.html", context, status=500)
        reviews, footer = history(session), session.clinic.sheet_footer
        told = story_of(context["sheet"])
        earlier, following = beside(self._rows(request), session)
        context |= {
            "title": session.reference,
            "form": form,
            "may_review": request.user.has_perm("triage.add_review"),
            "list_address": self._list_address(request),
            "earlier": self._sheet_address(request, earlier) if earlier else "",
            "following": self._sheet_address(request, following) if following else "",
            "colleagues": reviewers().values_list("username", flat=True),
            "reviews": reviews,
            "story": told,
            "chart": chart_text(session, context["sheet"], told, reviews),
            "footer": footer,
            "type_size": type_size(context["sheet"], footer, told, *(review.note for review in reviews)),
        }
        return TemplateResponse(request, "admin/triage/triagesession/sheet.html", context)
