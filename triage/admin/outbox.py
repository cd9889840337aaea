"""The mails to the clinic that have not gone out, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from triage.admin.lists import GuardedList, ReadOnly
from triage.models import OutboxMail


@admin.register(OutboxMail)
class OutboxMailAdmin(ReadOnly, GuardedList):
    noted_as = "unsent mails"
    fields = ("reference", "created_at", "tries", "next_try", "last_error")
    list_display = fields
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMail]:
        return super().get_queryset(request).filter(sent_at=None).select_related("session")

    @admin.display(description="about")
    def reference(self, mail: OutboxMail) -> str:
        return mail.session.reference

    @admin.display(description="next try")
    def next_try(self, mail: OutboxMail) -> object:
        return mail.next_at or "given up"
