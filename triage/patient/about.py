"""Pages beside the questionnaire: how it works, the sources, pages of words alone."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from triage import actions
from triage.domain.citation.resting import resting_on
from triage.domain.published_cases import own_tally
from triage.domain.result import citations, section
from triage.patient.page import published
from triage.store import releases


@require_safe
def how_it_works(request: HttpRequest) -> HttpResponse:
    content = published(request)
    clinic = request.clinic.as_settings(content.language)  # type: ignore[attr-defined]
    context = {
        "how": section(content, "how", clinic),
        "limits": section(content, "limits", clinic),
        "tally": own_tally(content),
        "citations": citations(content),
    }
    return render(request, "how.html", context)


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """Every source of the content, and what rests on it."""
    content = published(request)
    clinic = request.clinic.as_settings(content.language)  # type: ignore[attr-defined]
    found = citations(content, releases.passages())
    documents = {
        kind: [
            {"source": found[id], "resting": resting_on(content, {id}, clinic)}
            for id, source in content.guidance.items()
            if source.kind == kind
        ]
        for kind in ("guidance", "research")
    }
    context = {
        "article": content.article,
        "passages": [
            {
                "passage": passage,
                "claims": [found[claim.id] for claim in passage.claims],
                "resting": resting_on(content, {claim.id for claim in passage.claims}, clinic),
            }
            for passage in content.article.passages
        ],
        **documents,
    }
    return render(request, "sources.html", context)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    published(request)
    clinic = request.clinic  # type: ignore[attr-defined]
    context = {
        "held_by": clinic,
        "version": actions.PRIVACY_VERSION,
        "ask_number": clinic.ask_number,
        "filed": bool(settings.FHIR_SERVER),
    }
    return render(request, "privacy.html", context)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """The first page is for everybody who searches, the others are somebody's own."""
    return HttpResponse("User-agent: *\nAllow: /$\nAllow: /static/\nDisallow: /\n", content_type="text/plain")


def plain_page(template: str) -> Callable[[HttpRequest], HttpResponse]:
    """A page of words alone."""

    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        published(request)
        return render(request, template)

    return view
