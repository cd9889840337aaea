"""The access log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from triage.domain.plain import one_line
from triage.models import AccessChain, AccessEntry, TriageSession
from triage.store import access_log, chains


@transaction.atomic
def note_access(what: str, who: str, now: datetime, about: str = "", detail: str = "") -> AccessEntry:
    """Add an entry to the access log. Neither `about` nor `detail` may hold an answer or a note."""
    chain, _created = AccessChain.objects.select_for_update().get_or_create(pk=1)
    entry = AccessEntry(
        number=chain.number + 1, at=now, who=who, what=what, about=about, detail=one_line(detail)[:500]
    )
    access_log.commit(entry)
    entry.sha256 = access_log.link(chain.sha256, entry)
    entry.save(force_insert=True)
    chain.number, chain.sha256 = entry.number, entry.sha256
    chain.seal = chains.seal_of_head(chain)
    chain.save()
    return entry


def forget_searches() -> None:
    """References that were searched for, and are of no submission: nothing else would ever take them out."""
    searched = AccessEntry.objects.filter(
        what=AccessEntry.What.SEARCH, about__regex=r"^[0-9A-Z]{3}-[0-9A-Z]{3}$"
    )
    of_nothing = ~Exists(TriageSession.objects.filter(reference=OuterRef("about")))
    forget_references(searched.filter(of_nothing).values_list("about", flat=True).distinct())


@transaction.atomic
def forget_references(references: Iterable[str]) -> None:
    """Take them out of the log; a keyed pseudonym of each stays. Belongs to what deletes their submissions."""
    about = AccessEntry.objects.filter(about__in=list(references))
    for entry in about.filter(mark="").iterator(chunk_size=1000):
        entry.mark = access_log.pseudonyms(entry.about)[0]
        entry.save(update_fields=["mark"])
    about.update(about="", salt="")
