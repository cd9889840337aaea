"""The worklist and the page of one submission, with its review."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Upper
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.timesince import timesince

from triage import actions
from triage.admin import agreement
from triage.admin.export import export_view
from triage.admin.kept import kept
from triage.admin.lists import GuardedList, ReadOnly
from triage.admin.overview.page import overview_view
from triage.admin.rights import rights_view
from triage.admin.sheet import sheet_of, type_size
from triage.models import AccessEntry, Invitation, Review, TriageSession
from triage.store.codes import SIGNS
from triage.store.kept import Fields
from triage.store.records import RecordAltered

FIRST_SIGN, LAST_SIGN = SIGNS[0], SIGNS[-1]
REFERENCE_LENGTH = 6
MOST_INVITATIONS = 100  # with one label
STEP_NAMES = {
    TriageSession.ReviewState.ACKNOWLEDGED: "Acknowledge: I have seen it",
    TriageSession.ReviewState.REVIEWED: "Mark as reviewed",
    TriageSession.ReviewState.CLOSED: "Close",
}
EMPTY = ("", "not said")
CHANGED = "This submission has changed since you opened the page. See what is new, then send your step again."


def references(prefix: str) -> tuple[str, str] | None:
    """The first and last reference that begin with what a person typed, in any case, with or without the hyphen.

    None: no reference begins so. A range, because every database finds it in the index; on SQLite a search by
    pattern would read the whole table.
    """
    signs = prefix.upper().replace("-", "").replace(" ", "")
    if len(signs) > REFERENCE_LENGTH or not set(signs) <= set(SIGNS):
        return None
    first, last = (signs.ljust(REFERENCE_LENGTH, sign) for sign in (FIRST_SIGN, LAST_SIGN))
    return f"{first[:3]}-{first[3:]}", f"{last[:3]}-{last[3:]}"


def labelled(label: str) -> list[int]:
    """The sessions of the newest invitations with exactly this label."""
    newest = Invitation.objects.filter(label=label).values("pk")[:MOST_INVITATIONS]
    return list(TriageSession.objects.filter(invitation__in=newest).values_list("pk", flat=True))


class ReviewForm(forms.Form):
    """A step of the review. `seen` names the submission it is for, as it was when the page was made."""

    seen = forms.CharField(max_length=100)
    state = forms.TypedChoiceField(coerce=int, widget=forms.RadioSelect, label="Step")
    note = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    finding = forms.ChoiceField(
        required=False, choices=[EMPTY, *Review.Finding.choices], label="The pain comes from"
    )
    root = forms.ChoiceField(required=False, choices=[EMPTY, *Review.Root.choices], label="Nerve root")
    urgency = forms.TypedChoiceField(
        required=False,
        choices=[EMPTY, *TriageSession.Urgency.choices],
        coerce=int,
        empty_value=None,
        label="Urgency in hindsight",
    )

    def __init__(
        self, session: TriageSession, data: Mapping[str, Any] | None = None, typed: Fields | None = None
    ) -> None:
        self.session = session
        steps = TriageSession.NEXT_STATES[TriageSession.ReviewState(session.review_state)]
        before: dict[str, Any] = {
            name: values[-1] for name, values in (typed or {}).items() if name != "seen"
        }
        if str(before.get("state")) not in map(str, steps):
            before["state"] = steps[0]
        super().__init__(data, initial=before)
        self.fields["state"].choices = [(step.value, self._name(step)) for step in steps]  # type: ignore[attr-defined]

    def _name(self, step: TriageSession.ReviewState) -> str:
        if step == self.session.review_state:
            return "Add a note"
        if self.session.review_state == TriageSession.ReviewState.CLOSED:
            return "Open again"
        return STEP_NAMES[step]

    def clean_seen(self) -> str:
        seen: str = self.cleaned_data["seen"]
        if not seen.startswith(self.session.reference):
            raise BadRequest("a form for another submission")
        if seen != self.session.mark:
            raise forms.ValidationError(CHANGED)
        return seen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("state") == self.session.review_state and not cleaned.get("note"):
            self.add_error("note", "Write a note.")
        if cleaned.get("root") and cleaned.get("finding") not in (Review.Finding.BACK, Review.Finding.BOTH):
            self.add_error("root", "A nerve root goes with pain from the back.")
        return cleaned


@admin.register(TriageSession)
class SubmissionAdmin(ReadOnly, GuardedList):
    """Who needs what: the most urgent that nobody has seen comes first."""

    noted_as = "worklist"
    lookups = frozenset({"level__exact", "origin__exact", "review_state__exact", "demo__exact"})
    list_display = (
        "reference",
        "invited",
        "urgency_shown",
        "origin_shown",
        "listed",
        "state_shown",
    )
    list_filter = ("level", "origin", "review_state", "demo")
    search_fields = ("reference",)
    search_help_text = "Reference code (or how it begins), or label"
    sortable_by = ("reference", "listed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TriageSession]:
        """What staff may see: all that was submitted, and unfinished sessions with an emergency sign."""
        last = Review.objects.filter(session=OuterRef("pk")).order_by("-pk")
        invited = Invitation.objects.filter(pk=OuterRef("invitation"))
        return (
            super()
            .get_queryset(request)
            .filter(listed_at__isnull=False)
            .defer("record")
            .annotate(
                label=Subquery(invited.values("label")),
                corrects_reference=F("corrects__reference"),
                corrected_by_reference=Case(
                    When(corrected_by__listed_at__isnull=False, then=F("corrected_by__reference"))
                ),
                reviewer=Subquery(last.values("reviewer__username")[:1]),
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

    @admin.display(description="invitation")
    def invited(self, session: TriageSession) -> str:
        return render_to_string("admin/triage/invited.html", {"session": session})

    @admin.display(description="urgency")
    def urgency_shown(self, session: TriageSession) -> str:
        return render_to_string("admin/triage/urgency.html", {"session": session})

    @admin.display(description="origin")
    def origin_shown(self, session: TriageSession) -> str:
        return session.get_origin_display() if session.origin else "not finished"

    @admin.display(description="submitted", ordering="listed_at")
    def listed(self, session: TriageSession) -> str:
        age = timesince(session.listed_at, depth=1) if session.listed_at else ""
        return render_to_string("admin/triage/listed.html", {"session": session, "age": age})

    @admin.display(description="state")
    def state_shown(self, session: TriageSession) -> str:
        return render_to_string("admin/triage/state.html", {"session": session})

    def get_urls(self) -> list[Any]:
        table = path("agreement/", self.admin_site.admin_view(self.agreement_view), name="triage_agreement")
        overview = path("overview/", self.admin_site.admin_view(self.overview_view), name="triage_overview")
        export = path("export/", self.admin_site.admin_view(self.export_view), name="triage_export")
        rights = path("rights/", self.admin_site.admin_view(self.rights_view), name="triage_rights")
        return [table, overview, export, rights, *super().get_urls()]

    def rights_view(self, request: HttpRequest) -> HttpResponse:
        return rights_view(request, self.admin_site.each_context(request))

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
        """The sheet of one submission; a POST is a step of its review."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        session = self._find(request, object_id)
        form = ReviewForm(session, typed=kept(request))
        if request.method == "POST":
            form = ReviewForm(session, request.POST)
            if self._review(request, session, form):
                return redirect(request.path)
            session = self._find(request, object_id)
        return self._show(request, session, form)

    def _note_search(self, request: HttpRequest, found: tuple[str, str] | None, invited: bool) -> None:
        """A reference that is kept leaves the log again with its submission; any other would stay for ever."""
        whole = found and found[0] == found[1] and TriageSession.objects.filter(reference=found[0]).exists()
        detail = (
            "" if whole else "a label" if invited else "how references begin" if found else "not a reference"
        )
        about = found[0] if found and whole else ""
        self.note(request, AccessEntry.What.SEARCH, about, detail)

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
        messages.success(request, f"{session.reference}: {step.get_state_display()}.")
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
        reviews, footer = list(session.reviews.select_related("reviewer")), session.clinic.sheet_footer
        context |= {
            "title": session.reference,
            "form": form,
            "may_review": request.user.has_perm("triage.add_review"),
            "reviews": reviews,
            "footer": footer,
            "type_size": type_size(context["sheet"], footer, *(review.note for review in reviews)),
        }
        return TemplateResponse(request, "admin/triage/triagesession/sheet.html", context)
